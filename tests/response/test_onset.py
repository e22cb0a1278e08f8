import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radsim.response.onset import LognormalOnset, PowerOnset

LAWS = [
    PowerOnset(months=24.0),
    PowerOnset(months=24.0, exponent=0.8),
    PowerOnset(months=12.0, exponent=1.3),
    LognormalOnset(median=6.0, sigma=0.4),
    LognormalOnset(median=2.46, sigma=1.26, reference=12.0),
    LognormalOnset(median=5.0, sigma=1.35, reference=12.0),
]


@pytest.mark.parametrize("law", LAWS)
@given(months=st.floats(0.01, 60.0))
def test_the_time_undoes_the_growth(law, months):
    growth = law.growth(months)
    if growth > 1e-12 and (isinstance(law, PowerOnset) or law._cdf(months) < 1 - 1e-9):
        assert law.time(np.array([growth]))[0] == pytest.approx(months, rel=1e-6)


@pytest.mark.parametrize("law", LAWS)
@given(one=st.floats(0.0, 1e4), other=st.floats(0.0, 1e4))
def test_growth_never_falls(law, one, other):
    low, high = sorted((one, other))
    assert 0.0 <= law.growth(low) <= law.growth(high)


def test_power_growth_goes_on_past_its_reference():
    assert PowerOnset(months=24.0, exponent=0.8).growth(48.0) == pytest.approx(2.0**0.8)


def test_growth_is_one_at_the_reference():
    for law in LAWS[4:]:
        assert law.growth(12.0) == 1.0


def test_lognormal_growth_is_the_normal_distribution_of_the_log_time():
    law = LognormalOnset(median=2.46, sigma=1.26, reference=12.0)

    def cdf(months):
        return NormalDist().cdf(math.log(months / 2.46) / 1.26)

    for months in (0.5, 3.0, 6.0, 24.0):
        assert law.growth(months) == pytest.approx(cdf(months) / cdf(12.0), rel=1e-12)


def test_lognormal_growth_levels_off_and_then_nothing_more_happens():
    law = LognormalOnset(median=2.46, sigma=1.26, reference=12.0)
    ceiling = 1 / law._cdf(12.0)
    assert law.growth(1e12) == pytest.approx(ceiling)
    assert law.time(np.array([ceiling * 1.001, np.inf])).tolist() == [np.inf, np.inf]
    assert LognormalOnset(median=6.0, sigma=0.4).time(np.array([1.0]))[0] == np.inf


def test_the_fracture_timing_has_65_per_cent_within_four_months():
    # Sahgal 2013, 10.1200/JCO.2013.50.1411: median 2.46 months, 65 % of fractures within 4
    assert LognormalOnset(median=2.46, sigma=1.26).growth(4.0) == pytest.approx(0.65, abs=0.005)


def test_nothing_has_happened_at_the_start():
    assert [law.growth(0.0) for law in LAWS] == [0.0] * len(LAWS)


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        (PowerOnset, {"months": 0.0}, "months must be above 0"),
        (PowerOnset, {"months": 24.0, "exponent": 0.0}, "exponent must be above 0"),
        (LognormalOnset, {"median": 0.0, "sigma": 1.0}, "median must be above 0"),
        (LognormalOnset, {"median": 1.0, "sigma": 0.0}, "sigma must be above 0"),
        (LognormalOnset, {"median": 1.0, "sigma": 1.0, "reference": 0.0}, "reference must be"),
    ],
)
def test_impossible_timings_are_refused(kind, settings, message):
    with pytest.raises(ValueError, match=message):
        kind(**settings)
