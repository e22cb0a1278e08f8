"""What the formulas say of a plan, beside what simulation finds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from radsim.trial.conduct.analyses import EVERY_ANALYSIS
from radsim.trial.conduct.run import Shown, TrialPlan
from radsim.trial.conduct.uncertainty import proportions_of
from radsim.trial.formulas.event_formulas import (
    EVENT_FORMULAS,
    event_probability,
    events_needed,
    patients_needed,
    power_of_events,
)
from radsim.trial.formulas.proportion_formulas import (
    FORMULAS,
    power_of_proportions,
    size_for_non_inferiority,
    size_for_proportions,
    smallest_exact_size,
)
from radsim.trial.proportions.exact_tests import exact_power, exact_size
from radsim.trial.protocol.design import Protocol
from radsim.trial.protocol.laws import constant_hazard, constant_ratio
from radsim.trial.questions.assumed import Assumed
from radsim.trial.questions.curves import ExpectedCurves
from radsim.trial.questions.direction import better_of
from radsim.trial.section import TrialSection
from radsim.vocabulary.mistakes import require

LESIONS = "events"  # the count of lesions with the event
EXACT_POWER_UP_TO = 150  # evaluable patients an arm
EXACT_UP_TO = 60  # patients a group for which exact sizes are looked up


@dataclass(frozen=True)
class FormulaSize:
    """Patients in all by a formula.

    Attributes
    ----------
    formula
        Its name.
    takes
        What it was given.
    evaluable
        Patients to analyse, as the formula gives them; None where it has no answer.
    patients
        To randomize: whole turns of the allocation, with those who are not evaluable.
    events
        Events in all, where the formula counts them.
    note
        Why it has no answer, or what else is worth knowing.
    better
        The arm that what it was given is in favor of; empty where nobody said what is good.
    """

    formula: str
    takes: str
    evaluable: float | None
    patients: int | None
    events: float | None = None
    note: str = ""
    better: str = ""


@dataclass(frozen=True)
class FormulaPower:
    """Power of the design's own size by a formula.

    Attributes
    ----------
    takes
        Evaluable patients by arm, or events.
    worst_type_one
        Highest type-I error of an exact calculation whatever the proportion is; else None.
    """

    formula: str
    takes: str
    power: float
    worst_type_one: float | None = None


@dataclass(frozen=True)
class Formulas:
    """Sizes that reach the power, and powers of the design's own size."""

    sizes: tuple[FormulaSize, ...]
    powers: tuple[FormulaPower, ...]


def formulas_of(
    section: TrialSection, plan: TrialPlan, shown: Shown, curves: ExpectedCurves | None
) -> Formulas:
    """Work out every formula for a plan that has been simulated."""
    if section.margin is not None:
        return _formulas_of_margin(section, plan, shown)
    if curves is None:
        sizes = tuple(_binary_sizes(section, plan))
        return Formulas(sizes, tuple(_binary_powers(section, plan, shown)))
    assumed = Assumed(plan)
    name = "hazard ratio of event or death" if _of_any(section) else _ratio_name(plan.design)
    ratios = {name: _hazard_ratio(section, assumed)}
    if section.planned_hazard_ratio is not None:
        ratios["planned hazard ratio"] = float(section.planned_hazard_ratio)
    reaches = section.landmark <= plan.design.last_follow_up
    sizes = (
        *_event_sizes(section, assumed, shown, ratios),
        *(_incidence_sizes(section, plan.design, curves) if reaches else ()),
    )
    return Formulas(sizes, tuple(_event_powers(section, assumed, shown, ratios)))


def _formulas_of_margin(section: TrialSection, plan: TrialPlan, shown: Shown) -> Formulas:
    """Schoenfeld's events for a ratio, Farrington and Manning's patients for a proportion."""
    margin, worst = float(section.margin or 0.0), float(section.worst or 0.0)
    options = _options(section, plan.design)
    name = section.compared_analysis
    if plan.binary:
        control, experimental = _proportions(plan)
        what = "proportions"
    else:
        assumed = Assumed(plan)
        analysis, effect = EVERY_ANALYSIS[name], assumed.effect(name)
        if analysis.is_ratio:
            return _events_of_margin(section, assumed, shown, effect)
        if analysis.reads != "landmark":
            return Formulas((), ())
        courses, at = assumed.courses, float(section.landmark)
        net = not analysis.more_is_worse
        control, experimental = (
            c.net_control(at) if net else float(c.incidence(np.array(at))) for c in courses
        )
        read = "net freedom from the event" if net else "incidences"
        what = f"{read} at {at:g} months, everybody followed to then,"
    takes = f"{what} {control:.4g} and {experimental:.4g} against a margin of {margin:g}"

    def in_all() -> float:
        ratio = options["allocation"]
        first = size_for_non_inferiority(
            experimental, control, worst, power=options["power"], alpha=options["alpha"] / 2.0,
            allocation=1.0 / ratio,
        )  # fmt: skip
        return (1.0 + 1.0 / ratio) * first

    return Formulas((_row("farrington-manning", takes, plan.design, in_all),), ())


def _events_of_margin(
    section: TrialSection, assumed: Assumed, shown: Shown, effect: float | None
) -> Formulas:
    """Events that tell a hazard ratio from the margin, and the patients that give them."""
    level, margin = _level(section, assumed.plan.design), float(section.margin or 0.0)
    value, ratio = "-", None
    if effect is not None:
        value, ratio = f"{np.exp(effect):.4g}", float(np.exp(effect)) / margin
    beyond = f"the ratio lies at the margin or beyond it, got {value}"
    sizes, powers = [], []
    for way, shares in _ways(section, assumed, shown).items():
        if way == "death ignored":
            continue
        said = f"ratio {value} against a margin of {margin:g}"
        takes = f"{said}, {way}"
        if ratio is not None and ratio >= 1.0:
            sizes.append(FormulaSize("schoenfeld", takes, None, None, note=beyond))
            continue
        sizes.append(_size_of_events("schoenfeld", takes, ratio, shares, section, assumed))
        seen = _mean_events(section, assumed, shown)
        if ratio is not None and sizes[-1].patients is not None and seen > 0.0:
            power = power_of_events(ratio, seen, **level)  # type: ignore[arg-type]
            powers.append(FormulaPower("schoenfeld", f"{said}, {seen:.1f} events", power))
    return Formulas(tuple(sizes), tuple(powers[:1]))


def _size_of_events(
    formula: str,
    takes: str,
    ratio: float | None,
    shares: tuple[float, float],
    section: TrialSection,
    assumed: Assumed,
) -> FormulaSize:
    """Events by formula, turned into patients with the chance of an event; else why not."""
    protocol = assumed.plan.design
    options = _options(section, protocol)
    try:
        require(ratio is not None, "no event is to be seen in an arm")
        events = events_needed(ratio, formula=formula, **options)  # type: ignore[arg-type]
        patients = patients_needed(events, shares, allocation=options["allocation"])
    except ValueError as error:
        return FormulaSize(formula, takes, None, None, note=str(error))
    # the share of randomized patients with an event knows who is not evaluable
    evaluable = patients * (1.0 - float(protocol.not_evaluable))
    return FormulaSize(formula, takes, evaluable, _whole(patients, protocol), events)


def to_randomize(evaluable: float, protocol: Protocol) -> int:
    """Whole turns of the allocation that leave so many evaluable patients.

    Examples
    --------
    >>> to_randomize(42.3, Protocol()), to_randomize(42.3, Protocol(not_evaluable=0.2))
    (44, 56)
    """
    return _whole(_whole(evaluable, protocol) / (1.0 - protocol.not_evaluable), protocol)


def _whole(patients: float, protocol: Protocol) -> int:
    turn = sum(protocol.allocation)
    return int(np.ceil(patients / turn - 1e-9)) * turn


def _row(formula: str, takes: str, protocol: Protocol, compute: Callable[[], float]) -> FormulaSize:
    """Ask a formula; where it has no answer, say why."""
    try:
        evaluable = compute()
    except ValueError as error:
        return FormulaSize(formula, takes, None, None, note=str(error))
    return FormulaSize(formula, takes, evaluable, to_randomize(evaluable, protocol))


def _event_sizes(
    section: TrialSection, assumed: Assumed, shown: Shown, ratios: dict[str, float | None]
) -> Iterator[FormulaSize]:
    """Sizes by each formula, ratio and way to reckon the chance of an event."""
    counted = _counted(section)
    ways = _ways(section, assumed, shown)
    apart = "; lesions taken as independent" if len(assumed.plan.design.lesions) > 1 else ""
    if counted in shown.counts and counted != LESIONS:
        ways = {"first event of a patient as simulated": _simulated_share(shown, counted)}
        apart = ""
    for formula in EVENT_FORMULAS:
        for name, ratio in ratios.items():
            for way, shares in ways.items():
                takes = f"{name} {'-' if ratio is None else format(ratio, '.4g')}, {way}{apart}"
                row = _size_of_events(formula, takes, ratio, shares, section, assumed)
                if ratio is not None and row.patients is not None:
                    row = replace(row, better=better_of(1.0, ratio, more_is_better=False))
                yield row


def _counted(section: TrialSection) -> str:
    """Which count of events the primary analysis is of."""
    analysis = EVERY_ANALYSIS.get(section.primary_analysis)
    return "patients_with_event" if analysis is not None and analysis.first_of else LESIONS


def _of_any(section: TrialSection) -> bool:
    """Whether the primary analysis counts deaths as it counts events."""
    return section.compared_analysis == "logrank_any_event"


def _mean_events(section: TrialSection, assumed: Assumed, shown: Shown) -> float:
    """Events that the primary analysis is to be expected to count in a trial."""
    if _of_any(section):
        return assumed.events(assumed.end, section.compared_analysis)
    counted = shown.counts.get(_counted(section), shown.counts[LESIONS])
    return float(counted.sum(axis=1).mean())


def _ways(section: TrialSection, assumed: Assumed, shown: Shown) -> dict[str, tuple[float, float]]:
    """Probability of an event by arm, by each way to reckon it.

    A trial that waits for events ends the sooner the more patients it has, so the share seen in
    it is no probability: what counts is who has the event by ``latest``.
    """
    design = assumed.plan.design
    if design.event_target is not None or _of_any(section):
        each = sum(assumed.lesions) / (1.0 - float(design.not_evaluable)) / design.patients
        control, experimental = assumed.seen(analysis=section.compared_analysis)
        what = "events or deaths" if _of_any(section) else "events"
        return {f"{what} by month {design.cut:g}": (each * control, each * experimental)}
    ways = {"events as simulated": _simulated_share(shown)}
    ignored = _share_without_death(assumed.plan)
    return ways if ignored is None else {"death ignored": ignored, **ways}


def _incidence_sizes(
    section: TrialSection, protocol: Protocol, curves: ExpectedCurves
) -> Iterator[FormulaSize]:
    """Sizes for the cumulative incidences at the landmark, as if all were followed to it."""
    at = int(np.searchsorted(curves.months, section.landmark))
    control, experimental = (float(incidence) for incidence in curves.event[:, at])
    takes = (
        f"incidences {control:.4g} and {experimental:.4g} at {section.landmark:g} months, "
        "everybody followed to then"
    )
    better = better_of(control, experimental, more_is_better=False)
    for row in _proportion_sizes(control, experimental, takes, section, protocol):
        yield replace(row, better=better)


def _binary_sizes(section: TrialSection, plan: TrialPlan) -> Iterator[FormulaSize]:
    control, experimental = _proportions(plan)
    better = better_of(control, experimental, more_is_better=section.higher_is_better)
    for row in _rows_of_proportions(control, experimental, section, plan):
        yield replace(_with_short_way(row, plan.design), better=better)


def _rows_of_proportions(
    control: float, experimental: float, section: TrialSection, plan: TrialPlan
) -> Iterator[FormulaSize]:
    takes = f"proportions {control:.4g} and {experimental:.4g}"
    rows = list(_proportion_sizes(control, experimental, takes, section, plan.design))
    yield from rows
    guess = rows[0].evaluable
    if guess is None or guess / 2.0 >= EXACT_UP_TO or len(set(plan.design.allocation)) > 1:
        return
    target, alpha = float(section.power), float(section.alpha)
    for test in plan.analyses:

        def in_all(test: str = test) -> float:
            return 2.0 * smallest_exact_size(
                control, experimental, test=test, power=target, alpha=alpha
            )

        yield _row(f"exact power of {test}", takes, plan.design, in_all)


def _proportion_sizes(
    control: float, experimental: float, takes: str, section: TrialSection, protocol: Protocol
) -> Iterator[FormulaSize]:
    options = _options(section, protocol)
    for formula in FORMULAS:

        def in_all(formula: str = formula) -> float:
            first = size_for_proportions(control, experimental, formula=formula, **options)
            return (1.0 + options["allocation"]) * first

        yield _row(formula, takes, protocol, in_all)


def _with_short_way(row: FormulaSize, protocol: Protocol) -> FormulaSize:
    """Note what multiplying by 1 + the share lost, instead of dividing by 1 - it, would give."""
    lost = float(protocol.not_evaluable)
    if lost == 0.0 or row.evaluable is None:
        return row
    short = _whole(_whole(row.evaluable, protocol) * (1.0 + lost), protocol)
    note = (
        f"{_whole(row.evaluable, protocol)} evaluable; times {1.0 + lost:g} would be {short}, "
        f"which leaves {short * (1.0 - lost):.1f}"
    )
    return replace(row, note=note)


def _event_powers(
    section: TrialSection, assumed: Assumed, shown: Shown, ratios: dict[str, float | None]
) -> Iterator[FormulaPower]:
    events = _mean_events(section, assumed, shown)
    options = _level(section, assumed.plan.design)
    for formula in EVENT_FORMULAS:
        for name, ratio in ratios.items():
            if ratio is not None and ratio > 0.0 and events > 0.0:
                power = power_of_events(ratio, events, formula=formula, wrong_side=True, **options)
                yield FormulaPower(formula, f"{name} {ratio:.4g}, {events:.1f} events", power)


def _binary_powers(section: TrialSection, plan: TrialPlan, shown: Shown) -> Iterator[FormulaPower]:
    """Power of each method with the evaluable patients that are to be expected."""
    p0, p1 = _proportions(plan)
    n0, n1 = (float(n) for n in shown.counts["evaluable"].mean(axis=0))
    if min(n0, n1) < 1.0:
        return
    for formula in FORMULAS:
        power = power_of_proportions(p0, p1, n0, n1, formula=formula, alpha=section.alpha)
        yield FormulaPower(formula, f"{n0:.4g} and {n1:.4g} evaluable", power)
    first, second = round(n1), round(n0)
    if max(first, second) > EXACT_POWER_UP_TO:
        return
    for test in plan.analyses:
        yield FormulaPower(
            f"exact, {test}",
            f"{second} and {first} evaluable",
            exact_power(p1, p0, first, second, test=test, alpha=section.alpha),
            exact_size(first, second, test=test, alpha=section.alpha),
        )


def _options(section: TrialSection, protocol: Protocol) -> dict[str, float]:
    return {"power": float(section.power), **_level(section, protocol)}


def _level(section: TrialSection, protocol: Protocol) -> dict[str, float]:
    control, experimental = protocol.allocation
    return {"alpha": float(section.alpha), "allocation": experimental / control}


def _proportions(plan: TrialPlan) -> tuple[float, float]:
    """Proportions that the arms state, control arm first."""
    control, experimental = (float(p) for p in proportions_of(plan.stated_arms))
    return control, experimental


def _simulated_share(shown: Shown, counted: str = LESIONS) -> tuple[float, float]:
    """Events for each randomized patient, by arm."""
    counts = shown.counts
    seen = counts[counted].sum(axis=0) / np.maximum(counts["randomized"].sum(axis=0), 1)
    return float(seen[0]), float(seen[1])


def _ratio_name(protocol: Protocol) -> str:
    """Name of the stated ratio: under frailty or uneven strata it is not the marginal one."""
    if protocol.frailty > 0.0:
        return "hazard ratio at equal frailty"
    if protocol.is_uneven:
        return "hazard ratio within strata"
    return "hazard ratio"


def _hazard_ratio(section: TrialSection, assumed: Assumed) -> float | None:
    """Ratio of the stated hazards, or else the one of an endless number of the arms' patients."""
    if _of_any(section):
        log_ratio = assumed.effect(section.compared_analysis)
        return None if log_ratio is None else float(np.exp(log_ratio))
    arms = assumed.plan.arms
    if isinstance(arms, tuple):
        control, experimental = (arm.failure for arm in arms)
        ratio = constant_ratio(control, experimental)
        if ratio is not None:
            return ratio
    return assumed.hazard_ratio


def _share_without_death(plan: TrialPlan) -> tuple[float, float] | None:
    """Share of randomized patients with an event if nobody died: what a planning script takes.

    None where the design is not one that the closed form knows.
    """
    design = plan.design
    simple = (
        design.event_target is None
        and design.accrual.kind == "uniform"
        and design.longest_follow_up is None
        and len(design.lesions) == 1
        and _ratio_name(design) == "hazard ratio"
    )
    if not isinstance(plan.arms, tuple) or not simple:
        return None
    first, second = (constant_hazard(arm.failure) for arm in plan.arms)
    if first is None or second is None:
        return None
    control, experimental = (
        (1.0 - design.not_evaluable)
        * event_probability(
            hazard,
            drop_out=float(design.drop_out_hazard),
            accrual=design.entering.end,
            cut=design.cut,
        )
        for hazard in (first, second)
    )
    return control, experimental
