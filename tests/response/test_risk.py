import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radsim.response.onset import LognormalOnset, PowerOnset
from radsim.response.risk import HazardRisk, LifetimeRisk

POWER = PowerOnset(months=24.0)
FRACTURE = LognormalOnset(median=2.46, sigma=1.26, reference=12.0)
MYELOPATHY = LognormalOnset(median=6.0, sigma=0.4)


def risks(size):
    size = np.atleast_1d(size)
    return [
        HazardRisk(hazard=size, onset=POWER),
        HazardRisk(hazard=size, onset=FRACTURE),
        LifetimeRisk(lifetime=-np.expm1(-size), onset=MYELOPATHY),
    ]


@pytest.mark.parametrize("which", range(3))
@given(size=st.floats(1e-6, 20.0), u=st.floats(1e-9, 1 - 1e-9), months=st.floats(0.1, 100.0))
def test_the_event_has_come_by_a_time_exactly_when_its_number_is_below_the_probability(
    which, size, u, months
):
    risk = risks(size)[which]
    probability = risk.probability(months)[0]
    if abs(u - probability) > 1e-9:  # at the edge itself rounding decides
        assert (risk.time(np.array([u]))[0] <= months) == (u < probability)


@pytest.mark.parametrize("which", range(3))
@given(size=st.floats(0.0, 1e6), months=st.floats(0.0, 1e4))
def test_probabilities_and_their_complements_add_up_to_one(which, size, months):
    risk = risks(size)[which]
    probability, free = risk.probability(months)[0], risk.free(months)[0]
    assert 0.0 <= probability <= 1.0
    assert probability + free == pytest.approx(1.0, abs=1e-15)


@pytest.mark.parametrize("which", range(3))
def test_without_hazard_nothing_ever_happens(which):
    risk = risks(0.0)[which]
    assert risk.probability(1e6)[0] == 0.0
    assert np.isinf(risk.time(np.array([1e-15]))[0])


def test_the_time_of_an_exponential_event_is_the_known_one():
    risk = HazardRisk(hazard=np.array([0.5]), onset=POWER)
    assert risk.time(np.array([0.2]))[0] == pytest.approx(24.0 * -np.log(0.8) / 0.5)


def test_a_lifetime_risk_is_reached_in_the_end_and_never_passed():
    risk = LifetimeRisk(lifetime=np.array([0.3]), onset=MYELOPATHY)
    assert risk.probability(1e9)[0] == 0.3
    assert risk.time(np.array([0.15]))[0] == pytest.approx(6.0)
    assert np.isinf(risk.time(np.array([0.3]))[0])


def test_a_huge_hazard_comes_at_once_and_stays_finite():
    risk = HazardRisk(hazard=np.array([1e300]), onset=FRACTURE)
    assert risk.probability(3.0)[0] == 1.0
    assert risk.time(np.array([0.5]))[0] < 1e-3
