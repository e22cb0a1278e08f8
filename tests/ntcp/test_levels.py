"""Levels below and above a dose, and doses in a number of fractions."""

import numpy as np
import pytest

from radsim import load_ntcp, lq
from radsim.dose.metrics import DoseMetric
from radsim.ntcp.levels import LevelsNTCP
from radsim.ntcp.logistic import LogisticNTCP
from radsim.response.onset import LognormalOnset

ONSET = LognormalOnset(median=6.0, sigma=0.5)
HOT = DoseMetric(structure="esophagus", metric="D2.5cc")
SPLIT = {"below": 0.02, "above": 0.12, "threshold": 14.0, "dose": HOT, "onset": ONSET}
ONE = {"effect": "equivalent", "reference_fractions": 1, "alpha_beta": 10.0}


def test_the_risk_steps_up_at_the_threshold_and_is_level_on_both_sides():
    model = LevelsNTCP(**SPLIT, **ONE)
    found = model.probability(np.array([0.0, 13.99, 14.01, 60.0]), fractions=1)
    assert found.tolist() == [0.02, 0.02, 0.12, 0.12]


def test_without_a_threshold_it_is_one_level_at_any_dose():
    model = LevelsNTCP(above=0.05, effect="physical", dose=HOT, onset=ONSET)
    assert model.probability(np.array([0.0, 1.0, 50.0]), fractions=3).tolist() == [0.05] * 3


def test_drawn_levels_never_fall_with_dose():
    model = LevelsNTCP(**{**SPLIT, "above": np.array([[0.01], [0.3]])}, **ONE)
    found = model.probability(np.array([10.0, 20.0]), fractions=1)
    assert found.tolist() == [[0.02, 0.02], [0.02, 0.3]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"below": -0.1}, "below must lie between 0 and 1, got -0.1"),
        ({"above": 1.2}, "above must lie between 0 and 1, got 1.2"),
        ({"threshold": -1.0}, "threshold must not be negative, got -1.0"),
        ({"reference_fractions": None}, "'equivalent' needs it"),
        ({"reference_fractions": 0.0}, "reference_fractions must be above 0, got 0.0"),
        ({"effect": "eqd2"}, "'eqd2' and 'bed' have none; got 1"),
        ({"effect": "physical"}, "alpha_beta has no meaning"),
        ({"alpha_beta": None}, "alpha_beta is needed for effect = 'equivalent'"),
    ],
)
def test_impossible_levels_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        LevelsNTCP(**{**SPLIT, **ONE, **change})


@pytest.mark.parametrize("alpha_beta", [2.0, 10.0])
@pytest.mark.parametrize(("dose", "fractions", "reference"), [(24.0, 2, 1), (30.0, 5, 3)])
def test_an_equivalent_dose_has_the_same_bed_in_its_own_fractions(
    dose, fractions, reference, alpha_beta
):
    model = LevelsNTCP(**{**SPLIT, **ONE, "reference_fractions": reference,
                          "alpha_beta": alpha_beta})  # fmt: skip
    found = float(model.effect_of(dose, fractions=fractions))
    given = lq.bed(dose=dose, fractions=fractions, alpha_beta=alpha_beta)
    assert lq.bed(dose=found, fractions=reference, alpha_beta=alpha_beta) == pytest.approx(given)
    assert found != pytest.approx(dose, rel=0.05)


def test_in_its_own_fractions_a_dose_is_itself_at_any_alpha_beta():
    for alpha_beta in (1.0, 3.0, 30.0):
        model = LevelsNTCP(**{**SPLIT, **ONE, "alpha_beta": alpha_beta})
        assert float(model.effect_of(14.02, fractions=1)) == pytest.approx(14.02, rel=1e-12)


def test_what_earlier_courses_left_counts_in_the_equivalent_dose():
    model = LevelsNTCP(**SPLIT, **ONE)
    bed = 12.0 * (1 + 12.0 / 10.0)  # 12 Gy once more than half of it
    assert float(model.probability(12.0, fractions=1)) == 0.02
    assert float(model.net_probability(12.0, fractions=1, residual_bed=0.5 * bed)) == 0.12


def test_physical_doses_of_one_fraction_are_refused_in_several():
    model = LogisticNTCP(
        intercept=-6.0, slope=0.2, effect="physical", reference_fractions=1, dose=HOT, onset=ONSET
    )
    assert 0.0 < float(model.probability(14.0, fractions=1)) < 1.0
    with pytest.raises(
        ValueError, match="of the physical dose in 1 fraction, got 2; effect = 'equivalent'"
    ):
        model.probability(14.0, fractions=2)


def test_the_doses_of_a_curve_are_called_what_they_are():
    called = {name: load_ntcp(name).effect_name for name in (
        "sbrt-cord-default", "esophagus-cox-2012", "gastroduodenum-bae-2012",
    )}  # fmt: skip
    assert list(called.values()) == ["EQD2", "dose in 1 fraction", "dose in 3 fractions"]
