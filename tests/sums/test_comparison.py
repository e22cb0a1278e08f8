"""Comparisons. The bootstrap has a fixed seed; its tolerance is stated where it is used."""

import copy
from types import SimpleNamespace

import numpy as np
import pytest
from examples import experiment, settings
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from row_moments import moments_of

from radsim import run
from radsim.report.tables.ledger import COMPARISON, records
from radsim.sums.comparison import best_shares, paired_comparison
from radsim.sums.intervals import Z95

RNG = np.random.default_rng(20240601)


def compare(arm, reference):
    one, other = moments_of(arm[np.newaxis]), moments_of(reference[np.newaxis])
    difference = moments_of((arm - reference)[np.newaxis])
    return SimpleNamespace(**paired_comparison(one, other, difference))


@pytest.fixture(scope="module")
def paired():
    reference = RNG.beta(2.0, 8.0, 2000)
    return np.clip(reference * 0.7 + RNG.normal(0.0, 0.03, 2000), 0.0, 1.0), reference


def test_the_difference_is_the_mean_of_the_patients_differences(paired):
    arm, reference = paired
    found = compare(arm, reference)
    assert found.difference[0] == pytest.approx((arm - reference).mean())
    assert found.difference_mc_standard_error[0] == pytest.approx(
        (arm - reference).std(ddof=1) / np.sqrt(2000)
    )


def test_intervals_of_difference_ratio_and_number_needed_agree_with_the_bootstrap(paired):
    arm, reference = paired
    found = compare(arm, reference)
    picks = RNG.integers(0, 2000, (4000, 2000))
    arms, references = arm[picks].mean(axis=1), reference[picks].mean(axis=1)
    # a bootstrap quantile of 4000 is good to about 5 % of the interval's half width
    for sample, low, high in (
        (arms - references, found.difference_lower, found.difference_upper),
        (arms / references, found.ratio_lower, found.ratio_upper),
        (1 / np.abs(arms - references), found.number_needed_lower, found.number_needed_upper),
    ):
        lower, upper = np.quantile(sample, [0.025, 0.975])
        within = 0.08 * (upper - lower)
        assert low[0] == pytest.approx(lower, abs=within)
        assert high[0] == pytest.approx(upper, abs=within)


def test_swapping_arm_and_reference_flips_signs_and_inverts_the_ratio(paired):
    arm, reference = paired
    one, other = compare(arm, reference), compare(reference, arm)
    assert one.difference == -other.difference
    assert (one.difference_lower, one.difference_upper) == (
        -other.difference_upper,
        -other.difference_lower,
    )
    assert one.ratio[0] == pytest.approx(1 / other.ratio[0], rel=1e-12)
    assert one.ratio_lower[0] == pytest.approx(1 / other.ratio_upper[0], rel=1e-9)
    assert one.number_needed == other.number_needed


def test_an_arm_like_the_reference_differs_by_exactly_zero():
    values = RNG.random(500)
    found = compare(values, values.copy())
    ends = ("", "_mc_standard_error", "_lower", "_upper")
    assert [getattr(found, f"difference{end}")[0] for end in ends] == [0.0] * 4
    assert found.ratio[0] == 1.0
    assert np.isnan(found.number_needed[0])


def test_a_difference_that_may_be_zero_has_no_number_needed():
    found = compare(RNG.random(50), RNG.random(50))
    assert found.difference_lower[0] < 0 < found.difference_upper[0]
    assert np.isnan(
        [found.number_needed, found.number_needed_lower, found.number_needed_upper]
    ).all()


def test_a_ratio_to_nothing_is_missing():
    found = compare(np.array([0.1, 0.2]), np.zeros(2))
    assert np.isnan([found.ratio, found.ratio_lower, found.ratio_upper]).all()


@given(values=hnp.arrays(float, (3, 5), elements=st.sampled_from([0.0, 0.25, 0.5, 1.0])))
def test_shares_of_being_best_add_up_to_one_and_ties_share_equally(values):
    shares = best_shares(values)
    assert shares.sum(axis=0) == pytest.approx(np.ones(5))
    for arm, patient in np.ndindex(3, 5):
        winners = values[:, patient] == values[:, patient].max()
        assert shares[arm, patient] == (1 / winners.sum() if winners[arm] else 0.0)


def twins(reference):
    own = settings()
    arms = {"a": own["arms"]["boosted"], "b": copy.deepcopy(own["arms"]["boosted"])}
    return experiment(arms={**arms, "c": own["arms"]["one"]}, compare={"reference": reference})


def test_two_arms_that_are_equal_but_for_the_name_differ_by_exactly_zero():
    result = run(twins("a").model_copy(update={"patients": 500}), scheduler="single")
    rows = [row for row in records(result, COMPARISON) if row["arm"] == "b"]
    assert len(rows) == 11 * 4
    for row in rows:
        # no patient is discordant: a count says no more than that few are
        end = Z95**2 / (500 + Z95**2) if row["estimator"] == "cumulative_incidence" else 0.0
        told = [row["difference"], row["mc_standard_error"]]
        assert told == pytest.approx([0.0, end / (2 * Z95)], rel=1e-9), row
        assert [row["lower"], row["upper"]] == pytest.approx([-end, end], rel=1e-9), row
        assert row["ratio"] == 1.0 or np.isnan(row["ratio"]), row  # neither arm saw an event
        assert all(np.isnan(row[f"number_needed{end}"]) for end in ("", "_lower", "_upper")), row
    best = {
        (row["endpoint"], row["months"], row["arm"]): row["share"]
        for row in records(result, "best.csv")
    }
    for (endpoint, month, arm), share in best.items():
        if arm == "a":
            assert share == best[endpoint, month, "b"]


def test_another_reference_turns_the_signs_and_leaves_the_estimates():
    first = run(twins("a"), scheduler="single")
    other = run(twins("c"), scheduler="single")
    labels = ("endpoint", "model", "estimator", "months")
    there, back = (
        {tuple(row[key] for key in labels): row for row in records(result, COMPARISON)
         if row["arm"] == arm}
        for result, arm in ((first, "c"), (other, "a"))
    )  # fmt: skip
    assert there.keys() == back.keys()
    for key, row in there.items():
        assert row["difference"] == -back[key]["difference"]
        assert row["mc_standard_error"] == back[key]["mc_standard_error"]
        assert (row["lower"], row["upper"]) == (-back[key]["upper"], -back[key]["lower"])
    for name in first.data_vars:
        if name.endswith("_net") or name.endswith("_alive"):
            assert (first[name].values == other[name].values).all()
