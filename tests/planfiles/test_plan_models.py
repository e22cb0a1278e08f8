"""What models say of an imported plan is what their one door says of its doses."""

import json

import numpy as np
import pytest
from command_line import radsim
from test_questions import table

from radsim.ntcp import load_ntcp
from radsim.planfiles import read_plan
from radsim.radiobiology.dvh import generalized_eud
from radsim.tcp import load_tcp


@pytest.fixture
def plan(tmp_path):
    path = tmp_path / "plan.csv"
    path.write_text(table(target=24.0, organ=14.0))
    return path


def answers(capsys, *arguments):
    ended = radsim(capsys, "dvh", *arguments, "--json")
    assert ended.code == 0, ended.errors
    return json.loads(ended.output)["models"]


def test_control_and_myelopathy_of_a_flat_plan(plan, capsys):
    control, cord = answers(
        capsys, plan, "--model", "hytec-spine-2021", "--model", "sbrt-cord-default"
    )
    expected = load_tcp("hytec-spine-2021").probability(24.0, fractions=2)
    assert control["probability"] == pytest.approx(float(expected), rel=1e-9)
    assert (control["of"], control["structure"], control["dose"]) == ("control", "gtv", 24.0)
    assert control["effect"] == pytest.approx(24.0 * (12.0 + 6.0) / (2.0 + 6.0))
    expected = load_ntcp("sbrt-cord-default").probability(14.0, fractions=2)
    assert cord["probability"] == pytest.approx(float(expected), rel=1e-9)
    assert cord["effect"] == pytest.approx(14.0 * (7.0 + 2.0) / 4.0) and cord["note"] == ""


def test_a_model_of_a_dvh_reads_its_parts(plan, capsys):
    plan.write_text(table(target=24.0, organ=14.0).replace("14.0,2.4", "4.0,2.4"))
    (answer,) = answers(capsys, plan, "--model", "cord-lkb-1991")
    dose, share = read_plan(plan)["spinal_cord"].dvh.parts()
    model = load_ntcp("cord-lkb-1991")
    eqd2 = dose * (dose / 2 + model.alpha_beta) / (2 + model.alpha_beta)
    assert answer["effect"] == pytest.approx(float(generalized_eud(eqd2, share, 1 / model.n)))
    expected = model.probability(dose, fractions=2, weight=share)
    assert answer["probability"] == pytest.approx(float(expected), rel=1e-9)
    assert "gEUD" in answer["effect_is"] and np.isfinite(answer["dose"])


def test_a_model_of_the_prescription_reads_it(plan, capsys):
    (answer,) = answers(capsys, plan, "--model", "vcf-2013")
    expected = load_ntcp("vcf-2013").probability(24.0, fractions=2)
    assert answer["probability"] == pytest.approx(float(expected)) and answer["dose"] == 24.0


def test_doses_that_a_model_was_not_fitted_on_are_named(plan, capsys):
    ended = radsim(capsys, "dvh", plan, "--model", "hytec-spine-2021", "--model", "vcf-2013")
    assert "hytec-spine-2021: control 81.03 %; D90 of the gtv 24.00 Gy, EQD2 (alpha" in ended.output
    plan.write_text(table(target=10.0, organ=8.0, prescription=10))
    ended = radsim(capsys, "dvh", plan, "--model", "hytec-spine-2021")
    assert "(fitted on D90 of 45 to 90 Gy EQD2; this is " in ended.output


@pytest.mark.parametrize(
    ("model", "text", "says"),
    [
        ("hytec-spine-2012", table(), "no preset 'hytec-spine-2012'; did you mean"),
        ("hytec-spine-2021", table().replace("# fractions = 2\n", ""), "number of fractions"),
        ("sbrt-cord-default", table(name="Myelon,"), "which the plan lacks: --name NAME=spinal_co"),
        ("vcf-2013", table().replace("# prescription [Gy] = 24\n", ""), "reads the prescription"),
        ("sbrt-cord-default", table().replace("2.4", "0.02"), "D0.03cc of Cord, which is unknown"),
    ],
)
def test_what_is_missing_is_one_line(plan, capsys, model, text, says):
    plan.write_text(text)
    ended = radsim(capsys, "dvh", plan, "--model", model)
    assert ended.code == 2 and len(ended.errors) == 1 and says in ended.errors[0]


def test_a_plan_without_what_a_model_reads_is_no_end_of_a_table(plan, tmp_path, capsys):
    (tmp_path / "lumbar.csv").write_text(table(name="Myelon,"))
    (tmp_path / "unsaid.csv").write_text(table().replace("# fractions = 2\n", ""))
    files = [plan, tmp_path / "lumbar.csv", tmp_path / "unsaid.csv"]
    ended = radsim(capsys, "dvh", *files, "--model", "sbrt-cord-default")
    assert ended.code == 0
    lines = [line for line in ended.output.splitlines() if "sbrt-cord-default: " in line]
    assert lines[0].startswith("plan.csv: sbrt-cord-default: complication 0.")
    assert "lumbar.csv: sbrt-cord-default: no complication (" in lines[1]
    assert "reads the spinal_cord, which the plan lacks" in lines[1]
    assert "needs the number of fractions" in lines[2]
    ended = radsim(capsys, "dvh", *files, "--model", "sbrt-cord-default", "--json")
    models = [record["models"][0] for record in json.loads(ended.output)["plans"]]
    assert [m["probability"] is None for m in models] == [False, True, True]
    assert set(models[0]) == set(models[1]) and models[1]["of"] == "complication"
    ended = radsim(capsys, "dvh", *files, "--model", "sbrt-cord-defalt")
    assert ended.code == 2 and len(ended.errors) == 1
