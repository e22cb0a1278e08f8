import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from row_moments import moments_of
from scipy import stats

from radsim.sums.intervals import Z95, normal_interval, paired_interval, wilson_interval
from radsim.sums.moments import counted_error, replicated


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
