import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radsim.dose.nodes.merging import merged_quantiles, share_below, values_at
from radsim.radiobiology.dvh import volume_nodes

VOLUME, _ = volume_nodes(64)
COLD = 1.0 - VOLUME


def falling(rng, rows):
    return np.sort(rng.gamma(4.0, 8.0, (rows, 64)), axis=1)[:, ::-1].astype(np.float32)


@given(share=st.floats(0.01, 0.99))
def test_a_part_merged_with_itself_is_the_part(share):
    value = np.linspace(50, 20, 64, dtype=np.float32)[None, :]
    merged = merged_quantiles(value, value, np.array([share]), COLD)
    np.testing.assert_allclose(merged, value, rtol=1e-6)


def test_two_separate_parts_lie_side_by_side():
    hot = np.linspace(41, 40, 64, dtype=np.float32)[None, :]
    cool = np.linspace(31, 30, 64, dtype=np.float32)[None, :]
    merged = merged_quantiles(hot, cool, np.array([0.25]), COLD)[0]
    assert (merged[VOLUME < 0.24] > 39.9).all()
    assert (merged[VOLUME > 0.26] < 31.1).all()


@given(seed=st.integers(0, 1000), rows=st.integers(1, 30))
def test_merging_inverts_the_mixed_cold_share(seed, rows):
    rng = np.random.default_rng(seed)
    part, rest, share = falling(rng, rows), falling(rng, rows), rng.uniform(0.01, 0.9, rows)
    merged = merged_quantiles(part, rest, share, COLD)
    assert (np.diff(merged, axis=1) <= 0).all()
    for row in range(rows):

        def mixed(level, row=row):
            return share[row] * np.interp(level, part[row, ::-1], COLD[::-1]) + (
                1 - share[row]
            ) * np.interp(level, rest[row, ::-1], COLD[::-1])

        inside = (merged[row] > max(part[row, -1], rest[row, -1])) & (
            merged[row] < min(part[row, 0], rest[row, 0])
        )
        found, wanted = merged[row, inside].astype(float), COLD[inside]
        assert (mixed(found * (1 - 1e-6)) <= wanted + 1e-9).all()
        assert (mixed(found * (1 + 1e-6)) >= wanted - 1e-9).all()


@pytest.mark.parametrize("size", [1, 7, 64])
def test_rows_do_not_know_each_other(size):
    rng = np.random.default_rng(0)
    part, rest, share = falling(rng, 300), falling(rng, 300), rng.uniform(0.01, 0.9, 300)
    place = np.sort(rng.random((300, 64)), axis=1)
    whole = merged_quantiles(part, rest, share, COLD), values_at(place, part[:, ::-1], COLD)
    for first in range(0, 300, size):
        rows = slice(first, first + size)
        assert np.array_equal(
            merged_quantiles(part[rows], rest[rows], share[rows], COLD), whole[0][rows]
        )
        assert np.array_equal(values_at(place[rows], part[rows, ::-1], COLD), whole[1][rows])


def test_cold_share_of_a_level():
    value = np.array([[30.0, 20.0, 10.0]], dtype=np.float32)
    cold = np.array([0.9, 0.5, 0.1])
    level = np.array([[5.0, 10.0, 17.5, 25.0, 40.0]], dtype=np.float32)
    np.testing.assert_allclose(share_below(level, value, cold), [[0.1, 0.1, 0.4, 0.7, 0.9]])


def test_parts_whose_doses_are_all_alike_are_kept_apart():
    hot, cool = np.full((1, 6), 50.0, np.float32), np.full((1, 6), 30.0, np.float32)
    cold = np.linspace(0.95, 0.05, 6)
    merged = merged_quantiles(hot, cool, np.array([0.5]), cold)[0]
    assert merged[cold > 0.6].tolist() == [50.0] * int((cold > 0.6).sum())
    assert merged[cold < 0.4].tolist() == [30.0] * int((cold < 0.4).sum())
