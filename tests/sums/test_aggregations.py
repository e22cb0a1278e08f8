"""Aggregations: what is kept in blocks, by groups and with weights is what everybody says."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radsim.sums.aggregations import (
    BEST,
    COUNTS,
    CURVE,
    DIFFERENCE,
    EXCESS,
    HISTOGRAM,
    MEANS,
    SHARES,
    STATES,
    Groups,
    join_means,
    keep_among,
    keep_means,
    scaled,
)

RNG = np.random.default_rng(7)
MONTHS = (3.0, 12.0)
VALUES = st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=60)
CHANCES = RNG.random((3, 2, 90))  # arm, month, patient
TIMES = np.where(RNG.random((3, 90)) < 0.4, RNG.exponential(10.0, (3, 90)), np.inf)
KEPT = [  # aggregation, rows, settings
    (MEANS, CHANCES, ()),
    (BEST, CHANCES, (2,)),
    (COUNTS, TIMES, (MONTHS,)),
    (STATES, CHANCES < 0.4, ()),
    (SHARES, TIMES < 5.0, ()),
    (CURVE, TIMES, (np.arange(0.0, 20.0, 0.5),)),
    (HISTOGRAM, 50.0 * CHANCES[:, 0], ()),
    (EXCESS, np.maximum(CHANCES[:, 1] - 0.7, 0.0), ()),
]
EACH = pytest.mark.parametrize(("kept", "rows", "settings"), KEPT, ids=[k[0].name for k in KEPT])


def same(state, other):
    assert state.keys() == other.keys()
    for name in state.keys() - {"half", "half_count"}:
        np.testing.assert_allclose(state[name], other[name], rtol=1e-10, atol=1e-12, err_msg=name)


@EACH
@pytest.mark.parametrize("cut", [1, 31, 89])
def test_blocks_joined_are_everybody(kept, rows, settings, cut):
    parts = [kept.keep(part, 1, *settings) for part in (rows[..., :cut], rows[..., cut:])]
    same(kept.join(*parts), kept.keep(rows, 1, *settings))


@EACH
def test_a_group_is_its_patients_alone(kept, rows, settings):
    codes = RNG.integers(0, 3, 90)
    by_group = kept.keep(rows, 1, *settings, groups=Groups(codes, 4))
    for code in range(3):
        alone = kept.keep(rows[..., codes == code], 1, *settings)
        same({name: array[code] for name, array in by_group.items()}, alone)


@EACH
def test_groups_of_blocks_join_to_groups_of_everybody_even_where_a_block_has_none(
    kept, rows, settings
):
    codes = np.repeat([0, 1, 2], 30)
    whole = kept.keep(rows, 1, *settings, groups=Groups(codes, 3))
    first, second = (
        kept.keep(rows[..., part], 1, *settings, groups=Groups(codes[part], 3))
        for part in (slice(0, 40), slice(40, 90))
    )
    same(kept.join(first, second), whole)


@EACH
def test_a_weight_is_how_often_a_patient_counts(kept, rows, settings):
    weights = RNG.integers(0, 4, 90)
    weighted = kept.keep(rows, 1, *settings, weights=weights.astype(float))
    same(weighted, kept.keep(np.repeat(rows, weights, axis=-1), 1, *settings))


@pytest.mark.parametrize(("kept", "rows", "settings"), [KEPT[0], KEPT[2], KEPT[3]])
@pytest.mark.parametrize("cut", [0, 20, 60])
def test_what_is_kept_among_some_is_that_of_each_arms_own_members(kept, rows, settings, cut):
    among = RNG.random((3, 90)) < np.array([[0.3], [0.6], [0.9]])
    among[0, :60] = False  # nobody of the first arm in the first block
    parts = [
        keep_among(kept.keep, rows[..., part], among[:, part], 1, *settings)
        for part in (slice(0, cut), slice(cut, 90))
    ]
    moments = kept.finish([kept.join(*parts)])["moments"]
    for arm, members in enumerate(among):
        own = kept.keep(rows[[1, arm]][..., members], 0, *settings)
        alone = kept.finish([own])["moments"]
        for end in ("", DIFFERENCE):
            for name in ("mean", "standard_error"):
                answer = getattr(alone[end], name)[1]
                np.testing.assert_allclose(
                    getattr(moments[end], name)[arm], answer, rtol=1e-10, atol=1e-13
                )
        assert (moments[""].count[arm] == members.sum()).all()


def test_the_first_half_is_kept_beside_the_whole():
    for kept, rows, settings in KEPT[:3:2]:
        state = kept.keep(rows, 0, *settings)
        half = kept.finish([kept.keep(rows[..., :45], 0, *settings)])["moments"][""]
        assert state["half_count"] == 45
        np.testing.assert_allclose(state["half"] / 45, half.mean, rtol=1e-12)


def test_finished_moments_are_those_of_the_rows():
    by = (TIMES[:, None] <= np.array(MONTHS)[:, None]).astype(float)
    for kept, rows, settings, plain in (
        (MEANS, CHANCES, (), CHANCES),
        (COUNTS, TIMES, (MONTHS,), by),
    ):
        moments = kept.finish([kept.keep(rows, 2, *settings)])["moments"]
        for end, values in (("", plain), (DIFFERENCE, plain - plain[2])):
            np.testing.assert_allclose(moments[end].mean, values.mean(axis=-1), atol=1e-15)
            np.testing.assert_allclose(moments[end].variance, values.var(axis=-1, ddof=1))


def test_the_difference_of_arms_that_are_nearly_alike_keeps_its_digits():
    chance = RNG.random(1000)
    apart = 1e-10 * RNG.random(1000)
    state = keep_means(np.stack([chance, chance + apart]), 0)
    spread = ((apart - apart.mean()) ** 2).sum()
    assert state["difference_deviations"][1] == pytest.approx(spread, rel=1e-4)


def test_scaled_sums_are_those_of_scaled_rows():
    lifetime, growth = CHANCES[:, :1], np.array([0.3, 0.9])
    same(scaled(keep_means(lifetime, 1), growth), keep_means(lifetime * growth[:, None], 1))


@given(values=VALUES, cuts=st.lists(st.integers(1, 59), max_size=6))
def test_joining_blocks_gives_the_mean_and_variance_of_everybody(values, cuts):
    edges = sorted({0, len(values), *(cut for cut in cuts if cut < len(values))})
    blocks = [keep_means(np.array([values[a:b]]), 0) for a, b in itertools.pairwise(edges)]
    total = blocks[0]
    for block in blocks[1:]:
        total = join_means(total, block)
    moments = MEANS.finish([total])["moments"][""]
    assert moments.count == len(values)
    assert moments.mean[0] == pytest.approx(np.mean(values), rel=1e-9, abs=1e-9)
    assert moments.variance[0] == pytest.approx(np.var(values, ddof=1), rel=1e-9, abs=1e-6)


@given(value=st.floats(0.0, 1.0), sizes=st.lists(st.integers(1, 100), min_size=1, max_size=5))
def test_patients_that_are_all_alike_have_that_mean_and_no_error_exactly(value, sizes):
    total = keep_means(np.full((1, sizes[0]), value), 0)
    for size in sizes[1:]:
        total = join_means(total, keep_means(np.full((1, size), value), 0))
    assert total["mean"][0] == value
    assert total["deviations"][0] == 0.0


def test_median_and_largest_excess_are_those_of_who_lies_outside():
    rows = np.maximum(RNG.lognormal(1.0, 1.0, (3, 4000)) - 2.0, 0.0)
    rows[2] = 0.0
    parts = [EXCESS.keep(rows[:, part], 0) for part in (slice(0, 1500), slice(1500, 4000))]
    told = EXCESS.finish([EXCESS.join(*parts)])["excesses"][""]
    for row, (median, largest) in zip(rows[:2], told[:2], strict=True):
        assert median == pytest.approx(np.median(row[row > 0]), rel=0.02)
        assert largest == row.max()
    assert np.isnan(told[2]).all()
