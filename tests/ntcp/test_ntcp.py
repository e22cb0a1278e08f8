import math
from dataclasses import replace

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference_cases import case

from radsim import load_ntcp, lq
from radsim.dose.dose import Course, Dose, EarlierCourse
from radsim.dose.metrics import DoseMetric
from radsim.dose.plans.external_beam import ExternalBeam
from radsim.dose.plans.limits import Limit
from radsim.dose.plans.prior import Prior
from radsim.ntcp.logistic import LogisticNTCP
from radsim.ntcp.relative_seriality import log_response
from radsim.patients.patients import Patients
from radsim.response.onset import LognormalOnset
from radsim.vocabulary.structures import HotSpot

CORD = {name: load_ntcp(f"sbrt-cord-{name}") for name in ("default", "case-control")}
LINES = {"default": ("-4.59512", 56), "case-control": ("-6.854", 0)}  # log odds, at EQD2
VCF = load_ntcp("vcf-2013")
# HyTEC 2021, Table 3, by structure; the sac's are those of Sahgal 2013 too
SAC_TABLE = [(12.4, 1), (17.0, 2), (20.3, 3), (23.0, 4), (25.3, 5)]
CORD_TABLE = [(14.0, 1), (19.3, 2), (23.1, 3), (26.2, 4), (28.8, 5)]
TABLES = {"default": CORD_TABLE, "case-control": SAC_TABLE}


def risk(model, total, fractions):
    return float(model.probability(total, fractions=fractions))


def test_the_cord_tables_doses_are_iso_effective_at_alpha_beta_2():
    inputs, expected, tolerance = case("A25")
    for total, fractions, answer in zip(inputs["D"], inputs["n"], expected["eqd2"], strict=True):
        course = lq.equal_fractions(total, fractions)
        assert lq.eqd2(
            dose=course[0], dose_squared=course[1], alpha_beta=inputs["ab"]
        ) == pytest.approx(answer, abs=tolerance)


@pytest.mark.parametrize("name", CORD)
def test_the_cord_tables_iso_risk_doses_have_the_same_risk_to_a_tenth_of_a_point(name):
    risks = [100 * risk(CORD[name], *course) for course in TABLES[name]]
    assert max(risks) - min(risks) < 0.1


@pytest.mark.parametrize(
    ("name", "per_cent", "within"),
    [("default", 1.0, 0.02), ("case-control", 5.0, 0.1)],
)
def test_each_cord_preset_has_its_stated_risk_at_its_structures_doses(name, per_cent, within):
    for course in TABLES[name]:
        assert 100 * risk(CORD[name], *course) == pytest.approx(per_cent, abs=within)


@pytest.mark.parametrize("name", CORD)
@given(total=st.floats(0.1, 80.0), fractions=st.integers(1, 10))
def test_the_cord_risk_agrees_with_fifty_digit_arithmetic(name, total, fractions):
    with mpmath.workdps(50):
        d = mpmath.mpf(total)
        eqd2 = d * (1 + d / fractions / 2) / 2
        level, center = map(mpmath.mpf, LINES[name])
        log_odds = level + mpmath.mpf("0.0876") * (eqd2 - center)
        exact = 1 / (1 + mpmath.exp(-log_odds)) if eqd2 >= 15 else mpmath.mpf(0)
    found = risk(CORD[name], total, fractions)
    if abs(float(eqd2) - 15.0) > 1e-9:  # at the jump itself rounding decides
        assert found == pytest.approx(float(exact), abs=1e-10)


def test_the_default_nearly_gives_what_a_withdrawn_preset_had_at_the_sacs_doses():
    for course in SAC_TABLE:  # 0.3 %
        assert 100 * risk(CORD["default"], *course) == pytest.approx(0.37, abs=0.01)


def test_the_cord_risk_jumps_from_zero_at_an_eqd2_of_15():
    below, above = 14.999, 15.001  # in 2 Gy fractions the dose is its own EQD2
    model = CORD["default"]
    at_15 = 1 / (1 + math.exp(4.59512 + 0.0876 * (56.0 - 15.0)))
    assert float(model.probability(below, fractions=below / 2)) == 0.0
    assert float(model.probability(15.0, fractions=7.5)) == pytest.approx(at_15, abs=1e-12)
    assert float(model.probability(above, fractions=above / 2)) > at_15


@pytest.mark.parametrize("name", CORD)
@given(total=st.floats(0.0, 100.0), fractions=st.integers(1, 10))
def test_more_dose_never_lowers_the_cord_risk(name, total, fractions):
    assert risk(CORD[name], total + 0.5, fractions) >= risk(CORD[name], total, fractions)


@pytest.mark.parametrize("name", CORD)
def test_the_cord_risk_is_zero_without_dose_and_one_at_a_huge_dose(name):
    assert risk(CORD[name], 0.0, 1) == 0.0
    assert risk(CORD[name], 1e4, 1) == 1.0


def test_what_has_not_recovered_of_the_first_course_adds_to_the_second_as_bed():
    # 30 Gy in 10 at alpha/beta 2 is BED 75 Gy; half of it is left after a year
    cumulative = CORD["default"].net_probability(15.0, fractions=5, residual_bed=37.5)
    eqd2 = (15.0 * (1 + 3.0 / 2) + 37.5) / 2
    assert float(cumulative) == pytest.approx(
        1 / (1 + math.exp(4.59512 - 0.0876 * (eqd2 - 56.0))), abs=1e-12
    )


def some_dose(prior=None, patients=2, earlier=()):
    sac = Limit(structure="thecal_sac", metric="D0.03cc", at_most=30.0)
    plan = ExternalBeam(prescription=30.0, fractions=5, limits=(sac,), prior=prior)
    hottest = {"spinal_cord": 20.0, "thecal_sac": 24.0}
    return Dose(
        plan=plan,
        nodes=64,
        hot_spots={
            HotSpot(name): Course(np.full(patients, dose)) for name, dose in hottest.items()
        },
        facts={"prescription": np.full(patients, 30.0)},
        earlier=earlier,
    )


def test_without_a_cord_there_is_no_myelopathy():
    patients = Patients.of({"cord_present": [1.0, 0.0]})
    found = CORD["default"].risk(patients, some_dose())
    assert found.lifetime[0] > 0
    assert found.lifetime[1] == 0.0
    assert np.isinf(found.time(np.array([1e-12, 1e-12]))[1])
    assert np.isnan(CORD["default"].eqd2(patients, some_dose())[1])


@pytest.mark.parametrize("n", [0.05, 0.5, 1.0, "volume_effect"])
def test_the_one_dose_that_is_told_of_a_dvh_has_the_risk_of_the_dvh(n):
    patients = Patients.of({"cord_present": [1.0, 1.0, 0.0], "volume_effect": [0.1, 0.3, 0.3]})
    nodes = np.linspace(30.0, 5.0, 64) * np.array([[1.0], [0.8], [1.0]])
    dose = replace(some_dose(patients=3), courses={"spinal_cord": Course(nodes)})
    model = replace(load_ntcp("cord-lkb-1991"), n=n)
    told = model.eqd2(patients, dose)
    assert np.isnan(told[2])
    found = model.risk(patients, dose).lifetime[:2]
    uniform = model.curve_over_effect(told[:2], Patients.of({"volume_effect": [0.1, 0.3]}))
    assert found == pytest.approx(uniform, rel=1e-9)
    if n == 0.05:
        assert np.all(told[:2] > 1.5 * replace(model, n=1.0).eqd2(patients, dose)[:2])
        low, high = 0.0, float(told[1]) + 0.1  # between the two patients, by far
        _, above = replace(model, valid_eqd2=(low, high)).outside_range(patients, dose)
        assert above == pytest.approx([told[0] - high, 0.0, 0.0])


@pytest.mark.parametrize("fractions", [0, -1, np.nan])
def test_every_model_refuses_fractions_that_are_not_above_0(fractions):
    for model in (CORD["default"], load_ntcp("vcf-2013")):
        with pytest.raises(ValueError, match="fractions must be above 0"):
            model.probability(24.0, fractions=fractions)


def test_everybody_has_a_sac_so_a_model_of_it_asks_for_no_cord():
    patients = Patients.of({"cord_present": [1.0, 0.0]})
    model = CORD["case-control"]
    found = model.risk(patients, some_dose()).lifetime
    assert 0.0 < found[0] == found[1]
    assert np.all(model.eqd2(patients, some_dose()) > 0.0)


def test_a_missing_dose_of_an_organ_that_is_there_is_no_dose_of_0():
    patients = Patients.of({"cord_present": [1.0, 1.0]})
    hot_spots = {HotSpot("spinal_cord"): Course(np.array([20.0, np.nan]))}
    with pytest.raises(ValueError, match=r"D0\.03cc of the spinal cord is unknown in 1 of 2"):
        CORD["default"].risk(patients, replace(some_dose(), hot_spots=hot_spots))


def test_everyone_has_a_target_so_a_model_of_it_asks_for_no_cord():
    onset = LognormalOnset(median=6.0, sigma=0.4)
    target = DoseMetric(structure="gtv", metric="prescription")
    model = LogisticNTCP(intercept=-3.0, slope=0.1, alpha_beta=3.0, dose=target, onset=onset)
    found = model.risk(Patients(range(2), {}), some_dose())
    answer = model.probability(30.0, fractions=5)
    assert found.lifetime == pytest.approx([answer, answer], rel=1e-14)


def test_earlier_courses_add_up():
    prior = Prior(dose=30.0, fractions=10, interval=12.0, organs={"esophagus": 20.0})
    shares = (np.array([0.5]), np.array([0.25]))
    earlier = tuple(EarlierCourse(prior.dose_of, 10, np.array([12.0]), share) for share in shares)
    dose = some_dose(earlier=earlier)
    assert dose.residual_prior_bed("spinal_cord", 2.0) == pytest.approx([75.0 * (0.5 + 0.75)])
    assert dose.residual_prior_bed("esophagus", 2.0) == pytest.approx([40.0 * (0.5 + 0.75)])


def test_the_case_control_preset_reads_the_thecal_sac_and_the_default_the_cord():
    patients = Patients.of({"cord_present": [1.0, 1.0]})
    read = {name: model.eqd2(patients, some_dose())[0] for name, model in CORD.items()}
    cord, sac = (
        lq.eqd2(dose=20.0, fractions=5, alpha_beta=2.0),
        lq.eqd2(dose=24.0, fractions=5, alpha_beta=2),
    )
    assert read == pytest.approx({"default": cord, "case-control": sac})


def test_a_prior_course_adds_to_the_cords_eqd2():
    patients = Patients.of({"cord_present": [1.0, 1.0]})
    prior = Prior(dose=30.0, fractions=10, interval=12.0)
    interval, recovered = np.array([3.0, 12.0]), np.array([0.0, 0.5])
    dose = some_dose(prior, earlier=(EarlierCourse(prior.dose_of, 10, interval, recovered),))
    alone = lq.eqd2(dose=20.0, fractions=5, alpha_beta=2.0)
    assert CORD["default"].eqd2(patients, dose) == pytest.approx([alone + 37.5, alone + 18.75])


@pytest.mark.parametrize("structure", ["thecal_sac", "cord_prv"])
def test_a_structure_that_the_figures_were_not_stated_for_is_refused_unless_told(structure):
    other = DoseMetric(structure=structure, metric="D0.03cc")
    with pytest.raises(ValueError, match="stated for the spinal_cord"):
        replace(CORD["default"], dose=other)
    accepted = replace(CORD["default"], dose=other, accept_other_structure=True)
    assert accepted.dose.structure == structure


def test_a_delivered_prv_is_refused_even_when_told():
    prv = DoseMetric(structure="cord_prv", metric="D0.03cc", course="delivered")
    with pytest.raises(ValueError, match="not an organ"):
        replace(CORD["default"], dose=prv, accept_other_structure=True)


FRACTURES = ("none", "below_half", "half_or_more")
TYPES = ("lytic", "mixed", "blastic")


def patient(fracture="none", involved=0.0, malaligned=0.0, lesion="mixed"):
    return Patients.of(
        {
            "baseline_fracture": [FRACTURES.index(fracture)],
            "body_involved_over_half": [involved],
            "malalignment": [malaligned],
            "lesion_type": [TYPES.index(lesion)],
        },
        labels={"baseline_fracture": FRACTURES, "lesion_type": TYPES},
    )


@pytest.mark.parametrize(
    ("covariates", "fraction_dose", "ratio"),
    [  # Sahgal 2013, 10.1200/JCO.2013.50.1411
        ({}, 6.0, 1.0),
        ({}, 20.0, 5.0),
        ({}, 24.0, 5.0),
        ({"fracture": "below_half"}, 6.0, 8.98),
        ({"fracture": "half_or_more"}, 6.0, 6.92),
        ({"involved": 1.0}, 6.0, 4.46),
        ({"fracture": "below_half", "involved": 1.0}, 6.0, 8.98),
        ({"fracture": "half_or_more", "involved": 1.0}, 6.0, 6.92),
        ({"malaligned": 1.0}, 6.0, 2.99),
        ({"lesion": "lytic"}, 6.0, 3.53),
        ({"lesion": "blastic"}, 6.0, 1.0),
        (
            {"involved": 1.0, "malaligned": 1.0, "lesion": "lytic"},
            24.0,
            5.0 * 4.46 * 2.99 * 3.53,
        ),
    ],
)
def test_hazard_ratios_of_the_vertebra_multiply_and_involvement_counts_only_without_fracture(
    covariates, fraction_dose, ratio
):
    found = VCF.hazard_ratio(patient(**covariates), np.array([fraction_dose]))
    assert found == pytest.approx([ratio], rel=1e-12)


@pytest.mark.parametrize(
    ("fraction_dose", "ratio"), [(19.0, 1.0), (19.9, 1.0), (20.0, 5.0), (20.1, 5.0)]
)
def test_the_fracture_hazard_steps_up_at_20_gy_a_fraction(fraction_dose, ratio):
    assert VCF.hazard_ratio(patient(), np.array([fraction_dose]))[0] == ratio


def test_the_fracture_risk_of_the_reference_patient_at_one_year_is_the_reference_risk():
    found = VCF.risk(patient(), some_dose(patients=1))
    assert found.probability(12.0)[0] == pytest.approx(0.009, abs=1e-15)


@given(months=st.floats(0.1, 200.0))
def test_the_fracture_risk_agrees_with_fifty_digit_arithmetic(months):
    found = VCF.risk(
        patient(involved=1.0, lesion="lytic"),
        some_dose(patients=1),
    )
    with mpmath.workdps(50):

        def growth(time):
            return mpmath.ncdf(
                mpmath.log(mpmath.mpf(time) / mpmath.mpf("2.46")) / mpmath.mpf("1.26")
            )

        hazard = -mpmath.log(1 - mpmath.mpf("0.009")) * mpmath.mpf("4.46") * mpmath.mpf("3.53")
        exact = 1 - mpmath.exp(-hazard * growth(months) / growth(12))
    assert found.probability(months)[0] == pytest.approx(float(exact), abs=1e-10)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"reference_risk": 1.0}, r"reference_risk must be in \[0, 1\)"),
        ({"reference_risk": -0.1}, r"reference_risk must be in \[0, 1\)"),
        ({"hazard_ratio_lytic": 0.0}, "hazard_ratio_lytic must be above 0"),
        ({"fraction_dose_threshold": -20.0}, "fraction_dose_threshold must be above 0"),
    ],
)
def test_impossible_fracture_parameters_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        replace(VCF, **change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"slope": 0.0}, "slope must be above 0"),
        ({"alpha_beta": -2.0}, "alpha_beta must be above 0"),
        ({"threshold": -1.0}, "threshold must not be negative"),
    ],
)
def test_impossible_cord_parameters_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        replace(CORD["default"], **change)


def test_the_two_fracture_presets_differ_in_their_timing_only():
    pooled = load_ntcp("vcf-pooled")
    assert (pooled.onset.median, pooled.onset.sigma) == (5.0, 1.35)
    assert replace(pooled, onset=VCF.onset, preset=VCF.preset) == VCF


@pytest.mark.parametrize(
    ("form", "slope"),
    [("pow2", 0.5 * math.e * math.log(2) * 1.7),
     ("exp", 0.5 * math.log(2) * (math.e * 1.7 - math.log(math.log(2))))]
)  # fmt: skip
def test_the_steepness_of_relative_seriality_is_not_quite_the_slope_at_d50(form, slope):
    def whole(dose):
        return float(np.exp(log_response(dose, 50.0, 1.7, form)))

    assert 50.0 * (whole(50.001) - whole(49.999)) / 0.002 == pytest.approx(slope, rel=1e-6)
    assert slope != pytest.approx(1.7, rel=0.01)
