"""Fracture models solved for series: stored parameters come out, figures against other sums."""

from dataclasses import replace

import numpy as np
import pytest
from dose_cases import plan_of
from pydantic import TypeAdapter
from scipy.optimize import least_squares

from radsim import load_ntcp, make_experiment
from radsim.dose.anatomy.dose_model import default_dose_model
from radsim.dose.drawing import draw_dose
from radsim.dose.metrics import Wanted
from radsim.fitting.fractures import (
    FAMILY,
    cumulative_incidence,
    draw_preset,
    load_series,
    solve,
    solve_preset,
)
from radsim.patients.cohort import Cohort, draw_cohort
from radsim.patients.patients import Patients
from radsim.presets import load_preset, preset_names
from radsim.presets.cohorts import cohort_settings
from radsim.randomness.streams import Streams
from radsim.response.survival import WeibullSurvival

SOLVED = [name for name in preset_names("ntcp") if load_preset("ntcp", name).series]
LIMITS = {"thecal_sac": 18.0, "cord_prv": 14.0}


def incidence(name, months):
    series = load_series(load_preset("ntcp", name).series)
    return float(cumulative_incidence(load_ntcp(name), series, months)[0])


def test_there_are_presets_that_are_solved_for():
    assert SOLVED == ["vcf-default", "vcf-henry-ford", "vcf-mayo-onset", "vcf-per-gray"]


@pytest.mark.parametrize("name", SOLVED)
def test_stored_parameters_come_out_of_their_series_to_the_last_digit(name):
    assert solve_preset(name) == load_ntcp(name)


@pytest.mark.parametrize(
    ("name", "months", "published"),
    [  # vcf-pitt26-full: 11 % at 1 and 21 % at 3 years; vcf-boyce: 11.9 %
        ("vcf-default", 12.0, 0.11),
        ("vcf-default", 36.0, 0.21),
        ("vcf-per-gray", 12.0, 0.11),
        ("vcf-per-gray", 36.0, 0.21),
        ("vcf-mayo-onset", 12.0, 0.11),
        ("vcf-henry-ford", 24.0, 0.119),
    ],
)
def test_a_series_has_its_published_incidence(name, months, published):
    assert incidence(name, months) == pytest.approx(published, abs=5e-6)


def test_another_onset_misses_the_third_year_of_the_series():
    assert incidence("vcf-mayo-onset", 36.0) == pytest.approx(0.134, abs=5e-4)  # 21 % (15-27)
    onset = load_ntcp("vcf-mayo-onset").onset
    # vcf-share-12-24: 77 % of the 24-month net hazard is there at 12 months
    assert onset.growth(12.0) / onset.growth(24.0) == pytest.approx(0.77, abs=0.005)


def test_incidence_is_what_times_of_fracture_and_death_count():
    """By drawn times instead of sums: 400,000 patients, standard error 0.06 points."""
    count, luck = 400_000, np.random.default_rng(5)
    model, shape, scale = load_ntcp("vcf-default"), 0.4655, 41.66
    lytic, bent, involved = (luck.random(count) < share for share in (0.5, 0.1, 0.3))
    state = luck.choice(3, count, p=[0.80, 0.15, 0.05])
    ratio = np.where(lytic, 3.53, 1.0) * np.where(bent, 2.99, 1.0)
    ratio *= np.array([1.0, 8.98, 6.92])[state] * np.where(involved & (state == 0), 4.46, 1.0)
    hazard = -np.log1p(-model.reference_risk) * ratio
    fracture = 12.0 * (luck.exponential(size=count) / hazard) ** (1.0 / model.onset.exponent)
    death = scale * luck.exponential(size=count) ** (1.0 / shape)
    for months, published in ((12.0, 0.11), (36.0, 0.21)):
        seen = ((fracture <= months) & (fracture < death)).mean()
        assert seen == pytest.approx(published, abs=3e-3)


def test_the_assumed_survival_is_the_least_squares_through_the_pool():
    months, alive = (
        np.array([6.0, 12.0, 24.0, 36.0]),
        np.array([0.66, 0.56, 0.51, 0.36]),
    )  # os-pooled
    law = least_squares(lambda x: np.exp(-((months / x[1]) ** x[0])) - alive, [1.0, 30.0]).x
    for name in preset_names(FAMILY):
        survival = load_series(name).survival
        assert (survival.shape, survival.scale) == pytest.approx(law, rel=2e-4)


def test_fractures_that_are_seen_come_as_early_as_in_the_series_whose_times_were_not_used():
    """Followed for a median of 8 months, exponentially: seen at a median of 6.5, published 6."""
    series, model = load_series("pittsburgh-2026"), load_ntcp("vcf-default")
    months = np.linspace(0.0, 83.0, 8301)
    ratio = model.hazard_ratio(series.patients, series.fraction_dose)
    growth = np.array([model.onset.growth(month) for month in months])
    broken = -np.expm1(np.log1p(-model.reference_risk) * np.outer(growth, ratio)) @ series.share
    seen = np.cumsum(np.diff(broken) * 0.5 ** (months[1:] / 8.0))
    assert months[np.searchsorted(seen, 0.5 * seen[-1])] == pytest.approx(6.5, abs=0.1)


@pytest.mark.parametrize(
    ("change", "risk", "exponent"),
    [  # what docs/science.md says of the assumptions
        ({"survival": WeibullSurvival(shape=1.0, scale=16.0 / np.log(2.0))}, 0.0198, 1.37),
        ({"survival": WeibullSurvival(shape=1.0, scale=24.0 / np.log(2.0))}, 0.0175, 1.13),
        ({"high": 0.2}, 0.0144, 1.20),
    ],
)
def test_other_assumptions_of_the_series_give_other_parameters(change, risk, exponent):
    series, model = load_series("pittsburgh-2026"), load_ntcp("vcf-default")
    if "high" in change:
        high = change["high"]
        columns = {name: np.tile(column, 2) for name, column in series.patients.columns.items()}
        doses = [series.fraction_dose, np.full_like(series.fraction_dose, 24.0)]
        change = {
            "patients": Patients.of(columns, series.patients.labels),
            "share": np.concatenate([(1.0 - high) * series.share, high * series.share]),
            "fraction_dose": np.concatenate(doses),
        }
    other = replace(series, **change)
    ratio = np.atleast_2d(model.hazard_ratio(other.patients, other.fraction_dose))
    found = solve(other, ratio, np.atleast_2d(other.incidence))
    assert [float(value[0]) for value in found] == pytest.approx([risk, exponent], rel=0.01)


@pytest.mark.parametrize(("months", "risk"), [(12.0, 0.0247), (36.0, 0.0099)])
def test_the_level_of_a_share_without_a_time_hangs_on_the_time(months, risk):
    series, model = load_series("henry-ford-2017"), load_ntcp("vcf-henry-ford")
    ratio = np.atleast_2d(model.hazard_ratio(series.patients, series.fraction_dose))
    seen = np.atleast_2d(series.incidence)
    found, _ = solve(replace(series, months=(months,)), ratio, seen, model.onset.growth)
    assert float(found[0]) == pytest.approx(risk, rel=0.01)
    assert model.onset == load_ntcp("vcf-default").onset


def test_every_draw_gives_the_series_an_incidence_of_its_own_within_the_published_intervals():
    rows, series = draw_preset("vcf-default", 500), load_series("pittsburgh-2026")
    onset, plain = load_ntcp("vcf-default").onset, load_ntcp("vcf-default")
    seen = []
    for row in range(0, 500, 2):
        drawn = {name: float(column[row]) for name, column in rows.items()}
        power = replace(onset, exponent=drawn.pop("onset.exponent"))
        model = replace(plain, **drawn, onset=power)
        seen.append([float(cumulative_incidence(model, series, t)[0]) for t in (12.0, 36.0)])
    odds = np.log(seen) - np.log1p(-np.array(seen))
    published = [(0.081, 0.11, 0.15), (0.15, 0.21, 0.27)]  # vcf-pitt26-full
    for drawn, (low, middle, high) in zip(odds.T, published, strict=True):
        width = np.log(high / (1.0 - high)) - np.log(low / (1.0 - low))
        assert 3.92 * drawn.std() == pytest.approx(width, rel=0.15)  # of 250 rows: sd 4.5 %
        assert 1.0 / (1.0 + np.exp(-drawn.mean())) == pytest.approx(middle, abs=0.01)


def test_the_spread_of_the_preset_is_that_of_its_table():
    rows, parameters = (
        draw_preset("vcf-default", 2000),
        load_preset("ntcp", "vcf-default").parameters,
    )
    spread = np.quantile(rows["reference_risk"], [0.025, 0.975])
    assert spread == pytest.approx(parameters["reference_risk"].uncertainty, rel=0.01)
    spread = np.quantile(rows["onset.exponent"], [0.025, 0.975])
    assert spread == pytest.approx(parameters["onset"].uncertainty["exponent"], rel=0.01)


def test_an_incidence_that_no_risk_gives_is_refused():
    series = load_series("pittsburgh-2026")
    ratio = np.ones((1, len(series.share)))
    with pytest.raises(ValueError, match="no reference risk and growth give the series its"):
        solve(series, ratio, np.array([[0.2, 0.1]]))


def risk_of(name, patients=500, **arm):
    return load_ntcp(name).risk(people(patients), dose_of(patients, **arm)).hazard


def people(patients):
    cohort = TypeAdapter(Cohort).validate_python(cohort_settings("sib-phase2"))
    return draw_cohort(cohort, range(patients), Streams(4))


def dose_of(patients, **arm):
    return draw_dose(plan_of(**arm), default_dose_model(), people(patients), Streams(4), Wanted())


@pytest.mark.parametrize("name", ["vcf-2013", "vcf-default"])
def test_a_boost_to_24_gy_in_one_fraction_over_16_takes_the_step_and_8_6_gy_does_not(name):
    plain = risk_of(name, prescription=16.0, fractions=1, limits=LIMITS)
    boosted = risk_of(name, prescription=16.0, boost=24.0, fractions=1, limits=LIMITS)
    np.testing.assert_allclose(boosted, 5.0 * plain, rtol=1e-12)
    five = risk_of(name, regimen="sib-phase2")
    np.testing.assert_array_equal(five, risk_of(name, regimen="30-in-5"))


def test_by_the_gray_18_gy_in_one_fraction_is_worse_than_8_gy_a_fraction():
    one, three = (risk_of("vcf-per-gray", regimen=r) for r in ("18x1", "24-in-2"))
    np.testing.assert_allclose(one / three, 1.126**6.0, rtol=1e-12)
    five = load_ntcp("vcf-per-gray").curve_over_fraction_dose(np.array([10.0, 24.0]))
    assert np.log1p(-five[1]) / np.log1p(-five[0]) == pytest.approx(5.25, abs=0.02)


def test_a_share_of_the_fractures_is_a_share_of_their_hazard():
    model = load_ntcp("vcf-default", share=0.37)
    operated = model.risk(people(50), dose_of(50, regimen="24x1")).hazard
    np.testing.assert_allclose(operated, 0.37 * risk_of("vcf-default", 50, regimen="24x1"))
    with pytest.raises(ValueError, match=r"share must be at most 1, got 1\.5"):
        replace(load_ntcp("vcf-default"), share=1.5)


FILE = {
    "name": "fractures",
    "seed": 3,
    "patients": 200,
    "months": [12, 24],
    "cohort": {"preset": "sib-phase2"},
    "arms": {
        "one": {"regimen": "24x1"},
        "five": {"regimen": "sib-phase2"},
        "field": {"regimen": "20-in-5"},
    },
    "ntcp": {
        "vcf": {
            "preset": "vcf-default",
            "alternatives": ["vcf-2013", "vcf-per-gray", "vcf-randomized-trials"],
        },
        "operated": {"preset": "vcf-default", "share": 0.37, "words": "operated fracture"},
    },
    "survival": {"preset": "sib-phase2"},
}


def test_check_says_by_which_dose_each_arm_is_judged_and_how_severe_fractures_are():
    from radsim.report.text.description import describe

    said = describe(make_experiment(FILE))
    read = "judged by the dose a fraction (vcf-default, vcf-2013, vcf-per-gray, vcf-default"
    assert read in said
    assert "): one 24 Gy, five 8.2 to 9.3 Gy (the boost's), field 4 Gy; it is the highest" in said
    assert "about a third were painful (19 of 60" in said
    assert "field: a conventional field; 100% of the patients lie outside" in said


def test_models_of_fracture_stand_beside_each_other_in_a_run():
    import radsim

    result = radsim.run(make_experiment(FILE), scheduler="single")
    vcf = result["vcf_net"].sel(months=24.0)
    levels = vcf.sel(vcf_model="vcf-randomized-trials")
    assert levels.sel(arm="field").item() == pytest.approx(0.216, abs=1e-9)  # RTOG 0631
    assert levels.sel(arm="five").item() == pytest.approx(0.195, abs=1e-9)
    default, published = (vcf.sel(vcf_model=f"vcf-{name}") for name in ("default", "2013"))
    assert (default > published).all()
    operated = result["operated_net"].sel(months=24.0)
    assert (operated.squeeze() < 0.6 * default).all()
