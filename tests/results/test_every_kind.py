"""Every kind of model, as its defaults have it, from the file to the figures."""

import tomllib
from dataclasses import asdict, fields
from pathlib import Path

import exact_models
import numpy as np
import pytest
import tomli_w
from command_line import radsim

from radsim import make_experiment, open_result, run
from radsim.ntcp import DoseNTCP
from radsim.presets import load_preset, preset_names
from radsim.report.figures.dose_response import plot_dose_response
from radsim.report.files.result_files import save_result
from radsim.tcp import TCPModel
from radsim.vocabulary.kinds import members

SHIPPED = tomllib.loads(Path("tests/four_arms.toml").read_text(encoding="utf-8"))
SMALL = {**SHIPPED, "patients": 40, "months": [12, 24]}


CORD = ("alpha_beta", "onset", "fitted_on", "effect")  # of every example of a complication


def settings_of(family, one):
    """Settings of a kind: of a preset that has it, else those of its example."""
    kind = next(f.default for f in fields(one) if f.name == "kind")
    for name in preset_names(family):
        preset = load_preset(family, name)
        of_other = family == "ntcp" and preset.endpoint != "myelopathy"
        if preset.kind == kind and name != "schultheiss-2008" and not of_other:
            return {"preset": name}
    levels = {"below": 0.01, "above": 0.1, "threshold": 20.0}  # no formula to be exact about
    beside = {k: v for k, v in exact_models.EXAMPLES["ntcp"]["cox"].items() if k in ("dose", *CORD)}
    example = {**exact_models.EXAMPLES[family], "levels": {**levels, **beside}}[kind]
    example = dict(example)
    for key in ("dose", "onset"):
        if key in example:
            example[key] = {k: v for k, v in asdict(example[key]).items() if v is not None}
    example.pop("volume", None)  # the cohort's, as it is by default
    return {"kind": kind, **example}


KINDS = [("tcp", one) for one in members(TCPModel)]
KINDS += [("ntcp", one) for one in DoseNTCP.__args__]


@pytest.mark.parametrize(("family", "one"), KINDS, ids=lambda v: getattr(v, "__name__", v))
def test_every_kind_runs_and_its_curve_is_drawn(family, one):
    own = settings_of(family, one)
    model = {"tcp": own} if family == "tcp" else {"ntcp": {"myelopathy": own}}
    settings = {**SMALL, **model}
    if (
        "preset" in own
        and load_preset(family, own["preset"]).settings().get("estimates") == "crude"
    ):
        settings.pop("survival")  # death is in its figures already
    result = run(make_experiment(settings), scheduler="single")
    name = "local_control_net" if family == "tcp" else "myelopathy_net"
    assert np.all((result[name] >= 0) & (result[name] <= 1))
    assert plot_dose_response(result) is not None


def test_a_model_of_the_gtv_volume_runs_on_the_command_line(capsys, tmp_path):
    tcp = {"kind": "poisson", "alpha": 0.15, "alpha_beta": 6.0, "clonogen_density": 300.0}
    path = tmp_path / "e.toml"
    path.write_text(tomli_w.dumps({**SMALL, "tcp": tcp}), encoding="utf-8")
    done = radsim(capsys, "run", path, "--out", tmp_path / "out")
    assert done.code == 0, done.errors
    assert (tmp_path / "out" / "figures" / "dose_response.png").is_file()


def test_a_figure_that_fails_loses_no_number(tmp_path):
    def fails(result, folder):
        raise ValueError("no such color")

    result = run(make_experiment(SMALL), scheduler="single")
    with pytest.raises(RuntimeError, match=r"the numbers are in .* no such color"):
        save_result(result, tmp_path, fails)
    assert open_result(tmp_path)["local_control_net"].equals(result["local_control_net"])
    assert (tmp_path / "summary.csv").is_file()
