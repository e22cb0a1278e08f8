"""The tables of virtual trials, row by row."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any

import numpy as np

from radsim.trial.conduct.analyses import AGAINST_MARGIN, EVERY_ANALYSIS
from radsim.trial.formulas.group_sequential import NEVER
from radsim.trial.protocol.arms import ROLES, StatedArm
from radsim.trial.protocol.procedure import ALL, ANY, PRIMARY
from radsim.trial.questions.characteristics import IN_ALL, Power, Share
from radsim.trial.questions.direction import better_by
from radsim.trial.questions.nulls import AT_MARGIN
from radsim.trial.questions.scenario import TrialResult, null_of
from radsim.trial.questions.testing import FALSE_CLAIM, estimates_of
from radsim.trial.wording import asked_for, endpoint_words, event_name, words_of

SHARE = ("mc_standard_error", "lower", "upper")
KEPT_DIGITS = 3  # of an error; what it belongs to is rounded to the same place
MEDIANS = (  # of a typical trial
    "median months free of event and death",
    "lower end of the median's 95 % interval",
    "upper end of the median's 95 % interval",
)
EXACT_DIGITS = 6  # of a number without an error
Row = list[Any]
Results = dict[str, TrialResult]


def rounded(value: float | None, error: float = 0.0) -> float | str:
    """Round a number to the place where its Monte Carlo error has its third digit.

    What is no number is an empty cell.

    Examples
    --------
    >>> rounded(0.81234567, error=0.0038991), rounded(203.6912345678), rounded(None)
    (0.81235, 203.691, '')
    """
    if value is None or not np.isfinite(value):
        return ""
    if error > 0.0:
        return round(float(value), KEPT_DIGITS - 1 - int(np.floor(np.log10(error))))
    return float(f"{value:.{EXACT_DIGITS}g}")


def table_rows(results: Results, rows_of: Callable[[TrialResult], Iterable[Row]]) -> Iterator[Row]:
    """Give the rows of a table, each behind the name of its scenario."""
    for name, result in results.items():
        yield from ([name, *row] for row in rows_of(result))


def records_of(result: TrialResult, name: str) -> list[dict[str, Any]]:
    """Give the rows of a table's file by column, without the name of the scenario."""
    (_, *columns), rows = TABLES[name]
    return [dict(zip(columns, row, strict=True)) for row in rows(result)]


def _design(result: TrialResult) -> Iterator[Row]:
    """Everything that decides a trial, one number a row."""
    section, number = result.section, result.plan.comparison.arm
    for role, arm in zip(ROLES, (section.arms[0], section.arms[number]), strict=True):
        yield [role, arm.label or role if isinstance(arm, StatedArm) else arm]
        if isinstance(arm, StatedArm):
            yield from ([f"{role}.{key}", v] for key, v in _chosen(arm) if key != "label")
    if section.subgroup is not None:
        yield ["population", result.plan.comparison.population]
        yield from ([f"subgroup.{key}", v] for key, v in _chosen(section.subgroup))
    yield ["endpoint", "binary" if section.binary else "time to an event"]
    yield ["event", event_name(section)]
    yield ["design.patients", section.patients]
    yield ["design.allocation", _cell(section.trial_design.allocation)]
    yield ["design.block", section.trial_design.blocks]
    for key, value in _chosen(section.design):
        if key not in ("allocation", "block"):
            yield [f"design.{key}", value]
    keys = ["trials", "alpha", "power", "margin", "higher_is_better", "planned_hazard_ratio"]
    if not section.binary:
        keys += ["landmark", "horizon", "variance", "transform"]
        keys += [key for key in ("landmarks", "weights") if getattr(section, key)]
    if isinstance(section.control, str):
        keys += ["simulated_patients"]
    for key in keys:
        if getattr(section, key) is not None:
            yield [key, _cell(getattr(section, key))]
    yield ["primary", section.primary_analysis]
    yield ["analyses", _cell(section.named_analyses)]
    for key in ("looks", "resize", "curve"):
        if getattr(section, key) is not None:
            yield from ([f"{key}.{k}", v] for k, v in _chosen(getattr(section, key)))
    for name, secondary in section.secondary.items():
        yield [f"secondary.{name}.analysis", section.hypothesis_of(name).analysis]
        chosen = ([f"secondary.{name}.{k}", v] for k, v in _chosen(secondary) if k != "analysis")
        yield from chosen
    if section.secondary:
        yield ["testing.procedure", section.procedure.procedure]
        yield from ([f"testing.{k}", v] for k, v in _chosen(section.procedure) if k != "procedure")
    for key, law in section.uncertainty.items():
        yield [f"uncertainty.{key}.kind", law.kind]
        yield from ([f"uncertainty.{key}.{k}", v] for k, v in _chosen(law))


def _characteristics(result: TrialResult) -> Iterator[Row]:
    """Each analysis under the design's alternative, then under each null."""
    several = len(result.plan.design.lesions) > 1
    powers = [("alternative", "", power) for power in result.powers]
    for null, under_null in result.type_one.items():
        powers += [(null, _is_true(null, power.analysis), power) for power in under_null]
    if result.assurance is not None:
        powers.append(("assurance", "", result.assurance))
    for truth, is_true, power in powers:
        analysis, clusters = EVERY_ANALYSIS.get(power.analysis), ""
        if several and analysis is not None:
            clusters = "yes" if analysis.knows_clusters or analysis.first_of else "no"
        rejected = _share(power.rejected) if power.is_tested else [""] * 4
        favorable: Row = ["", ""]
        if power.favorable is not None and power.is_tested:
            favorable = _share(power.favorable)[:2]
        error = power.effect_error
        effects = (power.effect, error, power.effect_sd, power.effect_lower, power.effect_upper)
        yield [
            result.plan.design.patients, truth, is_true, power.analysis, power.estimates, clusters,
            *rejected, *favorable,
            *(rounded(e, error) if power.is_estimable else "" for e in effects),
            *_share(power.not_estimable)[:2], *_share(power.not_tested)[:2], better_by(power),
        ]  # fmt: skip


def _hypotheses(result: TrialResult) -> Iterator[Row]:
    """Each hypothesis by itself and in the procedure, where something is true."""
    section = result.section
    shares = section.procedure.shares((PRIMARY, *section.secondary))
    for family in result.families:
        for row in family.hypotheses:
            hypothesis = section.hypothesis_of(row.name)
            effect = row.effect if row.not_tested.value < 1.0 else None
            margin = section.margin_of(row.name)
            yield [
                family.truth, row.name, endpoint_words(section, row.name), hypothesis.analysis,
                estimates_of(hypothesis), "" if margin is None else margin,
                rounded(shares[row.name] * section.alpha / 2.0), "yes" if row.null else "no",
                *_share(row.alone)[:2], *_share(row.within), rounded(effect, row.effect_error),
                rounded(row.effect_sd, row.effect_error), *_share(row.not_tested)[:2],
            ]  # fmt: skip
        for what, share in {
            ANY: family.any_shown, ALL: family.all_shown, FALSE_CLAIM: family.false_claim,
        }.items():  # fmt: skip
            if share is not None:
                yield [family.truth, what, *[""] * 8, *_share(share), *[""] * 4]


def _pairs(result: TrialResult) -> Iterator[Row]:
    """By which endpoint pairs of patients are won and lost."""
    for row in result.decided:
        yield [
            row.hypothesis, words_of(result.section, row.endpoint),
            *_with_error(row.won, row.won_error), *_with_error(row.lost, row.lost_error),
        ]  # fmt: skip


def _expectations(result: TrialResult) -> Iterator[Row]:
    """Expected counts and duration, and shares of trials without an event."""
    for e in result.expected:
        by_arm = ["", ""] if e.name in IN_ALL else [e.control, e.experimental]
        numbers = (*by_arm, e.total, e.total_sd, e.mc_standard_error)
        yield [e.name, *(n if n == "" else rounded(n, e.mc_standard_error) for n in numbers)]
    if result.incidence is not None:
        for what, by_arm in zip(MEDIANS, result.incidence.median_free.T, strict=True):
            yield [what, *map(rounded, by_arm), "", "", ""]
    shares = {f"share of trials without an event: {k}": v for k, v in result.no_events.items()}
    if result.misses_target is not None:
        shares["share of trials that never reach the event target"] = result.misses_target
    for what, share in shares.items():
        value, error, *_ = _share(share)
        yield [what, "", "", value, "", error]


def _sizes(result: TrialResult) -> Iterator[Row]:
    """Patients that reach the power, by simulation and by each formula."""
    size, simulated = result.size, None
    if size is not None and result.is_first:
        ends: Row = ["", "", ""]
        if size.reached:
            ends = [size.patients, size.lower, size.upper]
            if not result.section.procedure.power_of:  # else formulas are of something else
                simulated = size.patients
        yield [
            "simulation", asked_for(result.section), ends[0], "", *_share(size.power)[:2],
            *ends[1:], "", "", size.better, size.why,
        ]  # fmt: skip
    for row in result.formulas.sizes:
        gap: int | str = ""
        if row.patients is not None and simulated is not None and not result.joint:
            gap = row.patients - simulated
        yield [
            row.formula, row.takes, "" if row.patients is None else row.patients,
            rounded(row.evaluable), "", "", "", "", rounded(row.events), gap, row.better,
            row.note,
        ]  # fmt: skip


def _formula_powers(result: TrialResult) -> Iterator[Row]:
    """Power of the design's own size by each formula and each exact test."""
    for row in result.formulas.powers:
        yield [row.formula, row.takes, rounded(row.power), rounded(row.worst_type_one)]


def _tried(result: TrialResult) -> Iterator[Row]:
    """Power at every number of patients that the search tried, and of each curve."""
    if not result.is_first:
        return
    for n, power in result.size.each if result.size else ():
        yield ["patients (search)", n, *_rejections(power)]
    for point in result.curve:
        yield [point.over, point.value, *_rejections(point.shown)]


def _benefits(result: TrialResult) -> Iterator[Row]:
    """What is gained against what each harm costs."""
    for b in result.benefits:
        width = 0.0
        if b.per_harm_upper is not None and b.per_harm_lower is not None:
            width = 0.5 * (b.per_harm_upper - b.per_harm_lower)
        yield [
            b.harm, rounded(b.control, b.caused_error), rounded(b.experimental, b.caused_error),
            *_with_error(b.caused, b.caused_error), *_with_error(b.avoided, b.avoided_error),
            b.verdict,
            *(rounded(x, width) for x in (b.per_harm, b.per_harm_lower, b.per_harm_upper)),
        ]  # fmt: skip


def _looks(result: TrialResult) -> Iterator[Row]:
    """Where each trial with looks stops, under the alternative and where arms are alike."""
    trials = {
        "alternative": result.looks,
        null_of(result.section.primary_analysis): result.looks_under_null,
    }
    for truth, trial in trials.items():
        if trial is None:
            continue
        for look in trial.looks:
            limits = look.efficacy_limit, look.futility_limit
            yield [
                truth, look.information, look.events, rounded(look.reached),
                *_share(look.analysed)[:2], *(rounded(z) if abs(z) < NEVER else "" for z in limits),
                rounded(look.conditional_power), rounded(look.predictive_power),
                *_share(look.efficacy)[:2], *_share(look.futility)[:2], *[""] * 5,
            ]  # fmt: skip
        yield [
            truth, "all", rounded(trial.events, trial.events_error), *[""] * 7,
            *_share(trial.power)[:2], *_share(trial.early_futility)[:2],
            *_with_error(trial.duration, trial.duration_error),
            *_with_error(trial.enrolled, trial.enrolled_error), _share(trial.fixed_power)[0],
        ]  # fmt: skip


def _resize(result: TrialResult) -> Iterator[Row]:
    """What a size that is reckoned anew does, under the alternative and where arms are alike."""
    trials = {
        "alternative": result.resized,
        null_of(result.section.primary_analysis): result.resized_under_null,
    }
    for truth, trial in trials.items():
        if trial is not None:
            yield [
                truth, *_share(trial.rejected), *_share(trial.favorable)[:2],
                *_share(trial.planned)[:2], *_with_error(trial.patients, trial.patients_error),
                rounded(trial.lower), rounded(trial.upper), *_share(trial.grown)[:2],
                *_share(trial.at_most)[:2], *_with_error(trial.duration, trial.duration_error),
            ]  # fmt: skip


def _incidence(result: TrialResult) -> Iterator[Row]:
    """Expected cumulative incidences with the numbers at risk."""
    curves = result.incidence
    if curves is None:
        return
    for arm, label in enumerate(ROLES):
        for i, month in enumerate(curves.months):
            error = curves.event_error[arm, i]
            estimates = (curves.event, curves.event_error, curves.lower, curves.upper)
            yield [
                label, rounded(month), *(rounded(v[arm, i], error) for v in estimates),
                rounded(curves.death[arm, i]), rounded(curves.at_risk[arm, i]),
            ]  # fmt: skip


def _flow(result: TrialResult) -> Iterator[Row]:
    """Where the patients of the median trial went."""
    for label, flow in zip(ROLES, result.flow or (), strict=False):
        yield [result.median_trial, label, *(getattr(flow, f.name) for f in fields(flow))]


def _joint(result: TrialResult) -> Iterator[Row]:
    """Each analysis over all comparisons of a trial."""
    for joint in result.joint if result.is_first else ():
        number = len(joint.level.correlation)
        apart = joint.level.correlation[np.triu_indices(number, 1)]
        yield [
            joint.analysis, number, rounded(float(apart.mean())), rounded(joint.level.limit),
            rounded(joint.level.each), *_share(joint.any)[:2], *_share(joint.all)[:2],
            *_share(joint.type_one)[:2],
        ]  # fmt: skip


def _parts(result: TrialResult) -> Iterator[Row]:
    """The primary analysis in each population, and the interaction of arm and subgroup."""
    for truth, parts in result.parts.items():
        for part in parts:
            power = part.power
            effects = (power.effect, power.effect_error)
            yield [
                truth, part.population, power.analysis, power.estimates,
                *(_share(power.rejected)[:2] if power.is_tested else ["", ""]),
                *(rounded(e, power.effect_error) if power.is_estimable else "" for e in effects),
                _share(power.not_tested)[0],
            ]  # fmt: skip


def _prevalence(result: TrialResult) -> Iterator[Row]:
    """Sizes over the share of patients in the subgroup."""
    for row in result.prevalence:
        size = row.size
        ends = [size.patients, size.lower, size.upper, rounded(row.screened)]
        yield [
            row.prevalence, row.enrolled, *(ends if size.reached else [""] * 4),
            *_share(size.power)[:2], size.why,
        ]  # fmt: skip


TABLES: dict[str, tuple[tuple[str, ...], Callable[[TrialResult], Iterator[Row]]]] = {
    "trial_design.csv": (("scenario", "key", "value"), _design),
    "trial_characteristics.csv": ((
        "scenario", "patients", "truth", "null_is_true", "analysis", "estimates", "knows_clusters",
        "rejected", *SHARE, "favorable", "favorable_mc_standard_error", "effect",
        "effect_mc_standard_error", "effect_sd", "effect_lower", "effect_upper", "not_estimable",
        "not_estimable_mc_standard_error", "not_tested", "not_tested_mc_standard_error", "better",
    ), _characteristics),
    "trial_hypotheses.csv": ((
        "scenario", "truth", "hypothesis", "endpoint", "analysis", "estimates", "margin", "level",
        "null_is_true", "alone", "alone_mc_standard_error", "within_procedure", *SHARE, "effect",
        "effect_sd", "not_tested", "not_tested_mc_standard_error",
    ), _hypotheses),
    "trial_pairs.csv": ((
        "scenario", "hypothesis", "decided_by", "won", "won_mc_standard_error", "lost",
        "lost_mc_standard_error",
    ), _pairs),
    "trial_expectations.csv": ((
        "scenario", "quantity", "control", "experimental", "total", "sd", "mc_standard_error",
    ), _expectations),
    "trial_sizes.csv": ((
        "scenario", "method", "takes", "patients", "evaluable", "power", "mc_standard_error",
        "lower", "upper", "events", "minus_simulation", "better", "note",
    ), _sizes),
    "trial_joint.csv": ((
        "scenario", "analysis", "comparisons", "correlation", "limit", "level_of_each", "any",
        "any_mc_standard_error", "all", "all_mc_standard_error", "familywise_error",
        "familywise_mc_standard_error",
    ), _joint),
    "trial_subgroup.csv": ((
        "scenario", "truth", "population", "analysis", "estimates", "rejected",
        "mc_standard_error", "effect", "effect_mc_standard_error", "not_tested",
    ), _parts),
    "trial_prevalence.csv": ((
        "scenario", "prevalence", "enrolled", "patients", "lower", "upper", "screened", "power",
        "mc_standard_error", "note",
    ), _prevalence),
    "trial_formula_powers.csv": (
        ("scenario", "formula", "takes", "power", "worst_type_one"), _formula_powers,
    ),
    "trial_power.csv": ((
        "scenario", "over", "value", "power", *SHARE, "favorable", "better", "not_tested",
    ), _tried),
    "trial_benefit_harm.csv": ((
        "scenario", "harm", "control", "experimental", "caused", "caused_mc_standard_error",
        "events_avoided", "events_avoided_mc_standard_error", "verdict", "events_avoided_per_harm",
        "per_harm_lower", "per_harm_upper",
    ), _benefits),
    "trial_looks.csv": ((
        "scenario", "truth", "information", "events", "information_of_primary", "analysed",
        "analysed_mc_standard_error", "efficacy_limit", "futility_limit",
        "conditional_power_at_futility", "predictive_power_at_futility",
        "stop_for_efficacy", "efficacy_mc_standard_error", "stop_for_futility",
        "futility_mc_standard_error", "duration", "duration_mc_standard_error", "enrolled",
        "enrolled_mc_standard_error", "power_without_looks",
    ), _looks),
    "trial_resize.csv": ((
        "scenario", "truth", "rejected", *SHARE, "favorable", "favorable_mc_standard_error",
        "favorable_planned_size", "planned_size_mc_standard_error", "patients",
        "patients_mc_standard_error", "patients_lower", "patients_upper", "grown",
        "grown_mc_standard_error", "wanted_more_than_most", "wanted_mc_standard_error", "duration",
        "duration_mc_standard_error",
    ), _resize),
    "trial_incidence.csv": ((
        "scenario", "arm", "months", "event", "mc_standard_error", "lower", "upper", "death",
        "at_risk",
    ), _incidence),
    "trial_flow.csv": ((
        "scenario", "trial", "arm", "randomized", "not_evaluable", "with_event", "died", "lost",
        "free",
    ), _flow),
}  # fmt: skip


def _rejections(power: Power) -> Row:
    """Power, the share in favor of the experimental arm, the better arm, the share without test."""
    if not power.is_tested:
        return [*[""] * 6, rounded(1.0)]
    favorable = "" if power.favorable is None else _share(power.favorable)[0]
    return [*_share(power.rejected), favorable, better_by(power), _share(power.not_tested)[0]]


def _share(share: Share) -> list[float | str]:
    numbers = (share.value, share.mc_standard_error, share.lower, share.upper)
    return [rounded(number, share.mc_standard_error) for number in numbers]


def _with_error(value: float, error: float) -> list[float | str]:
    return [rounded(value, error), rounded(error, error)]


def _is_true(null: str, name: str) -> str:
    """Say whether an analysis's own null holds under a named null."""
    analysis, against_margin = EVERY_ANALYSIS.get(name), name in AGAINST_MARGIN.values()
    is_true = null == "no_difference" or analysis is None or analysis.only_hazard
    if null == AT_MARGIN or against_margin:
        is_true = null == AT_MARGIN and against_margin
    return "yes" if is_true else "no"


def _chosen(value: Any) -> Iterator[tuple[str, Any]]:
    """List the fields that say something: changed, or the months of one that is."""
    said = (field.name for field in fields(value) if getattr(value, field.name) is not None)
    owners = {f"{name}_months": name for name in said}
    for field in fields(value):
        here = getattr(value, field.name)
        if here is None and field.name in owners:
            here = value.months_of(owners[field.name])
        elif here == _default(field):
            continue
        if is_dataclass(here):
            if hasattr(here, "kind"):
                yield f"{field.name}.kind", here.kind
            yield from ((f"{field.name}.{key}", below) for key, below in _chosen(here))
        else:
            yield field.name, _cell(here)


def _default(field: Field[Any]) -> Any:
    return field.default_factory() if field.default_factory is not MISSING else field.default


def _cell(value: Any) -> Any:
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_cell(each)}" for key, each in value.items())
    if isinstance(value, tuple):
        return "; ".join(map(_part, value))
    return str(value).lower() if isinstance(value, bool) else value


def _part(part: Any) -> str:
    if is_dataclass(part):
        return " ".join(f"{field.name} {getattr(part, field.name):g}" for field in fields(part))
    return f"({', '.join(part)})" if isinstance(part, tuple) else str(part)
