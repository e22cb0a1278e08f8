import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from radsim.dose.anatomy.depth import (
    organ_depth,
    organ_depths,
    target_depth,
    target_depth_share,
    target_depths,
)
from radsim.radiobiology.dvh import volume_nodes


@given(share=st.floats(1e-5, 1 - 1e-5), shape=st.floats(1.0, 3.0))
def test_depth_is_the_quantile_of_a_beta_distribution(share, shape):
    depth = float(target_depth(np.array(share), np.array(shape)))
    assert depth == pytest.approx(beta(shape, 2.0).ppf(share), abs=1e-9)
    assert float(target_depth_share(np.array(depth), np.array(shape))) == pytest.approx(share)


def test_a_sphere_before_a_plane_is_beta_2_2():
    t = np.linspace(0, 1, 11)
    cap = t**2 * (3 - 2 * t)  # share of a unit-diameter ball within t of a touching plane
    np.testing.assert_allclose(target_depth_share(t, np.array(2.0)), cap, atol=1e-12)


def test_tables_agree_with_the_exact_quantiles():
    shares, shapes = (0.001, 0.02, 0.5, 0.98, 0.9995), np.linspace(1.1, 2.6, 40)
    exact = beta(shapes[:, None], 2.0).ppf(np.array(shares))
    np.testing.assert_allclose(target_depths(shares, shapes), exact, rtol=2e-4, atol=2e-6)
    disk = organ_depths((0.01, 0.2, 0.9), np.array([0.5, 0.8, 1.0]))
    wanted = np.minimum(np.array([0.01, 0.2, 0.9]) / np.array([[0.5], [0.8], [1.0]]), 1.0)
    np.testing.assert_allclose(disk, beta(1.5, 1.5).ppf(wanted), atol=2e-3)
    np.testing.assert_allclose(organ_depth(wanted), beta(1.5, 1.5).ppf(wanted), atol=1e-5)


@pytest.mark.parametrize("nodes", [16, 64, 512])
def test_nodes_integrate_polynomials_exactly(nodes):
    volume, weight = volume_nodes(nodes)
    for power in range(10):  # of degree 3 power + 2 in s, exact below 2 nodes
        assert (weight * volume**power).sum() == pytest.approx(1 / (power + 1), rel=1e-12)


def test_nodes_are_made_for_roots_at_the_ends_of_a_volume():
    volume, weight = volume_nodes(64)
    for root in (0.4, 0.5, 0.8):
        assert (weight * volume**root).sum() == pytest.approx(1 / (root + 1), rel=1e-7)
        assert (weight * (1 - volume) ** root).sum() == pytest.approx(1 / (root + 1), rel=1e-7)
