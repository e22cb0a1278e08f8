"""The tables of virtual trials, row by row."""

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from radsim.trial.analyses import ANALYSES
from radsim.trial.arms import StatedArm
from radsim.trial.characteristics import Power, Share
from radsim.trial.nulls import NULLS
from radsim.virtual_trial import TrialResult

SHARE = ("mc_standard_error", "lower", "upper")
Row = list[Any]
Results = dict[str, TrialResult]


def design_rows(results: Results) -> Iterator[Row]:
    """Give every number of each design, one a row."""
    for name, result in results.items():
        section = result.section
        for role in ("control", "experimental"):
            arm = getattr(section, role)
            if isinstance(arm, StatedArm):
                yield from ([name, f"{role}.{k}", v] for k, v in _stated(arm))
            else:
                yield [name, role, arm]
        yield from ([name, f"design.{key}", value] for key, value in _stated(result.plan.design))
        for key in ("trials", "alpha", "power", "landmark", "horizon", "variance", "transform"):
            yield [name, key, getattr(section, key)]
        yield [name, "primary", section.primary_analysis]


def characteristics_rows(results: Results) -> Iterator[Row]:
    """Give each analysis under the design's alternative, then under each null."""
    for name, result in results.items():
        patients = result.plan.design.patients
        for power in result.powers:
            yield [name, patients, "alternative", "", *_power(power)]
        for null, powers in result.type_one.items():
            for power in powers:
                truth = _is_true(null, power.analysis)
                yield [name, patients, null, truth, *_power(power)]
        if result.assurance is not None:
            yield [name, patients, "assurance", "", *_power(result.assurance)]


def expectation_rows(results: Results) -> Iterator[Row]:
    """Give expected counts and duration, and shares of trials without an event."""
    for name, result in results.items():
        for e in result.expected:
            both = [e.control, e.experimental] if e.name != "duration" else ["", ""]
            yield [name, e.name, *both, e.total, e.total_sd, e.mc_standard_error]
        for where, share in result.no_events.items():
            yield [
                name, f"share of trials without an event: {where}", "", "",
                share.value, "", share.mc_standard_error,
            ]  # fmt: skip


def size_rows(results: Results) -> Iterator[Row]:
    """Give the patients that reach the power, by simulation and by each formula."""
    for name, result in results.items():
        found = result.size
        simulated = found.patients if found is not None and found.reached else None
        if found is not None:
            yield [
                name, "simulation", result.section.primary_analysis,
                found.patients if found.reached else "",
                found.power.value, found.power.mc_standard_error,
                found.lower if found.reached else "", found.upper if found.reached else "",
                "", "", found.why,
            ]  # fmt: skip
        for row in result.formulas:
            gap = row.patients - simulated if simulated is not None else ""
            events = row.events if row.events else ""
            yield [name, row.formula, row.takes, row.patients, "", "", "", "", events, gap, ""]


def tried_rows(results: Results) -> Iterator[Row]:
    """Give the power at every number of patients that the search tried, and of each curve."""
    for name, result in results.items():
        for n, power in result.size.tried if result.size else ():
            yield [name, "patients (search)", n, power, "", "", ""]
        for point in result.curve:
            yield [name, point.over, point.value, *_share(point.power)]


def benefit_rows(results: Results) -> Iterator[Row]:
    """Give what is gained against what each harm costs."""
    for name, result in results.items():
        for b in result.benefits:
            yield [
                name, b.harm, b.control, b.experimental, b.caused, b.caused_error,
                b.avoided, b.avoided_error, "" if b.per_harm is None else b.per_harm,
            ]  # fmt: skip


def look_rows(results: Results) -> Iterator[Row]:
    """Give where each trial with looks stops."""
    for name, result in results.items():
        if result.looks is None:
            continue
        for look in result.looks.looks:
            futility = look.futility_limit if look.futility_limit > -10.0 else ""
            yield [
                name, look.information, look.events, look.efficacy_limit, futility,
                look.efficacy.value, look.futility.value, look.efficacy.mc_standard_error, "",
            ]  # fmt: skip
        whole = result.looks
        yield [
            name, "all", whole.events, "", "", whole.power.value, 1.0 - whole.power.value,
            whole.power.mc_standard_error, whole.duration,
        ]  # fmt: skip


def incidence_rows(results: Results) -> Iterator[Row]:
    """Give the expected cumulative incidences with the numbers at risk."""
    for name, result in results.items():
        curves = result.incidence
        if curves is None:
            continue
        for arm, label in enumerate(("control", "experimental")):
            for i, month in enumerate(curves.months):
                values = (curves.event, curves.lower, curves.upper, curves.death, curves.at_risk)
                yield [name, label, float(month), *(float(v[arm, i]) for v in values)]


def flow_rows(results: Results) -> Iterator[Row]:
    """Give where the patients of the median trial went."""
    for name, result in results.items():
        for label, flow in zip(("control", "experimental"), result.flow or (), strict=False):
            yield [name, label, *(getattr(flow, field.name) for field in fields(flow))]


TABLES: dict[str, tuple[tuple[str, ...], Callable[[Results], Iterator[Row]]]] = {
    "trial_design.csv": (("scenario", "key", "value"), design_rows),
    "trial_characteristics.csv": (
        (
            "scenario", "patients", "truth", "null_is_true", "analysis", "estimates",
            "rejected", *SHARE, "favorable", "effect", "effect_sd", "effect_lower",
            "effect_upper", "not_estimable",
        ),
        characteristics_rows,
    ),
    "trial_expectations.csv": (
        ("scenario", "quantity", "control", "experimental", "total", "sd", "mc_standard_error"),
        expectation_rows,
    ),
    "trial_sizes.csv": (
        (
            "scenario", "method", "takes", "patients", "power", "mc_standard_error", "lower",
            "upper", "events", "minus_simulation", "note",
        ),
        size_rows,
    ),
    "trial_power.csv": (("scenario", "over", "value", "power", *SHARE), tried_rows),
    "trial_benefit_harm.csv": (
        (
            "scenario", "harm", "control", "experimental", "caused", "caused_mc_standard_error",
            "events_avoided", "events_avoided_mc_standard_error", "events_avoided_per_harm",
        ),
        benefit_rows,
    ),
    "trial_looks.csv": (
        (
            "scenario", "information", "events", "efficacy_limit", "futility_limit",
            "stop_for_efficacy", "stop_for_futility", "mc_standard_error", "duration",
        ),
        look_rows,
    ),
    "trial_incidence.csv": (
        ("scenario", "arm", "months", "event", "lower", "upper", "death", "at_risk"),
        incidence_rows,
    ),
    "trial_flow.csv": (
        (
            "scenario", "arm", "randomized", "not_evaluable", "with_event", "died", "lost",
            "free",
        ),
        flow_rows,
    ),
}  # fmt: skip


def _power(power: Power) -> Row:
    return [
        power.analysis, power.estimates, *_share(power.rejected), power.favorable.value,
        power.effect, power.effect_sd, power.effect_lower, power.effect_upper,
        power.not_estimable.value,
    ]  # fmt: skip


def _share(share: Share) -> Row:
    return [share.value, share.mc_standard_error, share.lower, share.upper]


def _is_true(null: str, analysis: str) -> str:
    """Say whether an analysis's own null holds under a named null."""
    known = ANALYSES.get(analysis)
    if null == "no_difference" or known is None:
        return "yes"
    assert null in NULLS
    cause_specific = ("logrank", "logrank_stratified", "logrank_cluster_robust", "cox",
                      "cox_robust", "survival_difference")  # fmt: skip
    return "yes" if analysis in cause_specific else "no"


def _stated(value: Any) -> Iterator[tuple[str, Any]]:
    """List the fields that are set."""
    for field in fields(value):
        here = getattr(value, field.name)
        if here is None or here == ():
            continue
        if is_dataclass(here):
            yield from ((f"{field.name}.{k}", v) for k, v in _stated(here))
        elif isinstance(here, tuple):
            yield field.name, "; ".join(str(part) for part in here)
        else:
            yield field.name, here
