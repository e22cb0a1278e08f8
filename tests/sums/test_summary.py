import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from row_moments import moments_of
from scipy import stats

from radsim.results.fields import share_numbers
from radsim.sums.intervals import (
    Z95,
    normal_interval,
    paired_interval,
    paired_ratio_interval,
    wilson_interval,
)
from radsim.sums.moments import Moments, counted_as, counted_error, replicated


def test_one_patient_says_nothing_about_the_error():
    one = moments_of(np.array([[0.3]]))
    assert one.standard_error.tolist() == [np.inf]
    lower, upper = normal_interval(one.mean, one.standard_error, 0.0, 1.0)
    assert (lower[0], upper[0]) == (0.0, 1.0)


def test_small_differences_of_large_numbers_keep_their_digits():
    values = 1e9 + np.array([[1.0, 2.0, 3.0, 4.0]])
    assert moments_of(values).variance[0] == pytest.approx(5 / 3, rel=1e-9)


@given(share=st.floats(0.0, 1.0), error=st.floats(0.0, 10.0))
def test_intervals_hold_their_estimate_and_stay_inside_what_is_possible(share, error):
    lower, upper = normal_interval(np.array(share), np.array(error), 0.0, 1.0)
    assert 0.0 <= lower <= share <= upper <= 1.0


@given(events=st.integers(0, 1000), more=st.integers(1, 1000))
def test_the_wilson_interval_is_scipys(events, more):
    total = events + more
    for count in (events, total):
        lower, upper = wilson_interval(np.array(count / total), total)
        theirs = stats.binomtest(count, total).proportion_ci(method="wilson")
        assert float(lower) == pytest.approx(theirs.low, abs=1e-12)
        assert float(upper) == pytest.approx(theirs.high, abs=1e-12)
        assert lower <= count / total <= upper


def test_the_wilson_interval_is_honest_at_no_event_and_at_all():
    assert float(wilson_interval(np.array(0.0), 100)[0]) == 0.0
    assert float(wilson_interval(np.array(0.0), 100)[1]) == pytest.approx(0.0370, abs=1e-4)
    assert float(wilson_interval(np.array(1.0), 100)[0]) == pytest.approx(1 - 0.0370, abs=1e-4)


def test_replicates_keep_the_spread_between_patients_apart_from_the_error_of_the_mean():
    rng = np.random.default_rng(7)
    rows = rng.random((16, 500)) + 0.01 * rng.standard_normal((16, 1))
    joined = replicated([moments_of(part[None]) for part in rows], moments_of(rows.reshape(1, -1)))
    assert joined.variance[0] == pytest.approx(np.var(rows, ddof=1), rel=1e-12)
    error = np.std(rows.mean(axis=1), ddof=1) / 4.0
    assert joined.standard_error[0] == pytest.approx(error, rel=1e-12)
    assert joined.reach == pytest.approx(stats.t(15).ppf(0.975))
    other_order = joined.rearranged(lambda values: values[::-1])
    assert other_order.standard_error.tolist() == joined.standard_error.tolist()


@pytest.mark.parametrize("discordant", [0, 1, 4, 9, 10, 400])
def test_a_difference_of_counts_is_known_no_better_than_its_discordant_patients(discordant):
    rows = np.zeros((1, 1000))
    rows[0, :discordant] = 1.0
    rows[0, : discordant // 2] = -1.0
    moments = moments_of(rows)
    lower, upper = wilson_interval(np.array(discordant / 1000), 1000)
    width = float(upper - lower) / (2 * 1.959963984540054)
    expected = max(float(moments.standard_error[0]), width if discordant < 10 else 0.0)
    assert counted_error(moments)[0] == pytest.approx(expected, rel=1e-9)
    assert counted_error(moments)[0] > 0


def paired(only_one, only_other, total):
    """Interval of the difference, from the patients with an event under one alone."""
    share, difference = (only_one + only_other) / total, (only_one - only_other) / total
    return tuple(float(x) for x in paired_interval(np.array(share), np.array(difference), total))


def test_the_paired_interval_is_the_published_one():
    """Children with a sensitive airway before and after a transplantation: 1 and 7 of 21.

    Fagerland, Lydersen and Laake (2014), BMC Med. Res. Methodol. 14, 116: -0.517 to -0.026 for the
    data of Bentur et al. (2009); ratesci and PropCIs give the same.
    """
    assert paired(1, 7, 21) == pytest.approx((-0.517, -0.026), abs=5e-4)


@pytest.mark.parametrize("total", [1, 60, 100_000])
def test_the_paired_interval_is_not_empty_where_nobody_is_discordant(total):
    """There the score is solved by hand: its ends are z² / (n + z²), as of Wilson's share."""
    end = Z95**2 / (total + Z95**2)
    assert paired(0, 0, total) == pytest.approx((-end, end), rel=1e-9)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 200))
def test_the_paired_interval_holds_no_difference_where_mcnemars_test_allows_it(one, other, more):
    """The score at no difference is McNemar's (b - c) / sqrt(b + c)."""
    total = one + other + more
    lower, upper = paired(one, other, total)
    assert -1.0 <= lower <= (one - other) / total <= upper <= 1.0
    assert (lower, upper) == pytest.approx(tuple(-end for end in paired(other, one, total))[::-1])
    score = (one - other) / np.sqrt(max(one + other, 1))
    if abs(abs(score) - Z95) > 1e-9:
        assert (lower <= 0.0 <= upper) == (abs(score) < Z95)


def test_the_paired_interval_covers_the_difference_as_often_as_it_says():
    """Exactly, by every table of 60 patients: at least 95 %, and no more where many are discordant.

    The normal interval covers 45 % at the first of these, because it is empty without discordant
    patients, and 83 % at the second.
    """
    one, other = (each.ravel() for each in np.meshgrid(np.arange(61), np.arange(61)))
    there = one + other <= 60
    one, other = one[there], other[there]
    lower, upper = paired_interval((one + other) / 60, (one - other) / 60, 60)
    rare = ((0.01, 0.0), (0.02, 0.01))
    for p, q in (*rare, (0.05, 0.02), (0.1, 0.1), (0.3, 0.1), (0.3, 0.3)):
        table = np.stack([one, other, 60 - one - other], axis=-1)
        chance = stats.multinomial(60, [p, q, 1.0 - p - q]).pmf(table)
        covered = chance[(lower <= p - q) & (p - q <= upper)].sum()
        assert 0.95 <= covered <= (1.0 if (p, q) in rare else 0.96)


def ratio(both, only_one, only_other, total):
    """Interval of the ratio of the first share to the second."""
    shares = (both + only_one) / total, (both + only_other) / total
    unlike = (only_one + only_other) / total
    ends = paired_ratio_interval(*(np.array([share]) for share in (*shares, unlike)), total)
    return tuple(float(end[0]) for end in ends)


def test_the_interval_of_a_paired_ratio_is_the_published_one():
    """Complete responses before and after consolidation (Cavo et al. 2012), 65 and 75 of 161.

    Fagerland, Lydersen and Laake (2017), Statistical Analysis of Contingency Tables, chapter 8, and
    their R package contingencytables: 0.7476 to 0.9876 by the score of Tang et al.
    """
    assert ratio(59, 6, 16, 161) == pytest.approx((0.7476, 0.9876), abs=5e-5)


def test_the_interval_of_a_paired_ratio_is_not_empty_where_there_are_no_events():
    """Solved by hand: without discordant patients its ends are 1 + z² / a, and one over that."""
    assert ratio(0, 0, 0, 60) == (0.0, np.inf)
    end = 1.0 + Z95**2 / 7
    assert ratio(7, 0, 0, 60) == pytest.approx((1.0 / end, end), rel=1e-9)
    lower, upper = ratio(0, 5, 0, 60)
    assert 1.0 < lower < 2.0 and upper == np.inf
    assert ratio(0, 0, 5, 60) == pytest.approx((0.0, 1.0 / lower), rel=1e-9)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30), st.integers(0, 100))
def test_the_interval_of_a_paired_ratio_turns_over_with_the_arms(both, one, other, more):
    total = both + one + other + more + 1
    lower, upper = ratio(both, one, other, total)
    back = ratio(both, other, one, total)
    assert (lower, upper) == pytest.approx(
        tuple(np.inf if end == 0.0 else 1.0 / end for end in back)[::-1], rel=1e-9
    )
    score = (one - other) / np.sqrt(max(one + other, 1))
    if abs(abs(score) - Z95) > 1e-9:  # at a ratio of 1 it is McNemar's test, too
        assert (lower <= 1.0 <= upper) == (abs(score) < Z95)


def test_the_interval_of_a_paired_ratio_covers_it_as_often_as_it_says():
    """Exactly, by every table of 40 patients; the interval of the log ratio covers 0.8 % at the
    first of these, because there is none where an arm has no event."""
    tables = np.stack(np.meshgrid(*[np.arange(41)] * 3), axis=-1).reshape(-1, 3)
    tables = tables[tables.sum(axis=1) <= 40]
    both, one, other = (tables / 40.0).T
    lower, upper = paired_ratio_interval(both + one, both + other, one + other, 40)
    counts = np.column_stack([tables, 40 - tables.sum(axis=1)])
    for p in ((0.001, 0.002, 0.001), (0.02, 0.03, 0.02), (0.1, 0.1, 0.05), (0.2, 0.3, 0.2)):
        chance = stats.multinomial(40, [*p, 1.0 - sum(p)]).pmf(counts)
        truth = (p[0] + p[1]) / (p[0] + p[2])
        assert chance[(lower <= truth) & (truth <= upper)].sum() >= 0.95


def test_a_share_that_all_arms_tie_for_has_an_interval_with_and_without_replicates():
    halves = Moments(1000, np.array([0.5]), np.zeros(1))
    for moments in (halves, replicated([halves] * 4, Moments(4000, np.array([0.5]), np.zeros(1)))):
        told = {role: values[0] for role, values, _, _ in share_numbers("best", moments, "")}
        assert told["best_lower"] < 0.5 < told["best_upper"]
        assert told["best_upper"] - told["best_lower"] < 5.0 / 1000


def test_a_count_of_replicates_has_the_error_of_their_spread_unless_events_are_few():
    """Replicates that agree better than independent patients do count as more of those."""
    tight = [Moments(1000, np.array([0.3 + 1e-4 * i]), np.array([210.0])) for i in (-1, 0, 1, 0)]
    joined = replicated(tight, Moments(4000, np.array([0.3]), np.array([840.0])))
    assert counted_error(joined)[0] == pytest.approx(1.0 / 4000)  # no finer than one patient
    assert counted_as(joined)[0] > 4000
    few = [Moments(1000, np.array([0.001]), np.array([0.999]))] * 4
    joined = replicated(few, Moments(4000, np.array([0.001]), np.array([3.996])))
    assert counted_as(joined)[0] == 4000 and counted_error(joined)[0] > 4e-4
