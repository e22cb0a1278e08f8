import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radsim.depth import gauss_legendre
from radsim.merging import merged_quantiles

VOLUME, WEIGHT = gauss_legendre(64)


def falling(rng, rows):
    return np.sort(rng.gamma(4.0, 8.0, (rows, 64)), axis=1)[:, ::-1].astype(np.float32)


def test_a_part_merged_with_itself_is_the_part():
    value = np.linspace(50, 20, 64, dtype=np.float32)[None, :]
    cold = (1 - VOLUME)[::-1]
    merged = merged_quantiles(value, value, np.array([0.3]), WEIGHT, cold)[:, ::-1]
    # the outermost nodes stand for a little more volume than lies beyond them
    np.testing.assert_allclose(merged[:, 2:-2], value[:, 2:-2], atol=0.02)


def test_two_separate_parts_lie_side_by_side():
    hot, cool = np.full((1, 64), 40, np.float32), np.full((1, 64), 30, np.float32)
    merged = merged_quantiles(hot, cool, np.array([0.25]), WEIGHT, np.array([0.5, 0.7, 0.8, 0.9]))
    assert merged.tolist() == [[30.0, 30.0, 40.0, 40.0]]


@given(seed=st.integers(0, 1000), rows=st.integers(1, 40))
def test_merging_agrees_with_counting_volume(seed, rows):
    rng = np.random.default_rng(seed)
    part, rest, share = falling(rng, rows), falling(rng, rows), rng.uniform(0.01, 0.9, rows)
    cold = np.array([0.02, 0.1, 0.5, 0.98])
    merged = merged_quantiles(part, rest, share, WEIGHT, cold)
    assert (np.diff(merged, axis=1) >= 0).all()
    for row in range(rows):
        value = np.concatenate([part[row], rest[row]]).astype(float)
        weight = np.concatenate([share[row] * WEIGHT, (1 - share[row]) * WEIGHT])
        order = np.argsort(value, kind="stable")
        place = np.cumsum(weight[order]) - 0.5 * weight[order]
        expected = np.interp(cold, place, value[order])
        np.testing.assert_allclose(merged[row], expected, rtol=1e-5)


@pytest.mark.parametrize("size", [1, 7, 64])
def test_rows_do_not_know_each_other(size):
    rng = np.random.default_rng(0)
    part, rest, share = falling(rng, 300), falling(rng, 300), rng.uniform(0.01, 0.9, 300)
    cold = (1 - VOLUME)[::-1]
    whole = merged_quantiles(part, rest, share, WEIGHT, cold)
    for first in range(0, 300, size):
        rows = slice(first, first + size)
        alone = merged_quantiles(part[rows], rest[rows], share[rows], WEIGHT, cold)
        assert np.array_equal(alone, whole[rows])
