"""The [trial] section, the command, and what it writes."""

import csv
import json
import re
import shutil
import tomllib
from dataclasses import replace

import numpy as np
import pytest
from command_line import files, radsim
from examples import SMALL, TRIALS
from matplotlib.text import Text

from radsim import load_experiment, make_experiment, simulate
from radsim.experiment.model import ExperimentError
from radsim.experiment.trial_file import VirtualTrial, load_trial, states_trial_only, trials_of
from radsim.report.figures.trial import plot_flow, plot_incidence
from radsim.report.tables.trial import TABLES, table_rows
from radsim.report.text.trial import assumptions_text, summary_text
from radsim.report.text.trial_plan import describe_trial
from radsim.simulation.virtual_trial import (
    SMALLEST_POOL,
    draw_uncertain_pools,
    run_scenario_of,
    run_trial,
    simulate_pool,
)
from radsim.trial.protocol.design import Protocol

KYPHO, SPINE_DOSE = (
    next(path for path in TRIALS if path.stem == name)
    for name in ("kypho_iort", "spine_dose_trial")
)
TEXTS = (
    "trial_assumptions.txt", "trial_checksums.txt", "trial_protocol.md", "trial_protocol.txt",
    "trial_source.toml",
)  # fmt: skip
STATED = """
name = "stated"
seed = 1

[trial]
trials = 60
patients = 80
landmark = 12.0
control = { control = 0.6, median_survival = 24.0 }
experimental = { control = 0.9, median_survival = 24.0 }
most_patients = 200
design = { minimum_follow_up = 12.0, accrual = { kind = "uniform", months = 6.0 } }
looks = { information = [0.5, 1.0], futility = "pocock" }
curve = { patients = [40, 80], median_survival = [6.0, 24.0] }

[trial.uncertainty]
"experimental.control" = { kind = "beta", a = 45, b = 5 }
"""


def written(tmp_path, text):
    path = tmp_path / "file.toml"
    path.write_text(text, encoding="utf-8")
    return path


def rows(folder, name):
    with (folder / name).open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture
def stated(tmp_path, capsys):
    path, folder = written(tmp_path, STATED), tmp_path / "out"
    ended = radsim(capsys, "run", path, "--out", folder)
    assert ended.code == 0, ended.errors
    return path, folder, ended


EVERY = """
name = "every"
seed = 1

[trial]
trials = 30
patients = 120
find_size = false
landmark = 12.0
landmarks = [6.0, 12.0]
weights = [0.0, 0.5]
analyses = [
    "logrank_weighted", "maxcombo", "cox_stratified", "cox_adjusted", "fine_gray_stratified",
    "gray_cluster_robust", "fine_gray_cluster_robust", "incidence_differences",
    "logrank_first_event", "gray_first_event", "cox_first_event", "fine_gray_first_event",
    "incidence_difference_first_event",
]
control = { control = 0.6, median_survival = 24.0 }
experimental = { control = 0.9, median_survival = 24.0 }

[trial.looks]
information = [0.5, 1.0]
kind = "futility-only"
futility = "predictive-power"
below = 0.1

[trial.design]
minimum_follow_up = 12.0
accrual = { kind = "uniform", months = 6.0 }
lesions = [0.7, 0.3]
frailty = 0.5
strata = [{ share = 1.0 }, { share = 1.0, hazard_ratio = 2.0 }]
"""


def test_a_file_may_name_every_analysis_and_says_when_it_stops(tmp_path, capsys):
    path, folder = written(tmp_path, EVERY), tmp_path / "out"
    ended = radsim(capsys, "trial", path, "--out", folder)
    assert ended.code == 0, ended.errors
    shown = {row["analysis"]: row for row in rows(folder, "trial_characteristics.csv")}
    knowing = [name for name, row in shown.items() if row["knows_clusters"] == "yes"]
    assert set(knowing) >= {"gray_cluster_robust", "incidence_differences", "cox_first_event"}
    assert all(row["rejected"] for row in shown.values())
    looks = rows(folder, "trial_looks.csv")
    assert (looks[0]["efficacy_limit"], looks[0]["predictive_power_at_futility"]) == ("", "0.1")
    assert float(looks[0]["conditional_power_at_futility"]) > 0.1
    text = (folder / "trial_assumptions.txt").read_text()
    assert "futility too (predictive power below 10 %; not binding" in text
    chosen = {row["key"]: row["value"] for row in rows(folder, "trial_design.csv")}
    assert (chosen["landmarks"], chosen["weights"]) == ("6.0; 12.0", "0.0; 0.5")


def test_formulas_of_first_events_count_patients(tmp_path, capsys):
    text = EVERY.replace("find_size = false", 'find_size = false\nprimary = "logrank_first_event"')
    path, folder = written(tmp_path, text), tmp_path / "out"
    assert radsim(capsys, "trial", path, "--out", folder).code == 0
    by_name = {row["quantity"]: row for row in rows(folder, "trial_expectations.csv")}
    failed = float(by_name["patients_with_event"]["total"])
    assert failed < float(by_name["events"]["total"])
    sizes = [r for r in rows(folder, "trial_sizes.csv") if r["method"] == "schoenfeld"]
    (size,) = sizes
    assert size["takes"].endswith("first event of a patient as simulated")
    wanted = float(size["events"]) * 120 / failed
    assert float(size["patients"]) == pytest.approx(wanted, abs=3.0)
    (power, *_) = rows(folder, "trial_formula_powers.csv")
    assert f"{failed:.1f} events" in power["takes"]


def test_a_trial_writes_its_tables_figures_and_text(stated):
    _, folder, ended = stated
    found = files(folder)
    figures = {f"figures/trial_{name}.png" for name in ("power", "incidence", "flow")}
    assert set(found) == {*TABLES, *figures, *TEXTS}
    for name, (header, _) in TABLES.items():
        assert found[name].decode().splitlines()[0] == ",".join(header)
    text = found["trial_assumptions.txt"].decode()
    assert "80 patients are randomized 1:1" in text
    assert "net control at 24 months is 60 %" in text
    assert "logrank" in ended.output
    assert b"nan" not in b"".join(v for k, v in found.items() if k.endswith(".csv")).lower()


def test_tables_agree_with_each_other(stated):
    _, folder, _ = stated
    powers = rows(folder, "trial_characteristics.csv")
    truths = {row["truth"] for row in powers}
    assert truths == {"alternative", "no_difference", "assurance"}
    curve = [r for r in rows(folder, "trial_power.csv") if r["over"] == "patients"]
    own = next(r for r in powers if r["truth"] == "alternative" and r["analysis"] == "logrank")
    assert next(r for r in curve if float(r["value"]) == 80)["power"] == own["rejected"]
    methods = {row["method"] for row in rows(folder, "trial_sizes.csv")}
    assert methods >= {"simulation", "schoenfeld", "freedman", "arcsine", "normal_pooled"}
    events = next(r for r in rows(folder, "trial_expectations.csv") if r["quantity"] == "events")
    total = float(events["control"]) + float(events["experimental"])
    assert total == pytest.approx(float(events["total"]), abs=1.5e-3)  # three roundings


def test_the_same_command_gives_the_same_bytes_on_any_workers(stated, tmp_path, capsys):
    path, folder, _ = stated
    again = tmp_path / "again"
    assert radsim(capsys, "trial", path, "--out", again, "--workers", 2).code == 0
    one, two = files(folder), files(again)
    assert {k: v for k, v in one.items() if k.endswith(("csv", "txt"))} == {
        k: v for k, v in two.items() if k.endswith(("csv", "txt"))
    }


def test_a_finished_trial_is_not_overwritten_unasked(stated, capsys):
    path, folder, _ = stated
    ended = radsim(capsys, "trial", path, "--out", folder)
    assert ended.code == 2
    assert "holds a trial already" in ended.errors[0]


def with_trial():
    """Text of the small experiment with a trial of its first two arms."""
    text = SMALL.read_text(encoding="utf-8")
    first, second = list(tomllib.loads(text)["arms"])[:2]
    return text + (
        f'\n[trial]\ncontrol = "{first}"\nexperimental = "{second}"\ntrials = 40\npatients = 60\n'
        "simulated_patients = 500\nfind_size = false\n"
        "[trial.design]\nminimum_follow_up = 24.0\n"
    )


def test_arms_can_come_from_the_experiment(tmp_path, capsys):
    text = with_trial()
    first = next(iter(tomllib.loads(text)["arms"]))
    folder = tmp_path / "out"
    ended = radsim(capsys, "run", written(tmp_path, text), "--out", folder, "--patients", 60)
    assert ended.code == 0, ended.errors
    found = files(folder)
    assert {"result.nc", "summary.csv", "trial_characteristics.csv"} <= set(found)
    harms = {row["harm"] for row in rows(folder, "trial_benefit_harm.csv")}
    assert harms == {"vcf", "myelopathy"}
    resolved = load_experiment(folder / "experiment.toml")
    assert resolved.trial is not None
    assert resolved.trial.control == first


def test_a_trial_of_a_complication_counts_loss_of_control_among_its_harms(tmp_path, capsys):
    text = with_trial().replace("[trial]\n", '[trial]\nendpoint = "vcf"\n')
    folder = tmp_path / "out"
    ended = radsim(capsys, "trial", written(tmp_path, text), "--out", folder)
    assert ended.code == 0, ended.errors
    lost, cord = rows(folder, "trial_benefit_harm.csv")
    assert (lost["harm"], cord["harm"]) == ("local_failure", "myelopathy")
    assert "local failure, seen up to the analysis: " in ended.output
    source = load_experiment(written(tmp_path, text))
    section = trials_of(source)["trial"]
    pool = simulate_pool(source, section, range(300))
    times = simulate(source, range(300))["time_to_local_failure"].isel(control_model=0)
    both = times.sel(arm=[section.control, section.experimental]).transpose("arm", "patient")
    np.testing.assert_array_equal(pool.harms["local_failure"], both.values)
    assert 0.0 < float(lost["control"]) < 1.0


def test_readers_meet_the_labels_of_arms_and_tables_their_names(tmp_path):
    settings = tomllib.loads(with_trial())
    first, second = settings["trial"]["control"], settings["trial"]["experimental"]
    settings["arms"][first]["label"], settings["arms"][second]["label"] = "single", "boost"
    source = make_experiment(settings)
    result = run_trial(source)["trial"]
    drawn = [
        *plot_incidence("trial", result, result.incidence).axes,
        *plot_flow("trial", result, result.flow).axes,
    ]
    pictured = [text.get_text() for axis in drawn for text in axis.findobj(Text)]
    written_out = (summary_text({"trial": result}), assumptions_text({"trial": result}, source))
    for said in (*written_out, describe_trial(source), "\n".join(pictured)):
        assert second not in re.findall(r"\w+", said)  # the first is "one", a word of its own
    for said in (*written_out, "\n".join(pictured)):
        assert {"single", "boost"} <= set(re.findall(r"\w+", said))
    assert "% with single, " in written_out[0]  # the line of benefit and harm
    assert "single: local failure" in pictured
    assert any(text.startswith("boost\nallocated") for text in pictured)
    assert (
        f"The control arm is the simulated arm single ({source.arms[first].plan.words})."
        in (written_out[1])
    )
    assert "The control arm is the simulated arm single." in describe_trial(source)
    design = [row[1:] for row in table_rows({"trial": result}, TABLES["trial_design.csv"][1])]
    assert design[:2] == [["control", first], ["experimental", second]]


def test_assurance_takes_the_uncertainty_that_the_experiment_declares():
    settings = tomllib.loads(SMALL.read_text(encoding="utf-8"))
    first, second = list(settings["arms"])[:2]
    sure = {
        "control": first, "experimental": second, "trials": 60, "patients": 100,
        "simulated_patients": 400, "find_size": False, "design": {"minimum_follow_up": 24.0},
    }  # fmt: skip
    spread = {"draws": 3, "tcp.gamma50": {"kind": "normal", "mean": 0.8, "sd": 0.1}}
    source = make_experiment({**settings, "trial": sure, "uncertainty": spread})
    result = run_trial(source)["trial"]
    assert result.assurance is not None
    pool = draw_uncertain_pools(source, source.trial)
    assert pool.pools == 3
    assert pool.failure.shape == (2, 3 * SMALLEST_POOL)
    thirds = (pool.failure < 24.0).mean(axis=0).reshape(3, -1).mean(axis=1)
    assert len(set(thirds)) == 3
    assert run_trial(make_experiment({**settings, "trial": sure}))["trial"].assurance is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("patients = 80", "patients = -80", "patients"),
        ("control = 0.6", "control = 1.6", "must be above 0 and at most 1, got 1.6"),
        ("patients = 80", "patients = 80\nprimary = 'log_rank'", "must be one of the analyses"),
        ("patients = 80", "patients = 80\nanalyses = ['grey']", "no analysis 'grey'"),
        ("patients = 80", "patients = 80\npatient = 3", "patient: unknown key"),
        ("minimum_follow_up = 12.0", "allocation = [1, 0]", "allocation: must give every arm"),
        ("minimum_follow_up = 12.0", "allocaton = [1, 2]", "did you mean 'allocation'?"),
        ("minimum_follow_up = 12.0", "patients = 33", "trial.design.patients: unknown key"),
        ("minimum_follow_up = 12.0, ", "", "give minimum_follow_up, calendar_cut or event_target"),
        ("minimum_follow_up = 12.0", "latest = 40.0", "latest: must go with event_target"),
        ('kind = "uniform"', 'kind = "unifrom"', "accrual: no kind 'unifrom'; did you mean"),
        ("months = 6.0", "month = 6.0", "trial.design.accrual.months: is missing"),
        ("control = 0.6", "controll = 0.6", "trial.control.controll: unknown key; did you mean"),
        ("control = 0.6", "control = '0.6'", "trial.control.control: must be a number"),
        ("control = 0.6", "control = 0.6, failure_hazard = 0.1", "give one of failure_hazard"),
        ("control = 0.6", "control = 0.6, proportion = 0.2", "control.proportion: has no effect"),
        ("patients = 80", "patients = 80\nendpoint = 'vcf'", "endpoint: has no effect here"),
        ("patients = 80", "patients = 80\nvariance = 'alen'", "no variance 'alen'; did you mean"),
        ("patients = 80", "patients = 80\ntransform = 'loglog'", "no transform 'loglog'"),
        ("patients = 80", "patients = 80\nanalyses = ['logrank_stratified']", "needs strata"),
        (
            "patients = 80",
            "patients = 80\nprimary = 'cox_adjusted'\nanalyses = ['cox_adjusted']",
            "needs strata",
        ),
        ("patients = 80", "patients = 80\nlandmarks = [6, 12]", "landmarks: has no effect here"),
        ("patients = 80", "patients = 80\nweights = [0, 1]", "weights: has no effect here"),
        ("patients = 80", "patients = 80\nsimulated_patients = 900", "simulated_patients: has no"),
        (
            "patients = 80",
            "patients = 80\nanalyses = ['cox']\nvariance = 'delta'",
            "variance: has no",
        ),
        ("patients = 80", "patients = 80\nanalyses = ['cox']\ntransform = 'log'", "transform: has"),
        (
            "patients = 80",
            "patients = 80\nanalyses = ['incidence_differences']",
            "landmarks: say at which months",
        ),
        (
            "patients = 80",
            "patients = 80\nanalyses = ['logrank_weighted']\nweights = [-1, 0]",
            "weights: must be rho and gamma of 0 or more",
        ),
        (
            "patients = 80",
            "patients = 80\nanalyses = ['maxcombo']",
            "looks: maxcombo has no information",
        ),
        ('futility = "pocock"', 'futility = "predictive-power"', "looks: below: give the"),
        ('futility = "pocock"', 'kind = "futility-only"', "looks: futility-only stops for nothing"),
        ("patients = 80", "patients = 80\nanalyses = ['cox', 'cox']", "cox is named twice"),
        ("patients = 80", "patients = 80\nhigher_is_better = true", "is for a binary endpoint"),
        ("patients = 80", "patients = 80\nplanned_hazard_ratio = 1.0", "must be above 0, not 1"),
        ("patients = 80", "patients = 80\npower = 0.02", "looks: futility needs a power above"),
        ("most_patients = 200", "most_patients = 1", "must be at least 4, the smallest trial"),
        ("patients = [40, 80]", "patients = [1]", "curve.patients: patients must lie between"),
        ("patients = [40, 80]", "minimum_follow_up = [-5.0]", "curve.minimum_follow_up: times"),
        ("[6.0, 24.0]", "[0.0]", "curve.median_survival: median_survival must be above 0"),
        ("[0.5, 1.0]", "[0.5, 0.9]", "must grow from above 0 to 1"),
        ('"experimental.control"', '"experimental.hazard"', "an arm has no 'hazard'"),
        ("control = { control = 0.6, median_survival = 24.0 }", 'control = "a"', "state both"),
    ],
)
def test_mistakes_in_a_trial_are_named_in_one_line(tmp_path, capsys, old, new, message):
    path = written(tmp_path, STATED.replace(old, new, 1))
    ended = radsim(capsys, "trial", path, "--out", tmp_path / "out")
    assert ended.code == 2
    assert any(message in line for line in ended.errors), ended.errors
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("scenario", "message"),
    [
        ("[trial.scenarios.a]\npatiens = 30", "scenarios.a.patiens: unknown key; did you mean"),
        ("[trial.scenarios.a.design]\nblok = 2", "scenarios.a.design.blok: unknown key"),
        ("[trial.scenarios.a.scenarios.b]\npatients = 30", "a scenario can't hold scenarios"),
        ("[trial.scenarios.a.control]\ncontrol = 3.0", "scenarios.a.control.control: must be"),
        ("[trial.scenarios.a]\nbinary = true", "trial.scenarios.a.control.proportion: is missing"),
        ('[trial.scenarios."../b"]\npatients = 30', "letters, digits, _ and -, got '../b'"),
    ],
)
def test_mistakes_in_a_scenario_name_the_scenario(tmp_path, scenario, message):
    with pytest.raises(ExperimentError) as caught:
        load_trial(written(tmp_path, f"{STATED}\n{scenario}\n"))
    assert len(caught.value.mistakes) == 1
    assert message in caught.value.mistakes[0]


BINARY = """
name = "binary"
seed = 1

[trial]
trials = 50
patients = 40
binary = true
control = { proportion = 0.2 }
experimental = { proportion = 0.6 }
find_size = false
"""


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("design = { lesions = [0.5, 0.5] }", "design.lesions: has no effect here"),
        ("design = { drop_out_hazard = 0.1 }", "design.drop_out_hazard: has no effect here"),
        ("curve = { median_survival = [6.0] }", "curve.median_survival: has no effect here"),
        ("curve = { minimum_follow_up = [6.0] }", "curve.minimum_follow_up: has no effect here"),
        ("landmark = 12.0", "landmark: has no effect here: a binary endpoint has no times"),
        ("horizon = 12.0", "horizon: has no effect here: a binary endpoint has no times"),
        ("primary = 'fisher'\ncurve = { patients = [900] }", "fisher lists outcomes, for up to"),
    ],
)
def test_what_would_change_nothing_in_a_binary_trial_is_refused(tmp_path, line, message):
    with pytest.raises(ExperimentError, match=message):
        load_trial(written(tmp_path, f"{BINARY}{line}\n"))


def test_large_binary_trials_leave_out_the_tests_that_list_outcomes(tmp_path):
    small = load_trial(written(tmp_path, BINARY)).trial
    large = load_trial(written(tmp_path, BINARY.replace("patients = 40", "patients = 900"))).trial
    assert "fisher" in small.named_analyses
    assert large.named_analyses == ("pearson", "yates", "unpooled_z", "lrt")


def test_simulated_patients_refuse_a_design_that_would_not_change_them():
    settings = tomllib.loads(SMALL.read_text(encoding="utf-8"))
    first, second = list(settings["arms"])[:2]
    trial = {"control": first, "experimental": second, "patients": 60, "trials": 10}
    design = {"minimum_follow_up": 12.0, "lesions": [0.5, 0.5], "frailty": 1.0}
    with pytest.raises(ExperimentError, match=r"design\.lesions: has no effect") as caught:
        make_experiment({**settings, "trial": {**trial, "design": design}})
    assert "design.frailty: has no effect here" in str(caught.value)
    without = {key: table for key, table in settings.items() if key != "ntcp"}
    wanted = {**trial, "endpoint": "vcf", "design": {"minimum_follow_up": 12.0}}
    with pytest.raises(ExperimentError, match=r"trial.endpoint: vcf is not simulated without ntcp"):
        make_experiment({**without, "trial": wanted})


def test_a_scenario_states_a_quantity_in_another_way(tmp_path):
    text = STATED + (
        "[trial.scenarios.a]\n"
        "control = { failure_hazard = 0.02, death_hazard = 0.01 }\n"
        "design = { event_target = 20, latest = 40.0 }\n"
        "[trial.scenarios.b]\n"
        "control = { control_months = 12.0 }\n"
    )
    found = load_trial(written(tmp_path, text)).trial.variants()
    assert (found["a"].control.failure_hazard, found["a"].control.control) == (0.02, None)
    assert found["a"].control.median_survival is None
    assert found["a"].design.minimum_follow_up is None
    assert (found["b"].control.control, found["b"].control.control_months) == (0.6, 12.0)


def test_check_says_what_a_trial_would_do(tmp_path, capsys):
    ended = radsim(capsys, "check", written(tmp_path, STATED))
    assert ended.code == 0
    for said in (
        "60 trials of 80 patients", "Accrual is uniform over 6 months", "analysis is at month 18",
        "note: horizon: 24 months lie beyond month 18",
    ):  # fmt: skip
        assert said in ended.output
    told = json.loads(radsim(capsys, "check", written(tmp_path, STATED), "--json").output)
    assert told["trials"]["trial"]["patients"] == 80


def test_check_of_an_experiment_says_what_its_trial_would_do(tmp_path, capsys):
    ended = radsim(capsys, "check", written(tmp_path, with_trial()))
    assert ended.code == 0
    assert "40 trials of 60 patients" in ended.output
    assert "time to local failure, with death as a competing event" in ended.output


def test_what_cannot_be_estimated_is_a_dash_and_an_empty_cell(tmp_path, capsys):
    text = STATED.replace("landmark = 12.0", "find_size = false\nlandmark = 60.0")
    folder = tmp_path / "out"
    ended = radsim(capsys, "trial", written(tmp_path, text), "--out", folder, "--no-figures")
    assert "not estimable in 100.0 %" in ended.output
    assert not (folder / "figures").exists()
    table = rows(folder, "trial_characteristics.csv")
    row = next(r for r in table if r["analysis"] == "incidence_difference")
    assert (row["effect"], row["not_estimable"]) == ("", "1.0")


def test_a_run_whose_trial_is_missing_only_simulates_the_trial(tmp_path, capsys):
    path, folder = written(tmp_path, with_trial()), tmp_path / "out"
    command = ("run", path, "--out", folder, "--patients", 60)
    assert radsim(capsys, *command).code == 0
    whole = files(folder)
    (folder / "trial_assumptions.txt").unlink()
    written_at = (folder / "result.nc").stat().st_mtime_ns
    ended = radsim(capsys, *command)
    assert ended.code == 0, ended.errors
    assert "what is missing is the trial" in ended.errors[0]
    assert (folder / "result.nc").stat().st_mtime_ns == written_at
    assert files(folder)["trial_characteristics.csv"] == whole["trial_characteristics.csv"]
    assert "is finished" in radsim(capsys, *command).errors[0]


def test_overwriting_leaves_nothing_of_the_earlier_trial(stated, capsys):
    path, folder, _ = stated
    for stale in ("trial_old.csv", "figures/trial_flow_old.png"):
        (folder / stale).write_text("old")
    assert radsim(capsys, "trial", path, "--out", folder, "--overwrite", "--no-figures").code == 0
    assert set(files(folder)) == {*TABLES, *TEXTS}


@pytest.mark.parametrize(
    "option", [("--precision", 0.01), ("--chunk-size", 10), ("--scheduler", "single")]
)
def test_options_that_a_trial_alone_has_no_use_for_are_refused(tmp_path, capsys, option):
    path = written(tmp_path, STATED)
    ended = radsim(capsys, "run", path, "--out", tmp_path / "out", *option)
    assert ended.code == 2
    assert option[0] in ended.errors[0]


def test_the_protocol_of_kyphoplasty_has_its_numbers():
    section = load_trial(KYPHO).trial.variants()["randomized_54"]
    few = replace(section, trials=50, find_size=False, uncertainty={}, analyses=("fisher",))
    result = run_scenario_of(replace(few, patients=44, design=Protocol(block=4)), load_trial(KYPHO))
    power = next(p for p in result.formulas.powers if p.formula == "normal_pooled")
    assert round(power.power, 6) == 0.816741
    plan = run_scenario_of(few, load_trial(KYPHO))
    size = next(row for row in plan.formulas.sizes if row.formula == "normal_pooled")
    assert size.patients == 56
    assert "44 evaluable; times 1.2 would be 54, which leaves 43.2" in size.note
    exact = next(p for p in result.formulas.powers if p.formula == "exact, fisher")
    assert round(exact.worst_type_one, 6) == 0.024398
    assert result.primary.favorable == result.primary.rejected


def test_the_planning_script_has_its_events_and_patients():
    section = load_trial(SPINE_DOSE).trial.variants()["no_death"]
    few = replace(section, trials=50, find_size=False, curve=None, analyses=("logrank",))
    result = run_scenario_of(few, load_trial(SPINE_DOSE))
    rows = {row.takes: row for row in result.formulas.sizes if row.formula == "schoenfeld"}
    script = rows["planned hazard ratio 0.4, death ignored"]
    assert round(script.events, 1) == 37.4
    assert script.patients == 234


def test_formulas_without_an_answer_say_why_and_stop_nothing(tmp_path):
    text = BINARY.replace("0.2", "0.0").replace("0.6", "1.0")
    result = run_trial(load_trial(written(tmp_path, text)))["trial"]
    row = next(r for r in result.formulas.sizes if r.formula == "normal_unpooled")
    assert row.patients is None
    assert "any number of patients" in row.note


def test_the_text_says_everything_that_decides_the_trial(tmp_path):
    text = STATED.replace(
        "minimum_follow_up = 12.0",
        "minimum_follow_up = 12.0, longest_follow_up = 15.0, not_evaluable = 0.1, frailty = 0.5, "
        "lesions = [0.75, 0.25], drop_out_hazard = 0.01, visits = { at = [3, 6], then_every = 6 }, "
        "strata = [{ share = 1 }, { share = 3, hazard_ratio = 2.0 }]",
    ).replace('kind = "uniform", months = 6.0', 'kind = "ramp", months = 6.0, full = 2.0')
    source = load_trial(written(tmp_path, text.replace("trials = 60", "trials = 40")))
    results = run_trial(source)
    said = assumptions_text(results, source)
    for part in (
        "time to the event, with death as a competing event",
        "grows in proportion to time for 2 months",
        "No patient is watched for more than 15 months",
        "at months 3 and 6 and every 6 months after that",
        "75 % have 1 and 25 % have 2",
        "gamma frailty of mean 1 and variance 0.5",
        "25 % and 75 % of patients, with 1 and 2 times the stated hazard",
        "in a patient of frailty 1 and of a stratum whose ratio is 1",
        "lost at a constant hazard of 0.01",
        "z of 2.963 and 1.969",
        "futility below z of 0.985",
        "experimental.control is uncertain: beta (a = 45.0, b = 5.0)",
        "compared at 12 months",
        "lesions with the event are expected",
        "(seed 1)",
    ):
        assert part in said, part
    counts = {e.name: e for e in results["trial"].expected}
    assert counts["deaths"].total + counts["patients_with_event"].total <= 72.5


@pytest.mark.parametrize("path", TRIALS, ids=lambda path: path.stem)
def test_shipped_trials_load_and_run_at_a_small_size(path):
    source = load_trial(path)
    assert source.trial is not None
    assert isinstance(source, VirtualTrial) == states_trial_only(path)
    name, section = list(source.trial.variants().items())[-1]
    block = None if section.design.minimization else sum(section.design.allocation)
    few = {"simulated_patients": 100} if isinstance(section.control, str) else {}
    small = replace(
        section, **few, trials=20, patients=40, find_size=False, curve=None,
        analyses=(section.primary_analysis,),
        design=replace(section.design, block=block),
    )  # fmt: skip
    result = run_scenario_of(small, source)
    assert 0.0 <= result.primary.rejected.value <= 1.0, name


def test_plot_draws_a_finished_trial_again_to_the_same_pictures(stated, tmp_path, capsys):
    _, folder, _ = stated
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    drawn = {name: data for name, data in files(folder).items() if name.endswith(".png")}
    shutil.rmtree(copy / "figures")
    blocks = (copy / ".radsim" / "trial.journal").read_bytes()
    ended = radsim(capsys, "plot", copy)
    assert ended.code == 0, ended.errors
    assert {name: data for name, data in files(copy).items() if name.endswith(".png")} == drawn
    assert (copy / ".radsim" / "trial.journal").read_bytes() == blocks  # nothing was simulated anew
