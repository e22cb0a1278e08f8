"""Sobol indices, on functions whose exact indices are known."""

import numpy as np
import pytest

from radsim.experiment.designs.draws import sobol_points
from radsim.experiment.designs.sensitivity import saltelli_uniforms
from radsim.sums.sobol_indices import SCRAMBLES, sobol_indices

BASE = 8192


def scrambled(dimensions, base, seed):
    each = [sobol_points(dimensions, base // SCRAMBLES, seed, str(i)) for i in range(SCRAMBLES)]
    return np.concatenate(each)


def indices(function, sizes, base=BASE, seed=1):
    points = scrambled(2 * sum(sizes), base, seed)
    outputs = function(saltelli_uniforms(points, sizes))
    return sobol_indices(np.asarray(outputs).reshape(len(outputs), -1), len(sizes))


def ishigami(u):
    x = np.pi * (2.0 * u - 1.0)
    return np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def sobol_g(u, a):
    return np.prod((np.abs(4.0 * u - 2.0) + a) / (1.0 + a), axis=1)


def test_ishigami_has_its_exact_indices():
    # Ishigami and Homma (1990): variance a^2/8 + b pi^4/5 + b^2 pi^8/18 + 1/2 with a = 7, b = 0.1
    a, b = 7.0, 0.1
    first = np.array([0.5 * (1 + b * np.pi**4 / 5) ** 2, a**2 / 8, 0.0])
    both = b**2 * np.pi**8 * (1 / 18 - 1 / 50)  # of the first and the third together
    variance = first.sum() + both
    found = indices(ishigami, (1, 1, 1))
    np.testing.assert_allclose(found.first[:, 0], first / variance, atol=0.02)
    np.testing.assert_allclose(
        found.total[:, 0], (first + np.array([both, 0.0, both])) / variance, atol=0.02
    )
    assert (found.first_lower <= found.first).all()
    assert (found.total <= found.total_upper).all()


def test_sobol_g_has_its_exact_indices():
    a = np.array([0.0, 1.0, 4.5, 9.0])
    part = 1.0 / (3.0 * (1.0 + a) ** 2)
    variance = np.prod(1.0 + part) - 1.0
    total = part * np.prod(1.0 + part) / (1.0 + part)
    found = indices(lambda u: sobol_g(u, a), (1, 1, 1, 1))
    np.testing.assert_allclose(found.first[:, 0], part / variance, atol=0.02)
    np.testing.assert_allclose(found.total[:, 0], total / variance, atol=0.02)


def test_a_group_of_columns_counts_as_one_factor():
    # x0 + x1 are one factor of variance 2/12, x2 another of 4/12
    found = indices(lambda u: u[:, 0] + u[:, 1] + 2.0 * u[:, 2], (2, 1))
    np.testing.assert_allclose(found.first[:, 0], [2 / 6, 4 / 6], atol=0.01)
    np.testing.assert_allclose(found.total[:, 0], [2 / 6, 4 / 6], atol=0.01)


def test_an_output_that_does_not_vary_has_no_indices():
    found = indices(lambda u: np.full(len(u), 0.3), (1, 1))
    assert np.isnan(found.first).all() and np.isnan(found.total).all()


@pytest.mark.parametrize("index", ["first", "total"])
def test_intervals_cover_the_exact_index_as_often_as_they_claim(index):
    # g-function, an index below one half and one above; binomial(200, 0.95): fewer than 180 or
    # more than 198 with probability 0.2 %
    a = np.array([0.0, 1.0])
    part = 1.0 / (3.0 * (1.0 + a) ** 2)
    variance = np.prod(1.0 + part) - 1.0
    exact = (part if index == "first" else part * np.prod(1.0 + part) / (1.0 + part)) / variance
    assert exact[0] > 0.5 > exact[1]
    covered = np.zeros(2)
    for seed in range(200):
        found = indices(lambda u: sobol_g(u, a), (1, 1), base=128, seed=seed)
        lower, upper = (getattr(found, f"{index}_{end}")[:, 0] for end in ("lower", "upper"))
        covered += (lower <= exact) & (exact <= upper)
    assert (covered >= 180).all() and (covered <= 198).all(), covered


def test_the_only_factor_explains_everything_alone():
    found = indices(lambda u: np.exp(2.0 * u[:, 0]), (1,), base=64)
    assert found.first[0, 0] == found.first_lower[0, 0] == pytest.approx(1.0, abs=1e-12)
    assert found.total_lower[0, 0] < found.total[0, 0] == found.total_upper[0, 0]
    assert found.total[0, 0] == pytest.approx(1.0, abs=1e-12)


def test_indices_and_their_ends_are_shares_and_the_first_is_part_of_the_total():
    """With few points noise would have them otherwise: below 0, above 1, or swapped."""
    for seed in range(40):
        found = indices(ishigami, (1, 1, 1), base=16, seed=seed)
        assert (found.first <= found.total).all()
        for name in ("first", "total"):
            value, *ends = (getattr(found, f"{name}{end}") for end in ("", "_lower", "_upper"))
            assert (ends[0] >= 0.0).all() and (ends[1] <= 1.0).all()
            assert ((ends[0] <= value) & (value <= ends[1])).all()


def test_base_points_that_are_no_whole_scrambles_are_refused():
    with pytest.raises(ValueError, match="9 base points are not 8 scrambles"):
        sobol_indices(np.zeros((27, 1)), 1)


def test_agrees_with_scipy_on_the_same_outputs():
    from scipy.stats import sobol_indices as of_scipy

    points = scrambled(6, 256, 2)
    outputs = ishigami(saltelli_uniforms(points, (1, 1, 1))).reshape(5, 256)
    blocks = {
        "f_A": outputs[[0]], "f_B": outputs[[1]], "f_AB": outputs[2:, np.newaxis],
    }  # fmt: skip
    expected = of_scipy(func=blocks, n=256)
    found = sobol_indices(outputs.reshape(-1, 1), 3)
    shares = [np.clip(np.ravel(order), 0.0, 1.0) for order in (
        expected.first_order, expected.total_order
    )]  # fmt: skip
    np.testing.assert_allclose(found.first[:, 0], shares[0], atol=0.02)
    np.testing.assert_allclose(found.total[:, 0], shares[1], atol=0.02)


@pytest.mark.parametrize("sizes", [(1,), (2, 1), (1, 1, 3)])
def test_the_design_exchanges_one_factor_at_a_time(sizes):
    points = sobol_points(2 * sum(sizes), 8, 3, "rows")
    rows = saltelli_uniforms(points, sizes).reshape(len(sizes) + 2, 8, -1)
    start = 0
    for factor, size in enumerate(sizes):
        mine = slice(start, start + size)
        np.testing.assert_array_equal(rows[2 + factor][:, mine], rows[1][:, mine])
        others = np.delete(rows[2 + factor], np.r_[mine], axis=1)
        np.testing.assert_array_equal(others, np.delete(rows[0], np.r_[mine], axis=1))
        start += size
