import numpy as np
import pytest
from dose_cases import plan_of, spine_patients
from reference_cases import case

from radsim import lq
from radsim.dose.anatomy.dose_model import default_dose_model
from radsim.dose.drawing import draw_dose
from radsim.dose.metrics import Wanted
from radsim.randomness.streams import Streams


def test_what_a_new_course_may_give_after_an_earlier_one_agrees_with_a_public_tool():
    inputs, expected, tolerance = case("A22")
    ratio, (prior,) = inputs["ab"], inputs["prior"]
    earlier = lq.eqd2(dose=prior["D"], fractions=prior["n"], alpha_beta=ratio)
    room = inputs["limit_eqd2"] - (1 - prior["recovery"]) * earlier
    assert room == pytest.approx(expected["room"], abs=tolerance)
    doses = lq.equivalent_dose(room * (1 + 2 / ratio), np.array([1, 2, 3, 5]), ratio)
    assert doses == pytest.approx(expected["max_total"], abs=tolerance)


@pytest.mark.parametrize(
    ("recovered", "above", "below"),
    [(0.0, 9.27, 19.82), (0.25, 15.0, 23.66), (0.5, 19.54, 27.09)],
)
def test_five_fractions_after_30_gy_in_10_may_give_the_series_doses(recovered, above, below):
    # cumulative BED at alpha/beta 3 of 75 Gy above the conus and 106 Gy below
    earlier = lq.bed(dose=30.0, fractions=10, alpha_beta=3.0)
    for limit, expected in ((75.0, above), (106.0, below)):
        found = lq.equivalent_dose(limit - (1 - recovered) * earlier, 5, 3.0)
        assert found == pytest.approx(expected, abs=0.006)


def test_a_rule_about_a_structure_that_a_library_lacks_is_not_reported():
    plans = [
        {
            "ptv": {"dose": [33.0, 32.0, 31.0, 29.0]},
            "spinal_cord": {"dose": [18.0, 15.0, 9.0, 2.0], "d003cc": 17.0},
        }
    ]
    prior = {"dose": 30.0, "fractions": 10, "interval": 12.0}
    plan = plan_of(kind="library", plans=plans, prescription=30.0, fractions=5, prior=prior)
    wanted = Wanted(frozenset({"ptv"}))
    dose = draw_dose(plan, default_dose_model(), spine_patients(0, 20), Streams(1), wanted)
    assert "prior_recovery" in dose.facts
    assert set(dose.flags) == {"plan_eligible", "limits_met"}
