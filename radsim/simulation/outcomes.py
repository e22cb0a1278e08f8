"""What happens to a block of patients under every arm of a variant, each step taken once.

A step is a function of values: it sees its inputs and nothing else.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import itemgetter
from typing import Any

import numpy as np

from radsim.dose.anatomy.dose_model import DoseModel
from radsim.dose.dose import Dose
from radsim.dose.drawing import draw_dose
from radsim.dose.metrics import DoseMetric, wanted_of
from radsim.experiment.endpoints import Modelled, endpoints_of, has_deaths, joint_of
from radsim.experiment.model import Arm, Experiment, cohort_of
from radsim.experiment.reported_doses import metrics_of
from radsim.patients.eligibility import draw_eligible
from radsim.patients.patients import Patients
from radsim.randomness.streams import UniformSource
from radsim.response.duration import Duration
from radsim.response.onset import Onset
from radsim.response.risk import HazardRisk, LifetimeRisk, Risk
from radsim.response.survival import Survival
from radsim.simulation.memo import Made, Memo
from radsim.vocabulary.endpoints import DEATH, SHIPPED, Joint

DIES = f"outcome/{DEATH}"
DECIDED_FIRST = (*(endpoint.luck for endpoint in SHIPPED), DIES)  # before the doses
Columns = Mapping[str, np.ndarray]  # of patients, by name
SCREENING = itemgetter(1)  # of those who were drawn
FIRST_PATIENT = itemgetter((..., 0))


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
    screening: Made[Columns]
    dose: Made[Dose]


@dataclass(frozen=True)
class Event:
    """An endpoint, with the risk of each patient under each model and arm."""

    modelled: Modelled
    risks: tuple[tuple[Made[Risk], ...], ...]  # by model, then arm
    net: tuple[Rows, ...]  # by model
    times: tuple[Made[np.ndarray], ...]  # by model, each (arm, patient)
    ends: tuple[Made[np.ndarray], ...] = ()  # the same, of a state that may end
    among: Made[np.ndarray] | None = None  # whom it concerns, (arm, patient); none for everyone


@dataclass(frozen=True)
class Outcomes:
    """Everything that is told of some patients under a variant."""

    treated: tuple[Treated, ...]
    metrics: Mapping[str, DoseMetric]  # that are reported, by name of their variable
    events: tuple[Event, ...]
    deaths: Made[np.ndarray] | None  # times, (arm, patient); none where nobody dies
    alive: Made[np.ndarray] | None  # probabilities, (arm, month, patient)
    joint: Joint | None  # control without complication, where there is all that it is read off
    free: Made[np.ndarray] | None  # probabilities of it, (arm, month, patient)
    free_and_alive: Rows | None

    @property
    def doses(self) -> tuple[Made[Dose], ...]:
        """Of each arm."""
        return tuple(arm.dose for arm in self.treated)


def outcomes_of(
    variant: Experiment, block: range, source: UniformSource, memo: Memo, *, in_time: bool = True
) -> Outcomes:
    """Take every step from the cohort to the events, or find it taken.

    Without events ``in_time`` there are neither their times nor deaths.
    """
    endpoints, months, arms = endpoints_of(variant), variant.months, variant.arms

    def luck_of(name: str) -> Made[np.ndarray]:
        return memo.make(draw_luck, source, name, block)

    drawn = [memo.make(draw_eligible, *cohort_of(variant, arm), block, source) for arm in arms]
    for name in DECIDED_FIRST:
        luck_of(name)
    metrics = metrics_of(variant)
    treated = tuple(
        _treated(variant, arm, made, endpoints, tuple(metrics.values()), source, memo)
        for arm, made in zip(arms.values(), drawn, strict=True)
    )
    events = tuple(
        _event(modelled, treated, months, luck_of, memo, in_time) for modelled in endpoints
    )
    deaths = alive = free = None
    both: Rows | None = None
    if in_time and has_deaths(variant):
        laws = [(t.arm.survival or variant.survival, t.patients) for t in treated]
        luck = luck_of(DIES)
        times = (memo.make(dying_of, law, luck, who) for law, who in laws)
        deaths = memo.make(np.stack, tuple(times))
        by_arm = tuple(memo.make(alive_of, law, months, who) for law, who in laws)
        alive = memo.make(np.stack, by_arm)
    if joint := joint_of(variant):
        read = (event for event in events if event.modelled.endpoint.event in joint.free_of)
        rows = tuple(memo.make(net_rows, True, months, event.risks[0]) for event in read)
        free = memo.make(all_free, rows)
        if alive and all(arm is by_arm[0] for arm in by_arm) and are_alike(by_arm[0].value):
            both = Scaled(free, memo.make(FIRST_PATIENT, by_arm[0]))
        elif alive:
            both = memo.make(np.multiply, free, alive)
    return Outcomes(treated, metrics, events, deaths, alive, joint, free, both)


def _treated(
    variant: Experiment,
    arm: Arm,
    drawn: Made,
    endpoints: Sequence[Modelled],
    reported: Sequence[DoseMetric],
    source: UniformSource,
    memo: Memo,
) -> Treated:
    patients = memo.make(people_of, drawn, variant.dose)
    grouped = variant.report.metrics if arm is variant.arms[variant.reference] else ()
    given = arm.plan.gives(variant.dose.organs)
    told = tuple(metric for metric in reported if metric.structure in given)
    metrics = (*told, *metrics_read(endpoints), *grouped)
    wanted = wanted_of(arm.plan, metrics)
    dose = memo.make(draw_dose, arm.plan, variant.dose, patients, source, wanted, lasting=True)
    read = memo.make(Dose.told, dose, metrics)
    return Treated(arm, patients, memo.make(SCREENING, drawn), read)


def people_of(drawn: tuple[Patients, Columns], model: DoseModel) -> Patients:
    """The patients who were drawn, with who of them has an organ of the experiment's own."""
    return drawn[0].with_organs(model.structures) if model.organs else drawn[0]


def metrics_read(endpoints: Sequence[Modelled]) -> tuple[DoseMetric, ...]:
    """Everything that models read of a dose."""
    models = (model.model for modelled in endpoints for model in modelled.models)
    return tuple(metric for model in models for metric in getattr(model, "reads", ()))


def _event(
    modelled: Modelled,
    treated: Sequence[Treated],
    months: tuple[float, ...],
    luck_of: Callable[[str], Made[np.ndarray]],
    memo: Memo,
    in_time: bool,
) -> Event:
    endpoint = modelled.endpoint
    organ, among, luck = endpoint.organ, endpoint.among, luck_of(endpoint.luck)
    risks = tuple(
        tuple(
            memo.make(risk_of, model.model, model.ratio_in(t.arm), organ, among, t.patients, t.dose)
            for t in treated
        )
        for model in modelled.models
    )
    net = tuple(_net(bool(endpoint.freedom), months, by_arm, memo) for by_arm in risks)
    if not in_time:
        return Event(modelled, risks, net, (), (), _concerned(among, treated, memo))
    when = luck_of(f"{endpoint.luck}/when") if endpoint.ends else None
    times = tuple(memo.make(times_of, by_arm, luck, when) for by_arm in risks)
    ends: tuple[Made[np.ndarray], ...] = ()
    if endpoint.ends:
        end = luck_of(f"{endpoint.luck}/end")
        durations = [getattr(model.model, "duration", None) for model in modelled.models]
        each = zip(durations, times, strict=True)
        ends = tuple(memo.make(ends_of, duration, came, end) for duration, came in each)
    return Event(modelled, risks, net, times, ends, _concerned(among, treated, memo))


def _concerned(among: str, treated: Sequence[Treated], memo: Memo) -> Made[np.ndarray] | None:
    if not among:
        return None
    return memo.make(concerned_in, among, tuple(t.patients for t in treated))


def _net(free: bool, months: tuple[float, ...], risks: tuple[Made[Risk], ...], memo: Memo) -> Rows:
    onset = risks[0].value.onset
    grows_alike = all(isinstance(r.value, LifetimeRisk) and r.value.onset == onset for r in risks)
    if grows_alike and not free:
        return Scaled(memo.make(lifetimes, risks), memo.make(growths, onset, months))
    return memo.make(net_rows, free, months, risks)


def draw_luck(source: UniformSource, name: str, patients: range) -> np.ndarray:
    """Draw the number that decides something in each patient."""
    return source.uniforms(name, patients)


def risk_of(
    model: Any, ratio: float, organ: str, among: str, patients: Patients, dose: Dose
) -> Risk:
    """Risk under a model whose hazard an earlier course raises by a ratio.

    Who lacks the organ that is harmed has none, be it that the model reads another structure, and
    neither has who is not among those whom the endpoint concerns.
    """
    risk = model.risk(patients, dose)
    if organ:
        risk = risk.only_in(patients.with_structure(organ))
    if among:
        risk = risk.only_in(patients[among] > 0)
    return risk if ratio == 1.0 else HazardRisk(hazard=risk.hazard * ratio, onset=risk.onset)


def net_rows(free: bool, months: Sequence[float], risks: Sequence[Risk]) -> np.ndarray:
    """Probability of an event by each time, or of being free of it, shape (arm, month, patient)."""
    rows = [r.free(month) if free else r.probability(month) for r in risks for month in months]
    return np.stack(rows).reshape(len(risks), len(months), -1)


def lifetimes(risks: Sequence[LifetimeRisk]) -> np.ndarray:
    """Probability that an event ever happens, shape (arm, 1, patient)."""
    return np.stack([risk.lifetime for risk in risks])[:, np.newaxis]


def growths(onset: Onset, months: Sequence[float]) -> np.ndarray:
    """Growth by each time, shape (month,)."""
    return np.array([onset.growth(month) for month in months])


def times_of(risks: Sequence[Risk], luck: np.ndarray, when: np.ndarray | None = None) -> np.ndarray:
    """Time of an event in each arm, infinite for never, shape (arm, patient) [months]."""
    return np.stack([risk.time(luck, when) for risk in risks])


def ends_of(duration: Duration | None, times: np.ndarray, luck: np.ndarray) -> np.ndarray:
    """When a state that came at these times ends again, infinite for never [months]."""
    return times + (np.inf if duration is None else duration.time(luck))


def concerned_in(among: str, arms: Sequence[Patients]) -> np.ndarray:
    """Say whom an endpoint concerns, shape (arm, patient)."""
    return np.stack([np.broadcast_to(patients[among] > 0, len(patients)) for patients in arms])


def dying_of(law: Survival, luck: np.ndarray, patients: Patients) -> np.ndarray:
    """Time of death, shape (patient,) [months]."""
    return law.time(luck, patients)


def alive_of(law: Survival, months: Sequence[float], patients: Patients) -> np.ndarray:
    """Probability to be alive at each time, shape (month, patient)."""
    everyone = np.ones(len(patients))
    return np.stack([law.alive(month, patients) * everyone for month in months])


def all_free(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Probability to be free of every event, in the order of the events."""
    return reduce(np.multiply, rows)


def are_alike(rows: np.ndarray) -> bool:
    """Say whether every patient has the same numbers; of nobody that is not said."""
    return rows.shape[-1] > 0 and bool((rows == rows[..., :1]).all())
