"""Models against answers of other programs, papers and closed forms."""

from dataclasses import replace

import numpy as np
import pytest
from reference_cases import case
from scipy import special

from radsim import lq
from radsim.dose.metrics import DoseMetric
from radsim.ntcp.cox import cox_hazard
from radsim.ntcp.lkb import lyman_probability
from radsim.ntcp.logistic import LogisticD50NTCP, LogisticNTCP, LogLogisticNTCP
from radsim.ntcp.relative_seriality import relative_seriality
from radsim.patients.patients import Patients
from radsim.radiobiology.cell_kill import LQL, IncompleteRepair, LQTime
from radsim.radiobiology.dvh import reduced_dose
from radsim.radiobiology.repair import protraction
from radsim.randomness.distributions.continuous import LogNormal, Normal
from radsim.response.onset import LognormalOnset
from radsim.tcp.poisson import PoissonTCP, surviving_clonogens

ONSET = LognormalOnset(median=6.0, sigma=0.4)
MEAN = DoseMetric(structure="spinal_cord", metric="mean")


def histogram(inputs):
    edges = np.array(inputs["dvh"]["edges_gy"], dtype=float)
    volume = np.array(inputs["dvh"]["dvol_cc"], dtype=float)
    return 0.5 * (edges[1:] + edges[:-1]), volume / volume.sum()


def test_a_dose_in_fractions_of_another_size_has_the_same_effect():
    inputs, expected, tolerance = case("A03")
    for ratio, answer in zip(inputs["ab"], expected, strict=True):
        found = lq.withers_dose(inputs["D1"], inputs["d1"], inputs["d2"], ratio)
        assert found == pytest.approx(answer, abs=tolerance)


def test_lkb_of_a_uniform_dose_in_eqd2():
    i, expected, tolerance = case("A09")
    eqd2 = lq.eqd2(dose=i["D"], fractions=i["n"], alpha_beta=i["ab"])
    found = lyman_probability(eqd2, i["TD50"], i["m"])
    assert eqd2 == pytest.approx(expected["eqd2"], abs=tolerance)
    assert float(found) == pytest.approx(expected["ntcp"], abs=tolerance)


def test_a_logistic_with_a_covariate_by_its_odds_ratio():
    i, expected, tolerance = case("A10")
    model = LogisticNTCP(
        intercept=i["intercept"], slope=i["w_mean"], effect="physical", dose=MEAN, onset=ONSET,
        odds_ratios={"chemo": float(np.exp(i["w_chemo"]))},
    )  # fmt: skip
    patients = Patients.of({"chemo": np.array(i["chemo"], dtype=float)})
    assert model.probability(np.array(i["mean"]), fractions=1, patients=patients) == pytest.approx(
        expected, abs=tolerance
    )


def test_the_cox_form():
    i, expected, tolerance = case("A11")
    found = -np.expm1(-cox_hazard(i["D"], i["H0"], i["b"]))
    assert float(found) == pytest.approx(expected, abs=tolerance)


def test_a_risk_factor_shifts_a_logistic_as_its_odds_ratio_does():
    i, expected, tolerance = case("A12")
    model = LogisticD50NTCP(
        d50=i["D50"], gamma50=i["g50"], effect="physical", dose=MEAN, onset=ONSET,
        odds_ratios={"factor": i["OR"]},
    )  # fmt: skip
    factor = Patients.of({"factor": [1.0]})
    with_factor = model.probability(i["D"], fractions=1, patients=factor)
    assert float(with_factor[0]) == pytest.approx(expected["ntcp"], abs=tolerance)
    shifted = replace(
        model, d50=expected["D50_shifted"], gamma50=expected["g50_shifted"], odds_ratios={}
    )
    assert float(shifted.probability(i["D"], fractions=1)) == pytest.approx(
        expected["ntcp"], abs=tolerance
    )


@pytest.mark.parametrize("number", ["A13", "A14"])
def test_generalized_euds(number):
    i, expected, tolerance = case(number)
    dose, weight = (np.array(i["dose"]), np.full(5, 0.2)) if "dose" in i else histogram(i)
    found = [float(reduced_dose(dose, weight, float(a))) for a in i["a"]]
    assert found == pytest.approx(expected, abs=tolerance)


def test_three_responses_to_the_same_geud():
    i, expected, tolerance = case("A15")
    for link, answer in zip(("probit", "log_logistic", "poisson"), expected, strict=True):
        geud = reduced_dose(*histogram(i), 1.0 / i["n_vol"])
        found = lyman_probability(geud, i["TD50"], i["m"], link)
        assert float(found) == pytest.approx(answer, abs=tolerance)


def test_both_forms_of_relative_seriality():
    i, expected, tolerance = case("A16")
    for form in ("pow2", "exp"):
        found = [
            float(relative_seriality(*histogram(i), i["D50"], i["g"], s, form)) for s in i["s"]
        ]
        assert found == pytest.approx(expected[f"{form}_form"], abs=tolerance)


def test_the_poisson_model_of_a_uniform_dose():
    i, expected, tolerance = case("A18")
    model = PoissonTCP(alpha=i["alpha"], alpha_beta=i["ab"], clonogen_density=1e4, volume=10.0)
    for fractions, dose, answer in zip(i["n"], i["D"], expected, strict=True):
        control = model.probability(float(dose), fractions=fractions)
        assert float(control) == pytest.approx(answer, abs=tolerance)


def test_repopulation_counts_only_after_the_kick_off_time():
    i, expected, tolerance = case("A19")
    law = LQTime(alpha=i["alpha"], doubling_time=float(i["Tp"]), kick_off=float(i["Tk"]))
    for fractions, size, answer in zip(i["n"], i["d"], expected, strict=True):
        course = lq.equal_fractions(float(fractions * size), fractions)
        assert float(law.bed(*course, i["ab"])) == pytest.approx(answer, abs=tolerance)


def test_incomplete_repair_during_one_exposure():
    i, expected, tolerance = case("A20")
    for k, minutes in enumerate(i["T_min"]):
        for speed in ("fast", "slow"):
            phi = protraction(np.log(2.0) / i[f"half_{speed}_min"], minutes)
            assert float(phi) == pytest.approx(expected[f"phi_{speed}"][k], abs=tolerance)
        law = IncompleteRepair(
            half_time=i["half_fast_min"], slow_half_time=i["half_slow_min"],
            slow_over_fast=i["c"], beam_time=float(minutes),
        )  # fmt: skip
        found = law.bed(*lq.equal_fractions(float(i["D"]), 1), i["ab"])
        assert float(found) == pytest.approx(expected["bed"][k], abs=tolerance)


def test_incomplete_repair_between_two_exposures():
    i, expected, tolerance = case("A21")
    law = IncompleteRepair(
        half_time=i["half_fast_min"], slow_half_time=i["half_slow_min"], slow_over_fast=i["c"],
        beam_time=float(i["T_min"]), interval=float(i["T_min"] + i["gap_min"]),
    )  # fmt: skip
    course = lq.sum_fractions(i["d"])
    assert float(law.bed(*course, i["ab"])) == pytest.approx(expected, abs=tolerance)


def test_the_log_logistic_cord_curve_through_its_published_points():
    i, expected, tolerance = case("A24")
    dose, risk = i["point"]
    k = float(np.log(risk / (1 - risk)) / np.log(dose / i["D50"]))
    assert k == pytest.approx(expected["k"], abs=1e-4)
    assert k / 4 == pytest.approx(expected["g50"], abs=1e-4)
    model = LogLogisticNTCP(d50=i["D50"], k=k, alpha_beta=0.87, dose=MEAN, onset=ONSET)
    assert model.curve_over_effect(np.array(i["D"])) == pytest.approx(
        expected["ntcp"], abs=tolerance
    )


def midpoints(count):
    """Middles of equal slices of probability, over which a mean is taken."""
    return (np.arange(count) + 0.5) / count


def test_the_control_of_a_cohort_whose_radiosensitivity_differs():
    i, expected, tolerance = case("A28")
    scores, weights = np.polynomial.hermite_e.hermegauss(40)  # a mean over a normal score
    ratios = LogNormal(mean=10.0, cv=0.2).ppf(special.ndtr(scores))
    for fractions, answer in zip(i["fractions"], expected, strict=True):
        bed = lq.equal_fractions(2.0 * fractions, fractions)

        survivors = surviving_clonogens(
            74.0, 0.03 * ratios, lq.bed(dose=bed[0], dose_squared=bed[1], alpha_beta=ratios)
        )
        control = np.exp(-survivors) @ weights / weights.sum()
        assert control == pytest.approx(answer, abs=tolerance)


def test_a_complication_with_uncertain_parameters():
    i, expected, tolerance = case("A29")
    td50 = Normal(mean=i["TD50"][0], sd=i["TD50"][1]).ppf(midpoints(801))
    m = Normal(mean=i["m"][0], sd=i["m"][1]).ppf(midpoints(801))
    risk = lyman_probability(i["gEUD"], td50[:, None], m[None, :])
    assert risk.mean() == pytest.approx(expected["mean"], abs=tolerance)
    assert np.quantile(risk, 0.025) == pytest.approx(expected["q2p5"], abs=tolerance)
    assert np.quantile(risk, 0.975) == pytest.approx(expected["q97p5"], abs=tolerance)


def test_lq_l_turns_the_ranking_of_schedules():
    i, expected, tolerance = case("A30")
    law = LQL(transition=6.0)
    ratio = i["alpha"] / i["beta"]
    for fractions, size, answer in zip(i["n"], i["d"], expected, strict=True):
        course = lq.equal_fractions(float(fractions * size), fractions)
        assert float(law.bed(*course, ratio)) == pytest.approx(answer, abs=tolerance)
    single, five = lq.equal_fractions(24.0, 1), lq.equal_fractions(40.0, 5)
    assert lq.bed(dose=single[0], dose_squared=single[1], alpha_beta=6.0) > lq.bed(
        dose=five[0], dose_squared=five[1], alpha_beta=6.0
    )
    assert law.bed(*single, 6.0) < law.bed(*five, 6.0)
