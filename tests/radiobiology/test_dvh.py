import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from radsim.radiobiology.dvh import (
    cumulative_from_differential,
    dose_at_volume,
    generalized_eud,
    mean_dose,
    nodes_from_cumulative,
    nodes_from_samples,
    reduced_dose,
    volume_nodes,
)

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "dvh.json").read_text())
VOLUME, WEIGHT = volume_nodes(64)
doses = arrays(float, (3, 64), elements=st.floats(0.0, 90.0)).map(lambda d: -np.sort(-d, axis=-1))
fractions = st.floats(0.0, 1.0)


def reference_curve(case):
    """Nodes of a binned DVH: its edges, hottest first, and the volume above each."""
    cumulative = cumulative_from_differential(np.array(case["volume_in_bin"]))
    return np.array(case["edges"][::-1], float), cumulative[::-1] / cumulative[0], cumulative[0]


def test_metrics_of_a_binned_dvh_are_those_of_dvhmetrics():
    case = REFERENCE["metrics_linear_cumulative"]
    dose, volume, whole = reference_curve(case)
    for percent, expected in case["dose_at_percent"].items():
        assert dose_at_volume(dose, volume, float(percent) / 100) == pytest.approx(expected, 1e-9)
    for absolute, expected in case["dose_at_cm3"].items():
        got = dose_at_volume(dose, volume, float(absolute) / whole)
        assert got == pytest.approx(expected, abs=1e-9)
    edges, in_bin = np.array(case["edges"]), np.array(case["volume_in_bin"])
    middle = (edges[1:] + edges[:-1]) / 2
    assert mean_dose(middle, in_bin / in_bin.sum()) == pytest.approx(case["mean"], abs=1e-9)


def test_geud_of_bin_midpoints_is_that_of_dvhmetrics():
    case = REFERENCE["geud_bin_midpoints"]
    edges, weight = np.array(case["edges"]), np.array(case["volume_in_bin"]) / 100
    got = [generalized_eud((edges[1:] + edges[:-1]) / 2, weight, a) for a in case["a"]]
    np.testing.assert_allclose(got, case["expected"], atol=case["tolerance"])


def test_geud_of_equal_voxels_is_that_of_matrad():
    case = REFERENCE["geud_equal_voxels"]
    got = [generalized_eud(np.array(case["dose"]), np.full(5, 0.2), a) for a in case["a"]]
    np.testing.assert_allclose(got, case["expected"], atol=case["tolerance"])


@given(dose=doses, one=fractions, other=fractions)
def test_dx_falls_with_volume(dose, one, other):
    low, high = sorted((one, other))
    at_low, at_high = (dose_at_volume(dose, VOLUME, f) for f in (low, high))
    assert np.all(at_low >= at_high)


@given(dose=doses, a=st.floats(-300, 300))
def test_geud_lies_between_minimum_and_maximum_and_rises_with_a(dose, a):
    eud = generalized_eud(dose, WEIGHT, a)
    slack = 1e-9 * dose.max(axis=-1)
    assert np.all(eud >= dose.min(axis=-1) - slack) and np.all(eud <= dose.max(axis=-1) + slack)
    assert np.all(generalized_eud(dose, WEIGHT, a + 1.0) >= eud - slack)


@given(dose=doses, factor=st.floats(0.01, 100))
def test_geud_scales_with_dose(dose, factor):
    scaled = generalized_eud(factor * dose, WEIGHT, 8.0)
    np.testing.assert_allclose(scaled, factor * generalized_eud(dose, WEIGHT, 8.0), rtol=1e-9)


def test_geud_has_its_limits():
    dose, weight = np.array([40.0, 30.0, 20.0]), np.array([0.2, 0.3, 0.5])
    geometric = np.exp((weight * np.log(dose)).sum())
    assert generalized_eud(dose, weight, 1) == pytest.approx(27.0, rel=1e-14)
    for a in (0.0, 1e-12, -1e-12, 1e-6):
        assert generalized_eud(dose, weight, a) == pytest.approx(geometric, rel=1e-5)
    assert generalized_eud(dose, weight, 1e8) == pytest.approx(40.0)
    assert generalized_eud(dose, weight, -1e8) == pytest.approx(20.0)
    assert generalized_eud(dose, weight, np.inf) == 40.0
    assert generalized_eud(dose, weight, -np.inf) == 20.0


def test_geud_at_or_below_zero_is_zero_where_a_voxel_has_no_dose():
    dose, weight = np.array([40.0, 0.0]), np.array([0.5, 0.5])
    assert generalized_eud(dose, weight, -5.0) == 0.0
    assert generalized_eud(dose, weight, 0.0) == 0.0
    assert generalized_eud(dose, weight, 1.0) == pytest.approx(20.0, rel=1e-14)
    assert generalized_eud(np.zeros(2), weight, 5.0) == 0.0


def test_patients_may_have_their_own_exponent_and_fraction():
    dose = np.array([[40.0, 20.0], [30.0, 10.0]])
    volume = np.array([0.25, 0.75])
    a, fraction = np.array([1.0, -3.0]), np.array([0.25, 0.5])
    for row in range(2):
        assert generalized_eud(dose, [0.5, 0.5], a)[row] == pytest.approx(
            generalized_eud(dose[row], [0.5, 0.5], a[row]), rel=1e-14
        )
        assert dose_at_volume(dose, volume, fraction)[row] == dose_at_volume(
            dose[row], volume, fraction[row]
        )


def test_patients_do_not_depend_on_their_neighbors():
    dose = -np.sort(-np.random.default_rng(1).uniform(0, 60, (37, 64)), axis=-1)
    size = np.linspace(0.02, 90.0, 37)
    for metric in (
        lambda d, s: dose_at_volume(d, VOLUME, s / 100.0),
        lambda d, s: generalized_eud(d, WEIGHT, -10.0),
        lambda d, s: mean_dose(d, WEIGHT),
    ):
        single = [metric(dose[i : i + 1], size[i : i + 1])[0] for i in range(37)]
        np.testing.assert_array_equal(metric(dose, size), single)


def test_dose_is_held_outside_the_outermost_nodes():
    dose, volume = np.array([40.0, 20.0]), np.array([0.25, 0.75])
    np.testing.assert_array_equal(dose_at_volume(dose, volume, np.array([0.0, 1.0])), [40.0, 20.0])


def test_a_flat_stretch_of_a_dvh_gives_the_lowest_dose_of_the_hotter_part():
    nodes = nodes_from_cumulative([0, 10, 20, 30], [8, 4, 4, 0], np.array([0.5]))
    assert nodes[0] == 20.0


@given(
    samples=arrays(float, 50, elements=st.floats(0, 80)),
    weight=arrays(float, 50, elements=st.floats(0.1, 5)),
)
def test_nodes_of_samples_descend_within_their_range_in_any_order(samples, weight):
    nodes = nodes_from_samples(samples, VOLUME, weight)
    assert np.all(np.diff(nodes) <= 1e-12)
    slack = 1e-12 * samples.max()
    assert samples.min() - slack <= nodes[-1] and nodes[0] <= samples.max() + slack
    again = nodes_from_samples(samples[::-1], VOLUME)
    np.testing.assert_allclose(nodes_from_samples(samples, VOLUME), again, atol=1e-9)


def test_a_heavier_sample_is_that_many_samples():
    once = nodes_from_samples([10.0, 20.0, 30.0], VOLUME, [1.0, 2.0, 1.0])
    twice = nodes_from_samples([10.0, 20.0, 20.0, 30.0], VOLUME)
    assert mean_dose(once, WEIGHT) == pytest.approx(mean_dose(twice, WEIGHT), abs=0.05)


@pytest.mark.parametrize("nodes", [32, 64])
def test_nodes_integrate_a_smooth_dvh(nodes):
    volume, weight = volume_nodes(nodes)
    dose = 40.0 * (1.0 - volume**2)
    assert weight.sum() == pytest.approx(1.0, abs=1e-14)
    assert mean_dose(dose, weight) == pytest.approx(80.0 / 3.0, rel=1e-12)
    assert np.all(np.diff(volume) > 0) and volume[0] > 0 and volume[-1] < 1


def test_rounding_noise_of_a_printed_dvh_is_flattened_and_a_rise_refused():
    noisy = nodes_from_cumulative([0, 10, 20, 30], [100, 60.0, 60.05, 0], VOLUME)
    flat = nodes_from_cumulative([0, 10, 20, 30], [100, 60.0, 60.0, 0], VOLUME)
    np.testing.assert_allclose(noisy, flat)
    with pytest.raises(ValueError, match="must not rise"):
        nodes_from_cumulative([0, 10, 20, 30], [100, 60, 70, 0], VOLUME)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: dose_at_volume(np.ones(2), np.array([0.2, 0.8]), 2.0), "between 0 and 1"),
        (lambda: generalized_eud(np.array([-1.0, 2.0]), np.full(2, 0.5), 2), "negative"),
        (lambda: volume_nodes(0), "above 0"),
        (lambda: volume_nodes(2.5), "whole number"),
        (lambda: nodes_from_cumulative([0], [1], VOLUME), "two or more rows"),
        (lambda: nodes_from_cumulative([0, 2, 1], [1, 1, 0], VOLUME), "ascend"),
        (lambda: nodes_from_cumulative([0, 1], [0, 0], VOLUME), "above 0"),
        (lambda: nodes_from_cumulative([0, 1], [np.nan, 0], VOLUME), "finite"),
        (lambda: nodes_from_samples([], VOLUME), "same length"),
        (lambda: nodes_from_samples([1.0, np.nan], VOLUME), "finite"),
    ],
)
def test_what_makes_no_sense_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("reduce", [generalized_eud, reduced_dose, lambda d, w, a: mean_dose(d, w)])
def test_volumes_in_cm3_are_no_weights(reduce):
    # the gEUD of 46.5 Gy that these gave lies above the hottest bin
    with pytest.raises(ValueError, match="must add up to 1, got 9: is that in cm3"):
        reduce(np.array([22.5, 20.0]), np.array([4.0, 5.0]), 3.0)
    with pytest.raises(ValueError, match="not negative"):
        reduce(np.array([22.5, 20.0]), np.array([1.5, -0.5]), 3.0)
