from dataclasses import replace

import numpy as np
import pytest
from dose_cases import spine_patients

from radsim.dose.anatomy.dose_model import default_dose_model
from radsim.dose.anatomy.geometry import (
    GRADES,
    bilsky_grade,
    draw_geometry,
    gtv_surface,
    sphere_diameter,
)
from radsim.randomness.streams import Streams

PATIENTS = 4000


@pytest.fixture(scope="module")
def geometry():
    patients = spine_patients(0, PATIENTS)
    return draw_geometry(default_dose_model(), patients, Streams(1))


def test_surfaces_lie_in_anatomical_order(geometry):
    cord, sac = geometry.organs["spinal_cord"].surface, geometry.organs["thecal_sac"].surface
    assert (cord[geometry.has_cord] == -2.0).all()
    assert (cord < sac)[geometry.has_cord].all()
    assert (sac < geometry.wall).all()
    assert (sac[~geometry.has_cord] == 0.0).all()


def test_hot_spots_lie_just_inside_their_organs(geometry):
    for organ in geometry.organs.values():
        depth = organ.surface - organ.hot_spot
        assert ((depth > 0) & (depth < 0.2 * organ.radius)).all()


def test_the_tumor_is_nearer_the_higher_its_grade():
    grade = np.arange(len(GRADES))
    with_cord = gtv_surface(grade, np.ones(6, bool), -2.0, 1.0, 3.0, 1.5)
    assert with_cord.tolist() == [4.5, 1.0, -0.5, -2.0, -2.0, -2.0]
    below = gtv_surface(grade, np.zeros(6, bool), -2.0, 0.0, 2.0, 1.5)
    assert below.tolist() == [3.5, 0.0, 0.0, 0.0, 0.0, 0.0]


def test_the_grade_has_no_meaning_in_the_sacrum():
    patients = spine_patients(0, PATIENTS)
    sacral = patients["region"] == 3
    assert (patients["bilsky"][sacral] > 0).any()
    assert (bilsky_grade(patients)[sacral] == 0).all()


def test_an_unknown_grade_is_named():
    patients = spine_patients(0, 5)
    patients = replace(patients, labels={**patients.labels, "bilsky": ("0", "1d")})
    with pytest.raises(KeyError, match="bilsky has a label '1d'"):
        bilsky_grade(patients)


def test_the_ptv_holds_the_gtv_and_its_margins(geometry):
    assert (geometry.gtv_share < 1).all()
    extent = geometry.gtv_extent
    least = (1 + 4 / extent) ** 2 * (1 + 10 / extent)
    assert (geometry.gtv_share <= 1 / least * (1 + 1e-12)).all()
    assert (geometry.length > extent).all()


def test_a_sphere_of_9_5_cm3():
    assert np.pi / 6 * sphere_diameter(np.array(9.5)) ** 3 == pytest.approx(9500.0)
