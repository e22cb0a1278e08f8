"""What models read is told in every table under its own name and in its own units."""

import numpy as np
import pytest
from command_line import radsim
from library_cases import SETTINGS, add_organ, write_library

from radsim import ExperimentError, make_experiment, run, simulate
from radsim.experiment.reported_doses import metrics_of
from radsim.report.figures.dose_response import plot_dose_response
from radsim.report.text.plan_models import describe_answers

TUBE = {"distance": 3.0, "extent": 15.0, "volume": 30.0, "falloff": 4.0, "valley": 0.1}
FILE = {
    "name": "told",
    "seed": 3,
    "patients": 60,
    "months": [12],
    "cohort": {"preset": "sib-phase2"},
    "dose": {"organs": {"esophagus": TUBE}},
    "arms": {"one": {"regimen": "24x1"}, "boost": {"regimen": "sib-phase2"}},
}


def model(structure, metric, **settings):
    return {
        "words": "harm",
        "kind": "logistic_d50",
        "effect": "physical",
        "dose": {"structure": structure, "metric": metric},
        "d50": 0.5,
        "gamma50": 1.0,
        "onset": {"kind": "lognormal", "median": 6.0, "sigma": 0.5},
        **settings,
    }


def made(*read, **settings):
    ntcp = {f"harm_{place}": model(*each) for place, each in enumerate(read)}
    ntcp = {name: {**stated, "words": name} for name, stated in ntcp.items()}
    return make_experiment({**FILE, "ntcp": ntcp, **settings})


def test_a_metric_of_a_usual_structure_that_a_model_reads_is_told_beside_the_usual_ones():
    patients = simulate(made(("spinal_cord", "D0.5cc"), ("ptv", "V20Gy_cc")), range(60))
    for course in ("planned", "delivered"):
        small, hot = (patients[f"spinal_cord_{m}_{course}"].values for m in ("d05cc", "d003cc"))
        known = ~np.isnan(small)
        assert known.any() and np.all(small[known] < hot[known])
        told = patients[f"ptv_v20gy_cc_{course}"]
        assert told.attrs["units"] == "cm3"
        assert "PTV_Eval V20Gy_cc, volume at or above it" in told.attrs["long_name"]


def test_the_prescribed_structure_is_that_of_each_arm():
    experiment = made(("prescribed", "D95"))
    assert {"gtv_d95_planned", "ptv_d95_planned"} <= metrics_of(experiment).keys()
    alone = made(("prescribed", "D95"), arms={"one": {"regimen": "24x1"}})
    assert "gtv_d95_planned" not in metrics_of(alone)


def test_two_metrics_have_two_names():
    names = metrics_of(made(("esophagus", "D25cc"), ("esophagus", "D2.5cc")))
    assert names["esophagus_d25cc_planned"].metric == "D25cc"
    assert names["esophagus_d2_5cc_planned"].metric == "D2.5cc"
    assert metrics_of(made(("esophagus", "D2.5cc")))["esophagus_d25cc_planned"].metric == "D2.5cc"


def test_a_result_keeps_shares_in_its_sample_and_has_no_axis_of_dose_for_them():
    experiment = made(("esophagus", "V15Gy"), ("esophagus", "D2.5cc"))
    result = run(experiment)
    sample = result["sample_esophagus_v15gy_planned"]
    assert sample.attrs["units"] == "1"
    assert 0.0 < float(sample.max()) <= 1.0
    assert "esophagus_v15gy_planned_histogram" not in result
    assert "esophagus_d25cc_planned_histogram" in result
    figure = plot_dose_response(result)
    labels = [axis.get_xlabel() for axis in figure.axes]
    assert not [label for label in labels if "V15Gy" in label]
    assert [label for label in labels if "D2.5cc of the esophagus" in label]


@pytest.mark.parametrize(("metric", "units"), [("V15Gy", "1"), ("V15Gy_cc", "cm3"), ("mean", "Gy")])
def test_a_swept_parameter_is_in_units_of_what_the_model_reads(metric, units):
    sweep = {"ntcp.harm_0.d50": [0.3, 0.5]}
    result = run(made(("esophagus", metric), sweep=sweep))
    assert result["d50"].attrs["units"] == units


def test_a_fit_starts_and_is_told_in_units_of_the_metric(tmp_path, capsys):
    rows = ["dose,fractions,event"]
    rows += [f"{share},5,{int(share > 0.42)}" for share in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)]
    rows += ["0.35,5,1", "0.55,5,0"]
    (tmp_path / "shares.csv").write_text("\n".join(rows))
    stated = 'dose={structure="esophagus", metric="V20Gy"}'
    asked = ("--set", "effect=physical", "--set", stated, "--bootstrap", "0")
    out = tmp_path / "fit.toml"
    ended = radsim(
        capsys, "fit", tmp_path / "shares.csv", "--model", "ntcp/logistic_d50", *asked, "--out", out
    )
    assert ended.code == 0, ended.errors
    text = out.read_text()
    assert 'range = "9 rows, V20Gy of 0.1 to 0.7 [1] in 5"' in text
    assert "Gy" not in text.replace("V20Gy", "")


def test_a_library_gives_shares_and_the_cm3_of_plans_that_state_them(tmp_path):
    write_library(tmp_path / "plans", 6)
    paths = sorted((tmp_path / "plans").iterdir())
    for path in paths:
        add_organ(path, "Esophagus", hottest=26.0, volume=20.0)
    arm = {**SETTINGS["arms"]["library"], "smoothing": 0.0, "limits": [], "delivery": False}
    settings = {**SETTINGS, "patients": 40, "arms": {"library": arm}, "tcp": {}}
    settings = {k: v for k, v in settings.items() if k != "tcp"}
    for metric, quarter in (("V20Gy", 0.25), ("V20Gy_cc", 5.0)):  # 20 of 26 to 2 Gy
        read = {"ntcp": {"harm": model("esophagus", metric)}}
        patients = simulate(make_experiment({**settings, **read}, tmp_path), range(40))
        told = patients[f"esophagus_{metric.lower()}_planned"].values
        known = ~np.isnan(told)
        assert known.any()
        np.testing.assert_allclose(told[known], quarter, rtol=8e-3)
    text = paths[0].read_text()
    paths[0].write_text("# outside the dose grid [cm3], Esophagus = 2.0\n" + text)
    with pytest.raises(ExperimentError) as refused:
        make_experiment({**settings, **read}, tmp_path)
    (line,) = refused.value.mistakes
    assert line == (
        "ntcp.harm.dose: V20Gy_cc of the esophagus is unknown in 1 of 6 plans: its volume is not "
        "stated, or it is in part without a dose in arm 'library'"
    )


def test_a_model_of_a_share_is_asked_about_a_plan_without_gray():
    answer = {
        "model": "own", "of": "complication", "structure": "esophagus", "reads": "V20Gy",
        "dose": 0.25, "effect": 0.4, "effect_is": "above it as EQD2 (alpha/beta 3)",
        "units": "1", "probability": 0.1, "note": "",
    }  # fmt: skip
    assert describe_answers([answer]) == (
        "own: complication 10.00 %; V20Gy of the esophagus 0.25, "
        "above it as EQD2 (alpha/beta 3) 0.40"
    )
