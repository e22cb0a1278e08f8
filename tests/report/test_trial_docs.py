"""The Python of the page on trials runs and says what it should."""

import re
from pathlib import Path

import naive_trial as naive
import numpy as np
import pytest
from scipy import stats

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "trials.md").read_text(encoding="utf-8")


def test_the_python_of_the_page_runs(capsys, monkeypatch):
    snippets = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    [snippet] = [each for each in snippets if "cox_ratio(table)" in each]
    names: dict = {}
    exec(compile(snippet, "docs/trials.md", "exec"), names)
    log_rank, gray, ratio, lower, upper = (float(n) for n in capsys.readouterr().out.split())
    score, variance = naive.logrank(names["time"], names["cause"], names["arm"])
    assert log_rank == pytest.approx(stats.chi2.sf(score**2 / variance, 1), rel=1e-12)
    assert 0.0 < gray < 1.0
    slope = naive.cox_score(names["time"], names["cause"], names["arm"], np.log(ratio))
    assert slope == pytest.approx(0.0, abs=1e-9)
    assert lower < ratio < upper
    monkeypatch.chdir(ROOT)
    for other in snippets:
        exec(compile(other, "docs/trials.md", "exec"), {})
