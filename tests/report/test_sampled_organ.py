"""An endpoint of an organ that a file places beyond the target goes to everything told."""

import csv

import numpy as np
import pytest
from command_line import radsim
from test_any_endpoint import texts

from radsim import ExperimentError, load_experiment, open_result, run, save_result, simulate
from radsim.report.figures.dose_response import plot_dose_response
from radsim.report.figures.doses import plot_dvh_bands
from radsim.report.figures.incidence import plot_cumulative_incidence
from radsim.report.figures.outcomes import plot_outcomes, plot_therapeutic_plane
from radsim.report.figures.sensitivity import plot_sobol, plot_tornado
from radsim.report.figures.sweep_lines import plot_lines
from radsim.report.figures.uncertainty import plot_uncertainty
from radsim.report.tables.ledger import LEDGER, records
from radsim.report.text.comparison import comparison_text
from radsim.report.text.warnings import warnings_of
from radsim.simulation.sources import source_of

EVENT, SHORT, WORDS = "ulcer", "ulcer", "ulcer of the gullet"
FILE = """
name = "gullet"
seed = 3
patients = 64
months = [6, 12]

[cohort]
preset = "sib-phase2"

[dose.organs.gullet]
distance = { kind = "lognormal", median = 4.0, sigma = 0.5 }
extent = 16.0
volume = { kind = "truncated_normal", mean = 30.0, sd = 5.0, lower = 15.0, upper = 60.0 }
falloff = 4.0
valley = 0.1
regions = ["cervical", "thoracic"]

[arms.spared]
prescription = 24.0
fractions = 2
[[arms.spared.limits]]
structure = "thecal_sac"
metric = "D0.03cc"
at_most = 20.0
[[arms.spared.limits]]
structure = "gullet"
metric = "D2.5cc"
at_most = 7.0

[arms.free]
prescription = 24.0
fractions = 2
limits = { thecal_sac = 20.0 }

[arms.field]
prescription = 30.0
fractions = 10
field = "uniform"

[tcp]
preset = "hytec-spine-2021"

[ntcp.ulcer]
words = "ulcer of the gullet"
kind = "logistic"
effect = "eqd2"
alpha_beta = 10.0
dose = { structure = "gullet", metric = "D2.5cc" }
intercept = -6.0
slope = 0.15
valid_eqd2 = [8.0, 80.0]
onset = { kind = "lognormal", median = 4.0, sigma = 0.5 }

[[ntcp.ulcer.alternatives]]
label = "whole"
kind = "lkb"
effect = "eqd2"
alpha_beta = 10.0
dose = { structure = "gullet", metric = "DVH", course = "delivered" }
td50 = 30.0
m = 0.3
n = 0.3
onset = { kind = "lognormal", median = 4.0, sigma = 0.5 }

[survival]
shape = 1.4
scale = 30.0

[compare]
reference = "free"
"""
GROUPS = """
[report]
by = [{ "gullet D2.5cc planned" = [6.0, 12.0] }, "region"]
"""
DESIGN = """
[sweep]
"dose.organs.gullet.distance" = [2.0, 12.0]

[uncertainty]
draws = 4
"dose.organs.gullet.falloff" = { kind = "uniform", lower = 3.0, upper = 6.0 }
"ntcp.ulcer.slope" = { kind = "uniform", lower = 0.1, upper = 0.2 }

[sensitivity]
samples = 64
"""
TRIAL = """
[trial]
trials = 60
patients = 80
control = "free"
experimental = "spared"
endpoint = "ulcer"
analyses = ["logrank"]
primary = "logrank"

[trial.design]
accrual = { kind = "uniform", months = 12.0 }
minimum_follow_up = 12.0
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    top = tmp_path_factory.mktemp("gullet")
    for name, more in (("plain", ""), ("groups", GROUPS), ("design", DESIGN), ("trial", TRIAL)):
        (top / f"{name}.toml").write_text(FILE + more)
    return top


@pytest.fixture(scope="module")
def plain(folder):
    return run(load_experiment(folder / "groups.toml"), scheduler="single")


@pytest.fixture(scope="module")
def design(folder):
    made = load_experiment(folder / "design.toml").model_copy(update={"patients": 40})
    return run(made, scheduler="single")


@pytest.fixture(scope="module")
def patients(folder):
    return simulate(load_experiment(folder / "plain.toml"), range(64))


def test_less_dose_to_it_is_less_risk_and_a_limit_is_kept(plain, patients):
    spared, free, field = (
        plain[f"{EVENT}_net"].sel(arm=arm).values[:, -1] for arm in ("spared", "free", "field")
    )
    assert (spared < free).all() and (free < field).all()  # of both models
    planned = patients["gullet_d25cc_planned"].sel(arm="spared").values
    assert np.nanmax(planned) <= 7.0 + 1e-6
    assert np.nanmax(patients["gullet_d25cc_planned"].sel(arm="free").values) > 7.5
    assert (patients["local_control_net"].sel(arm="spared") <= 1.0).all()
    d90 = patients["ptv_d90_planned"]
    assert float((d90.sel(arm="free") - d90.sel(arm="spared")).mean()) > 0.0


def test_who_does_not_have_it_has_no_dose_and_no_risk(patients):
    labels = patients["region"].attrs["labels"]
    here = np.isin(patients["region"].values, [labels.index(r) for r in ("cervical", "thoracic")])
    assert 5 < here.sum() < 60
    for name in ("gullet_d25cc_planned", "gullet_d25cc_delivered", "gullet_d003cc_planned"):
        values = patients[name].values
        assert np.isfinite(values[:, here]).all() and np.isnan(values[:, ~here]).all()
        assert (
            patients[name].attrs["units"] == "Gy" and "gullet" in patients[name].attrs["long_name"]
        )
    risk = patients[f"{EVENT}_net"].transpose("arm", "months", "ulcer_model", "patient").values
    assert (risk[..., ~here] == 0.0).all() and (risk[:, 1][..., here] > 0.0).all()
    told = patients[f"{EVENT}_eqd2"].transpose(..., "patient").values
    assert np.isnan(told[..., ~here]).all() and np.isfinite(told[..., here]).all()


def test_patients_do_not_depend_on_the_chunk(folder, patients):
    made = load_experiment(folder / "plain.toml")
    part = simulate(made, range(17, 40), source_of(made))
    for name in ("gullet_d25cc_delivered", f"{EVENT}_net", "ptv_d90_planned", "plans_tried"):
        whole = patients[name].isel(patient=slice(17, 40))
        assert np.array_equal(part[name].values, whole.values, equal_nan=True), name


@pytest.mark.parametrize("table", [
    "summary.csv", "comparison.csv", "best.csv", "subgroups.csv", "checks.csv",
])  # fmt: skip
def test_it_is_in_every_table_of_a_run(plain, table):
    rows = records(plain, table)
    of = "check" if table == "checks.csv" else "endpoint"
    assert any(row[of].startswith(EVENT) for row in rows)


def test_it_is_in_every_table_of_a_design(design, tmp_path):
    save_result(design, tmp_path / "design")
    written = {path.name for path in (tmp_path / "design").glob("*.csv")} - {"design.csv"}
    assert written == {table.name for table in LEDGER} - {"predictive.csv", "subgroups.csv"}
    for name in written - {"checks.csv"}:
        with (tmp_path / "design" / name).open(newline="", encoding="utf-8") as lines:
            assert EVENT in {row["endpoint"] for row in csv.DictReader(lines)}, name
    swept = design["organs_gullet_distance"]
    assert swept.attrs["units"] == "mm"
    risk = design[f"{EVENT}_net"].sel(arm="free").isel(months=-1)
    near, far = (risk.isel(organs_gullet_distance=place) for place in (0, 1))
    assert bool((near > far).all())


def test_the_result_shows_its_dose(plain, tmp_path):
    save_result(plain, tmp_path / "plain")
    read = open_result(tmp_path / "plain")
    assert "gullet" in read["structure"].values
    bands = read["dvh_planned"].sel(structure="gullet")
    assert np.isfinite(bands.values).all()  # every arm gives it a dose
    assert (np.diff(bands.values, axis=-1) <= 0.0).all()
    assert read["sample_gullet_d25cc_planned"].attrs["units"] == "Gy"
    assert "gullet" in texts(plot_dvh_bands(read))


def test_it_is_warned_of_and_compared(plain, design):
    assert any(f"{SHORT} " in line for line in warnings_of(plain))
    for result in (plain, design):
        assert f"{WORDS}, net" in comparison_text(result)


def test_it_is_in_every_figure(plain, design):
    for draw in (plot_outcomes, plot_therapeutic_plane, plot_cumulative_incidence):
        assert WORDS in texts(draw(plain))
    assert WORDS in texts(plot_dose_response(plain))
    for draw in (plot_lines, plot_uncertainty, plot_sobol, plot_tornado):
        assert f"{WORDS}, net" in texts(draw(design))


def test_check_run_and_trial_take_it_from_the_file(folder, tmp_path, capsys):
    checked = radsim(capsys, "check", folder / "plain.toml")
    assert checked.code == 0 and EVENT in checked.output
    assert (
        "dose.organs.gullet: where it lies and how dose reaches it is an assumption"
        in checked.output
    )
    ended = radsim(capsys, "run", folder / "plain.toml", "--out", tmp_path / "out")
    assert ended.code == 0, ended.errors
    again = radsim(capsys, "run", tmp_path / "out" / "experiment.toml", "--out", tmp_path / "again")
    assert again.code == 0, again.errors
    first, second = (open_result(tmp_path / name)[f"{EVENT}_net"] for name in ("out", "again"))
    assert np.array_equal(first.values, second.values)
    trial = radsim(capsys, "trial", folder / "trial.toml", "--out", tmp_path / "trial")
    assert trial.code == 0, trial.errors
    assert WORDS in trial.output


# --- what is refused


ORGAN = 'distance = { kind = "lognormal", median = 4.0, sigma = 0.5 }'
LIMIT = 'structure = "gullet"\nmetric = "D2.5cc"'


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (ORGAN, "distance = -2.0", "gullet.distance: must lie between 0 and 200, got -2"),
        (
            ORGAN,
            'distance = { kind = "normal", mean = 2.0, sd = 1.0 }',
            "inside the target?",
        ),
        ("extent = 16.0", "extent = 1.6", "mm long, which must lie between"),
        ("valley = 0.1", "valley = 10.0", "in per cent?"),
        ("valley = 0.1", "", "dose.organs.gullet.valley: is missing"),
        ("valley = 0.1", "valley = 0.1\nvale = 2", "dose.organs.gullet.vale: unknown key"),
        ('"cervical", "thoracic"]', '"neck"]', "no region 'neck'"),
        ("[dose.organs.gullet]", "[dose.organs.thecal_sac]", "structure of the anatomy itself"),
        ("[dose.organs.gullet]", "[dose.organs.ulcer]", "dose.organs.ulcer: the name is taken"),
        (LIMIT, LIMIT.replace("gullet", "trachea"), "the arm gives no dose to 'trachea'"),
        (LIMIT, LIMIT.replace("D2.5cc", "DVH"), "gullet DVH: a limit is on a dose, DXcc, Dx, mean"),
        (LIMIT, LIMIT.replace("D2.5cc", "V20"), "no metric 'V20'; did you mean 'V20Gy'?"),
        ('metric = "D2.5cc" }\nintercept', 'metric = "D20cc" }\nintercept',
         "the gullet may have 15 cm3 (dose.organs.gullet.volume), too little for its"),
        ('"gullet", metric = "D2.5cc" }\nintercept', '"spinal_cord", metric = "D9cc" }\nintercept',
         "the spinal cord may have"),
        ('structure = "gullet", metric = "D2.5cc" }\nintercept',
         'structure = "trachea", metric = "D2.5cc" }\nintercept', "gullet in arm 'spared'"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_clear_line(tmp_path, capsys, old, new, line):
    assert old in FILE
    path = tmp_path / "wrong.toml"
    path.write_text(FILE.replace(old, new))
    ended = radsim(capsys, "check", path)
    assert ended.code == 2
    assert sum(line in told for told in ended.errors) == 1, ended.errors


def test_a_variant_with_too_small_an_organ_is_refused(folder, tmp_path, capsys):
    swept = '\n[sweep]\n"dose.organs.gullet.volume" = [30.0, 2.0]\n'
    (tmp_path / "small.toml").write_text(FILE + swept)
    ended = radsim(capsys, "check", tmp_path / "small.toml")
    assert ended.code == 2
    assert any("the gullet may have 2 cm3" in line for line in ended.errors), ended.errors


def test_metrics_whose_names_differ_by_a_point_are_both_told(folder):
    text = FILE.replace('dose = { structure = "gullet", metric = "D2.5cc" }\nintercept',
                        'dose = { structure = "gullet", metric = "D25%" }\nintercept')  # fmt: skip
    text = text.replace('metric = "DVH"', 'metric = "DVH"').replace('"D2.5cc"\nat', '"D2.5%"\nat')
    path = folder / "points.toml"
    path.write_text(text)
    told = simulate(load_experiment(path), range(8))
    names = [name for name in told.data_vars if name.startswith("gullet_d2")]
    values = [np.nan_to_num(told[name].values) for name in names if name.endswith("_planned")]
    assert len(values) == 2
    assert not np.array_equal(*values)


def test_an_organ_that_no_arm_gives_is_refused(tmp_path):
    arms = FILE[FILE.index("[arms.spared]") : FILE.index("[tcp]")]
    text = FILE.replace(arms, '[arms.source]\nregimen = "iort-8-at-13mm"\n\n')
    path = tmp_path / "source.toml"
    path.write_text(text.replace('[compare]\nreference = "free"', ""))
    with pytest.raises(ExperimentError) as caught:
        load_experiment(path)
    lines = str(caught.value).splitlines()
    assert any("dose.organs.gullet: no arm gives it a dose" in line for line in lines)
    assert any("no dose to gullet" in line and "'source'" in line for line in lines)
