import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from radsim import Streams, load_preset
from radsim.patients.patients import NOBODY, Patients
from radsim.response.survival import WeibullSurvival


def preset(name):
    return WeibullSurvival(**load_preset("survival", name).settings())


@pytest.mark.parametrize(
    ("name", "months", "published", "within"),
    [  # the sources of each preset; what is allowed is the rounding of its two parameters
        ("sib-phase2", 12.0, 0.920, 0.001),
        ("sib-phase2", 24.0, 0.728, 0.001),
        ("rtog-0631", 12.0, 0.477, 0.003),
        ("rtog-0631", 24.0, 0.315, 0.003),
        ("reirradiation-series", 15.0, 0.5, 0.001),
    ],
)
def test_presets_pass_through_the_published_survivals(name, months, published, within):
    assert float(preset(name).alive(months, NOBODY)) == pytest.approx(published, abs=within)


@given(u=st.floats(1e-9, 1 - 1e-9), shape=st.floats(0.3, 5.0), scale=st.floats(0.5, 100.0))
def test_the_share_alive_at_the_time_of_death_is_the_number_that_gave_it(u, shape, scale):
    law = WeibullSurvival(shape=shape, scale=scale)
    time = law.time(np.array([u]), NOBODY)[0]
    assert float(law.alive(time, NOBODY)) == pytest.approx(1.0 - u, abs=1e-9)


def test_times_of_death_follow_the_weibull_law():
    times = preset("rtog-0631").time(Streams(1).uniforms("death", range(20_000)), NOBODY)
    # fails for a right sampler with probability 1e-6
    assert stats.kstest(times, stats.weibull_min(0.64, scale=19.2).cdf).pvalue > 1e-6


def test_everybody_is_alive_at_the_start_and_nobody_at_the_end():
    law = preset("sib-phase2")
    assert float(law.alive(0.0, NOBODY)) == 1.0
    assert float(law.alive(1e6, NOBODY)) == 0.0


def test_parameters_may_be_variables_of_the_cohort():
    patients = Patients.of({"frailty": [10.0, 20.0]})
    law = WeibullSurvival(shape=1.0, scale="frailty")
    assert law.alive(10.0, patients) == pytest.approx([np.exp(-1.0), np.exp(-0.5)])


@pytest.mark.parametrize("name", ["shape", "scale"])
def test_impossible_survivals_are_refused(name):
    with pytest.raises(ValueError, match=f"{name} must be above 0, got -1.0"):
        WeibullSurvival(**{"shape": 1.0, "scale": 1.0, name: -1.0})
