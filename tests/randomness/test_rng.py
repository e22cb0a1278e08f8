"""Random numbers. The statistical tests have fixed seeds, so they can't fail by chance again and
again; each states how likely a right generator was to fail it when the seed was chosen."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from radsim import Streams
from radsim.randomness.streams import SMALLEST

NAMES = ["cohort/age", "cohort/agf", "dose/output/1", "dose/output/2", "outcome/vcf", "a", "b", ""]
MANY = 50_000
FAILURE = 1e-6  # probability that a right generator fails a whole test


def scores(name, patients=range(MANY), seed=1):
    return stats.norm.ppf(Streams(seed).uniforms(name, patients))


@given(
    cuts=st.lists(st.integers(0, 300), max_size=20),
    seed=st.integers(0, 2**63 - 1),
    name=st.text(max_size=20),
)
def test_cutting_the_cohort_into_chunks_changes_nothing(cuts, seed, name):
    edges = sorted({0, 300, *cuts})
    streams = Streams(seed)
    whole = streams.uniforms(name, range(300))
    parts = [streams.uniforms(name, range(a, b)) for a, b in itertools.pairwise(edges)]
    assert np.concatenate(parts).tobytes() == whole.tobytes()


def test_patients_asked_for_one_at_a_time_and_backwards_are_the_same():
    streams = Streams(7)
    one_by_one = [streams.uniforms("x", range(i, i + 1))[0] for i in reversed(range(50))]
    assert one_by_one[::-1] == streams.uniforms("x", range(50)).tolist()


@given(small=st.integers(0, 200), start=st.integers(0, 10**12))
def test_a_smaller_cohort_is_a_prefix_of_a_larger_one(small, start):
    streams = Streams(3)
    larger = streams.uniforms("x", range(start, start + 200))
    assert (streams.uniforms("x", range(start, start + small)) == larger[:small]).all()


def test_no_patients_need_no_numbers():
    assert Streams(1).uniforms("x", range(5, 5)).size == 0


def test_numbers_lie_strictly_between_zero_and_one(monkeypatch):
    class Extremes:
        def __init__(self, bits):
            pass

        def random(self, size):
            return np.resize([0.0, 1.0 - 2.0**-53], size)

    monkeypatch.setattr(np.random, "Generator", Extremes)
    drawn = Streams(1).uniforms("x", range(4))
    assert drawn.tolist() == [SMALLEST, 1.0 - 2.0**-53] * 2
    assert np.isfinite(stats.norm.ppf(drawn)).all()


def test_streams_of_different_names_are_uncorrelated():
    # normal scores of n independent pairs correlate at about normal(0, 1/n)
    drawn = {name: scores(name) for name in NAMES}
    pairs = list(itertools.combinations(NAMES, 2))
    bound = stats.norm.isf(FAILURE / len(pairs) / 2) / np.sqrt(MANY)
    for one, other in pairs:
        assert abs((drawn[one] * drawn[other]).mean()) < bound, (one, other)


@pytest.mark.parametrize("shift", [1, 2, 3, 4, 64, 8192])
def test_streams_are_uncorrelated_with_themselves_and_others_some_patients_later(shift):
    bound = stats.norm.isf(FAILURE / 4) / np.sqrt(MANY - shift)
    first, second = scores("a"), scores("b")
    assert abs((first[:-shift] * first[shift:]).mean()) < bound
    assert abs((first[:-shift] * second[shift:]).mean()) < bound


def test_streams_of_different_names_fill_the_square_evenly():
    # chi-square of 16 x 16 cells; catches dependence that leaves no correlation
    counts, _, _ = np.histogram2d(
        Streams(1).uniforms("cohort/age", range(MANY)),
        Streams(1).uniforms("cohort/agf", range(MANY)),
        bins=16,
        range=[[0, 1], [0, 1]],
    )
    assert stats.chisquare(counts.ravel()).pvalue > FAILURE


@pytest.mark.parametrize("other", [2, 11, 1 << 32])
def test_seeds_give_unrelated_streams(other):
    bound = stats.norm.isf(FAILURE / 2) / np.sqrt(MANY)
    assert abs((scores("a") * scores("a", seed=other)).mean()) < bound


def test_seed_and_name_can_not_be_mistaken_for_each_other():
    # "1/1/x" could be seed 1 and name "1/x", or seed "1/1" and name "x": seeds have no slash
    assert Streams(1).uniforms("1/x", range(3))[0] != Streams(11).uniforms("x", range(3))[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_stream_is_uniform(name):
    drawn = Streams(1).uniforms(name, range(MANY))
    assert stats.kstest(drawn, "uniform").pvalue > FAILURE / len(NAMES)


@pytest.mark.parametrize("patients", [range(-1, 5), range(0, 10, 2), range(5, 0, -1)])
def test_ranges_that_do_not_go_up_by_one_from_zero_are_refused(patients):
    with pytest.raises(ValueError, match="patients must go up by 1 from 0 or more"):
        Streams(1).uniforms("x", patients)


def test_a_negative_seed_is_refused():
    with pytest.raises(ValueError, match="seed must not be negative, got -1"):
        Streams(-1)
