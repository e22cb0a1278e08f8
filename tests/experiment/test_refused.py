"""What a file states without effect, or what nobody could have, is refused when it is read."""

import tomllib

import pytest

from radsim import make_experiment
from radsim.experiment.model import ExperimentError
from radsim.experiment.trial_file import load_trial
from radsim.experiment.variants import check_variants

FILE = {
    "name": "refused", "seed": 1, "patients": 100, "months": [12.0],
    "cohort": {"preset": "sib-phase2"},
    "arms": {"one": {"regimen": "24x1"}, "five": {"regimen": "sib-phase2"}},
    "tcp": {"preset": "hytec-spine-gtv-d90"},
    "ntcp": {"myelopathy": {"preset": "sbrt-cord-default"}},
    "survival": {"preset": "sib-phase2"},
}  # fmt: skip
LIMITS = [
    {"structure": "cord_prv", "metric": "D0.03cc", "at_most": 25.0},
    {"structure": "thecal_sac", "metric": "D0.03cc", "at_most": 30.0},
]
NORMAL = {"kind": "normal", "mean": 20.0, "sd": 1.0}


def laid(base, change):
    """Lay tables over others; a table that holds None is replaced as a whole."""
    both = dict(base)
    for key, value in change.items():
        whole = isinstance(value, dict) and None in value
        deeper = isinstance(value, dict) and isinstance(both.get(key), dict) and not whole
        both[key] = laid(both[key], value) if deeper else value
        if whole:
            both[key] = {k: v for k, v in value.items() if k is not None}
    return both


def mistakes(**change):
    with pytest.raises(ExperimentError) as error:
        check_variants(make_experiment(laid(FILE, change)))
    return error.value.mistakes


def rule(action="treat", **where):
    return {"eligibility": {"rule": {"where": where, "action": action}}}


def variable(units, **distribution):
    return {**distribution, "units": units, "meaning": "of one's own"}


def limits(*more):
    return {"arms": {"five": {"limits": [*LIMITS, *more]}}}


OF_ELIGIBILITY = [
    (
        {"eligibility": {"a/b": {"where": {"region": ["lumbar"]}, "action": "flag"}}},
        "eligibility.a/b: a name must not hold '/'",
    ),
    (rule(region=["Thoracic"]), "rule.where.region: no label 'Thoracic'; did you mean 'thoracic'?"),
    (rule("exclude", region=["Thoracic"]), "rule.where.region: no label 'Thoracic'"),
    (rule("flag", bilsky=["1"]), "rule.where.bilsky: no label '1'"),
    (rule(sins_class=["stable"]), "rule.where.sins_class: no label 'stable'; known: 0-6"),
    (rule(region=[]), "rule: where.region must name a label"),
    (rule(region=["lumbar", "lumbar"]), "rule: where.region names a label twice"),
    (rule(female=["no"]), "rule.where.female: holds numbers, such as \"0\"; got 'no'"),
    (rule(female=["-0.0"]), "rule.where.female: holds numbers"),
    (rule(female=["2"]), "rule.where.female: lies between 0 and 1, so nobody has 2"),
    (rule("exclude", age=["60"]), "rule.where.age: differs in each patient"),
    (rule(gtv_volume=["> 60"]), "rule.where.gtv_volume: holds numbers"),
    (
        rule("exclude", region=["cervical", "thoracic", "lumbar", "sacrum"]),
        "eligibility: no eligible patient among 256 candidates",
    ),
]


@pytest.mark.parametrize(("change", "said"), OF_ELIGIBILITY)
def test_a_rule_names_what_patients_have_and_somebody_meets_it(change, said):
    assert said in mistakes(**change)[0]


def test_a_rule_that_few_meet_is_refused_for_many_patients():
    few = {"region": {"kind": "categorical", "shares": {"lumbar": 19, "cervical": 1}}}
    change = {"cohort": few, **rule(region=["cervical"])}
    assert make_experiment(laid(FILE, {**change, "patients": 4}))
    assert "of the candidates are eligible" in mistakes(**change, patients=10**6)[0]


def test_a_label_of_the_vocabulary_may_be_nobody_s():
    lumbar = {"region": {"kind": "categorical", "shares": {"lumbar": 1}}}
    assert make_experiment(laid(FILE, {"cohort": lumbar, **rule("exclude", region=["cervical"])}))


def test_the_same_rule_twice_is_refused():
    (one,) = rule(region=["lumbar"])["eligibility"].values()
    assert mistakes(eligibility={"a": one, "b": one}) == [
        "eligibility.b: is the rule 'a' once more"
    ]


@pytest.mark.parametrize("section", ["uncertainty", "sensitivity"])
@pytest.mark.parametrize(
    ("law", "key"),
    [
        ({**NORMAL, "sdd": 2.0}, "sdd"),
        ({**NORMAL, "lower": 15.0}, "lower"),
        ({"kind": "truncated", "of": {**NORMAL, "sdd": 2.0}, "lower": 15.0}, "of.sdd"),
        (
            {"kind": "mixture", "components": [{**NORMAL, "x": 1}], "weights": [1]},
            "components[0].x",
        ),
    ],
)
def test_an_unknown_key_of_a_distribution_is_refused(section, law, key):
    (line,) = mistakes(**{section: {"tcp.d50": law}})
    assert line.startswith(f"{section}.tcp.d50.{key}: unknown key")


IMPOSSIBLE = [
    ({"cohort": {"female": 0.5}}, "cohort: female must be 0 or 1 in each patient, got 0.5"),
    ({"cohort": {"female": "no"}}, "cohort: female must be 0 or 1, not a label"),
    (
        {"cohort": {"malalignment": {"kind": "beta", "a": 1, "b": 2}}},
        "cohort: malalignment must be 0 or 1 in each patient",
    ),
    (
        {"cohort": {"gtv_volume": {"kind": "lognormal", "median": 1e300, "sigma": 1.0}}},
        "cohort.gtv_volume.median: must be 0, or of a size from 1e-30 to 1e+30, got 1e+300",
    ),
    (
        {"cohort": {"gtv_volume": {"kind": "lognormal", "median": 9.0, "sigma": 50.0}}},
        "cohort.gtv_volume: takes values of",
    ),
    ({"survival": {"scale": 1e-300}}, "survival.scale: must be 0, or of a size from 1e-30"),
    ({"sweep": {"tcp.d50": [20.0, 1e300]}}, "sweep.tcp.d50: must be 0, or of a size"),
    (
        {"uncertainty": {"tcp.d50": {"kind": "lognormal", "median": 20.0, "sigma": 99.0}}},
        "uncertainty.tcp.d50: values must be finite numbers, got 0 to inf",
    ),
]


@pytest.mark.parametrize(("change", "said"), IMPOSSIBLE)
def test_values_that_nobody_can_have_are_refused(change, said):
    assert mistakes(**change)[0].startswith(said)


UNITS = [
    ({"tcp": {"d50": "age"}}, "tcp.d50: is in Gy, and the cohort variable 'age' is in years"),
    (
        {
            "cohort": {"own": variable("days", kind="uniform", lower=100, upper=300)},
            "survival": {None: 0, "shape": 1.0, "scale": "own"},
        },
        "survival.scale: is in months, and the cohort variable 'own' is in days",
    ),
    (
        {"survival": {None: 0, "shape": 1.0, "scale": "female"}},
        "survival.scale: is in months, and the cohort variable 'female' has no units",
    ),
    (
        {"arms": {"again": {"regimen": "reirradiation-30-in-5", "prior": {"interval": "age"}}}},
        "arms.again.prior.interval: is in months, and the cohort variable 'age' is in years",
    ),
    (
        {"cohort": {"gtv_volume": {**NORMAL, "units": "mm3"}}},
        "cohort: gtv_volume is read in 'cm3', and its units are 'mm3'",
    ),
]


@pytest.mark.parametrize(("change", "line"), UNITS)
def test_a_parameter_and_the_variable_that_it_takes_have_the_same_units(change, line):
    if "arms" in change:
        change["arms"]["again"]["prior"] |= {"dose": 30.0, "fractions": 10}
    assert line in mistakes(**change)


def test_a_derived_variable_that_may_be_0_is_no_scale():
    own = {"own": variable("months", kind="bernoulli", probability=0.5)}
    law = {None: 0, "shape": 1.0, "scale": "own"}
    assert "scale must be above 0, got 0.0" in mistakes(cohort=own, survival=law)[0]


SAID_TWICE = [
    (
        {"tcp": {"calibrate": "plans", "d50": 19.0}},
        "tcp.d50: is solved for, so it has no effect; leave it out",
    ),
    (
        {"arms": {"one": {"recovery": "none"}}},
        "arms.one: recovery is from an earlier course, and the arm has no prior",
    ),
    (
        {"arms": {"uniform": {"field": "uniform", "prescription": 8.0, "fractions": 1,
                              "minimum_coverage": 0.9}}},
        "arms.uniform: a uniform field is planned to no limits: leave out minimum_coverage",
    ),
    (
        {"arms": {name: {"survival": {"preset": "sib-phase2"}} for name in ("one", "five")}},
        "survival: every arm states its own; leave this one out",
    ),
    (
        {"tcp": {"alternatives": ["hytec-spine-gtv-d90"]}},
        "tcp.alternatives[0]: is the model of tcp once more; leave it out",
    ),
    (
        {"tcp": {"alternatives": [{"label": "same"}]}},
        "tcp.alternatives[0]: is the model of tcp once more; leave it out",
    ),
    (limits(LIMITS[0]), "arms.five: limits[2]: is limits[0] once more"),
    (
        {"arms": {"five": {"limits": {"preset": ["two-fraction", "two-fraction"]}}}},
        "arms.five: limits.preset: names 'two-fraction' twice",
    ),
    (
        limits(
            {"structure": "gtv", "metric": "D95", "at_least": 30.0},
            {"structure": "gtv", "metric": "D90", "at_most": 20.0},
        ),
        "arms.five: limits: no plan gives gtv D95 of at least 30 Gy and D90 of at most 20 Gy",
    ),
    (
        {"report": {"by": [["bilsky", "region"], ["region", "bilsky"]]}},
        "report.by[1]: 'region x bilsky' is named twice",
    ),
    (
        {"survival": {None: 0, "preset": "prism-2015", "baseline": {"shape": 1.0, "scale": 20.0},
                      "stated": {"preset": "sib-phase2"}}},
        "survival.baseline: gives the cohort another survival than is stated",
    ),
    (
        {"survival": {None: 0, "preset": "prism-2015", "baseline": {"shape": 1.0, "scale": 20.0},
                      "met_at": [6.0, 12.0]}},
        "survival.met_at: is of what is stated, and baseline is given",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("change", "said"), SAID_TWICE)
def test_what_is_stated_twice_is_refused(change, said):
    assert mistakes(**change)[0].startswith(said)


def test_limits_that_a_plan_can_meet_together_are_taken():
    low = {"structure": "gtv", "metric": "D90", "at_least": 20.0}
    high = {"structure": "gtv", "metric": "D10", "at_most": 60.0}
    assert make_experiment(laid(FILE, limits(low, high)))


def test_a_solved_baseline_is_the_one_of_what_is_stated():
    solved = make_experiment(laid(FILE, {"survival": {None: 0, "preset": "prism-2015"}}))
    stated = tomllib.loads(solved.to_toml())["survival"]
    assert stated["baseline"] and stated["stated"]
    again = make_experiment(laid(FILE, {"survival": {None: 0, **stated}}))
    assert again.survival == solved.survival


FORMS = [
    ({"cohort": "sib-phase2"}, "cohort: must be a table, such as { preset = 'sib-phase2' }"),
    ({"tcp": "hytec-spine-2021"}, "tcp: must be a table, such as { preset = 'hytec-spine-2021' }"),
    ({"arms": {"one": "24x1"}}, "arms.one: must be a table, such as { regimen = '24x1' }"),
    ({"survival": {None: 0, "preset": "prism-2015", "met_at": [1.0, 2.0, 3.0]}},
     "survival.met_at: must have 2 values at most, got 3"),
    ({"precision": {"standard_error": 0.1, "estimates": []}}, "precision.estimates: must name one"),
    ({"name": "  "}, "name: must not be blank"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "said"), FORMS)
def test_a_line_says_how_a_key_should_look(change, said):
    assert mistakes(**change)[0].startswith(said)


OF_TRIALS = [
    ("analyses = []", "trial: analyses: name at least one"),
    ("curve = {}", "trial.curve: must list values of one of patients"),
    ("curve = { patients = [] }", "trial.curve: must list values of one of patients"),
    ("curve = { patients = [100, 100] }", "trial.curve: patients holds 100 twice"),
]


@pytest.mark.parametrize(("line", "said"), OF_TRIALS)
def test_an_empty_list_of_a_trial_is_no_list_of_the_usual(tmp_path, line, said):
    file = tmp_path / "trial.toml"
    arm = "control = 0.7, control_months = 24.0, death_hazard = 0.03"
    file.write_text(
        f'name = "t"\nseed = 1\n[trial]\ncontrol = {{ {arm} }}\nexperimental = {{ {arm} }}\n'
        f"patients = 200\n{line}\ndesign = {{ accrual = {{ kind = 'uniform', months = 24.0 }}, "
        "minimum_follow_up = 24.0 }\n"
    )
    with pytest.raises(ExperimentError, match=r"^trial") as error:
        load_trial(file)
    assert error.value.mistakes[0].startswith(said)


def test_a_mistake_in_one_section_does_not_hide_those_of_others():
    lines = mistakes(
        months=[3.0, 1.0],
        tcp={"d50": True},
        **rule(region=["Thoracic"]),
        uncertainty={"survival.shape": {**NORMAL, "sdd": 1.0}, "tcp.gamma50": {"kind": "normal"}},
        report={"by": ["Bilsky"]},
    )
    keys = [line.partition(": ")[0] for line in lines]
    assert keys == [
        "months",
        "tcp.d50",
        "eligibility.rule.where.region",
        "report.by[0]",
        "uncertainty.survival.shape.sdd",
    ]


def test_what_only_follows_from_a_mistake_is_not_told():
    asks = {"compare": {"reference": "one"}, "report": {"by": ["bilsky"]}}
    (line,) = mistakes(arms={"one": {"prescription": True}}, **asks)
    assert line.startswith("arms.one.prescription: must be a number")
    named = {"preset": "sib-phase", "region": "lumbar"}
    (line,) = mistakes(cohort=named, **rule(region=["cervical"]), report={"by": ["bilsky"]})
    assert line.startswith("cohort.preset: no cohort preset 'sib-phase'")
    wrong = {"age": {"kind": "normal", "mean": 60.0}}
    (line,) = mistakes(cohort=wrong, sweep={"cohort.age.mean": [60.0, 70.0]})
    assert line == "cohort.age.sd: is missing"


@pytest.mark.parametrize("section", ["tcp", "survival"])
def test_groups_are_checked_beside_a_model_that_can_not_be_read(section):
    broken = {"tcp": {"preset": "hytec-spine-2021", "d5": 3.0}, "survival": {"shape": -1.0}}
    said = mistakes(**{section: broken[section]}, report={"by": ["regoin"]})
    assert len(said) == 2
    assert said[1] == (
        "report.by[0]: no cohort variable 'regoin' (did you mean 'region'?), "
        "nor a metric such as 'gtv D98 planned'"
    )


@pytest.mark.parametrize("preset", [[["two-fraction"]], [1], 1, [{}]])
def test_presets_of_limits_are_names(preset):
    arm = {"regimen": "24x1", "limits": {"preset": preset}}
    (line,) = mistakes(arms={"one": arm}, compare={})
    assert line.startswith("arms.one: limits.preset: must be names in quotes, got ")
