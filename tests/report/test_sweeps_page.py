"""What the page on sweeps shows can be run as it stands there."""

import re
import tomllib
from pathlib import Path

import pytest
from examples import settings

from radsim import load_experiment, make_experiment
from radsim.experiment.variants import check_variants

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "sweeps.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.mark.parametrize("text", BLOCKS, ids=range(len(BLOCKS)))
def test_an_example_of_the_page_is_a_design(text):
    arms = {
        "single_24": {"regimen": "24x1"},
        "sib_five": {"regimen": "sib-phase2"},
    }
    shown, own = tomllib.loads(text), settings()
    cohort = {**own["cohort"], **shown.get("cohort", {})}
    dose = {"nodes": 32}  # of a calibrated curve nothing else may differ
    written = {**own, "dose": dose, **shown, "cohort": cohort, "arms": arms, "compare": {}}
    design = make_experiment(written)
    assert len(design.study.design) > 1
    check_variants(design)


def test_the_page_names_every_table_that_is_shipped_and_the_script_that_makes_it():
    folder = ROOT / "radsim" / "presets" / "bootstrap"
    for path in folder.glob("*.csv"):
        script = re.search(r"Derived by (benchmarks/\w+\.py)", path.read_text(encoding="utf-8"))
        assert script is not None, path
        assert (ROOT / script[1]).is_file()
        assert f"`{path.stem}`" in PAGE
        assert f"`{script[1]}`" in PAGE


def test_the_dimensions_that_the_page_selects_are_those_of_its_experiment():
    axes = load_experiment(ROOT / "experiments" / "boost_dose_sweep.toml").study.design.axes
    selected = set(re.findall(r"[(, ](\w+)=", PAGE[PAGE.index("control.sel(") :].splitlines()[0]))
    assert selected <= {axis.name for axis in axes}
