"""The tables of virtual trials, row by row."""

from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any

import numpy as np

from radsim.trial.conduct.analyses import ANALYSES
from radsim.trial.protocol.arms import StatedArm
from radsim.trial.questions.characteristics import Power, Share
from radsim.trial.questions.looks import Sequential
from radsim.trial.questions.scenario import TrialResult
from radsim.trial.wording import ROLES, arm_names, event_name

SHARE = ("mc_standard_error", "lower", "upper")
KEPT_DIGITS = 3  # of an error; what it belongs to is rounded to the same place
EXACT_DIGITS = 6  # of a number without an error
Row = list[Any]
Results = dict[str, TrialResult]


def rounded(value: float | None, error: float = 0.0) -> float | str:
    """Round a number to the place where its Monte Carlo error has its third digit.

    Examples
    --------
    >>> rounded(0.81234567, error=0.0038991), rounded(203.6912345678), rounded(None)
    (0.81235, 203.691, '')
    """
    if value is None:
        return ""
    if error > 0.0:
        return round(float(value), KEPT_DIGITS - 1 - int(np.floor(np.log10(error))))
    return float(f"{value:.{EXACT_DIGITS}g}")


def design_rows(results: Results) -> Iterator[Row]:
    """Give everything that decides each trial, one number a row."""
    for name, result in results.items():
        section = result.section
        for role, label in zip(ROLES, arm_names(section), strict=True):
            arm = getattr(section, role)
            yield [name, role, label]
            if isinstance(arm, StatedArm):
                yield from ([name, f"{role}.{k}", v] for k, v in _chosen(arm) if k != "label")
        yield [name, "endpoint", "binary" if section.binary else "time to an event"]
        yield [name, "event", event_name(section)]
        yield [name, "design.patients", section.patients]
        yield [name, "design.allocation", _shown(section.design.allocation)]
        yield [name, "design.block", section.design.block]
        known = ("allocation", "block")
        yield from ([name, f"design.{k}", v] for k, v in _chosen(section.design) if k not in known)
        keys = ["trials", "alpha", "power", "higher_is_better", "planned_hazard_ratio"]
        if not section.binary:
            keys += ["landmark", "horizon", "variance", "transform"]
        if isinstance(section.control, str):
            keys += ["simulated_patients"]
        for key in keys:
            if getattr(section, key) is not None:
                yield [name, key, _shown(getattr(section, key))]
        yield [name, "primary", section.primary_analysis]
        yield [name, "analyses", _shown(section.named_analyses)]
        for key in ("looks", "curve"):
            if getattr(section, key) is not None:
                yield from ([name, f"{key}.{k}", v] for k, v in _chosen(getattr(section, key)))
        for key, law in section.uncertainty.items():
            yield [name, f"uncertainty.{key}.kind", law.kind]
            yield from ([name, f"uncertainty.{key}.{k}", v] for k, v in _chosen(law))


def characteristics_rows(results: Results) -> Iterator[Row]:
    """Give each analysis under the design's alternative, then under each null."""
    for name, result in results.items():
        size = result.plan.design.patients
        several = len(result.plan.design.lesions) > 1
        for power in result.powers:
            yield [name, size, "alternative", "", *_power(power, several)]
        for null, powers in result.type_one.items():
            for power in powers:
                yield [name, size, null, _is_true(null, power.analysis), *_power(power, several)]
        if result.assurance is not None:
            yield [name, size, "assurance", "", *_power(result.assurance, several)]


def expectation_rows(results: Results) -> Iterator[Row]:
    """Give expected counts and duration, and shares of trials without an event."""
    for name, result in results.items():
        for e in result.expected:
            error = e.mc_standard_error
            both = [rounded(e.control, error), rounded(e.experimental, error)]
            yield [
                name, e.name, *(both if e.name != "duration" else ["", ""]),
                rounded(e.total, error), rounded(e.total_sd, error), rounded(error, error),
            ]  # fmt: skip
        shares = {f"share of trials without an event: {k}": v for k, v in result.no_events.items()}
        if result.misses_target is not None:
            shares["share of trials that never reach the event target"] = result.misses_target
        for what, share in shares.items():
            yield [name, what, "", "", *_share(share)[:1], "", *_share(share)[1:2]]


def size_rows(results: Results) -> Iterator[Row]:
    """Give the patients that reach the power, by simulation and by each formula."""
    for name, result in results.items():
        found = result.size
        simulated = found.patients if found is not None and found.reached else None
        if found is not None:
            reached = [found.patients, *_share(found.power)[:2], found.lower, found.upper]
            short = ["", *_share(found.power)[:2], "", ""]
            patients, *power = reached if found.reached else short
            yield [
                name, "simulation", result.section.primary_analysis, patients, "", *power, "", "",
                found.why,
            ]  # fmt: skip
        for row in result.formulas.sizes:
            known = row.patients is not None and simulated is not None
            gap = row.patients - simulated if known else ""  # type: ignore[operator]
            yield [
                name, row.formula, row.takes, "" if row.patients is None else row.patients,
                rounded(row.evaluable), "", "", "", "", rounded(row.events), gap, row.note,
            ]  # fmt: skip


def formula_power_rows(results: Results) -> Iterator[Row]:
    """Give the power of each design's own size by each formula and each exact test."""
    for name, result in results.items():
        for row in result.formulas.powers:
            yield [name, row.formula, row.takes, rounded(row.power), rounded(row.worst_type_one)]


def tried_rows(results: Results) -> Iterator[Row]:
    """Give the power at every number of patients that the search tried, and of each curve."""
    for name, result in results.items():
        for n, power in result.size.tried if result.size else ():
            yield [name, "patients (search)", n, *_share(power)]
        for point in result.curve:
            yield [name, point.over, point.value, *_share(point.power)]


def benefit_rows(results: Results) -> Iterator[Row]:
    """Give what is gained against what each harm costs."""
    for name, result in results.items():
        for b in result.benefits:
            errors = b.caused_error, b.avoided_error
            width = 0.0
            if b.per_harm_upper is not None and b.per_harm_lower is not None:
                width = 0.5 * (b.per_harm_upper - b.per_harm_lower)
            yield [
                name, b.harm, rounded(b.control, errors[0]), rounded(b.experimental, errors[0]),
                rounded(b.caused, errors[0]), rounded(errors[0], errors[0]),
                rounded(b.avoided, errors[1]), rounded(errors[1], errors[1]), b.verdict,
                *(rounded(x, width) for x in (b.per_harm, b.per_harm_lower, b.per_harm_upper)),
            ]  # fmt: skip


def look_rows(results: Results) -> Iterator[Row]:
    """Give where each trial with looks stops, under the alternative and where arms are alike."""
    for name, result in results.items():
        for truth, found in (
            ("alternative", result.looks),
            ("no_difference", result.looks_under_null),
        ):
            if found is not None:
                yield from ([name, truth, *row] for row in _looks(found))


def _looks(found: Sequential) -> Iterator[Row]:
    for look in found.looks:
        futility = rounded(look.futility_limit) if look.futility_limit > -10.0 else ""
        yield [
            look.information, look.events, rounded(look.efficacy_limit), futility,
            *_share(look.efficacy)[:2], *_share(look.futility)[:2], *[""] * 4, "",
        ]  # fmt: skip
    duration = found.duration, found.duration_error
    enrolled = found.enrolled, found.enrolled_error
    yield [
        "all", rounded(found.events, found.events_error), "", "", *_share(found.power)[:2],
        *_share(found.early_futility)[:2], rounded(*duration), rounded(duration[1], duration[1]),
        rounded(*enrolled), rounded(enrolled[1], enrolled[1]), _share(found.fixed_power)[0],
    ]  # fmt: skip


def incidence_rows(results: Results) -> Iterator[Row]:
    """Give the expected cumulative incidences with the numbers at risk."""
    for name, result in results.items():
        curves = result.incidence
        if curves is None:
            continue
        for arm, label in enumerate(ROLES):
            for i, month in enumerate(curves.months):
                error = curves.event_error[arm, i]
                values = (curves.event, curves.event_error, curves.lower, curves.upper)
                rest = (curves.death, curves.at_risk)
                yield [
                    name, label, rounded(month), *(rounded(v[arm, i], error) for v in values),
                    *(rounded(v[arm, i]) for v in rest),
                ]  # fmt: skip


def flow_rows(results: Results) -> Iterator[Row]:
    """Give where the patients of the median trial went."""
    for name, result in results.items():
        for label, flow in zip(ROLES, result.flow or (), strict=False):
            counts = (getattr(flow, field.name) for field in fields(flow))
            yield [name, result.median_trial, label, *counts]


TABLES: dict[str, tuple[tuple[str, ...], Callable[[Results], Iterator[Row]]]] = {
    "trial_design.csv": (("scenario", "key", "value"), design_rows),
    "trial_characteristics.csv": (
        (
            "scenario", "patients", "truth", "null_is_true", "analysis", "estimates",
            "knows_clusters", "rejected", *SHARE, "favorable", "favorable_mc_standard_error",
            "effect", "effect_mc_standard_error", "effect_sd", "effect_lower", "effect_upper",
            "not_estimable", "not_estimable_mc_standard_error",
        ),
        characteristics_rows,
    ),
    "trial_expectations.csv": (
        ("scenario", "quantity", "control", "experimental", "total", "sd", "mc_standard_error"),
        expectation_rows,
    ),
    "trial_sizes.csv": (
        (
            "scenario", "method", "takes", "patients", "evaluable", "power", "mc_standard_error",
            "lower", "upper", "events", "minus_simulation", "note",
        ),
        size_rows,
    ),
    "trial_formula_powers.csv": (
        ("scenario", "formula", "takes", "power", "worst_type_one"),
        formula_power_rows,
    ),
    "trial_power.csv": (("scenario", "over", "value", "power", *SHARE), tried_rows),
    "trial_benefit_harm.csv": (
        (
            "scenario", "harm", "control", "experimental", "caused", "caused_mc_standard_error",
            "events_avoided", "events_avoided_mc_standard_error", "verdict",
            "events_avoided_per_harm", "per_harm_lower", "per_harm_upper",
        ),
        benefit_rows,
    ),
    "trial_looks.csv": (
        (
            "scenario", "truth", "information", "events", "efficacy_limit", "futility_limit",
            "stop_for_efficacy", "efficacy_mc_standard_error", "stop_for_futility",
            "futility_mc_standard_error", "duration", "duration_mc_standard_error", "enrolled",
            "enrolled_mc_standard_error", "power_without_looks",
        ),
        look_rows,
    ),
    "trial_incidence.csv": (
        (
            "scenario", "arm", "months", "event", "mc_standard_error", "lower", "upper", "death",
            "at_risk",
        ),
        incidence_rows,
    ),
    "trial_flow.csv": (
        (
            "scenario", "trial", "arm", "randomized", "not_evaluable", "with_event", "died",
            "lost", "free",
        ),
        flow_rows,
    ),
}  # fmt: skip


def _power(power: Power, several_lesions: bool) -> Row:
    analysis = ANALYSES.get(power.analysis)
    clusters = ""
    if several_lesions and analysis is not None:
        clusters = "yes" if analysis.knows_clusters else "no"
    favorable = ["", ""] if power.favorable is None else _share(power.favorable)[:2]
    error = power.effect_error
    effects = (power.effect, error, power.effect_sd, power.effect_lower, power.effect_upper)
    known = [rounded(e, error) for e in effects] if power.is_estimable else [""] * len(effects)
    return [
        power.analysis, power.estimates, clusters, *_share(power.rejected), *favorable, *known,
        *_share(power.not_estimable)[:2],
    ]  # fmt: skip


def _share(share: Share) -> list[float | str]:
    numbers = (share.value, share.mc_standard_error, share.lower, share.upper)
    return [rounded(number, share.mc_standard_error) for number in numbers]


def _is_true(null: str, analysis: str) -> str:
    """Say whether an analysis's own null holds under a named null."""
    known = ANALYSES.get(analysis)
    return "yes" if null == "no_difference" or known is None or known.only_hazard else "no"


def _chosen(value: Any) -> Iterator[tuple[str, Any]]:
    """List the fields that say something: changed, or the months of one that is."""
    read = {
        f"{field.name}_months" for field in fields(value) if getattr(value, field.name) is not None
    }
    for field in fields(value):
        here = getattr(value, field.name)
        if here == _default(field) and field.name not in read:
            continue
        if is_dataclass(here):
            if hasattr(here, "kind"):
                yield f"{field.name}.kind", here.kind
            yield from ((f"{field.name}.{key}", shown) for key, shown in _chosen(here))
        else:
            yield field.name, _shown(here)


def _default(field: Field[Any]) -> Any:
    return field.default_factory() if field.default_factory is not MISSING else field.default


def _shown(value: Any) -> Any:
    if isinstance(value, tuple):
        return "; ".join(_one(part) for part in value)
    return str(value).lower() if isinstance(value, bool) else value


def _one(part: Any) -> str:
    if is_dataclass(part):
        return " ".join(f"{field.name} {getattr(part, field.name):g}" for field in fields(part))
    return str(part)
