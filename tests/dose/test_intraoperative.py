import numpy as np
import pytest
from dose_cases import plan_of, spine_patients
from hypothesis import given
from hypothesis import strategies as st

from radsim.dose.anatomy.dose_model import default_dose_model
from radsim.dose.drawing import draw_dose
from radsim.dose.fields.intraoperative import distances, organ_distance, share_within, source_dose
from radsim.dose.metrics import DoseMetric, Wanted
from radsim.radiobiology.dvh import volume_nodes
from radsim.randomness.streams import Streams
from radsim.vocabulary.structures import HotSpot

WANTED = Wanted(frozenset({"gtv", "spinal_cord", "thecal_sac"}))


def draw(patients=600, **settings):
    plan = plan_of(regimen="iort-8-at-13mm", **settings)
    return draw_dose(plan, default_dose_model(), spine_patients(0, patients), Streams(4), WANTED)


@given(distance=st.floats(0, 4), offset=st.floats(0, 3))
def test_the_share_of_a_ball_near_a_point_agrees_with_counting(distance, offset):
    points = BALL - np.array([offset, 0.0, 0.0])
    counted = (np.einsum("ij,ij->i", points, points) <= distance**2).mean()
    assert share_within(np.array(distance), np.array(offset)) == pytest.approx(counted, abs=0.012)


def _ball():
    axis = np.linspace(-1, 1, 41)
    grid = np.stack(np.meshgrid(axis, axis, axis), axis=-1).reshape(-1, 3)
    return grid[(grid**2).sum(axis=1) <= 1.0]


BALL = _ball()


@given(offset=st.floats(0, 8))
def test_distances_hold_the_shares_they_were_asked_for(offset):
    shares = (0.02, 0.5, 0.98)
    found = distances(shares, np.array([offset]))[0]
    assert (np.diff(found) > 0).all()
    if offset <= 5:
        np.testing.assert_allclose(share_within(found, np.array(offset)), shares, atol=2e-3)


def test_dose_holds_at_its_depth_and_falls_faster_than_the_inverse_square():
    r = np.array([6.5, 13.0, 26.0])
    dose = source_dose(r, 8.0, np.array(13.0), np.array(0.08))
    assert dose[1] == 8.0
    assert dose[0] > 4 * 8.0
    assert dose[2] < 8.0 / 4


def test_a_source_in_the_middle_gives_its_surface_one_dose():
    # a lesion of 9.2 cm3 has a radius of 13 mm; the source's center is 15.5 mm from 13 mm depth
    patients = spine_patients(0, 3)
    patients = patients.with_columns(
        {"gtv_volume": np.full(3, 4 / 3 * np.pi * 1.3**3), "bilsky": patients["bilsky"] * 0}
    )
    plan = plan_of(
        regimen="iort-8-at-13mm",
        source_offset=0.0,
        attenuation=0.0,
        canal_clearance=0.0,
        applicator_radius=2.5,
    )
    dose = draw_dose(plan, default_dose_model(), patients, Streams(1), Wanted(frozenset({"gtv"})))
    volume, planned = volume_nodes(dose.nodes)[0], dose.courses["gtv"].planned[0]
    expected = 8.0 * (15.5 / np.maximum(13.0 * np.cbrt(volume), 2.5)) ** 2
    np.testing.assert_allclose(planned, expected, rtol=2e-3)


def test_large_lesions_are_left_cold_and_the_canal_is_kept_away_from():
    dose = draw()
    volume = spine_patients(0, 600)["gtv_volume"]
    d90 = dose.sums(DoseMetric(structure="gtv", metric="D90")).total
    assert np.median(d90[volume > 30]) < 0.3 * np.median(d90[volume < 5])
    far, near = draw(canal_clearance=15.0), draw(canal_clearance=2.0)
    coldest, hottest = (d.hot_spots[HotSpot("spinal_cord")].planned for d in (far, near))
    assert np.nanmax(coldest) < np.nanmax(hottest)


def test_it_is_one_fraction_and_errs_by_output_only():
    dose = draw()
    delivered, squared, _ = dose.sums(DoseMetric(structure="gtv", metric="D50", course="delivered"))
    np.testing.assert_allclose(squared, delivered**2, rtol=1e-5)
    ratio = delivered / dose.sums(DoseMetric(structure="gtv", metric="D50")).total
    assert ratio.std() == pytest.approx(0.01, rel=0.15)


@pytest.mark.parametrize(("gap", "radius", "length"), [(10.0, 4.0, 60.0), (5.0, 7.0, 50.0)])
def test_volumes_of_an_organ_near_the_source_agree_with_counting(gap, radius, length):
    across = np.linspace(-radius, radius, 161)
    x, y = np.meshgrid(across[1:] - radius / 160, across[1:] - radius / 160)
    inside = x * x + y * y < radius * radius
    along = (np.arange(300) + 0.5) / 300 * length - length / 2
    square = (x[inside] + gap + radius) ** 2 + y[inside] ** 2
    counted = np.sort(np.sqrt(square[:, None] + along**2).ravel())
    whole = np.pi * radius**2 * length
    volumes = np.array([[30.0, 300.0, 0.5 * whole, 0.95 * whole]])
    found = organ_distance(volumes, *(np.array([value]) for value in (gap, radius, length)))[0]
    expected = counted[(volumes[0] / whole * counted.size).astype(int)]
    np.testing.assert_allclose(found, expected, rtol=1e-3)
