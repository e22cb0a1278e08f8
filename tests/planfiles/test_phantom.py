"""Verification of the one-dimensional model against a 3-D phantom."""

import numpy as np
import pytest
from phantom import PRV_RADIUS, Field, ball, cylinder, distance, vertebra
from scipy.stats import kstest

from radsim.dose.anatomy.depth import target_depth_share
from radsim.dose.course.profile import Profile

FIELD = Field(plateau=44.0, reference_dose=21.0, valley=16.0, falloff=1.6, wrap=np.deg2rad(120.0))


def profile():
    one = np.ones(1)
    return Profile(
        reference=0.0 * one,
        falloff=FIELD.falloff * one,
        reference_dose=FIELD.reference_dose * one,
        valley=FIELD.valley * one,
        low=FIELD.plateau * one,
        high=FIELD.plateau * one,
        edge=0.0 * one,
    )


def shape_of(depth):
    """First shape of the Beta(a, 2) with this mean depth, as a share of the largest."""
    mean = depth.mean()
    return 2.0 * mean / (1.0 - mean)


@pytest.mark.parametrize("radius", [8.0, 13.0, 20.0])
@pytest.mark.parametrize("gap", [1.0, 3.0])
def test_a_sphere_beside_a_cylinder_is_nearly_beta(radius, gap):
    depth = distance(ball(PRV_RADIUS + gap + radius, radius)) - gap
    relative = depth / (2.0 * radius)
    assert 1.95 < shape_of(relative) < 2.45
    found = kstest(relative, lambda t: target_depth_share(np.asarray(t), shape_of(relative)))
    assert found.statistic < 0.06


def test_bone_around_the_canal_is_nearly_beta_with_a_smaller_shape():
    depth = distance(vertebra(), radius=9.0)
    relative = depth / depth.max()
    assert 1.0 < shape_of(relative) < 1.7


@pytest.mark.parametrize("shift", [(0.0, 0.0), (1.0, 0.0), (2.0, 0.0), (-2.0, 0.0), (0.0, 2.0)])
def test_a_shift_of_the_axis_stands_for_a_shift_of_the_patient(shift):
    radius, gap = 13.0, 3.0
    gtv = ball(PRV_RADIUS + gap + radius, radius)
    exact = np.percentile(FIELD.dose(gtv + np.array([*shift, 0.0])), 2.0)
    x = distance(gtv) + shift[0]
    one_axis = np.percentile(profile().columns().base_dose(np.exp(-x / FIELD.falloff)[None]), 2.0)
    assert one_axis == pytest.approx(exact, abs=2.0)


@pytest.mark.parametrize("size", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("degrees", [0.0, 45.0, 90.0, 135.0, 180.0])
def test_the_hottest_point_of_an_organ_follows_the_arc_rule(size, degrees):
    angle = np.deg2rad(degrees)
    shift = size * np.array([np.cos(angle), np.sin(angle)])
    exact = FIELD.dose(cylinder(PRV_RADIUS) + np.array([*shift, 0.0])).max()
    clamped = np.clip(angle, -FIELD.wrap, FIELD.wrap)
    toward = shift @ np.array([np.cos(clamped), np.sin(clamped)])
    arc = profile().base_dose(np.exp(-np.array([toward]) / FIELD.falloff))[0]
    assert exact - 1.0 < arc < exact + 2.0
    # the component along the axis alone would miss sideways shifts
    if degrees == 90.0 and size == 2.0:
        axis = profile().base_dose(np.ones(1))[0]
        assert exact - axis > 3.0
