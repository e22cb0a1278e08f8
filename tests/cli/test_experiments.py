"""Every shipped experiment, end to end at a small size, and what must hold in its tables."""

import csv
import itertools
import tomllib

import pytest
from command_line import files, radsim
from examples import EXPERIMENTS, SHIPPED, SMALL

from radsim import load_experiment, open_result
from radsim.experiment.designs.tables import DRAWS

PATIENTS = 150
HEADERS = {  # the contract of the command line and its files
    "summary.csv": "arm,endpoint,model,estimator,months,estimate,mc_standard_error,lower,upper,"
    "interval",
    "comparison.csv": "arm,reference,endpoint,model,estimator,months,difference,"
    "mc_standard_error,lower,upper,ratio,ratio_lower,ratio_upper,number_needed,"
    "number_needed_lower,number_needed_upper,interval",
    "best.csv": "endpoint,months,arm,share,mc_standard_error,lower,upper,interval",
}
FIGURES = ["cumulative_incidence", "dose_response", "outcomes", "therapeutic_plane"]
OWN = {"local_control": "net", "vcf": "net", "myelopathy": "net"}


@pytest.fixture(scope="module", params=[*SHIPPED, SMALL], ids=lambda path: path.stem)
def finished(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param.stem)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["radsim"])
        from radsim.cli.app import main

        with pytest.raises(SystemExit) as caught:
            main(["run", str(request.param), "--out", str(folder), "--patients", str(PATIENTS)])
    assert caught.value.code == 0
    return request.param, folder


def rows(folder, name):
    with (folder / name).open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def test_a_finished_folder_holds_what_the_contract_says(finished):
    _, folder = finished
    found = files(folder)
    expected = {"result.nc", "experiment.toml", *HEADERS}
    assert expected <= set(found)
    for name in FIGURES:
        assert found[f"figures/{name}.png"].startswith(b"\x89PNG")
    for name, header in HEADERS.items():
        assert found[name].decode().splitlines()[0] == header


def test_doses_are_drawn_and_kept_with_the_result(finished):
    """Of arms with a plan: bands by arm and structure, single plans, coverage, delivery."""
    _, folder = finished
    result = open_result(folder)
    assert {"figures/dvh_bands.png", "figures/coverage.png"} <= set(files(folder))
    planned = result["dvh_planned"].sel(structure="gtv", quantile=0.5)
    assert bool((planned.diff("node") <= 1e-3).all())  # hottest first
    assert bool(planned.notnull().all("node").any("arm"))


def test_rows_come_in_the_order_of_arms_endpoints_estimators_and_months(finished):
    path, folder = finished
    experiment = load_experiment(path)
    endpoints = [
        ("local_control", "net"),
        ("local_failure", "cumulative_incidence"),
        ("vcf", "net"),
        ("vcf", "cumulative_incidence"),
        ("myelopathy", "net"),
        ("myelopathy", "cumulative_incidence"),
        *(
            (event, estimator)
            for event, section in experiment.ntcp.items()
            if event not in ("vcf", "myelopathy")
            for estimator in ("net", "cumulative_incidence", "prevalence")
            if estimator != "prevalence" or section.model.duration is not None
        ),
        ("survival", "alive"),
        ("complication_free_control", "net"),
        ("complication_free_control", "alive"),
    ]
    for name, arms in (
        ("summary.csv", list(experiment.arms)),
        ("comparison.csv", experiment.compared),
    ):
        table = [row for row in rows(folder, name) if row["endpoint"] != "pain_response"]
        order = [(row["arm"], (row["endpoint"], row["estimator"])) for row in table]
        assert list(dict.fromkeys(order)) == list(itertools.product(arms, endpoints)), name
        months = [str(float(month)) for month in experiment.months]
        for _, group in itertools.groupby(
            table, key=lambda r: (r["arm"], r["endpoint"], r["model"], r["estimator"])
        ):
            assert [row["months"] for row in group] == months


def test_myelopathy_is_reported_under_the_cords_preset_and_those_that_a_file_asks_for(finished):
    path, folder = finished
    experiment = load_experiment(path)
    presets = [model.preset for model in experiment.ntcp["myelopathy"].models]
    assert "sbrt-cord-default" in presets
    asked = "alternatives" in path.read_text(encoding="utf-8")
    assert asked or "sbrt-cord-case-control" not in presets
    for arm in experiment.arms:
        models = dict.fromkeys(
            row["model"]
            for row in rows(folder, "summary.csv")
            if row["arm"] == arm and row["endpoint"] == "myelopathy"
        )
        assert list(models) == presets


def test_estimates_and_intervals_lie_between_zero_and_one(finished):
    _, folder = finished
    for name, column in (("summary.csv", "estimate"), ("best.csv", "share")):
        for row in rows(folder, name):
            lower, value, upper = (float(row[key]) for key in ("lower", column, "upper"))
            assert 0.0 <= lower <= value <= upper <= 1.0, row
            assert float(row["mc_standard_error"]) >= 0.0
            assert row["interval"] == "monte_carlo"
            assert repr(float(row[column])) == row[column]


def test_comparisons_are_differences_and_ratios_of_the_summary(finished):
    path, folder = finished
    key = ("endpoint", "model", "estimator", "months")
    summary = {
        (r["arm"], *(r[k] for k in key)): float(r["estimate"]) for r in rows(folder, "summary.csv")
    }
    compared = 0
    for row in rows(folder, "comparison.csv"):
        where = tuple(row[k] for k in key)
        one, other = summary.get((row["arm"], *where)), summary.get((row["reference"], *where))
        if one is None or other is None:  # models of an arm of its own, such as a prior course
            continue
        compared += 1
        difference = float(row["difference"])
        assert difference == pytest.approx(one - other, abs=1e-12)
        assert -1.0 <= float(row["lower"]) <= difference <= float(row["upper"]) <= 1.0
        if row["ratio"]:
            assert float(row["ratio"]) == pytest.approx(one / other, rel=1e-9)
        else:
            assert other == 0.0
        holds_zero = float(row["lower"]) <= 0.0 <= float(row["upper"])
        assert (row["number_needed"] == "") == holds_zero
        if not holds_zero:
            low, needed, high = (
                float(row[f"number_needed{end}"]) for end in ("_lower", "", "_upper")
            )
            assert low <= needed <= high
            assert needed == pytest.approx(1 / abs(difference))
    assert compared > 0 or len(load_experiment(path).arms) == 1


def test_identities_between_estimates_hold(finished):
    path, folder = finished
    experiment = load_experiment(path)
    result = open_result(folder)
    close = 1e-12
    own = {"control_model": 0, "myelopathy_model": 0, "vcf_model": 0}
    for arm in experiment.arms:
        here = result.sel(arm=arm)
        get = {
            name: here[name].isel({d: i for d, i in own.items() if d in here[name].dims}).values
            for name in here.data_vars
            if name.endswith(("_net", "_alive", "_cumulative_incidence"))
        }
        free, alive = get["complication_free_control_net"], get["survival_alive"]
        joint = get["complication_free_control_alive"]
        assert (free <= get["local_control_net"] + close).all()
        assert (free <= 1.0 - get["vcf_net"] + close).all()
        assert (free <= 1.0 - get["myelopathy_net"] + close).all()
        assert (joint <= alive + close).all()
        assert (joint <= free + close).all()
        # alive and free, and dead, leave room for no more than the events before death
        events = [
            get[f"{name}_cumulative_incidence"] for name in ("local_failure", "vcf", "myelopathy")
        ]
        error = here["local_failure_cumulative_incidence_mc_standard_error"].values.max()
        assert (joint + sum(events) >= alive - 6 * (error + 0.04)).all()
        for net, event in (
            (1.0 - get["local_control_net"], "local_failure"),
            (get["vcf_net"], "vcf"),
            (get["myelopathy_net"], "myelopathy"),
        ):
            incidence = get[f"{event}_cumulative_incidence"]
            assert (incidence >= 0).all()
            assert (incidence[1:] >= incidence[:-1]).all(), event  # never falls with time
            assert (net[1:] >= net[:-1] - close).all(), event
            # death can only take events away; 6 standard errors of a share at most
            slack = 6 * ((net * (1 - net) + 1e-4) / PATIENTS) ** 0.5 + 6 / PATIENTS
            assert (incidence <= net + slack).all(), event
        assert (alive[1:] <= alive[:-1]).all()


def test_shares_of_being_best_add_up_to_one(finished):
    _, folder = finished
    table = rows(folder, "best.csv")
    for _, group in itertools.groupby(table, key=lambda r: (r["endpoint"], r["months"])):
        assert sum(float(row["share"]) for row in group) == pytest.approx(1.0)


def test_an_arm_with_a_prior_course_is_not_called_best_among_others_without(finished):
    path, folder = finished
    arms = load_experiment(path).arms
    prior = {name for name, arm in arms.items() if arm.has_prior}
    if prior != set(arms):
        assert prior.isdisjoint(row["arm"] for row in rows(folder, "best.csv"))


def test_the_resolved_experiment_says_everything_and_runs_again(finished, capsys):
    path, folder = finished
    resolved = tomllib.loads((folder / "experiment.toml").read_text(encoding="utf-8"))
    assert resolved["patients"] == PATIENTS
    first = {
        "hytec-spine-2021": ("d50", 19.44),
        "hytec-spine-gtv-d90": ("d50", 20.4301),
        "spine-cross-strategy": ("slope", 0.0482),
    }
    parameter, value = first[resolved["tcp"]["preset"]]
    assert resolved["tcp"][parameter] == value
    assert radsim(capsys, "check", folder / "experiment.toml").code == 0
    again = load_experiment(folder / "experiment.toml")
    original = load_experiment(path).model_copy(update={"patients": PATIENTS})
    assert again == original


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda path: path.stem)
def test_each_shipped_experiment_says_what_it_asks_and_expects(path, capsys):
    stated = tomllib.loads(path.read_text(encoding="utf-8"))
    assert stated["question"].strip().endswith("?")
    ended = radsim(capsys, "check", path)
    assert ended.code == 0, ended.errors  # all variants of a design are possible, too
    checked = " ".join(ended.output.split())
    for what, key in (("question", "question"), ("expected", "expect")):
        assert f"{what}: {' '.join(stated[key].split())}" in checked


def test_the_main_job_has_the_arms_and_size_that_were_asked_for():
    main_job = load_experiment(next(p for p in EXPERIMENTS if p.stem == "compare_strategies"))
    assert main_job.patients == 200_000
    assert main_job.months == (3.0, 6.0, 12.0, 24.0)
    plans = [arm.plan for arm in main_job.arms.values()]
    asked = {(18.0, 1), (24.0, 1), (24.0, 2), (30.0, 5)}
    assert {(p.prescription, p.fractions) for p in plans} == asked
    assert main_job.drawn_patients == 20_000
    assert len(main_job.study.design.parts[DRAWS]) >= 500
    assert main_job.treats_others("reirradiation")
    again = next(p for p in plans if p.prior is not None)
    assert (again.prior.dose, again.prior.fractions) == (30.0, 10)
    assert again.prior.interval.median == 15.4
    boosted = next(p for p in plans if p.boost is not None)
    assert (boosted.prescription, boosted.fractions) == (30.0, 5)


def test_the_main_job_ends_with_its_answer_and_both_uncertainties(capsys, tmp_path):
    text = next(p for p in EXPERIMENTS if p.stem == "compare_strategies").read_text("utf-8")
    text = text.replace("draws = 500", "draws = 8").replace("patients = 20_000", "patients = 100")
    small = tmp_path / "main.toml"
    small.write_text(text, encoding="utf-8")
    ended = radsim(
        capsys, "run", small, "--out", tmp_path / "out", "--patients", "200", "--no-figures"
    )
    assert ended.code == 0, ended.errors
    assert "8 joint draws on the first 100 patients" in ended.output
    assert "In words, at 24 months, against 30 Gy in 5 (in brackets" in ended.output
    assert "tcp.beyond: " in ended.output
    result = open_result(tmp_path / "out")
    assert result.attrs["patients"] == 200
    assert {"bilsky", "gtv_volume", "time", "draw"} <= set(result.sizes)
    of_arms = dict(zip(result["arm"].values, result["survival_alive"].values[:, -1], strict=True))
    assert of_arms["reirradiation"] < 0.4 < of_arms["five_30"]  # people of its own
