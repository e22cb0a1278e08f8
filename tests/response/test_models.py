"""What every model keeps to, over the whole registry: a new one is covered once it is listed."""

import warnings
from dataclasses import fields, replace

import exact_models
import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from registry import COMPLICATIONS, CONTROL, EVERY, LEVELS, curve

from radsim import lq
from radsim.ntcp import NTCPModel, load_ntcp
from radsim.ntcp.relative_seriality import relative_seriality
from radsim.ntcp.vertebra import VertebralFracture
from radsim.patients.patients import Patients
from radsim.presets import load_preset, preset_names
from radsim.radiobiology.cell_kill import CellKill
from radsim.tcp import TCPModel, load_tcp
from radsim.tcp.control import ControlModel
from radsim.tcp.poisson import PoissonTCP
from radsim.tcp.zaider_minerbo import ZaiderMinerboTCP
from radsim.vocabulary.kinds import members
from radsim.vocabulary.numbers import Parameter

BELOW_ONE = ("critical_volume", "levels", "proportional_hazards")  # at any dose
DOSES = np.array([0.0, 1e-300, 1e-9, 1e-3, 1.0, 10.0, 14.9, 15.1, 40.0, 70.0, 200.0, 1e4, 1e155])


every_model = pytest.mark.parametrize("name", EVERY)


def exact(name, dose):
    model = EVERY[name]
    formula = exact_models.control if name.startswith("tcp/") else exact_models.complication
    with mpmath.workdps(50):
        return formula(model, mpmath.mpf(dose))


def test_every_kind_is_here():
    for union, found in ((TCPModel, CONTROL), (NTCPModel, {**COMPLICATIONS, **LEVELS})):
        assert {type(m) for m in found.values()} == set(members(union))


@every_model
def test_probabilities_lie_between_0_and_1_and_never_fall_with_dose(name):
    found = curve(EVERY[name], DOSES)
    assert np.all((found >= 0) & (found <= 1))
    assert np.all(np.diff(found) >= 0)


@every_model
def test_limits_at_no_dose_and_at_a_very_large_one(name):
    model = EVERY[name]
    assert float(curve(model, 0.0)) == pytest.approx(float(exact(name, 0)), abs=1e-12)
    highest = float(exact(name, 1e7))
    if model.kind not in BELOW_ONE:
        assert highest == pytest.approx(1.0, abs=1e-12)
    assert float(curve(model, 1e7)) == pytest.approx(highest, abs=1e-12)
    assert float(curve(model, np.inf)) == pytest.approx(highest, abs=1e-12)


@every_model
@settings(max_examples=40, deadline=None)
@given(dose=st.floats(0.0, 200.0))
def test_agrees_with_fifty_digit_arithmetic(name, dose):
    assert float(curve(EVERY[name], dose)) == pytest.approx(float(exact(name, dose)), abs=1e-10)


@every_model
@settings(max_examples=40, deadline=None)
@given(dose=st.floats(0.0, allow_infinity=False, allow_nan=False))
def test_no_finite_dose_overflows(name, dose):
    found = float(curve(EVERY[name], dose))
    assert 0.0 <= found <= 1.0


@every_model
@pytest.mark.parametrize("factor", [1e-6, 1e-2, 1e2, 1e6])
def test_no_finite_parameter_overflows(name, factor):
    model = EVERY[name]
    for parameter in model.increasing:
        value = getattr(model, parameter)
        if parameter in ("volume", "evaluated_at") or isinstance(value, str):
            continue
        found = curve(replace(model, **{parameter: value * factor}), DOSES)
        assert np.all((found >= 0) & (found <= 1)), parameter


@every_model
def test_numbers_and_arrays_agree(name):
    model = EVERY[name]
    together = curve(model, DOSES)
    alone = [float(curve(model, float(dose))) for dose in DOSES]
    # numpy's powers of one number and of many may differ in the last bit, and tails multiply it
    assert together == pytest.approx(alone, rel=1e-12 if model.kind == "lkb" else 1e-14, abs=1e-300)


@every_model
def test_slopes_are_finite_at_both_ends(name):
    model = EVERY[name]
    for dose in (0.0, 1e-8, 300.0, 1e5):
        step = 1e-6 * max(dose, 1.0)
        slope = (float(curve(model, dose + step)) - float(curve(model, dose))) / step
        assert np.isfinite(slope)


@every_model
def test_a_parameter_may_be_a_variable_of_the_cohort(name):
    model = EVERY[name]
    doses = np.array([20.0, 50.0, 80.0])
    for one in fields(model):
        value = getattr(model, one.name)
        if one.type == Parameter and not isinstance(value, str) and one.name != "alpha_beta":
            patients = Patients.of({"own": np.full(3, float(value))})
            named = replace(model, **{one.name: "own"})
            assert curve(named, doses, patients) == pytest.approx(curve(model, doses), rel=1e-14)


@every_model
@pytest.mark.parametrize("fractions", [1, 5, np.array([3.0, 30.0])])
def test_the_one_door_takes_physical_dose_in_equal_fractions(name, fractions):
    model, dose = EVERY[name], np.array([24.0, 50.0])
    if isinstance(model, VertebralFracture):
        answer = model.curve_over_fraction_dose(dose / fractions)
        assert model.probability(dose, fractions=fractions) == pytest.approx(answer, rel=1e-14)
        return
    if name.startswith("ntcp/") and model.refuses(fractions):
        with pytest.raises(ValueError, match="are of the physical dose in 1 fraction, got"):
            model.probability(dose, fractions=fractions)
        return
    effect = model.effect_of(dose, fractions=fractions)
    bed = dose * (1.0 + dose / fractions / (model.alpha_beta or np.inf))
    wanted = getattr(model, "effect", "eqd2")
    if wanted == "equivalent":
        half = model.reference_fractions * model.alpha_beta / 2.0
        answer = np.sqrt(half**2 + 2.0 * half * bed) - half
    else:
        ratio = 1.0 + 2.0 / model.alpha_beta if wanted == "eqd2" else 1.0
        answer = dose if wanted == "physical" else bed / ratio
    assert effect == pytest.approx(answer, rel=1e-12)
    if model.kind == "zaider_minerbo":  # in which time counts, and a curve has all at once
        return
    whole = None if not getattr(model, "reads_dvh", False) else np.ones(1)
    given = dose if whole is None else dose[:, None]
    found = model.probability(given, fractions=fractions, weight=whole)
    assert found == pytest.approx(curve(model, effect), rel=1e-12)


@every_model
@pytest.mark.parametrize("dose", [-1.0, -1e3, np.nan])
def test_the_door_refuses_a_dose_that_cannot_be(name, dose):
    model = EVERY[name]
    weight = np.ones(1) if getattr(model, "reads_dvh", False) else None
    with pytest.raises(ValueError, match="dose must be a number that is not negative, got"):
        model.probability(np.array([dose]), fractions=3, weight=weight)


@pytest.mark.parametrize("fractions", [1, 5, 11])
def test_birth_and_death_between_fractions_agree_with_fifty_digit_arithmetic(fractions):
    model = CONTROL["zaider_minerbo"]
    dose = 30.0
    found = float(model.probability(dose, fractions=fractions))
    with mpmath.workdps(50):
        bed = mpmath.mpf(dose) * (1 + mpmath.mpf(dose) / fractions / 6)
        eqd2 = bed / (1 + mpmath.mpf(2) / 6)
        clonogens = mpmath.mpf(model.clonogen_density) * mpmath.mpf(model.volume)
        answer = exact_models.zaider_minerbo(model, eqd2, clonogens, fractions)
    assert found == pytest.approx(float(answer), abs=1e-10)


def test_without_births_and_deaths_zaider_and_minerbo_tend_to_poisson():
    numbers = {"alpha": 0.15, "clonogen_density": 1e6, "volume": 10.0, "alpha_beta": 6.0}
    still = ZaiderMinerboTCP(**numbers, birth_rate=0.0, death_rate=0.0)
    poisson = PoissonTCP(**numbers).course_hazard(60.0, fractions=5)
    assert float(still.course_hazard(60.0, fractions=5)) == pytest.approx(float(poisson), rel=1e-6)


@pytest.mark.parametrize("name", CONTROL)
def test_draws_of_a_parameter_and_patients_broadcast_in_one_call(name):
    model = CONTROL[name]
    parameter = model.shape[0]
    value = getattr(model, parameter)
    draws = value * np.array([[0.9], [1.0], [1.1]])
    many = replace(model, **{parameter: draws})
    course = {"dose": np.array([20.0, 24.0]), "fractions": np.array([1.0, 2.0])}
    together = many.course_hazard(**course)
    assert together.shape == (3, 2)
    assert together[1] == pytest.approx(model.course_hazard(**course), rel=1e-12)


@pytest.mark.parametrize("name", [n for n, m in CONTROL.items() if m.kind != "geud"])
def test_the_hazards_of_the_parts_of_a_dvh_add_up(name):
    model = CONTROL[name]
    doses, weight = np.array([[20.0, 24.0, 30.0]]), np.array([0.2, 0.5, 0.3])
    whole = model.course_hazard(doses, fractions=2, weight=weight)
    parts = sum(
        w * float(model.course_hazard(d, fractions=2))
        for d, w in zip(doses[0], weight, strict=True)
    )
    assert float(whole[0]) == pytest.approx(parts, rel=1e-12)


@pytest.mark.parametrize("name", [n for n, m in COMPLICATIONS.items() if m.reads_dvh])
def test_a_uniform_dvh_in_many_bins_is_a_uniform_dose(name):
    model = COMPLICATIONS[name]
    doses = np.full((2, 64), [[30.0], [60.0]])
    found = model.probability_at_effect(doses, weight=np.full(64, 1 / 64))
    assert found == pytest.approx(curve(model, np.array([30.0, 60.0])), abs=1e-12)


@pytest.mark.parametrize("name", [n for n, m in COMPLICATIONS.items() if m.reads_dvh])
@settings(max_examples=25, deadline=None)
@given(doses=st.lists(st.floats(0.0, 90.0), min_size=4, max_size=4), part=st.integers(0, 3))
def test_more_dose_to_any_part_never_lowers_a_complication(name, doses, part):
    model, weight = COMPLICATIONS[name], np.array([0.1, 0.2, 0.3, 0.4])
    before = float(model.probability_at_effect(np.array(doses), weight=weight))
    more = np.array(doses)
    more[part] += 5.0
    after = float(model.probability_at_effect(more, weight=weight))
    assert 0.0 <= before <= after + 1e-12 <= 1.0 + 1e-12


LAWS = {
    "lq": {},
    "lq_time": {"alpha": 0.3, "doubling_time": 5.0, "kick_off": 21.0},
    "incomplete_repair": {"half_time": 90.0, "beam_time": 20.0},
    "lq_l": {"transition": 6.0},
    "usc": {"alpha": 0.33, "d0": 1.25},
}


@pytest.mark.parametrize("kind", LAWS)
@settings(max_examples=50, deadline=None)
@given(dose=st.floats(0.0, 100.0), fractions=st.integers(1, 40), more=st.floats(0.0, 50.0))
def test_every_law_of_cell_kill_rises_with_dose_and_lies_below_lq(kind, dose, fractions, more):
    law = TypeAdapter(CellKill).validate_python({"kind": kind, **LAWS[kind]})
    course = lq.equal_fractions(dose, fractions)
    bed = float(law.bed(*course, 6.0, fractions))
    assert bed >= 0.0
    assert bed <= float(law.bed(*lq.equal_fractions(dose + more, fractions), 6.0, fractions)) + 1e-9
    if kind != "incomplete_repair":  # damage may carry over from one fraction to the next
        assert (
            bed
            <= lq.bed(dose=course[0], dose_squared=course[1], alpha_beta=6.0) * (1 + 1e-12) + 1e-12
        )


@pytest.mark.parametrize("kind", ["lq_l", "usc"])
@settings(max_examples=50, deadline=None)
@given(dose=st.floats(0.1, 100.0), fractions=st.integers(1, 10))
def test_an_equivalent_schedule_has_the_same_bed(kind, dose, fractions):
    law = TypeAdapter(CellKill).validate_python({"kind": kind, **LAWS[kind]})
    back = law.equivalent_dose(law.bed(*lq.equal_fractions(dose, fractions), 6.0), fractions, 6.0)
    assert float(back) == pytest.approx(dose, rel=1e-9)


def test_every_kind_of_cell_kill_is_tried():
    kinds = [f.default for one in members(CellKill) for f in fields(one) if f.name == "kind"]
    assert kinds == list(LAWS)


@pytest.mark.parametrize("family", ["tcp", "ntcp"])
def test_every_preset_says_what_its_model_takes(family):
    load = load_tcp if family == "tcp" else load_ntcp
    for name in preset_names(family):
        model = load(name)
        assert model.takes
        assert model.equation
        assert load_preset(family, name).range


DRAWN = [
    (name, parameter)
    for name, model in EVERY.items()
    for parameter in (one.name for one in fields(model) if one.type == Parameter)
    if (name.startswith("tcp/") or parameter != "alpha_beta")  # of a response it is none
    and not isinstance(getattr(model, parameter), str)
    and (parameter in model.shape or not isinstance(model, VertebralFracture))  # of its patients
]
DVHS = np.array([[20.0, 24.0, 30.0], [10.0, 40.0, 55.0]])
SHARES = np.array([[0.2, 0.5, 0.3], [0.6, 0.3, 0.1]])


def of_dvhs(model, whole):
    """Probability of two patients, from their DVHs or from one dose each."""
    if isinstance(model, ControlModel):
        dose, weight = (DVHS, SHARES) if whole else (DVHS[:, 1], None)
        return model.probability(dose, fractions=4, weight=weight)
    if isinstance(model, VertebralFracture):
        return curve(model, DVHS[:, 1])
    if whole:
        return model.probability_at_effect(DVHS, weight=SHARES)
    return model.probability_at_effect(DVHS[:, 1])


@pytest.mark.parametrize(("name", "parameter"), DRAWN, ids=lambda v: v)
def test_draws_stand_before_the_patients_for_metrics_and_for_dvhs(name, parameter):
    model = EVERY[name]
    both = isinstance(model, ControlModel) and parameter != "a"  # which only a DVH is reduced by
    for whole in (
        (False, True) if both else (model.reads_dvh if name.startswith("ntcp/") else True,)
    ):
        draws = getattr(model, parameter) * np.array([0.9, 1.0, 1.1])
        together = of_dvhs(replace(model, **{parameter: draws[:, None]}), whole)
        alone = [of_dvhs(replace(model, **{parameter: float(d)}), whole) for d in draws]
        assert together.shape == (3, 2)
        assert together == pytest.approx(np.array(alone), rel=1e-12, abs=1e-300)


@pytest.mark.parametrize("form", ["pow2", "exp"])
@pytest.mark.parametrize("s", [0.01, 0.5, 1.0, 3.4, 4.0, 10.0, 30.0, 300.0])
def test_relative_seriality_of_uneven_dvhs_agrees_with_many_digits(form, s):
    for doses, weight in zip(DVHS, SHARES, strict=True):
        found = relative_seriality(doses, weight, 55.0, 2.3, s, form)
        with mpmath.workdps(50):
            answer = exact_models.relative_seriality(doses, weight, 55.0, 2.3, s, form)
        assert float(found) == pytest.approx(float(answer), abs=1e-10, rel=1e-8)


@pytest.mark.parametrize("name", CONTROL)
def test_a_covariate_raises_control_to_the_power_of_its_hazard_ratio(name):
    model = CONTROL[name]
    course = {"dose": np.array([20.0, 24.0]), "fractions": np.array([2.0, 3.0])}
    patients = Patients.of({"mass": [0.0, 3.0]})
    own = replace(model, hazard_ratios={"mass": 1.5}, references={"mass": 1.0})
    plain = model.probability(**course)
    found = own.probability(**course, patients=patients)
    assert found == pytest.approx(plain ** np.array([1 / 1.5, 2.25]), rel=1e-12)
    assert own.probability(**course) == pytest.approx(plain, rel=1e-15)
    with pytest.raises(ValueError, match="needs the variable 'mass' of the patients"):
        own.probability(**course, patients=Patients.of({}))


@pytest.mark.parametrize("name", CONTROL)
@settings(max_examples=25, deadline=None)
@given(doses=st.lists(st.floats(0.0, 90.0), min_size=3, max_size=3), part=st.integers(0, 2))
def test_more_dose_to_any_part_never_lowers_control(name, doses, part):
    model, weight = CONTROL[name], np.array([0.2, 0.5, 0.3])

    def hazard(dose):
        return float(model.course_hazard(dose, fractions=4, weight=weight))

    before, more = np.array(doses), np.array(doses)
    more[part] += 5.0
    assert hazard(more) <= hazard(before) * (1 + 1e-12)


@pytest.mark.parametrize("name", ["vcf-2013", "vcf-pooled"])
def test_the_fracture_model_keeps_to_the_contract_too(name):
    model = load_ntcp(name)
    found = curve(model, DOSES)
    assert np.all((found >= 0) & (found <= 1))
    assert np.all(np.diff(found) >= 0)
    assert found == pytest.approx([float(curve(model, float(dose))) for dose in DOSES], rel=1e-14)


@pytest.mark.parametrize(
    ("load", "name", "dose", "fractions", "says"),
    [
        (load_tcp, "hytec-spine-2021", 100.0, 5, "fitted on D90 of 45 to 90 Gy EQD2"),
        (load_tcp, "hytec-spine-2021", 40.0, 20, "fitted on at most 5 fractions"),
        (load_tcp, "hytec-spine-2021", np.array([35.0, 4.0]), 5, "this is 42 below"),
        (load_ntcp, "sbrt-cord-default", 1400.0, 2, "1400 cGy are 14 Gy"),
        (load_ntcp, "vcf-2013", 30.0, 10, "fitted on at most"),
    ],
)
def test_the_door_warns_of_what_a_model_was_not_fitted_on(load, name, dose, fractions, says):
    model = load(name)
    with pytest.warns(UserWarning) as said:
        answer = model.probability(dose, fractions=fractions)
    assert any(str(w.message).startswith(f"{name}: ") and says in str(w.message) for w in said)
    assert np.all(answer == model.net_probability(dose, fractions=fractions))


def test_the_door_warns_of_nothing_inside():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_tcp("hytec-spine-2021").probability(40.0, fractions=5)
        weight = np.array([0.5, 0.5])
        load_ntcp("cord-lkb-1991").probability(np.array([50.0, 40.0]), fractions=25, weight=weight)
