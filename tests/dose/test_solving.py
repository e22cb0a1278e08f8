import numpy as np
import pytest
from dose_cases import plan_of, spine_patients
from scipy.optimize import brentq
from scipy.stats import beta

from radsim.dose.anatomy.dose_model import default_dose_model
from radsim.dose.anatomy.geometry import draw_geometry, ptv_position
from radsim.dose.course.judging import Quantiles
from radsim.dose.drawing import draw_dose
from radsim.dose.metrics import DoseMetric, Wanted
from radsim.randomness.streams import Streams
from radsim.vocabulary.structures import HotSpot

PATIENTS = 400


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.98])
def test_the_position_of_a_share_of_the_ptv_agrees_with_root_finding(share):
    model, patients = default_dose_model(), spine_patients(0, PATIENTS)
    geometry = draw_geometry(model, patients, Streams(1))
    found = ptv_position(geometry, share)
    for row in range(0, PATIENTS, 7):

        def excess(x, row=row):
            weight = geometry.gtv_share[row]
            gtv = beta(geometry.gtv_shape[row], 2).cdf(
                (x - geometry.gtv_surface[row]) / geometry.gtv_extent[row]
            )
            ring = beta(geometry.ring_shape[row], 2).cdf(
                (x - geometry.wall[row]) / geometry.ring_extent[row]
            )
            return weight * gtv + (1 - weight) * ring - share

        assert found[row] == pytest.approx(brentq(excess, -10, 300, xtol=1e-10), abs=1e-4)


def test_cold_shares_between_quantiles_are_linear_and_jump_at_the_ends():
    quantiles = Quantiles(np.array([[10.0, 20.0, 25.0]] * 5), (0.1, 0.3, 0.8))
    level = np.array([9.0, 15.0, 20.0, 22.5, 26.0])
    np.testing.assert_allclose(quantiles.share_below(level), [0.0, 0.2, 0.3, 0.55, 1.0])


@pytest.mark.parametrize("regimen", ["16x1", "24-in-2", "27-in-3", "35-in-5"])
def test_the_planned_d90_is_the_prescription_or_what_limits_leave_of_it(regimen):
    plan = plan_of(regimen=regimen)
    patients = spine_patients(0, 3000)
    dose = draw_dose(plan, default_dose_model(), patients, Streams(2), Wanted(frozenset({"ptv"})))
    d90 = dose.sums(DoseMetric(structure="ptv", metric="D90")).total / plan.prescription
    assert d90[dose.flags["plan_eligible"]].min() >= plan.minimum_coverage - 1e-3
    assert np.median(d90) == pytest.approx(1.0, abs=0.003)
    # above it only where even the widest spread inside the target leaves too much
    assert d90.max() < 1.10
    assert (d90 > 1.012).mean() < 0.10


def test_an_optimal_goal_of_the_cord_is_asked_of_patients_who_have_one():
    goal = {"structure": "cord_prv", "metric": "D0.03cc", "at_most": 10.0, "optimal": True}
    limit = {"structure": "thecal_sac", "metric": "D0.03cc", "at_most": 20.0}
    plan = plan_of(prescription=24.0, fractions=2, limits=[goal, limit])
    patients = spine_patients(0, 1000)
    dose = draw_dose(
        plan, default_dose_model(), patients, Streams(2), Wanted(frozenset({"cord_prv"}))
    )
    cord = patients["cord_present"] > 0
    tried = dose.facts["plans_tried"]
    assert (tried[~cord] == 1).all()
    assert tried[cord].mean() > 1.3
    # a missed goal may be accepted, so it is reached more often than without one, not always
    reached = dose.hot_spots[HotSpot("cord_prv")].planned[cord] <= 10.0
    assert 0.0 < reached.mean() < 1.0
    assert dose.flags["plan_eligible"].all()
