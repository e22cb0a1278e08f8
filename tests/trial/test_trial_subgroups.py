"""Subgroups: what the arms do there, whether it differs, who is enrolled, the size by prevalence.

Seeds are fixed; a tolerance of 4 standard errors would fail by chance once in 16,000 choices of the
seed, one of 3 once in 370.
"""

from dataclasses import replace

import numpy as np
import pytest
from command_line import radsim
from examples import SMALL
from scipy import special, stats
from trial_cases import cells_of

from radsim import make_experiment
from radsim.experiment.reading import read_settings
from radsim.experiment.trial_file import load_trial, make_trial
from radsim.report.text.trial import summary_text
from radsim.report.text.trial_plan import describe_trial
from radsim.simulation.virtual_trial import plan_of, run_trial
from radsim.trial import (
    PatientPool,
    StatedArm,
    TrialDesign,
    TrialPlan,
    UniformAccrual,
    under_null,
)
from radsim.trial.conduct.run import run_comparisons
from radsim.trial.protocol.comparison import EVERYBODY, INSIDE, OUTSIDE, Comparison
from radsim.trial.protocol.subgroup import MixedArms
from radsim.trial.questions.assumed import Assumed, alone
from radsim.trial.questions.characteristics import mc_error
from radsim.trial.questions.dunnett import joint_of, level_of
from radsim.trial.questions.interaction import INTERACTION, interaction, parts_of
from radsim.trial.sizes.prevalence import enriched, with_prevalence
from radsim.trial.wording import notes_of

OTHERS = StatedArm(failure_hazard=0.03, death_hazard=0.03)
WORSE = StatedArm(failure_hazard=0.05, death_hazard=0.03)
BETTER = StatedArm(failure_hazard=0.02, death_hazard=0.03)
DESIGN = TrialDesign(
    patients=300, accrual=UniformAccrual(months=12.0), minimum_follow_up=18.0
)  # fmt: skip
NULL = TrialPlan(  # the subgroup has a prognosis of its own, and the arms are alike
    design=DESIGN, arms=MixedArms((WORSE, WORSE), (OTHERS, OTHERS), 0.4), analyses=("logrank",)
)  # fmt: skip
PLAN = replace(NULL, arms=MixedArms((WORSE, BETTER), (OTHERS, OTHERS), 0.4))
TESTED = ("logrank", "cox", "fine_gray", "incidence_difference", "gray")
FILE = """
name = "bulky"
seed = 3

[trial]
trials = 200
patients = 200
control = { failure_hazard = 0.03, death_hazard = 0.02 }
experimental = { failure_hazard = 0.028, death_hazard = 0.02 }
analyses = ["logrank", "incidence_difference"]
landmark = 12.0
most_patients = 3000

[trial.subgroup]
share = 0.4
label = "bulky"
control = { failure_hazard = 0.06 }
experimental = { failure_hazard = 0.02 }
prevalences = [0.2, 0.6]

[trial.design]
eligible = 0.8
minimum_follow_up = 18.0

[trial.scenarios.described]

[trial.scenarios.both.subgroup]
co_primary = true
prevalences = []

[trial.scenarios.enriched.subgroup]
enrolled = "only"
prevalences = []
"""


def pool(patients=2000, share=0.3):
    rng = np.random.default_rng(2)
    inside = rng.random(patients) < share
    scale = np.where(inside, 20.0, 60.0)
    failure = np.stack([rng.exponential(scale), rng.exponential(60.0, patients)])
    death = np.tile(rng.exponential(60.0, patients), (2, 1))
    return PatientPool(failure, death, {}, inside=inside, pools=4)


@pytest.mark.parametrize("arms", [PLAN.arms, pool()], ids=["stated", "simulated"])
def test_the_parts_of_a_trial_are_the_whole(arms):
    plan = replace(PLAN, arms=arms)
    compared = [Comparison(1, where) for where in (EVERYBODY, INSIDE, OUTSIDE)]
    whole, inside, outside = run_comparisons(plan, compared, 100, seed=1)
    for name, counts in whole.counts.items():
        both = inside.counts[name] + outside.counts[name]
        np.testing.assert_array_equal(counts, both, err_msg=name)
    share = 0.4 if isinstance(arms, MixedArms) else arms.inside.mean()
    expected = 300 * share
    total = inside.counts["randomized"].sum(axis=1).mean()
    assert total == pytest.approx(expected, abs=4.0 * np.sqrt(expected / 100))


def test_each_group_has_its_own_hazards():
    """An endless number of patients: the subgroup's course, the others', and their mixture."""
    months = np.array([6.0, 18.0])
    inside = alone(replace(PLAN, comparison=Comparison(1, INSIDE)))
    both = Assumed(PLAN, (6.0, 18.0)).courses
    for arm, hazards in enumerate(((0.05, 0.03), (0.02, 0.03))):
        incidences = [h / (h + 0.03) * -np.expm1(-(h + 0.03) * months) for h in hazards]
        mixed = 0.4 * incidences[0] + 0.6 * incidences[1]
        assert both[arm].incidence(months) == pytest.approx(mixed, rel=1e-4)
        mine = Assumed(inside, (6.0, 18.0)).courses[arm]
        assert mine.incidence(months) == pytest.approx(incidences[0], rel=1e-4)
    assert inside.design.patients == 120


def test_the_interaction_is_the_difference_over_its_error():
    compared = [Comparison(1, where) for where in (INSIDE, OUTSIDE)]
    inside, outside = run_comparisons(PLAN, compared, 50, seed=1)
    outcome = interaction("logrank", inside, outside)
    first, second = (part.outcomes["logrank"] for part in (inside, outside))
    error = np.sqrt(1.0 / first.information + 1.0 / second.information)
    z = (first.effect - second.effect) / error
    np.testing.assert_allclose(outcome.z, z)
    np.testing.assert_allclose(outcome.p_value, 2.0 * special.ndtr(-np.abs(z)))
    # Schoenfeld: the log of a ratio of ratios has an error of 2 (1 / d_1 + 1 / d_0)^(1/2)
    events = [part.counts["events"].sum(axis=1).mean() for part in (inside, outside)]
    expected = 2.0 * np.sqrt(sum(1.0 / d for d in events))
    assert error.mean() == pytest.approx(expected, rel=0.1)
    assert outcome.effect.mean() == pytest.approx(np.log(0.4), abs=0.25)


def test_power_of_an_interaction_is_that_of_its_formula():
    parts = {p.population: p.power for p in parts_of(PLAN, "logrank", trials=2000, seed=3)}
    compared = [Comparison(1, where) for where in (INSIDE, OUTSIDE)]
    shown = run_comparisons(PLAN, compared, 200, seed=3)
    error = 2.0 * np.sqrt(sum(1.0 / s.counts["events"].sum(axis=1).mean() for s in shown))
    formula = stats.norm.sf(1.96 - abs(np.log(0.4)) / error)
    assert parts[INTERACTION].rejected.value == pytest.approx(formula, abs=0.05)
    assert parts[INSIDE].rejected.value > parts[EVERYBODY].rejected.value
    assert parts[OUTSIDE].rejected.value == pytest.approx(0.05, abs=0.02)


def errors_of_parts(name, trials):
    parts = parts_of(replace(NULL, analyses=(name,)), name, trials=trials, seed=5)
    return {part.population: part.power.rejected.value for part in parts}


@pytest.mark.parametrize("name", TESTED)
def test_tests_of_a_subgroup_and_of_the_interaction_keep_their_level(name):
    for error in errors_of_parts(name, 2000).values():
        assert error == pytest.approx(0.05, abs=4.0 * mc_error(0.05, 2000))


@pytest.mark.slow
@pytest.mark.parametrize("name", TESTED)
def test_tests_of_a_subgroup_keep_their_level_in_many_trials(name):
    for error in errors_of_parts(name, 40_000).values():
        assert error == pytest.approx(0.05, abs=3.0 * mc_error(0.05, 40_000))


def familywise(trials):
    plan = replace(NULL, co_primary=True, analyses=("logrank", "incidence_difference"))
    shown = run_comparisons(plan, plan.comparisons, trials, seed=5)
    levels = {name: level_of(shown, name, 0.05) for name in plan.analyses}
    return {n: joint_of(n, levels[n], shown, shown) for n in plan.analyses}


def test_everybody_and_the_subgroup_together_keep_the_level():
    for joint in familywise(2000).values():
        assert joint.type_one.value == pytest.approx(0.05, abs=4.0 * mc_error(0.05, 2000))
        # statistics of nested groups correlate as the root of their share of the information
        assert 0.5 < joint.level.correlation[0, 1] < 0.75
        assert 0.025 < joint.level.each < 0.035


@pytest.mark.slow
def test_everybody_and_the_subgroup_keep_the_level_in_many_trials():
    for joint in familywise(40_000).values():
        assert joint.type_one.value == pytest.approx(0.05, abs=3.0 * mc_error(0.05, 40_000))


def test_arms_alike_leave_each_group_its_prognosis():
    null = under_null(PLAN, "no_difference").arms
    assert null == NULL.arms


@pytest.mark.parametrize("arms", [PLAN.arms, pool()], ids=["stated", "simulated"])
def test_a_prevalence_changes_who_there_is_and_nothing_else(arms):
    plan = with_prevalence(replace(PLAN, arms=arms), 0.7)
    inside, whole = run_comparisons(plan, (Comparison(1, INSIDE), Comparison()), 100, seed=1)
    share = inside.counts["randomized"].sum() / whole.counts["randomized"].sum()
    assert share == pytest.approx(0.7, abs=4.0 * mc_error(0.7, 30_000))
    only = enriched(replace(PLAN, arms=arms), 0.25)
    assert only.design.eligible == 0.25 and only.design.screened == 1200
    assert not only.has_subgroup
    control = Assumed(only).courses[0].incidence(np.array(12.0))
    mine = alone(replace(PLAN, arms=arms, comparison=Comparison(1, INSIDE)))
    assert control == pytest.approx(Assumed(mine).courses[0].incidence(np.array(12.0)), abs=0.03)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("bulky") / "bulky.toml"
    path.write_text(FILE, encoding="utf-8")
    return load_trial(path)


@pytest.fixture(scope="module")
def results(source):
    return run_trial(source)


def test_the_size_depends_on_the_prevalence_where_everybody_is_enrolled(results):
    rows = cells_of("trial_prevalence.csv", results)
    assert {row["scenario"] for row in rows} == {"described"}
    sizes = {(row["prevalence"], row["enrolled"]): row for row in rows}
    rare, common = sizes[0.2, "all"], sizes[0.6, "all"]
    assert rare["patients"] > 3 * common["patients"]
    few = sizes[0.2, "only"]
    assert few["patients"] == pytest.approx(sizes[0.6, "only"]["patients"], rel=0.2)
    assert few["screened"] == pytest.approx(few["patients"] / (0.8 * 0.2))
    assert common["screened"] == pytest.approx(common["patients"] / 0.8)


def test_every_design_of_a_subgroup_is_told(source, results):
    assert list(results) == ["described", "both", "both-subgroup", "enriched"]
    text = summary_text(results)
    assert "interaction of arm and subgroup, at the full level (logrank): rejects in" in text
    assert "experimental against control in the subgroup (bulky)" in text
    assert "with 20 % in the subgroup and only the subgroup enrolled" in text
    said = describe_trial(source)
    assert "40 % of patients are in the subgroup (bulky); nobody else is enrolled." in said
    assert "Of those screened 32 % are eligible, so that about 625 are to be screened" in said
    assert "In the subgroup (bulky): in the control arm the hazard of the event is 0.06" in said
    rows = cells_of("trial_subgroup.csv", {"described": results["described"]})
    assert {row["population"] for row in rows} == {EVERYBODY, INSIDE, OUTSIDE, INTERACTION}
    assert {row["truth"] for row in rows} == {"alternative", "no_difference"}
    power = {n: results[n].primary.rejected.value for n in ("described", "enriched")}
    assert power["enriched"] > power["described"]


def test_proportions_have_subgroups_too(tmp_path):
    text = FILE.replace("failure_hazard", "proportion").replace(", death_hazard = 0.02", "")
    text = text.replace('"logrank", "incidence_difference"', '"pearson"').replace(
        "minimum_follow_up = 18.0", ""
    )
    text = text.replace("0.06", "0.6").replace("0.02 }", "0.3 }").replace("trials = 200",
        "trials = 400\nbinary = true\nhigher_is_better = false")  # fmt: skip
    path = tmp_path / "binary.toml"
    path.write_text(text.replace("landmark = 12.0\n", ""), encoding="utf-8")
    result = run_trial(load_trial(path))["described"]
    parts = {part.population: part.power for part in result.parts["alternative"]}
    assert parts[INTERACTION].effect == pytest.approx(-0.3, abs=0.02)
    assert parts[INSIDE].effect == pytest.approx(-0.3, abs=0.02)


def experiment(**trial):
    section = {
        "control": "single_24", "experimental": "sib_30_5", "patients": 60, "trials": 20,
        "simulated_patients": 1000, "find_size": False, "analyses": ["logrank"],
        "design": {"minimum_follow_up": 24.0},
    }  # fmt: skip
    settings = read_settings(SMALL)
    arms = list(settings["arms"])
    section["control"], section["experimental"] = arms[:2]
    return make_experiment({**settings, "trial": {**section, **trial}})


def test_covariates_say_who_is_in_the_subgroup_and_rules_who_is_eligible():
    where = {"bilsky": ["1a", "1c"]}
    source = experiment(subgroup={"where": where})
    everybody = plan_of(source.trial, source)
    share = everybody.arms.inside.mean()
    assert 0.0 < share < 1.0 and everybody.design.eligible == 1.0
    only = experiment(subgroup={"where": where, "enrolled": "only"})
    plan = plan_of(only.trial, only)
    assert plan.arms.inside is None
    assert plan.design.eligible == pytest.approx(share)
    settings = only.model_copy(update={"trial": None})
    rule = {"high": {"where": where, "action": "exclude"}}
    ruled = make_experiment({**read_settings(SMALL), "eligibility": rule, "trial": {
        "control": only.trial.control, "experimental": only.trial.experimental, "patients": 60,
        "simulated_patients": 1000, "design": {"minimum_follow_up": 24.0, "eligible": 0.5},
    }})  # fmt: skip
    assert settings.trial is None
    screened = plan_of(ruled.trial, ruled).design
    assert screened.eligible == pytest.approx(0.5 * (1.0 - share), abs=0.08)
    assert screened.screened == pytest.approx(60 / screened.eligible)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("share = 0.4", "share = 0.0", "share must lie between 0 and 1, got 0.0: nobody"),
        ("share = 0.4", "share = 1.0", "share must lie between 0 and 1, got 1.0: nobody"),
        ("share = 0.4\n", "", "subgroup.share: is missing"),
        ("share = 0.4", 'share = 0.4\nwhere = { bilsky = ["2"] }', "subgroup.where: is for arms"),
        ("prevalences = [0.2, 0.6]", "prevalences = [0.0]", "prevalences must lie between"),
        ("control = { failure_hazard = 0.06 }\nexperimental = { failure_hazard = 0.02 }\n", "",
         "say by control or experimental"),
        ("failure_hazard = 0.06", "failure_hasard = 0.06", "subgroup.control.failure_hasard"),
        ("failure_hazard = 0.06", "failure_hazard = -0.06", "subgroup.control.failure_hazard"),
        ("share = 0.4", 'share = 0.4\nenrolled = "some"', "enrolled"),
        ("share = 0.4", 'share = 0.4\nenrolled = "only"', "prevalences"),
        ("landmark = 12.0", "landmark = 12.0\nmargin = 1.2", "margin"),
        ("landmark = 12.0", "landmark = 12.0\nlooks = { information = [0.5, 1.0] }",
         "looks: is for two arms"),
        ("experimental = { failure_hazard = 0.028, death_hazard = 0.02 }",
         "experimental = [{ failure_hazard = 0.02 }, { failure_hazard = 0.01 }]",
         "subgroup: is for one experimental arm"),
    ],
)  # fmt: skip
def test_mistakes_in_a_subgroup_are_named_in_one_line(tmp_path, capsys, old, new, message):
    assert old in FILE
    path = tmp_path / "file.toml"
    text = FILE[: FILE.index("[trial.scenarios")].replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    for command in (("check", path), ("trial", path, "--out", tmp_path / "out")):
        ended = radsim(capsys, *command)
        assert ended.code == 2
        said = [line.replace(": must", " must") for line in ended.errors]
        assert len(said) == 1 and message in said[0], said


@pytest.mark.parametrize(
    ("subgroup", "message"),
    [
        ({"where": {"bilsky": ["4"]}}, "trial.subgroup.where.bilsky: nobody has the label '4'"),
        ({"where": {"bilsqy": ["2"]}}, "trial.subgroup.where.bilsqy: the cohort has no such"),
        ({"share": 0.3}, "subgroup.where: say by variables"),
        ({"where": {"bilsky": ["2"]}, "share": 0.3}, "subgroup.share: has no effect here"),
        ({"where": {"bilsky": []}}, "where.bilsky names no label, so nobody is in it"),
        ({"where": {"bilsky": ["1a"]}, "control": {"control": 0.5}}, "leave out control"),
    ],
)
def test_a_subgroup_of_simulated_patients_is_one_of_the_cohort(subgroup, message):
    with pytest.raises(ValueError, match=message.replace(".", r"\.")):
        experiment(subgroup=subgroup)


def test_a_subgroup_that_nobody_is_in_is_named():
    where = {"bilsky": ["3"], "region": ["sacrum"], "sins_pain": ["none"]}
    source = experiment(subgroup={"where": where}, simulated_patients=4)
    with pytest.raises(ValueError, match="nobody of 4 simulated patients is in it"):
        plan_of(source.trial, source)


@pytest.mark.parametrize(("share", "where"), [(0.01, "in the subgroup"), (0.99, "outside the sub")])
def test_a_subgroup_of_hardly_anybody_is_told_before_simulating_and_beside_its_result(share, where):
    settings = {
        "name": "few", "seed": 3, "trial": {
            "trials": 60, "patients": 120, "find_size": False, "analyses": ["logrank"],
            "control": {"failure_hazard": 0.03}, "experimental": {"failure_hazard": 0.02},
            "design": {"minimum_follow_up": 24.0},
            "subgroup": {"share": share, "experimental": {"failure_hazard": 0.005}},
        },
    }  # fmt: skip
    trial = make_trial(settings)
    (note,) = notes_of(trial.trial, plan_of(trial.trial, trial))
    assert note.startswith("subgroup: 0.6 patients of an arm") and where in note
    said = [line for line in summary_text(run_trial(trial)).splitlines() if "full level" in line]
    whom = "in the subgroup" if share < 0.5 else "in the others"
    (line,) = (line for line in said if line.strip().startswith(whom))
    assert "no test in" in line or "can't be tested" in line
