"""Patients taken as they are: what another seed would change, and what other patients would."""

from dataclasses import replace

import numpy as np
import pytest
from examples import settings

from radsim import ExperimentError, make_experiment, run
from radsim.execution.pieces import Cutting
from radsim.report.tables.ledger import TABLES, records
from radsim.report.text.comparison import comparison_text
from radsim.results.sample_of_patients import resamples, sample_numbers
from radsim.sums.as_they_are import Rows

ROWS = 24
FIELD = {"prescription": 8.0, "fractions": 1, "field": "uniform", "delivery": False}
EXACT = {"low": FIELD, "high": {**FIELD, "prescription": 20.0}}  # nothing of a plan is drawn
DRAWN = {"one": {"regimen": "24x1"}, "boosted": {"regimen": "sib-phase2"}}
RADIOSENSITIVITY = np.random.default_rng(3).uniform(14.0, 24.0, ROWS)


def taken(rows=ROWS, patients=None, arms=EXACT, **changes):
    """Build a small experiment of a table that is taken as it is."""
    number = np.arange(rows)
    columns = {
        "region": tuple("thoracic" if i % 2 else "lumbar" for i in number),
        "lumbar_level": ("L3",) * rows,
        "bilsky": tuple(("0", "1b", "2")[i % 3] for i in number),
        "gtv_volume": tuple((5.0 + 2.0 * number).tolist()),
        "resistance": tuple(np.resize(RADIOSENSITIVITY, rows).tolist()),
    }
    plain = settings()
    cohort = {
        **plain["cohort"],
        "table": {"columns": columns, "rows": "as-is"},
    }
    file = {
        **plain,
        "cohort": cohort,
        "arms": arms,
        "tcp": {"preset": "hytec-spine-2021", "d50": "resistance"},
        "compare": {"reference": next(iter(arms))},
        "patients": rows if patients is None else patients,
        **changes,
    }
    return make_experiment({key: value for key, value in file.items() if value is not None})


def last(result, name):
    """Numbers of a variable at the last time under the file's own model, by arm."""
    values = result[name].isel(months=-1)
    return values.isel({dim: 0 for dim in values.dims if dim != "arm"}).values


def test_the_error_is_zero_and_seeds_agree_to_the_last_bit_where_nothing_is_drawn():
    results = [run(taken(seed=seed), scheduler="single") for seed in (1, 2, 3)]
    control = [last(result, "local_control_net") for result in results]
    assert np.ptp(RADIOSENSITIVITY) > 1.0 and 0.0 < control[0].min() < control[0].max() < 1.0
    assert all((values == control[0]).all() for values in control)
    for role in ("mc_standard_error", "difference_mc_standard_error"):
        error = last(results[0], f"local_control_net_{role}")
        assert (error[~np.isnan(error)] == 0.0).all()
    for end in ("lower", "upper"):
        assert (last(results[0], f"local_control_net_{end}") == control[0]).all()


def test_shares_of_none_and_of_all_are_exact_where_nothing_is_drawn():
    """With a complication that is drawn nobody knows, and a share of none is like a count."""
    for parts, exact in (({"ntcp": None, "survival": None}, True), ({}, False)):
        result = run(taken(**parts), scheduler="single")
        best = result["local_control_net_best"]
        assert set(best.values.ravel()) == {0.0, 1.0}
        for end in ("lower", "upper"):
            assert (result[f"local_control_net_best_{end}"] == best).all().item() is exact
        assert (result["local_control_net_best_sample_upper"].values > 0.05).all()


@pytest.mark.parametrize("passes", [1, 4])
def test_the_error_is_what_another_seed_changes(passes):
    """Of 24 seeds: their spread is good to 15 % and the mean error to less, so four times that."""
    names = ("local_control_net", "vcf_cumulative_incidence", "local_failure_cumulative_incidence")
    seeds = range(24)
    results = [
        run(taken(patients=passes * ROWS, arms=DRAWN, seed=s), scheduler="single") for s in seeds
    ]
    for name in names:
        for role in ("", "_difference"):
            values = np.array([last(result, f"{name}{role}")[1] for result in results])
            errors = [last(result, f"{name}{role}_mc_standard_error")[1] for result in results]
            told = np.sqrt(np.mean(np.square(errors)))
            assert told == pytest.approx(values.std(ddof=1), rel=0.6), f"{name}{role}"


def test_more_passes_make_the_error_smaller_and_leave_the_sample_as_wide():
    once, often = (run(taken(patients=n * ROWS, arms=DRAWN), scheduler="single") for n in (1, 16))
    errors = [last(r, "local_control_net_mc_standard_error")[0] for r in (once, often)]
    assert errors[1] == pytest.approx(errors[0] / 4.0, rel=0.4)
    once, often = (
        last(r, "local_control_net_sample_upper")[0] - last(r, "local_control_net_sample_lower")[0]
        for r in (once, often)
    )
    assert often == pytest.approx(once, rel=0.1)


def test_the_sample_does_not_know_seed_chunks_workers_or_scheduler():
    cutting = Cutting(block=2 * ROWS)
    experiment = taken(patients=5 * ROWS, arms=DRAWN, report={"by": ["bilsky"]})
    first = run(experiment, scheduler="single", cutting=cutting)
    for place in (
        {"scheduler": "threads", "workers": 2, "chunk_size": 3 * ROWS},
        {"scheduler": "single", "chunk_size": 1},
    ):
        assert run(experiment, cutting=cutting, **place).identical(first)
    small = [run(taken(seed=seed), scheduler="single") for seed in (1, 2)]
    for role in ("sample_lower", "sample_upper", "difference_sample_lower", "ratio_sample_upper"):
        one, other = (result[f"local_control_net_{role}"] for result in small)
        assert one.equals(other) and not one.isnull().all()


def test_a_table_larger_than_a_block_is_cut_by_its_passes():
    """Blocks of 5 of 24 rows, three passes: the same sums as in one block, but for rounding."""
    experiment = taken(patients=3 * ROWS)
    whole = run(experiment, scheduler="single")
    cut = run(experiment, scheduler="single", cutting=Cutting(block=5))
    for role in ("", "_mc_standard_error", "_sample_lower", "_difference_sample_upper"):
        one, other = (r[f"local_control_net{role}"].values for r in (whole, cut))
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-15)


def rows_of(values, passes=1):
    """Rows of two arms, shape (arm, row), as the sums of a variant hold them."""
    change = values - values[:1]
    members = np.full((1, *values.shape), float(passes))
    value = passes * values[np.newaxis]
    luck = {"": np.zeros((1, 2)), "_difference": np.zeros((1, 2))}
    return Rows(np.array([0]), members, value, passes * change[np.newaxis], luck)


def ends_of(values, passes=1, **how):
    told = sample_numbers("estimate", rows_of(values, passes), 0, "", **how)
    return {role: numbers[0] for role, numbers, _, _ in told}


def test_the_sample_covers_the_population_in_as_many_of_its_samples_as_it_says():
    """Of 400 samples of 60 patients 95 % should be covered, one by one and as a difference.

    A count below 364 or above 394 comes in fewer than 1 in 1,000 runs where coverage is 93.5 to
    96 %, and the seed is fixed. The standard error alone, or arms resampled apart, miss it by far.
    """
    rng = np.random.default_rng(20240601)
    shape, covered = (2.0, 3.0), {"value": 0, "difference": 0}
    for _ in range(400):
        first = rng.beta(*shape, 60)
        gain = rng.beta(2.0, 18.0, 60)
        ends = ends_of(np.stack([first, first * (1.0 - gain)]))
        low, high = ends["sample_lower"][0], ends["sample_upper"][0]
        covered["value"] += low <= 0.4 <= high
        low, high = ends["difference_sample_lower"][1], ends["difference_sample_upper"][1]
        covered["difference"] += low <= -0.4 * 0.1 <= high
    assert all(364 <= count <= 394 for count in covered.values()), covered


def test_arms_share_their_resamples():
    """A patient's difference is the same in all: other patients would not change it."""
    first = np.random.default_rng(1).uniform(0.2, 0.8, 60)
    ends = ends_of(np.stack([first, first - 0.1]))
    assert ends["sample_upper"][1] - ends["sample_lower"][1] > 0.05
    assert ends["difference_sample_lower"][1] == pytest.approx(-0.1, abs=1e-12)
    assert ends["difference_sample_upper"][1] == pytest.approx(-0.1, abs=1e-12)


def test_how_often_each_row_was_passed_changes_no_interval():
    values = np.random.default_rng(2).uniform(0.0, 1.0, (2, 30))
    once, often = ends_of(values), ends_of(values, passes=4)
    for role, ends in once.items():
        np.testing.assert_allclose(ends, often[role], rtol=1e-12)


def test_no_event_in_sixty_patients_leaves_the_interval_of_sixty():
    ends = ends_of(np.zeros((2, 60)), counted=True)
    assert ends["sample_upper"][1] == pytest.approx(0.0602, abs=5e-5)
    assert ends["difference_sample_lower"][1] == pytest.approx(-0.0602, abs=5e-5)
    assert (ends["ratio_sample_lower"][1], ends["ratio_sample_upper"][1]) == (0.0, np.inf)
    assert ends_of(np.zeros((2, 60)))["sample_upper"][1] == 0.0  # expected, not counted


def test_resamples_are_of_rows_with_replacement():
    weights = resamples(60)
    assert (weights.sum(axis=1) == 60).all()
    assert weights.mean(axis=0) == pytest.approx(1.0, abs=5 / np.sqrt(len(weights)))
    assert weights.var() == pytest.approx(1 - 1 / 60, rel=0.02)


def test_tables_and_text_tell_the_sample_by_its_own_name():
    result = run(taken(report={"by": ["bilsky"]}), scheduler="single")
    for name in ("summary.csv", "comparison.csv", "best.csv", "checks.csv", "subgroups.csv"):
        kinds = {row["interval"] for row in records(result, name)}
        assert kinds == {"monte_carlo", "sample_of_patients"}, name
        assert "sample" not in " ".join(TABLES[name].columns)
    text = comparison_text(result)
    assert "as a sample of patients like them" in text and "each once" in text


def test_sampled_patients_have_no_such_interval():
    resampled = taken()
    table = replace(resampled.cohort.table, rows="resample")
    cohort = replace(resampled.cohort, table=table)
    result = run(resampled.model_copy(update={"cohort": cohort}), scheduler="single")
    assert not [name for name in result.data_vars if "sample_lower" in str(name)]
    assert result["local_control_net_mc_standard_error"].values.min() > 0.0
    kinds = {row["interval"] for row in records(result, "summary.csv")}
    assert kinds == {"monte_carlo"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"patients": 60},
            "patients: 60 wanted, but cohort.table is taken as it is and has 24 rows; "
            "take a multiple of them, such as 48 or 72, or fewer",
        ),
        (
            {"patients": 24 * 32768, "uniforms": "sobol"},
            'uniforms: must be "plain", got "sobol", because cohort.table is taken as it is',
        ),
    ],
)
def test_what_can_not_be_taken_is_told_in_a_line(changes, said):
    with pytest.raises(ExperimentError, match=said):
        taken(**changes)


def test_a_design_has_the_errors_and_the_sample_at_every_point():
    result = run(taken(sweep={"tcp.gamma50": [1.0, 2.0]}), scheduler="single")
    assert (result["local_control_net_mc_standard_error"].values == 0.0).all()
    width = result["local_control_net_sample_upper"] - result["local_control_net_sample_lower"]
    assert (width.isel(months=-1).values > 0.0).all()
