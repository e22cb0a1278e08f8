import pytest
from dose_cases import plan_of
from pydantic import TypeAdapter, ValidationError

from radsim.dose.plans.external_beam import ExternalBeam
from radsim.dose.plans.filling import expand_plan
from radsim.dose.plans.plan import Plan
from radsim.dose.plans.prior import Prior
from radsim.presets import load_preset, preset_names

SAC = {"structure": "thecal_sac", "metric": "D0.03cc", "at_most": 18.0, "kind": "dose"}


@pytest.mark.parametrize("name", preset_names("regimen"))
def test_every_regimen_is_a_plan_that_runs_again_as_it_is(name):
    settings = expand_plan({"regimen": name})
    assert expand_plan(settings) == settings
    plan = TypeAdapter(Plan).validate_python(settings)
    as_json = TypeAdapter(Plan).dump_json(plan)
    assert TypeAdapter(Plan).validate_json(as_json) == plan


def test_what_an_arm_sets_itself_wins_over_its_regimen():
    plan = plan_of(regimen="24x1", prescription=22.0)
    assert (plan.prescription, plan.fractions, plan.maximum_dose) == (22.0, 1, 1.2)


def test_short_limits_are_maxima_of_the_hot_spot():
    limits = expand_plan({"limits": {"cord_prv": 14.0, "thecal_sac": 18.0}})["limits"]
    assert limits[1] == SAC
    assert [limit["structure"] for limit in limits] == ["cord_prv", "thecal_sac"]


def test_a_limit_beside_a_preset_replaces_the_preset_s_own():
    plan = plan_of(regimen="sib-phase2", limits={"preset": "sib-phase2-table-1", "cord_prv": 23.0})
    cord = [limit for limit in plan.limits if limit.structure == "cord_prv"]
    assert [limit.at_most for limit in cord] == [23.0]
    assert len(plan.limits) == len(plan_of(regimen="sib-phase2").limits)


def test_a_second_course_reports_both_known_rules_and_plans_to_its_own():
    plan = plan_of(regimen="reirradiation-30-in-5")
    rules = [limit for limit in plan.limits if limit.kind == "cumulative"]
    roles = {limit.name: limit.role for limit in rules}
    assert roles == {"cumulative-bed3-75-106": "limit", "hytec-reirradiation": "flag"}
    first = {limit.structure: limit.at_most for limit in plan.limits if limit.kind == "dose"}
    assert first == {"cord_prv": 25.3, "thecal_sac": 30.0}  # those of a first course


@pytest.mark.parametrize(
    "beside", [{"metric": "D0.03cc", "optimal": True}, {"metric": "D1cc"}], ids=["goal", "D1cc"]
)
def test_neither_a_goal_nor_another_volume_lifts_the_limit_of_a_first_course(beside):
    rules = [*load_preset("limits", "cumulative-bed3-75-106").settings().values()]
    own = {"structure": "cord_prv", "at_most": 40.0, **beside}
    plan = plan_of(regimen="reirradiation-30-in-5", limits=[*rules, own])
    hottest = [
        limit.at_most
        for limit in plan.limits
        if limit.kind == "dose" and limit.structure == "cord_prv" and not limit.optimal
        and limit.metric == "D0.03cc"
    ]  # fmt: skip
    assert hottest == [25.3]


def test_a_later_course_of_a_sequence_keeps_the_limits_of_a_first_one_too():
    later = {"prescription": 30.0, "fractions": 5, "limits": {"preset": "cumulative-bed3-75-106"}}
    plan = plan_of(courses=[{"regimen": "8x1"}, later])
    first = {
        limit.structure: limit.at_most for limit in plan.courses[1].limits if limit.kind == "dose"
    }
    assert first == {"cord_prv": 25.3, "thecal_sac": 30.0}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"regimen": "25x1"}, r"regimen: no regimen preset '25x1'; there are: 16x1, 18x1"),
        ({"limits": {"preset": "none"}}, r"limits.preset: no limits preset 'none'; there are:"),
        ({"limits": {"cord": 10.0}}, r"limits.cord: did you mean 'cord_prv'"),
        ({"limits": {"gtv": 10.0}}, r"limits.gtv: the short form is D0.03cc of an organ"),
    ],
)
def test_a_wrong_name_is_reported_by_its_key(settings, message):
    with pytest.raises(ValueError, match=message):
        expand_plan(settings)


@pytest.mark.parametrize("malformed", [3, "x", [1], [{"structure": 5}], {"thecal_sac": "much"}])
def test_malformed_limits_are_left_for_validation(malformed):
    settings = expand_plan({"prescription": 24.0, "fractions": 1, "limits": malformed})
    with pytest.raises(ValidationError):
        TypeAdapter(Plan).validate_python(settings)


def external_beam(**settings):
    return plan_of(**{"prescription": 24.0, "fractions": 1, "limits": [SAC], **settings})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"prescription": 0.0}, "prescription must be above 0 Gy, got 0.0"),
        ({"prescription": 2400.0}, "at most 150.0 Gy, got 2400.0; in cGy"),
        ({"fractions": 0}, "fractions must be 1 or more, got 0"),
        ({"boost": 20.0}, "boost must not be below the prescription of 24.0 Gy, got 20"),
        ({"boost": {"kind": "normal", "mean": 26.0, "sd": 1.0}}, "boost must not be below"),
        ({"boost": 30.0, "isotoxic": True}, "isotoxic planning takes one dose level"),
        ({"limits": []}, "mandatory DXcc of a neural structure at the level of the cord"),
        ({"limits": {"cord_prv": 10.0}}, "below the cord, and there is none"),
        ({"minimum_coverage": 1.2}, "minimum_coverage must lie between 0 and 1, got 1.2"),
        ({"maximum_dose": 0.9}, "maximum_dose must be above 1, got 0.9"),
        ({"field": "uniform"}, "a uniform field is planned to no limits"),
        ({"prior": {"dose": 30.0, "fractions": 0, "interval": 6.0}}, "fractions must be 1 or more"),
        ({"prior": {"dose": 30.0, "fractions": 10, "interval": -6.0}}, "interval must not be neg"),
    ],
)
def test_impossible_plans_say_what_was_wanted_and_what_came(settings, message):
    with pytest.raises(ValidationError, match=message):
        external_beam(**settings)


def test_a_source_too_deep_is_refused():
    with pytest.raises(ValidationError, match="depth must lie between 0 and 50 mm, got 99"):
        plan_of(kind="intraoperative", prescription=8.0, depth=99.0)


def test_plans_are_equal_by_value():
    prior = Prior(dose=30.0, fractions=10, interval="prior_interval")
    uniform = ExternalBeam(prescription=8.0, fractions=1, field="uniform", prior=prior)
    assert uniform == ExternalBeam(prescription=8.0, fractions=1, field="uniform", prior=prior)
