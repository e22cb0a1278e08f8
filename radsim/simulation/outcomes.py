"""What happens to a block of patients under every arm of a variant, each step taken once."""

from dataclasses import dataclass, replace

import numpy as np

from radsim.dose.dose import Dose, whole_structures
from radsim.dose.drawing import draw_dose
from radsim.dose.metrics import DoseMetric
from radsim.experiment.endpoints import Modelled, endpoints_of, has_deaths, joint_of
from radsim.experiment.model import Arm, Experiment
from radsim.patients.cohort import Cohort
from radsim.patients.eligibility import EligibilityRule, draw_eligible
from radsim.patients.patients import Patients
from radsim.randomness.streams import UniformSource
from radsim.response.risk import LifetimeRisk, Risk
from radsim.simulation import steps
from radsim.simulation.memo import Made, Memo
from radsim.vocabulary.endpoints import DEATH, SHIPPED, Joint

DECIDED_FIRST = (*(endpoint.event for endpoint in SHIPPED), DEATH)  # before the doses


@dataclass(frozen=True)
class Scaled:
    """Rows times a factor by month that is the same for all arms and patients.

    Their sums are those of the rows, scaled, so one pass over the patients is enough.
    """

    rows: Made[np.ndarray]
    factor: Made[np.ndarray]

    @property
    def value(self) -> np.ndarray:
        """The rows themselves, shape (arm, month, patient)."""
        return self.rows.value * self.factor.value[:, np.newaxis]


Rows = Made[np.ndarray] | Scaled  # shape (arm, month, patient)


@dataclass(frozen=True)
class Treated:
    """An arm: its patients, what screening says of them, and their dose."""

    arm: Arm
    patients: Made[Patients]
    screening: Made[steps.Flags]
    dose: Made[Dose]


@dataclass(frozen=True)
class Event:
    """An endpoint, with the risk of each patient under each model and arm."""

    modelled: Modelled
    risks: tuple[tuple[Made[Risk], ...], ...]  # by model, then arm
    net: tuple[Rows, ...]  # by model
    times: tuple[Made[np.ndarray], ...]  # by model, each (arm, patient)


@dataclass(frozen=True)
class Outcomes:
    """Everything that is told of some patients under a variant.

    Attributes
    ----------
    treated
        Arms.
    events
        Endpoints.
    deaths, alive
        Times, shape (arm, patient), and probabilities to be alive, (arm, month, patient); None
        where nobody dies.
    joint, free, free_and_alive
        Control without complication, where the variant has all that it is read off.
    """

    treated: tuple[Treated, ...]
    events: tuple[Event, ...]
    deaths: Made[np.ndarray] | None = None
    alive: Made[np.ndarray] | None = None
    joint: Joint | None = None
    free: Made[np.ndarray] | None = None
    free_and_alive: Rows | None = None

    @property
    def doses(self) -> tuple[Made[Dose], ...]:
        """Of each arm."""
        return tuple(arm.dose for arm in self.treated)


def outcomes_of(variant: Experiment, block: range, source: UniformSource, memo: Memo) -> Outcomes:
    """Take every step from the cohort to the events, or find it taken."""
    endpoints, months = endpoints_of(variant), variant.months
    drawn = [
        memo.make(draw_eligible, *cohort_of(variant, arm), block, source)
        for arm in variant.arms.values()
    ]
    luck = {event: memo.make(steps.draw_luck, source, event, block) for event in DECIDED_FIRST}
    treated = tuple(
        _treated(variant, arm, made, endpoints, source, memo)
        for arm, made in zip(variant.arms.values(), drawn, strict=True)
    )
    events = []
    for modelled in endpoints:
        event = modelled.endpoint.event
        if event not in luck:
            luck[event] = memo.make(steps.draw_luck, source, event, block)
        events.append(_event(modelled, treated, months, luck[event], memo))
    outcomes = Outcomes(treated, tuple(events))
    common = None
    if has_deaths(variant):
        laws = [arm.survival or variant.survival for arm in variant.arms.values()]
        each = list(zip(laws, treated, strict=True))
        deaths = tuple(memo.make(steps.death_of, law, luck[DEATH], t.patients) for law, t in each)
        alive = tuple(memo.make(steps.alive_of, law, months, t.patients) for law, t in each)
        common = alive[0] if all(rows is alive[0] for rows in alive) else None
        outcomes = replace(
            outcomes,
            deaths=memo.make(np.stack, deaths),
            alive=memo.make(np.stack, alive),
        )
    joint = joint_of(variant)
    return outcomes if joint is None else _with_joint(outcomes, joint, months, common, memo)


def cohort_of(variant: Experiment, arm: Arm) -> tuple[Cohort, dict[str, EligibilityRule]]:
    """Say whom an arm treats: so far everybody the same."""
    del arm
    return variant.cohort, variant.eligibility


def _treated(
    variant: Experiment,
    arm: Arm,
    drawn: Made,
    endpoints: tuple[Modelled, ...],
    source: UniformSource,
    memo: Memo,
) -> Treated:
    patients = memo.make(steps.PATIENTS, drawn)
    wanted = metrics_read(arm, endpoints)
    structures = tuple(sorted(whole_structures(arm.plan, wanted)))
    dose = memo.make(draw_dose, arm.plan, variant.dose, patients, source, structures, lasting=True)
    read = memo.make(Dose.told, dose, wanted)
    return Treated(arm, patients, memo.make(steps.SCREENING, drawn), read)


def metrics_read(arm: Arm, endpoints: tuple[Modelled, ...]) -> tuple[DoseMetric, ...]:
    """Everything that models and reports read of an arm's dose."""
    reported = (m for m in steps.METRICS.values() if m.structure in arm.plan.gives)
    models = (model.model for modelled in endpoints for model in modelled.models)
    return (*reported, *(model.dose for model in models if hasattr(model, "dose")))


def _event(
    modelled: Modelled,
    treated: tuple[Treated, ...],
    months: tuple[float, ...],
    luck: Made[np.ndarray],
    memo: Memo,
) -> Event:
    risks = tuple(
        tuple(
            memo.make(steps.risk_of, model.model, model.ratio_in(t.arm), t.patients, t.dose)
            for t in treated
        )
        for model in modelled.models
    )
    free = bool(modelled.endpoint.freedom)
    return Event(
        modelled,
        risks,
        tuple(_net(free, months, of_arms, memo) for of_arms in risks),
        tuple(memo.make(steps.times_of, of_arms, luck) for of_arms in risks),
    )


def _net(free: bool, months: tuple[float, ...], risks: tuple[Made[Risk], ...], memo: Memo) -> Rows:
    onset = risks[0].value.onset
    grows_alike = all(isinstance(r.value, LifetimeRisk) and r.value.onset == onset for r in risks)
    if grows_alike and not free:
        return Scaled(memo.make(steps.lifetimes, risks), memo.make(steps.growths, onset, months))
    return memo.make(steps.net_rows, free, months, risks)


def _with_joint(
    outcomes: Outcomes,
    joint: Joint,
    months: tuple[float, ...],
    alive: Made[np.ndarray] | None,
    memo: Memo,
) -> Outcomes:
    """Add what is read off several events, all under the file's own models.

    Parameters
    ----------
    alive
        Probability to be alive, where it is the same in every arm, shape (month, patient).
    """
    rows = tuple(
        memo.make(steps.net_rows, True, months, event.risks[0])
        for event in outcomes.events
        if event.modelled.endpoint.event in joint.free_of
    )
    free = memo.make(steps.all_free, rows)
    both: Rows | None = None
    if alive is not None and steps.are_alike(alive.value):
        both = Scaled(free, memo.make(steps.FIRST_PATIENT, alive))
    elif outcomes.alive is not None:
        both = memo.make(np.multiply, free, outcomes.alive)
    return replace(outcomes, joint=joint, free=free, free_and_alive=both)
