"""Intervals of whole runs: one in every table, and over repeated seeds as wide as they claim.

A slow test fails by chance in fewer than one set of seeds in 1,000 (`covering.CHANCE`), if its
intervals cover as often as it says; its seeds are fixed.
"""

import numpy as np
import pytest
from covering import covers
from examples import experiment

from radsim import run
from radsim.execution.pieces import Cutting
from radsim.randomness.sources import REPLICATES, WHOLE
from radsim.report.tables.ledger import records
from radsim.sums.best_over_draws import STATES
from radsim.sums.intervals import Z95

UNIFORM = {"field": "uniform"}
ARMS = {
    "one": {"prescription": 18.0, "fractions": 1, **UNIFORM},
    "two": {"prescription": 24.0, "fractions": 3, **UNIFORM},
}
D50 = {"kind": "normal", "mean": 19.0, "sd": 1.5}
RATIO = {"kind": "uniform", "lower": 4.0, "upper": 20.0}
DRAWN = {"tcp.d50": D50, "tcp.alpha_beta": RATIO}
SEEDS = 200
COUNTED = "myelopathy_cumulative_incidence"
BEST = "complication_free_control_net_best_probability"


def made(seed=1, patients=60, **changes):
    return experiment(arms=ARMS, compare={}, seed=seed, patients=patients, **changes)


def last(result, name, arm=1):
    """A number at the last time under the file's own model."""
    values = result[name].isel(months=-1)
    axis = "arm" if "arm" in values.dims else "ranked_arm"
    return float(values.isel({dim: 0 for dim in values.dims if dim != axis})[arm])


def test_every_table_tells_a_count_by_one_error_and_one_interval():
    """At 60 patients hardly anybody has a myelopathy: no table says that it is known exactly."""
    design = made(uncertainty={"draws": 4, **DRAWN}, report={"by": ["bilsky"]})
    result = run(design, scheduler="single")
    keys = ("arm", "endpoint", "model", "estimator", "months")
    spread = {
        (row["reference"], *(row[key] for key in keys)): row["monte_carlo"]
        for row in records(result, "uncertainty.csv")
    }
    for name, reference in (("summary.csv", ""), ("comparison.csv", "one")):
        rows = [row for row in records(result, name) if row["interval"] == "monte_carlo"]
        assert rows
        for row in rows:
            told = spread[reference, *(row[key] for key in keys)]
            assert row["mc_standard_error"] == told, row
            if row["estimator"] == "cumulative_incidence":
                assert told > 0.0 and row["lower"] < row["upper"], row
                assert name == "summary.csv" or row["ratio_lower"] < np.inf, row
    groups = [r for r in records(result, "subgroups.csv") if r["estimator"] != "net"]
    counted = [r for r in groups if r["estimator"] == "cumulative_incidence"]
    assert {row["by"] for row in counted} == {"bilsky"}
    for row in counted:
        assert row["mc_standard_error"] > 0.0 and row["lower"] < row["upper"], row
        if row["arm"] != "one":
            assert row["difference_mc_standard_error"] > 0.0, row
            assert row["difference_lower"] < row["difference_upper"], row


def test_a_share_over_draws_stands_beside_what_the_draws_say_and_what_is_known_of_it():
    result = run(made(patients=20, uncertainty={"draws": 20, **DRAWN}), scheduler="single")
    rows = records(result, "best_over_draws.csv")
    for row in rows:
        assert 0.0 <= row["lower"] <= row["probability_best"] <= row["upper"] <= 1.0
        assert 0.0 <= row["as_drawn"] <= 1.0 and row["note"] in STATES.values()
    by_arm = {row["arm"]: row for row in rows if row["months"] == rows[-1]["months"]}
    assert sum(row["probability_best"] for row in by_arm.values()) == pytest.approx(1.0)


def seeds_of(number, build, *names, **how):
    """Numbers of runs with as many seeds: of each name the value, and the ends of its interval."""
    told = {name: [] for name in names}
    for seed in range(number):
        result = run(build(seed), scheduler="single", **how)
        for name, rows in told.items():
            rows.append([last(result, f"{name}{end}") for end in ("", "_lower", "_upper")])
    return {name: np.transpose(rows) for name, rows in told.items()}


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("patients", [50, 300])
def test_intervals_of_sampled_runs_cover_the_truth(patients):
    """Of 200 seeds: counts and means, their differences and ratios, and the share of who is best.

    Score intervals cover 93 % or more (Fagerland et al. 2014).
    """
    of = (COUNTED, "local_failure_cumulative_incidence", "local_control_net")
    names = [f"{name}{end}" for name in of for end in ("", "_difference", "_ratio")]
    names.append("complication_free_control_net_best")
    big = run(made(99, WHOLE * 8, uniforms="sobol"))
    told = seeds_of(SEEDS, lambda seed: made(seed, patients), *names)
    for name, (_, lower, upper) in told.items():
        covers(lower, upper, last(big, name), least=0.93)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("uniforms", ["antithetic", "sobol"])
def test_intervals_of_replicates_cover_the_truth_and_are_their_own(uniforms):
    """Of 200 seeds of 4,096 patients; the mean error is that of the seeds' own spread to 15 %."""
    cutting = Cutting(slice=256)
    small = {"patients": 256 * REPLICATES}
    names = ("local_failure_cumulative_incidence", COUNTED)
    names = [f"{name}{end}" for name in names for end in ("", "_difference")]
    big = run(made(99, WHOLE * 8, uniforms="sobol"))

    def build(seed):
        return made(seed, WHOLE, uniforms=uniforms).model_copy(update=small)

    for name, (value, lower, upper) in seeds_of(SEEDS, build, *names, cutting=cutting).items():
        covers(lower, upper, last(big, name), least=0.94)
        half = (upper - lower).mean() / 2.0
        assert half == pytest.approx(2.13 * value.std(ddof=1), rel=0.15), name


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("patients", [30, 200])
def test_the_share_of_draws_in_which_an_arm_is_best_covers_that_of_very_many_patients(patients):
    """Of 100 seeds of 100 draws."""
    arms = {
        "one": {"prescription": 30.0, "fractions": 3, **UNIFORM},
        "two": {"prescription": 30.0, "fractions": 5, **UNIFORM},
    }

    def build(seed, patients, draws=100):
        uncertainty = {"draws": draws, **DRAWN}
        return made(seed, patients, uncertainty=uncertainty).model_copy(
            update={"arms": experiment(arms=arms, compare={}).arms}
        )

    truth = last(run(build(99, 16384, 800)), BEST)
    assert 0.6 < truth < 0.8
    _, lower, upper = seeds_of(SEEDS // 2, lambda seed: build(seed, patients), BEST)[BEST]
    covers(lower, upper, truth, least=0.94)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("method", ["random", "latin-hypercube", "sobol"])
def test_the_mean_over_draws_has_the_error_of_its_own_method(method):
    """Of 100 seeds of 60 draws on the same patients of whom all draws are, so theirs goes out."""
    name = "local_control_net"

    def build(seed, draws=60, method=method):
        return made(seed, 64, uncertainty={"draws": draws, "method": method, **DRAWN})

    misses, errors = [], []
    for seed in range(SEEDS // 2):
        result = run(build(seed), scheduler="single")
        exact = run(build(seed, 512, "sobol"), scheduler="single")
        of_patients = last(result, f"{name}_mc_standard_error")
        error = last(result, f"{name}_parameters_mc_standard_error")
        errors.append(np.sqrt(error**2 - of_patients**2))
        misses.append(last(result, f"{name}_parameters") - last(exact, f"{name}_parameters"))
    reach = Z95 * np.array(errors)
    covers(np.subtract(misses, reach), np.add(misses, reach), 0.0, least=0.93)
    assert method == "sobol" or np.mean(errors) < 2.0 * np.std(misses)
