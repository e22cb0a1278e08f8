import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radsim.dose.course.profile import Profile, plateau_for, reference_dose_for

reference_doses = st.floats(5, 25)
plateaus = st.floats(26, 60)
valleys = st.floats(0.4, 0.95)
falloffs = st.floats(0.8, 3.0)


def profile(reference_dose, plateau, valley, falloff, boost=None, edge=0.0):
    one = np.ones(1)
    return Profile(
        reference=0.0 * one,
        falloff=falloff * one,
        reference_dose=reference_dose * one,
        valley=valley * reference_dose * one,
        low=plateau * one,
        high=(plateau if boost is None else boost) * one,
        edge=edge * one,
    )


@given(reference_doses, plateaus, valleys, falloffs, st.floats(1, 2), st.floats(0.01, 50))
def test_every_profile_goes_through_its_reference_dose(d0, plateau, valley, tau, boost, edge):
    curve = profile(d0, plateau, valley, tau, plateau * boost, edge)
    assert curve.dose(curve.attenuation(np.zeros(1)))[0] == pytest.approx(d0)


@given(reference_doses, plateaus, valleys, falloffs, st.floats(1, 2), st.floats(0.01, 50))
def test_dose_rises_outward_from_valley_to_plateau(d0, plateau, valley, tau, boost, edge):
    curve = profile(d0, plateau, valley, tau, plateau * boost, edge).columns()
    x = np.linspace(-20, 60, 400)[None, :]
    dose = curve.dose(np.exp(-x / tau))[0]
    assert (np.diff(dose) > -1e-9).all()
    assert dose[-1] == pytest.approx(plateau * boost, rel=1e-3)
    assert dose[0] >= valley * d0 - 1e-9


def test_the_steepest_slope_is_height_over_four_falloffs():
    curve = profile(20.0, 40.0, 0.5, 1.6).columns()
    x = np.linspace(-5, 10, 20001)[None, :]
    dose = curve.base_dose(np.exp(-x / 1.6))[0]
    assert np.gradient(dose, x[0]).max() == pytest.approx(30.0 / (4 * 1.6), rel=1e-5)


@given(reference_doses, plateaus, valleys, st.floats(1e-6, 0.99))
def test_the_plateau_for_a_dose_gives_that_dose(d0, plateau, valley, x):
    x = np.array([x])
    dose = profile(d0, plateau, valley, 1.0).base_dose(x)
    found = plateau_for(dose, x, np.array([d0]), np.array([valley * d0]))
    # close to the neural surface dose hardly depends on the plateau, so compare doses
    assert profile(d0, found[0], valley, 1.0).base_dose(x)[0] == pytest.approx(dose[0], rel=1e-6)


def test_no_plateau_reaches_a_dose_beyond_the_steepest_rise():
    # at attenuation X dose can't pass V + (D0 - V) / X
    args = np.array(0.5), np.array(10.0), np.array(8.0)
    assert np.isinf(plateau_for(np.array(12.1), *args))
    assert np.isfinite(plateau_for(np.array(11.9), *args))


@given(reference_doses, plateaus, valleys, st.floats(0.01, 20))
def test_the_reference_dose_for_an_organ_dose_gives_that_dose(d0, plateau, valley, x):
    dose = profile(d0, plateau, valley, 1.0).base_dose(np.array([x]))
    found = reference_dose_for(dose, np.array([x]), np.array([plateau]), np.array([valley]))
    assert found[0] == pytest.approx(d0, rel=1e-6)
