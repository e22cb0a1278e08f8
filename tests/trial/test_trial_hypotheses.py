"""Several hypotheses in one trial: their endpoints, their nulls, and the chance of a false claim.

Seeds are fixed; a tolerance of 4 standard errors would fail by chance once in 16,000 choices of the
seed, one of 3 once in 370.
"""

import tomllib
from dataclasses import replace

import numpy as np
import pytest
from command_line import radsim
from examples import EXPERIMENTS, SMALL
from scipy import stats
from trial_cases import cells_of

from radsim import make_experiment
from radsim.experiment.model import ExperimentError
from radsim.experiment.trial_file import load_trial, trials_of
from radsim.randomness.streams import Streams
from radsim.report.figures.trial import plot_hypotheses
from radsim.report.files.trial_files import kept_trial
from radsim.report.text.trial import assumptions_text, summary_text
from radsim.simulation.virtual_trial import plan_of as plan_of_section
from radsim.simulation.virtual_trial import run_scenario_of
from radsim.trial import (
    PatientPool,
    Settings,
    StatedArm,
    TrialDesign,
    TrialPlan,
    UniformAccrual,
    Visits,
    run_trials,
)
from radsim.trial.conduct.hypotheses import OWN, Family, Hypothesis
from radsim.trial.conduct.others import OtherEndpoint, draw_others
from radsim.trial.conduct.run import observe_block
from radsim.trial.protocol.procedure import Procedure
from radsim.trial.questions.characteristics import mc_error
from radsim.trial.questions.testing import ALIKE, DESIGN, family_power, truths, with_nulls
from radsim.trial.survival.subjects import EVENT

LEVEL = 0.025
DESIGN_300 = TrialDesign(
    patients=300, accrual=UniformAccrual(months=12.0), minimum_follow_up=24.0, drop_out_hazard=0.005
)
ARMS = (
    StatedArm(failure_hazard=0.015, median_survival=20.0),
    StatedArm(failure_hazard=0.012, median_survival=26.0),
)
OTHERS = {
    "fracture": OtherEndpoint(
        control=StatedArm(failure_hazard=0.03),
        experimental=StatedArm(failure_hazard=0.018),
        correlation=0.5,
    ),
    "relief": OtherEndpoint(
        control=StatedArm(proportion=0.4), experimental=StatedArm(proportion=0.55), correlation=-0.4
    ),
}
PRIMARY = Hypothesis(analysis="incidence_difference_against_margin", settings=Settings(worst=0.1))
HYPOTHESES = {
    "primary": PRIMARY,
    "fracture": Hypothesis(endpoint="fracture", analysis="gray"),
    "death": Hypothesis(endpoint="death", analysis="logrank"),
}
WINS = Hypothesis(analysis="net_benefit", wins=("death", OWN, "fracture"))
PROCEDURES = {
    "sequence": Procedure(),
    "holm": Procedure(procedure="holm"),
    "hochberg": Procedure(procedure="hochberg"),
    "gatekeeping": Procedure(
        procedure="gatekeeping", families=(("primary",), ("fracture", "death"))
    ),
    "graph": Procedure(
        procedure="graph",
        weights={"primary": 0.8, "fracture": 0.2},
        transfer={"primary": {"fracture": 0.5, "death": 0.5}, "fracture": {"death": 1.0},
                  "death": {"fracture": 1.0}},
    ),
}  # fmt: skip


def plan_of(hypotheses=HYPOTHESES, procedure=PROCEDURES["sequence"], arms=ARMS, **changes):
    stated = not isinstance(arms, PatientPool)
    family = Family(
        hypotheses=hypotheses,
        procedure=procedure,
        others=OTHERS if stated else {},
        goods=("relief",),
    )
    design = replace(DESIGN_300, **changes)
    first = hypotheses["primary"]
    return TrialPlan(
        design=design, arms=arms, analyses=(first.analysis,), settings=first.settings, family=family
    )


def pool(patients=4000):
    rng = np.random.default_rng(1)
    failure = rng.exponential([[60.0], [80.0]], (2, patients))
    death = rng.exponential([[25.0], [40.0]], (2, patients))
    fracture, relief = rng.exponential([[[40.0], [70.0]], [[30.0], [15.0]]], (2, 2, patients))
    return PatientPool(
        failure, death, {"fracture": fracture}, pools=2, responses={"relief": relief},
        among={"relief": np.arange(patients) % 2 == 0},
    )  # fmt: skip


def check_level(trials, errors, hypotheses=HYPOTHESES, **changes):
    """Every procedure keeps the level under every set of nulls; returns what each set showed."""
    plan, found = plan_of(hypotheses, **changes), {}
    for truth in truths(plan):
        shown = run_trials(truth.plan, trials, seed=11)
        for name, procedure in PROCEDURES.items():
            other = replace(truth.plan, family=replace(truth.plan.family, procedure=procedure))
            power = family_power(replace(truth, plan=other), shown)
            found[name, truth.nulls] = power
            if truth.nulls:
                limit = LEVEL + errors * mc_error(LEVEL, trials)
                assert power.false_claim.value <= limit, (name, truth.nulls)
    return found


def test_every_set_of_nulls_is_made():
    plan = plan_of()
    found = {truth.nulls for truth in truths(plan)}
    names = list(HYPOTHESES)
    assert found == {
        tuple(n for n, inside in zip(names, (a, b, c), strict=True) if inside)
        for a in (0, 1) for b in (0, 1) for c in (0, 1)
    }  # fmt: skip


def test_a_margin_and_no_margin_of_one_endpoint_are_two_nulls_that_lie_in_each_other():
    better = {"primary": PRIMARY, "better": Hypothesis(analysis="incidence_difference")}
    worse = ARMS[0], replace(ARMS[1], failure_hazard=0.014)
    found = {truth.name: truth.nulls for truth in truths(plan_of(better, arms=worse))}
    assert found[DESIGN] == ("better",)  # deaths come later, and with them more failures
    assert found["null of primary"] == ("primary", "better")
    assert found["null of better"] == ("better",)


def test_several_months_have_their_null_where_nothing_differs():
    marks = Settings(landmarks=(6.0, 18.0))
    hypotheses = {
        "primary": PRIMARY,
        "marks": Hypothesis(endpoint="fracture", analysis="incidence_differences", settings=marks),
    }
    found = truths(plan_of(hypotheses))
    assert [truth.name for truth in found] == [DESIGN, "null of primary", ALIKE]
    assert found[2].nulls == ("marks",)
    outcome = run_trials(found[2].plan, 2000, seed=3).hypotheses["marks"]
    share = (outcome.tested & (outcome.p_value <= 2.0 * LEVEL)).mean()
    assert share == pytest.approx(LEVEL, abs=4.0 * mc_error(LEVEL, 2000))


@pytest.mark.parametrize("arms", [ARMS, pool()], ids=["stated", "pool"])
def test_a_hypothesis_on_the_boundary_of_its_null_is_shown_at_the_level(arms):
    hypotheses = dict(HYPOTHESES)
    if not isinstance(arms, PatientPool):
        hypotheses["relief"] = Hypothesis(endpoint="relief", analysis="pearson")
    else:
        hypotheses["relief"] = Hypothesis(endpoint="relief", analysis="gray")
        kept = Settings(
            worst=-float(np.log(1.3))
        )  # of what is good the margin is below a ratio of 1
        hypotheses["kept"] = Hypothesis(
            endpoint="relief", analysis="logrank_against_margin", settings=kept
        )
    plan, trials = plan_of(hypotheses, arms=arms), 2000
    for name in hypotheses:
        null = with_nulls(plan, (name,))
        outcome = run_trials(null, trials, seed=3).hypotheses[name]
        share = (outcome.tested & (outcome.p_value <= 2.0 * LEVEL)).mean()
        assert share == pytest.approx(LEVEL, abs=4.0 * mc_error(LEVEL, trials)), name


def test_false_claims_keep_the_level_under_every_set_of_nulls():
    assert len(check_level(1000, errors=4.0, patients=200)) == 8 * len(PROCEDURES)


@pytest.mark.slow
def test_false_claims_keep_the_level_in_many_trials():
    trials = 40_000
    found, error = check_level(trials, errors=3.0), 3.0 * mc_error(LEVEL, trials)
    for hypothesis in HYPOTHESES:  # alone on its boundary it has just the level
        (row,) = [r for r in found["holm", (hypothesis,)].hypotheses if r.name == hypothesis]
        assert row.alone.value == pytest.approx(LEVEL, abs=error)
    for (name, nulls), power in found.items():  # and so has the first of a sequence, always
        if name == "sequence" and "primary" in nulls:
            assert power.false_claim.value == pytest.approx(LEVEL, abs=error)


@pytest.mark.slow
def test_false_claims_of_simulated_patients_keep_the_level_in_many_trials():
    hypotheses = {
        "primary": PRIMARY,
        "fracture": Hypothesis(endpoint="fracture", analysis="cox"),
        "death": Hypothesis(endpoint="relief", analysis="gray"),  # by its place in the procedures
    }
    found = check_level(40_000, errors=3.0, hypotheses=hypotheses, arms=pool(20_000))
    error = 3.0 * mc_error(LEVEL, 40_000)
    for name in hypotheses:
        (row,) = [r for r in found["holm", (name,)].hypotheses if r.name == name]
        assert row.alone.value == pytest.approx(LEVEL, abs=error)


@pytest.mark.slow
@pytest.mark.parametrize("analysis", ["win_ratio", "net_benefit"])
@pytest.mark.parametrize("allocation", [(1, 1), (1, 2)])
def test_pairs_of_patients_keep_the_level_in_many_trials(analysis, allocation):
    hypotheses = {"primary": PRIMARY, "wins": replace(WINS, analysis=analysis)}
    plan = plan_of(hypotheses, patients=150, allocation=allocation, block=sum(allocation))
    (alike,) = [truth.plan for truth in truths(plan) if truth.name == ALIKE]
    outcome = run_trials(alike, 40_000, seed=3).hypotheses["wins"]
    share = (outcome.tested & (outcome.p_value <= 2.0 * LEVEL)).mean()
    assert share == pytest.approx(LEVEL, abs=3.0 * mc_error(LEVEL, 40_000))


def test_pairs_of_patients_keep_the_level():
    plan = plan_of({"primary": PRIMARY, "wins": WINS}, patients=100)
    (alike,) = [truth for truth in truths(plan) if truth.name == ALIKE]
    assert "wins" in alike.nulls
    outcome = run_trials(alike.plan, 4000, seed=3).hypotheses["wins"]
    share = (outcome.tested & (outcome.p_value <= 2.0 * LEVEL)).mean()
    assert share == pytest.approx(LEVEL, abs=4.0 * mc_error(LEVEL, 4000))


def test_an_endpoint_is_analysed_as_a_trial_of_its_own_would_be():
    patients = pool()
    hypotheses = {
        **HYPOTHESES, "relief": Hypothesis(endpoint="relief", analysis="survival_difference"),
    }  # fmt: skip
    visits = Visits(at=(3.0,), then_every=6.0)
    plan = plan_of(hypotheses, arms=patients, visits=visits)
    found = run_trials(plan, 50, seed=5)
    never = np.full(patients.death.shape, np.inf)
    alone = {
        "fracture": PatientPool(patients.harms["fracture"], patients.death, {}, pools=2),
        "death": PatientPool(patients.death, never, {}, pools=2),
    }
    for name, arms in alone.items():
        analysis = hypotheses[name].analysis
        design = plan.design if name != "death" else replace(plan.design, visits=None)
        own = run_trials(TrialPlan(design=design, arms=arms, analyses=(analysis,)), 50, seed=5)
        np.testing.assert_allclose(found.hypotheses[name].z, -own.outcomes[analysis].z)
        np.testing.assert_array_equal(found.hypotheses[name].effect, own.outcomes[analysis].effect)
    assert found.hypotheses["relief"].z.mean() > 1.0  # relief comes sooner, which is good
    fewer = replace(patients, among={})
    everyone = run_trials(plan_of(hypotheses, arms=fewer, visits=visits), 50, seed=5)
    ratio = found.hypotheses["relief"].information / everyone.hypotheses["relief"].information
    assert np.median(ratio) == pytest.approx(0.5, abs=0.1)  # half of the patients are concerned


def test_a_hypothesis_counts_in_favor_of_the_experimental_arm_alone():
    worse = (ARMS[0], replace(ARMS[1], failure_hazard=0.05))
    hypotheses = {"primary": Hypothesis(analysis="logrank")}
    found = run_trials(plan_of(hypotheses, arms=worse), 100, seed=1)
    outcome = found.hypotheses["primary"]
    assert (outcome.z < 0.0).all()
    assert (outcome.p_value == 1.0).all()
    assert (found.outcomes["logrank"].p_value < 0.05).mean() > 0.9


def test_pairs_are_compared_by_the_first_of_a_patients_lesions():
    hypotheses = {"primary": Hypothesis(analysis="logrank"), "wins": WINS}
    plan = plan_of(hypotheses, lesions=(0.0, 0.0, 1.0), visits=Visits(then_every=3.0))
    observed = observe_block(plan, range(3), Streams(1))
    compared = observed.compared(OWN, good=False)
    lesions = observed.trials.time.reshape(*compared.time.shape, 3)
    has = (observed.trials.cause == EVENT).reshape(lesions.shape)
    np.testing.assert_array_equal(compared.seen, has.any(axis=-1))
    np.testing.assert_array_equal(compared.time, lesions.min(axis=-1))
    death = observed.compared("death", good=False)
    np.testing.assert_array_equal(death.seen, observed.fate.death <= death.time)


def test_a_trial_of_a_proportion_has_other_proportions_and_pairs():
    hypotheses = {
        "primary": Hypothesis(analysis="pearson"),
        "wins": Hypothesis(analysis="net_benefit", wins=(OWN, "relief")),
    }
    arms = StatedArm(proportion=0.4), StatedArm(proportion=0.6)
    family = Family(
        hypotheses=hypotheses, procedure=Procedure(), others=OTHERS, goods=(OWN, "relief")
    )
    plan = TrialPlan(
        design=TrialDesign(patients=200), arms=arms, analyses=("pearson",), binary=True,
        family=replace(family, others={"relief": OTHERS["relief"]}),
    )  # fmt: skip
    found = run_trials(plan, 200, seed=1).hypotheses
    assert found["primary"].z.mean() > 0.9  # of a counted test it is the side alone
    share = 0.6 * 0.6 - 0.4 * 0.4  # of pairs won less lost by the first: 0.36 - 0.16
    tied = 0.6 * 0.4 + 0.4 * 0.6
    assert found["wins"].effect.mean() > share
    assert found["wins"].effect.mean() == pytest.approx(share + 0.15 * tied, abs=0.05)
    assert found["wins"].z.mean() > 2.0
    (alike,) = [truth for truth in truths(plan) if truth.name == ALIKE]
    assert set(alike.nulls) == {"primary", "wins"}
    assert abs(run_trials(alike.plan, 400, seed=1).hypotheses["wins"].z.mean()) < 0.2


def test_other_endpoints_have_their_laws_and_their_correlation():
    others = {
        "time": OtherEndpoint(
            control=StatedArm(failure_hazard=0.1), experimental=StatedArm(control=0.5)
        ),
        "sooner": replace(OTHERS["fracture"], correlation=0.6),
        "rarer": replace(OTHERS["relief"], correlation=-0.6),
    }
    arm = np.tile([0, 1], (200, 100))
    drawn = draw_others(others, arm, range(200), Streams(1))
    own = -np.log(_own(200, 200))
    control = arm == 0
    assert drawn.times["time"][control].mean() == pytest.approx(10.0, rel=0.05)
    assert (drawn.times["time"][~control] > 24.0).mean() == pytest.approx(0.5, abs=0.02)
    rho = stats.spearmanr(own[control], drawn.times["sooner"][control]).statistic
    assert rho == pytest.approx(6.0 / np.pi * np.arcsin(0.3), abs=0.03)
    assert drawn.had["rarer"][control].mean() == pytest.approx(0.4, abs=0.02)
    early = own < np.median(own)
    assert drawn.had["rarer"][early & control].mean() < 0.3  # who fails soon is relieved less
    plain = draw_others({"time": others["time"]}, arm, range(200), Streams(1)).times["time"]
    np.testing.assert_array_equal(plain, drawn.times["time"])


def _own(trials, patients):
    from radsim.trial.conduct.draw import draw_numbers

    return draw_numbers(Streams(1), "failure/0", range(trials), patients)


def test_hypotheses_do_not_depend_on_blocks_or_on_each_other():
    plan = plan_of({**HYPOTHESES, "wins": WINS})
    whole, parts = run_trials(plan, 40, seed=2), run_trials(plan, 40, seed=2, block=7, workers=2)
    alone = run_trials(plan_of({"primary": PRIMARY, "wins": WINS}), 40, seed=2)
    for name in whole.hypotheses:
        np.testing.assert_array_equal(whole.hypotheses[name].z, parts.hypotheses[name].z)
    np.testing.assert_array_equal(whole.hypotheses["wins"].z, alone.hypotheses["wins"].z)


SEVERAL = """
name = "several"
seed = 3

[trial]
trials = 200
patients = 300
control = { failure_hazard = 0.012, median_survival = 24.0 }
experimental = { failure_hazard = 0.010, median_survival = 30.0 }
primary = "incidence_difference"
margin = 0.12
analyses = ["incidence_difference"]
most_patients = 1000
design = { accrual = { kind = "uniform", months = 12 }, minimum_follow_up = 24 }

[trial.secondary.fracture]
event = "vertebral fracture"
control = { failure_hazard = 0.03 }
experimental = { failure_hazard = 0.012 }
analysis = "gray"
correlation = 0.2

[trial.secondary.survival]
endpoint = "death"
analysis = "logrank"

[trial.secondary.relief]
control = { proportion = 0.4 }
experimental = { proportion = 0.55 }
higher_is_better = true

[trial.secondary.benefit]
wins = ["death", "primary", "fracture"]

[trial.testing]
procedure = "gatekeeping"
families = [["primary"], ["fracture", "survival", "relief"], ["benefit"]]
power_of = "fracture"
"""


def written(tmp_path, text):
    path = tmp_path / "file.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_with_several_hypotheses_says_what_each_shows(tmp_path):
    source = load_trial(written(tmp_path, SEVERAL))
    result = run_scenario_of(source.trial, source)
    results = {"trial": result}
    cells = cells_of("trial_hypotheses.csv", results)
    design = {c["hypothesis"]: c for c in cells if c["truth"] == DESIGN}
    names = ["primary", "fracture", "survival", "relief", "benefit"]
    assert list(design) == [*names, "any", "all"]
    for name in names:
        assert design[name]["within_procedure"] <= design[name]["alone"]
    assert design["all"]["within_procedure"] <= min(design[n]["within_procedure"] for n in names)
    assert design["any"]["within_procedure"] == design["primary"]["within_procedure"]
    assert [design[name]["level"] for name in names] == [0.025, 0.0, 0.0, 0.0, 0.0]
    assert design["primary"]["margin"] == 0.12
    false = [c for c in cells if c["hypothesis"] == "any whose null is true"]
    assert len(false) >= 9
    limit = LEVEL + 4.0 * mc_error(LEVEL, 200)
    assert max(c["within_procedure"] for c in false) <= limit
    assert result.asked.value == pytest.approx(design["fracture"]["within_procedure"])
    assert result.size.reached
    (size,) = [c for c in cells_of("trial_sizes.csv", results) if c["method"] == "simulation"]
    assert size["takes"] == "fracture in the procedure"
    text = assumptions_text(results, source)
    for said in (
        "fracture is that the experimental arm is better in vertebral fracture, by gray",
        "Of vertebral fracture: in the control arm the hazard of the event is 0.03 a month.",
        "pairs compared by death, then event, then vertebral fracture, by win_ratio",
        "are (primary), (fracture, survival, relief) and (benefit). Each hypothesis is one-sided",
        "the chance of any false claim is kept at 0.025",
    ):
        assert said in text
    summary = summary_text(results)
    assert "fracture: shown by itself in" in summary
    assert "benefit: of pairs of patients are won and lost by death" in summary
    pairs = cells_of("trial_pairs.csv", results)
    assert [row["decided_by"] for row in pairs] == ["death", "event", "vertebral fracture"]
    decided = sum(row["won"] + row["lost"] for row in pairs)
    assert 0.5 < decided < 1.0
    plot = plot_hypotheses("trial", result)
    ticks = [tick.get_text() for axis in plot.axes for tick in axis.get_yticklabels()]
    assert "fracture: vertebral fracture" in ticks


def test_the_size_for_a_later_hypothesis_is_not_smaller_than_for_the_first(tmp_path):
    def size(whose):
        text = SEVERAL.replace('power_of = "fracture"', f'power_of = "{whose}"')
        source = load_trial(written(tmp_path, text))
        return run_scenario_of(source.trial, source).size

    first, both, every = size("primary"), size("fracture"), size("all")
    assert first.patients <= both.patients < every.patients


def test_check_says_which_hypothesis_nobody_is_watched_for(tmp_path, capsys):
    late = SEVERAL.replace('analysis = "gray"', 'analysis = "survival_difference"\nlandmark = {}')
    for months, said in (
        ("40.0", "40 months lie beyond month 36"),
        ("35.9", "patients (control, "),
    ):
        ended = radsim(capsys, "check", written(tmp_path, late.replace("{}", months)))
        assert ended.code == 0
        (note,) = [line for line in ended.output.splitlines() if "note: secondary.fracture" in line]
        assert said in note


def test_a_scenario_changes_a_secondary_key_by_key(tmp_path):
    text = SEVERAL + (
        "\n[trial.scenarios.same]\n"
        "[trial.scenarios.rarer.secondary.fracture]\n"
        "control = { control = 0.8 }\n"
    )
    same, rarer = load_trial(written(tmp_path, text)).trial.variants().values()
    before, after = same.secondary["fracture"], rarer.secondary["fracture"]
    assert (before.control.failure_hazard, after.control.failure_hazard) == (0.03, None)
    assert after.control.control == 0.8
    assert replace(after, control=before.control) == before
    assert {n: s for n, s in rarer.secondary.items() if n != "fracture"} == {
        n: s for n, s in same.secondary.items() if n != "fracture"
    }


FRACTURE = "experimental = { failure_hazard = 0.012 }"
TESTING = SEVERAL[SEVERAL.index("[trial.testing]") :]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (FRACTURE, "", "trial.secondary.fracture: experimental is missing: one arm alone states"),
        (FRACTURE, "experimental = { proportion = 0.3 }", "the arms have no common endpoint"),
        (FRACTURE, "experimental = { failure_hazard = 0.01, median_survival = 9 }",
         "experimental.median_survival: has no effect here: it is said in the trial's arms"),
        ('endpoint = "death"', 'endpoint = "deaths"', "secondary.survival.endpoint: no endp"),
        ('"primary", "fracture"]\n', '"primary", "vcf"]\n', "secondary.benefit.wins: no end"),
        ('endpoint = "death"', 'endpoint = "death"\nmargin = 0.8', "margin: must be above 1"),
        ('analysis = "gray"', 'analysis = "gray"\nmargin = 0.1', "gray has no effect that a marg"),
        ('analysis = "gray"', 'analysis = "gay"', "secondary.fracture.analysis: no analysis"),
        ('analysis = "gray"', 'analysis = "cox"\nlandmark = 12', "landmark: has no effect on cox"),
        ('analysis = "gray"', 'analysis = "logrank_stratified"', "stratified: needs strata"),
        ('"death"\nanalysis = "logrank"', '"fracture"\nanalysis = "gray"',
         "secondary.fracture.analysis: this is the hypothesis survival again"),
        ('analysis = "gray"', 'analysis = "incidence_differences"', "landmarks: say at which m"),
        ('analysis = "gray"', 'analysis = "gray"\nweights = [1, 0]', "weights: has no effect on"),
        ("higher_is_better = true", "", "secondary.relief.higher_is_better: is missing"),
        ("correlation = 0.2", "correlation = 1.5", "fracture.correlation: must lie between -1"),
        ("secondary.benefit", "secondary.all", "secondary.all: the name has a meaning"),
        ('["benefit"]', '["benefit", "primary"]', "testing.families: primary stands there twice"),
        (', ["benefit"]', "", "testing.families: benefit is missing; each hypothesis has"),
        ('"survival", "relief"]', '"survivel", "relief"]', "did you mean 'survival'?"),
        ('power_of = "fracture"', 'power_of = "fractures"', "did you mean 'fracture'?"),
        (TESTING, '[trial.testing]\nprocedure = "holm"\nweights = { primary = 0.9, fracture = 0.3,'
         " survival = 0.1, relief = 0.1, benefit = 0.1 }", "add up to 1, got 0.9 + 0.3 + 0.1 + 0"),
        ("most_patients = 1000", "looks = { information = [0.5, 1.0] }", "looks: is for one hyp"),
        ("most_patients = 1000", "resize = { at = 0.5, events = 60, most_patients = 900 }",
         "resize: is for one hypothesis"),
    ],
)  # fmt: skip
def test_hypotheses_that_mean_nothing_end_with_one_line(tmp_path, capsys, old, new, message):
    assert old in SEVERAL
    ended = radsim(capsys, "check", written(tmp_path, SEVERAL.replace(old, new)))
    assert ended.code == 2
    assert len(ended.errors) == 1, ended.errors
    assert message in ended.errors[0]


def test_testing_without_a_secondary_is_refused(tmp_path, capsys):
    head = SEVERAL[: SEVERAL.index("[trial.secondary")]
    ended = radsim(capsys, "check", written(tmp_path, head + '[trial.testing]\nprocedure = "holm"'))
    assert ended.code == 2
    (line,) = ended.errors
    assert "testing: has no effect here" in line


def pain_trial(**secondary):
    (path,) = [path for path in EXPERIMENTS if path.stem == "pain"]
    design = {"minimum_follow_up": 12.0, "visits": {"at": [1.0, 3.0], "then_every": 6.0}}
    trial = {
        "control": "conventional", "experimental": "sbrt", "trials": 40, "patients": 200,
        "simulated_patients": 2000, "find_size": False, "analyses": ["logrank"], "design": design,
        "secondary": secondary, "testing": {"procedure": "hochberg"},
    }  # fmt: skip
    return make_experiment({**tomllib.loads(path.read_text("utf-8")), "trial": trial})


def test_arms_of_an_experiment_bring_pain_fracture_and_death():
    source = pain_trial(
        complete_pain_relief={},
        fracture={"endpoint": "vcf", "analysis": "gray"},
        death={"analysis": "restricted_mean_difference", "horizon": 12.0, "margin": 2.0},
        wins={"wins": ["death", "local_failure", "complete_pain_relief"]},
    )
    (section,) = trials_of(source).values()
    plan = plan_of_section(section, source)
    pool = plan.arms
    assert set(pool.responses) == {"complete_pain_relief"}
    assert pool.among["complete_pain_relief"].mean() == pytest.approx(0.8, abs=0.04)
    assert not np.isfinite(pool.responses["complete_pain_relief"][:, ~_concerned(pool)]).any()
    assert plan.family.goods == ("complete_pain_relief",)
    found = run_trials(plan, 40, seed=1).hypotheses
    assert found["complete_pain_relief"].z.mean() > 1.0  # more are relieved after SBRT
    assert found["complete_pain_relief"].effect.mean() > 0.0
    assert found["death"].z.mean() > 1.0  # the arms die alike, so neither is worse by 2 months
    result = run_scenario_of(section, source)
    cells = cells_of("trial_hypotheses.csv", {"trial": result})
    words = {c["hypothesis"]: c["endpoint"] for c in cells}
    assert words["fracture"] == "vertebral compression fracture"


def _concerned(pool):
    return pool.among["complete_pain_relief"]


@pytest.mark.parametrize(
    ("secondary", "message"),
    [
        ({"vfc": {}}, "trial.secondary.vfc.endpoint: no endpoint 'vfc'; did you mean 'vcf'?"),
        ({"w": {"wins": ["death", "vfc"]}}, "trial.secondary.w.wins: no endpoint 'vfc'"),
        ({"vcf": {"higher_is_better": False}}, "higher_is_better: has no effect here"),
        ({"vcf": {"control": {"control": 0.5}, "experimental": {"control": 0.5}}},
         "control: the arms are the experiment's, and state nothing here"),
    ],
)  # fmt: skip
def test_a_hypothesis_of_what_an_experiment_lacks_is_refused(secondary, message):
    with pytest.raises(ExperimentError) as caught:
        pain_trial(**secondary)
    (line,) = str(caught.value).splitlines()
    assert message in line


def test_the_experiment_of_a_result_keeps_its_hypotheses(tmp_path, capsys):
    text = SMALL.read_text(encoding="utf-8")
    first, second = list(tomllib.loads(text)["arms"])[:2]
    text += (
        f'\n[trial]\ncontrol = "{first}"\nexperimental = "{second}"\ntrials = 20\npatients = 40\n'
        'simulated_patients = 500\nfind_size = false\nanalyses = ["logrank"]\n'
        "design = { minimum_follow_up = 24.0 }\n"
        "secondary.vcf = {}\nsecondary.wins = { wins = ['primary', 'vcf'] }\n"
        "[trial.testing]\nprocedure = 'graph'\nweights = { primary = 0.5, vcf = 0.5 }\n"
        "transfer = { primary = { vcf = 1 }, vcf = { wins = 1.0 } }\n"
    )
    path, folder = written(tmp_path, text), tmp_path / "out"
    ended = radsim(capsys, "run", path, "--out", folder, "--patients", 60)
    assert ended.code == 0, ended.errors
    assert load_trial(folder / "experiment.toml").trial == load_trial(path).trial
    assert (folder / "figures" / "trial_hypotheses.png").is_file()


def test_a_trial_written_again_is_the_same(tmp_path):
    source = load_trial(written(tmp_path, SEVERAL))
    again = load_trial(written(tmp_path, source.to_toml()))
    assert again.trial == source.trial


def test_a_trial_that_goes_on_has_its_hypotheses(tmp_path):
    source = load_trial(written(tmp_path, SEVERAL.replace("trials = 200", "trials = 30")))
    source = source.model_copy(update={"trial": replace(source.trial, find_size=False)})
    folder = tmp_path / "out"
    whole = run_scenario_of(source.trial, source)
    for _ in range(2):  # the second finds the blocks of the first
        with kept_trial(folder, source):
            kept = run_scenario_of(source.trial, source)
        assert kept.families == whole.families
