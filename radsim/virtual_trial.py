"""Virtual trials from a file: plan each scenario, simulate it, gather what it can show."""

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from radsim.config import HIGHEST_SEED, Experiment, ExperimentError, load_experiment
from radsim.mistakes import mistakes_of
from radsim.schema import Count
from radsim.simulation import simulate
from radsim.trial.arms import PatientPool, StatedArm
from radsim.trial.characteristics import (
    Expectation,
    Power,
    Share,
    expectations,
    no_event_shares,
    power_of,
)
from radsim.trial.curves import ExpectedCurves, expected_curves
from radsim.trial.event_formulas import event_probability
from radsim.trial.exact_tests import exact_power
from radsim.trial.flow import Flow, flow_of, median_trial
from radsim.trial.formula_size import (
    FormulaSize,
    for_lost,
    geometric_mean_ratio,
    powers_for_proportions,
    sizes_for_proportions,
    sizes_for_times,
)
from radsim.trial.group_sequential import boundaries
from radsim.trial.looks import Sequential, run_sequential
from radsim.trial.nulls import differs_in_death, under_null
from radsim.trial.run import Shown, TrialPlan, run_trials
from radsim.trial.section import TrialSection
from radsim.trial.size import SampleSize, sample_size
from radsim.trial.uncertainty import UncertainArms, proportions_of

CURVE_TRIALS = 1024  # trials from which expected curves are averaged
SEARCH_TRIALS = 4000  # trials at each size that is tried, at most
POOL_BLOCK = 8192
EXACT_POWER_UP_TO = 150  # evaluable patients an arm
HARMS = ("vcf", "myelopathy")


class VirtualTrial(BaseModel):
    """A file that states its arms and needs no experiment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1)]
    question: str = ""
    expect: str = ""
    seed: Annotated[Count, Field(ge=0, le=HIGHEST_SEED)]
    trial: TrialSection


@dataclass(frozen=True)
class Benefit:
    """What the experimental arm gains against what one harm costs, per patient.

    Attributes
    ----------
    avoided
        Control minus experimental share of patients seen with the event.
    caused
        Experimental minus control share of patients seen with the harm.
    per_harm
        Events avoided for each harm caused (or suffered for each harm avoided); None where one arm
        is better in both.
    """

    harm: str
    control: float
    experimental: float
    caused: float
    caused_error: float
    avoided: float
    avoided_error: float
    per_harm: float | None


@dataclass(frozen=True)
class CurvePoint:
    """Power of the primary analysis with one number of the design changed."""

    over: str
    value: float
    power: Share


@dataclass(frozen=True)
class TrialResult:
    """Everything about one scenario."""

    section: TrialSection
    plan: TrialPlan
    shown: Shown
    powers: list[Power]
    type_one: dict[str, list[Power]]
    expected: list[Expectation]
    no_events: dict[str, Share]
    hazard_ratio: float
    formulas: list[FormulaSize]
    formula_powers: dict[str, float]
    size: SampleSize | None
    assurance: Power | None
    benefits: list[Benefit]
    curve: list[CurvePoint]
    looks: Sequential | None
    incidence: ExpectedCurves | None
    flow: tuple[Flow, Flow] | None

    @property
    def primary(self) -> Power:
        """The primary analysis."""
        return next(p for p in self.powers if p.analysis == self.section.primary_analysis)


def load_trial(path: str | Path) -> Experiment | VirtualTrial:
    """Read a file with a [trial] section, with or without an experiment around it.

    Raises
    ------
    ExperimentError
        With a line for each mistake, or if there is no [trial] section.
    """
    if not states_trial_only(path):
        experiment = load_experiment(path)
        if experiment.trial is None:
            raise ExperimentError(["trial: is missing; this command needs a [trial] section"])
        return experiment
    settings = tomllib.loads(Path(path).read_bytes().decode("utf-8-sig"))
    try:
        trial = VirtualTrial.model_validate(settings)
        trial.trial.variants()
    except ValidationError as error:
        found = mistakes_of(error, settings, VirtualTrial.model_json_schema())
        raise ExperimentError(found) from None
    except ValueError as error:
        raise ExperimentError([f"trial.{error}"]) from None
    if isinstance(trial.trial.control, str):
        raise ExperimentError(
            [f"trial.control: no arm {trial.trial.control!r}; the file has no [arms]"]
        )
    return trial


def states_trial_only(path: str | Path) -> bool:
    """Say whether a file holds a [trial] and no experiment; mistakes are left for the reading."""
    try:
        settings = tomllib.loads(Path(path).read_bytes().decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return False
    return "trial" in settings and "arms" not in settings and "cohort" not in settings


def with_changes(
    source: Experiment | VirtualTrial, *, trials: int | None = None, seed: int | None = None
) -> Experiment | VirtualTrial:
    """Replace the number of trials or the seed.

    Raises
    ------
    ExperimentError
        If the new number is impossible.
    """
    update: dict[str, Any] = {}
    if seed is not None:
        if not 0 <= seed <= HIGHEST_SEED:
            raise ExperimentError([f"--seed: must lie between 0 and {HIGHEST_SEED}, got {seed}"])
        update["seed"] = seed
    if trials is not None:
        assert source.trial is not None
        try:
            update["trial"] = replace(source.trial, trials=trials)
        except ValueError as error:
            raise ExperimentError([f"--trials: {error}"]) from None
    return source.model_copy(update=update)


def describe_trial(source: Experiment | VirtualTrial, *, as_json: bool = False) -> str:
    """Say what a file with a trial would simulate."""
    assert source.trial is not None
    variants = source.trial.variants()
    if as_json:
        return source.model_dump_json(exclude_none=True, indent=2)
    lines = [f"{source.name}: {len(variants)} virtual trial{'s' if len(variants) > 1 else ''}"]
    for name, section in variants.items():
        lines.append(
            f"  {name}: {section.trials:,} trials of {section.patients} patients, primary "
            f"analysis {section.primary_analysis}"
        )
    return "\n".join(lines)


def run_virtual_trial(
    source: Experiment | VirtualTrial, *, workers: int = 1
) -> dict[str, TrialResult]:
    """Simulate every scenario of a file's [trial] section.

    Returns
    -------
    dict
        A result for each scenario, by name; ``trial`` where the section has none.
    """
    section = source.trial
    if section is None:
        raise ExperimentError(["trial: is missing; there is no trial to simulate"])
    return {
        name: run_scenario(variant, source, workers=workers)
        for name, variant in section.variants().items()
    }


def run_scenario(
    section: TrialSection, source: Experiment | VirtualTrial, *, workers: int = 1
) -> TrialResult:
    """Simulate one trial and everything that is asked of it."""
    seed = source.seed
    plan = plan_of(section, source)
    shown = run_trials(plan, section.trials, seed=seed, workers=workers)
    nulls = ["no_difference", *(["equal_hazards"] if differs_in_death(plan) else [])]
    type_one = {}
    for null in nulls:
        under = run_trials(under_null(plan, null), section.trials, seed=seed, workers=workers)
        type_one[null] = [power_of(n, o, plan.alpha) for n, o in under.outcomes.items()]
    curves = None
    if not plan.binary:
        months = np.linspace(0.0, max(section.horizon, section.landmark), 25)
        some = min(section.trials, CURVE_TRIALS)
        curves = expected_curves(plan, months, trials=some, seed=seed)
    ratio, formulas, formula_powers = _formulas(section, plan, shown, curves)
    size = None
    if section.find_size:
        start = formulas[0].patients if formulas else 64
        size = sample_size(
            plan,
            analysis=section.primary_analysis,
            power=section.power,
            trials=min(section.trials, SEARCH_TRIALS),
            seed=seed,
            workers=workers,
            start=int(min(start, section.most_patients)),
            most=section.most_patients,
        )
    return TrialResult(
        section=section,
        plan=plan,
        shown=shown,
        powers=[power_of(n, o, plan.alpha) for n, o in shown.outcomes.items()],
        type_one=type_one,
        expected=expectations(shown),
        no_events=no_event_shares(shown),
        hazard_ratio=ratio,
        formulas=formulas,
        formula_powers=formula_powers,
        size=size,
        assurance=_assurance(section, plan, seed, workers),
        benefits=_benefits(shown),
        curve=_curve(section, plan, seed, workers),
        looks=_looks(section, plan, shown, seed),
        incidence=curves,
        flow=None
        if plan.binary
        else flow_of(plan, median_trial(shown, section.primary_analysis), seed=seed),
    )


def plan_of(section: TrialSection, source: Experiment | VirtualTrial) -> TrialPlan:
    """Make the plan of a section, with arms as stated or from the experiment's patients."""
    arms: Any
    if isinstance(section.control, StatedArm) and isinstance(section.experimental, StatedArm):
        arms = (section.control, section.experimental)
    else:
        assert isinstance(source, Experiment)
        arms = draw_pool(source, section)
    return TrialPlan(
        design=section.trial_design,
        arms=arms,
        analyses=section.named_analyses,
        settings=section.settings,
        binary=section.binary,
        alpha=section.alpha,
    )


def draw_pool(experiment: Experiment, section: TrialSection) -> PatientPool:
    """Simulate the patients that the trials draw theirs from, under both arms."""
    wanted = section.simulated_patients
    names = [str(section.control), str(section.experimental)]
    parts = []
    for first in range(0, wanted, POOL_BLOCK):
        patients = simulate(experiment, range(first, min(first + POOL_BLOCK, wanted)))
        parts.append(patients.sel(arm=names))

    def times(event: str) -> np.ndarray:
        name = f"time_to_{event}"
        columns = []
        for part in parts:
            if name not in part:
                return np.full((2, wanted), np.inf)
            values = part[name]
            for dim in ("control_model", "myelopathy_model"):
                if dim in values.dims:
                    values = values.isel({dim: 0})  # the experiment's own model
            columns.append(values.transpose("arm", "patient").values)
        joined = np.concatenate(columns, axis=1)
        return np.where(np.isnan(joined), np.inf, joined)

    harms = {h: times(h) for h in HARMS if h != section.endpoint and f"time_to_{h}" in parts[0]}
    return PatientPool(times(section.endpoint), times("death"), harms)


def _formulas(
    section: TrialSection, plan: TrialPlan, shown: Shown, curves: ExpectedCurves | None
) -> tuple[float, list[FormulaSize], dict[str, float]]:
    control, experimental = plan.design.allocation
    options = {
        "power": section.power,
        "alpha": section.alpha,
        "allocation": experimental / control,
    }
    if plan.binary:
        return 1.0, *_binary_formulas(section, plan, shown, options)
    ratio = _hazard_ratio(plan, shown)
    counts = shown.counts
    seen = counts["events"].sum(axis=0) / np.maximum(counts["randomized"].sum(axis=0), 1)
    probabilities = {"events as simulated": (float(seen[0]), float(seen[1]))}
    ignored = _probabilities_without_death(plan)
    if ignored is not None:
        probabilities = {"death ignored": ignored, **probabilities}
    assert curves is not None
    at = int(np.argmin(np.abs(curves.months - section.landmark)))
    incidences = float(curves.event[0, at]), float(curves.event[1, at])
    return ratio, sizes_for_times(ratio, probabilities, incidences, **options), {}


def _binary_formulas(
    section: TrialSection, plan: TrialPlan, shown: Shown, options: dict[str, float]
) -> tuple[list[FormulaSize], dict[str, float]]:
    """Sizes for the proportions, and each method's power with the evaluable patients expected."""
    p0, p1 = (float(p) for p in proportions_of(plan.arms))  # type: ignore[arg-type]
    n0, n1 = (float(n) for n in shown.counts["evaluable"].mean(axis=0))
    powers: dict[str, float] = {}
    if min(n0, n1) >= 1.0:
        powers = powers_for_proportions(p0, p1, n0, n1, alpha=section.alpha)
        whole = round(n1), round(n0)
        if max(whole) <= EXACT_POWER_UP_TO:
            for test in plan.analyses:
                power = exact_power(p1, p0, *whole, test=test, alpha=section.alpha)
                powers[f"exact, {test}"] = power
    rows = sizes_for_proportions(p0, p1, **options)  # type: ignore[arg-type]
    lost = float(plan.design.not_evaluable)
    return [for_lost(row, lost) for row in rows] if lost > 0.0 else rows, powers


def _hazard_ratio(plan: TrialPlan, shown: Shown) -> float:
    """Ratio of the stated hazards, or the typical one of the simulated trials."""
    arms = plan.arms
    if isinstance(arms, tuple):
        (k0, a0), (k1, a1) = arms[0].failure, arms[1].failure
        if k0 == k1 and a0 > 0.0:
            return a1 / a0
    outcome = shown.outcomes.get("cox") or shown.outcomes.get("logrank")
    if outcome is None:
        return 1.0
    return geometric_mean_ratio(outcome.effect, outcome.estimable)


def _probabilities_without_death(plan: TrialPlan) -> tuple[float, float] | None:
    """Probability of an event if nobody died: what a planning script reckons with."""
    design = plan.design
    simple = design.event_target is None and design.accrual.kind == "uniform"
    if not isinstance(plan.arms, tuple) or not simple or len(design.lesions) > 1:
        return None
    laws = [arm.failure for arm in plan.arms]
    if any(shape != 1.0 for shape, _ in laws) or design.cut <= 0.0:
        return None
    control, experimental = (
        event_probability(
            rate,
            drop_out=float(design.drop_out_hazard),
            accrual=design.accrual.end,
            cut=design.cut,
        )
        for _, rate in laws
    )
    return control, experimental


def _assurance(section: TrialSection, plan: TrialPlan, seed: int, workers: int) -> Power | None:
    if not section.uncertainty:
        return None
    assert isinstance(plan.arms, tuple)
    name = section.primary_analysis
    uncertain = replace(plan, arms=UncertainArms(plan.arms, section.uncertainty), analyses=(name,))
    shown = run_trials(uncertain, section.trials, seed=seed, workers=workers)
    return power_of(name, shown.outcomes[name], plan.alpha)


def _benefits(shown: Shown) -> list[Benefit]:
    n = shown.counts["evaluable"]
    usable = (n > 0).all(axis=1)
    trials = int(np.count_nonzero(usable))
    if trials == 0:
        return []

    def shares(name: str) -> np.ndarray:
        return shown.counts[name][usable] / n[usable]

    gap = shares("events")[:, 0] - shares("events")[:, 1]
    rows = []
    for name in shown.counts:
        if name.startswith("harm/"):
            share = shares(name)
            caused = share[:, 1] - share[:, 0]
            traded = gap.mean() * caused.mean() > 0.0
            rows.append(
                Benefit(
                    name.removeprefix("harm/"),
                    float(share[:, 0].mean()),
                    float(share[:, 1].mean()),
                    float(caused.mean()),
                    float(caused.std() / np.sqrt(trials)),
                    float(gap.mean()),
                    float(gap.std() / np.sqrt(trials)),
                    float(gap.mean() / caused.mean()) if traded else None,
                )
            )
    return rows


def _curve(section: TrialSection, plan: TrialPlan, seed: int, workers: int) -> list[CurvePoint]:
    name = section.primary_analysis
    only = replace(plan, analyses=(name,))
    points = []

    def add(over: str, value: float, changed: TrialPlan) -> None:
        trials = min(section.trials, SEARCH_TRIALS)
        shown = run_trials(changed, trials, seed=seed, workers=workers)
        power = power_of(name, shown.outcomes[name], plan.alpha).rejected
        points.append(CurvePoint(over, float(value), power))

    if section.curve is None:
        return points
    for n in section.curve.patients:
        add("patients", n, only.with_patients(n))
    for months in section.curve.minimum_follow_up:
        design = replace(
            plan.design, minimum_follow_up=months, calendar_cut=None, event_target=None, latest=None
        )
        add("minimum_follow_up", months, replace(only, design=design))
    for median in section.curve.median_survival:
        if not isinstance(plan.arms, tuple):
            raise ExperimentError(["trial.curve.median_survival: needs arms that are stated"])
        dying = tuple(
            replace(arm, median_survival=median, death_hazard=None, survival=None)
            for arm in plan.arms
            if isinstance(arm, StatedArm)
        )
        add("median_survival", median, replace(only, arms=dying))  # type: ignore[arg-type]
    return points


def _looks(section: TrialSection, plan: TrialPlan, shown: Shown, seed: int) -> Sequential | None:
    if section.looks is None:
        return None
    looks = section.looks
    limits = boundaries(
        looks.information,
        kind=looks.kind,
        alpha=section.alpha / 2.0,
        futility=looks.futility,
        power=section.power,
    )
    events = plan.design.event_target or round(float(shown.counts["events"].sum(axis=1).mean()))
    if events < 1:
        return None
    return run_sequential(
        plan,
        limits,
        analysis=section.primary_analysis,
        planned_events=int(events),
        trials=section.trials,
        seed=seed,
    )
