"""The tables of a trial's protocol page: few columns each, of cells that its CSV files have."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from radsim.presets import Preset
from radsim.report.tables.trial import Results, records_of
from radsim.report.text.page import Table, briefly, numbered, written
from radsim.report.text.protocol_sources import Bibliography, behind, cited, key_of, papers_of
from radsim.trial.conduct.analyses import AGAINST_MARGIN, EVERY_ANALYSIS
from radsim.trial.conduct.hypotheses import OF_PAIRS
from radsim.trial.estimand import attributes_of, measure_of, strategy_of
from radsim.trial.protocol.arms import ROLES
from radsim.trial.protocol.procedure import PRIMARY
from radsim.trial.questions.scenario import TrialResult
from radsim.trial.questions.testing import DESIGN, FALSE_CLAIM, estimates_of
from radsim.trial.varied import Curve
from radsim.trial.wording import endpoint_words

Record = Mapping[str, Any]
Records = Callable[[TrialResult], Iterable[Record]]
ERROR = "mc_standard_error"
SIMULATION = "simulation"  # the method of a size, in its table
VARIED = tuple(field.name for field in fields(Curve))  # what the points of a curve are over
HEADS = {  # of columns that a file calls by longer names
    ERROR: "error",
    "efficacy_mc_standard_error": "error",
    "familywise_mc_standard_error": "error",
    "efficacy_limit": "z efficacy",
    "futility_limit": "z futility",
    "stop_for_efficacy": "efficacy",
    "stop_for_futility": "futility",
    "effect_lower": "from",
    "effect_upper": "to",
    "within_procedure": "in procedure",
    "minus_simulation": "minus simulation",
    "patients_lower": "from",
    "patients_upper": "to",
    "wanted_more_than_most": "at most allowed",
}


def protocol_tables(
    results: Results, presets: Sequence[Preset], bibliography: Bibliography
) -> dict[str, Table]:
    """Make every table that has rows, numbered in the order of the page."""
    return numbered(
        {
            "estimand": _table(
                "the estimand of the primary analysis",
                ("attribute", "what"), results, _attributes, by_row=True,
            ),
            "hypotheses": _table(
                "what each hypothesis estimates, and what death does to it",
                ("hypothesis", "endpoint", "measure", "death"), results, _estimands, by_row=True,
            ),
            "sources": Table(
                "published parameter sets that the arms come from, and how many of their "
                "parameters are assumptions",
                ("preset", "what", "flag", "assumptions", "references"),
                tuple(_source(preset, cited(presets), bibliography) for preset in presets),
            ),
            "sizes": _table(
                "patients to randomize by simulation, and the sizes that can't be told from it",
                ("patients", "lower", "upper", "power", ERROR, "better"),
                results,
                _of(
                    "trial_sizes.csv",
                    lambda row: row["method"] == SIMULATION and row["patients"] != "",
                ),
            ),
            "prevalence": _table(
                "patients to randomize over the share of patients in the subgroup",
                ("prevalence", "enrolled", "patients", "lower", "upper", "screened"),
                results, _of("trial_prevalence.csv"),
            ),
            "formulas": _table(
                "patients to randomize by formula",
                ("method", "takes", "patients", "events", "minus_simulation"),
                results, _of("trial_sizes.csv", lambda row: row["method"] != SIMULATION),
            ),
            "formula_powers": _table(
                "power of the design's own size by formula",
                ("formula", "takes", "power"), results, _of("trial_formula_powers.csv"),
            ),
            "alternatives": _table(
                "power of the design under its assumptions",
                ("analysis", "rejected", ERROR, "favorable", "better"),
                results, _of("trial_characteristics.csv", lambda row: row["truth"] == DESIGN),
            ),
            "effects": _table(
                "effects under the assumptions: mean and central 95 % of trials",
                ("analysis", "effect", "effect_lower", "effect_upper"),
                results, _of("trial_characteristics.csv", lambda row: row["truth"] == DESIGN),
            ),
            "nulls": _table(
                "type-I errors of the analyses whose null is true",
                ("truth", "analysis", "rejected", ERROR),
                results, _of("trial_characteristics.csv", lambda row: row["null_is_true"] == "yes"),
            ),
            "shown": _table(
                "hypotheses by themselves and in the procedure, under the assumptions",
                ("hypothesis", "alone", "within_procedure", ERROR),
                results, _of("trial_hypotheses.csv", lambda row: row["truth"] == DESIGN),
            ),
            "false_claims": _table(
                "chance of a false claim under each set of true nulls",
                ("truth", "within_procedure", ERROR),
                results,
                _of("trial_hypotheses.csv", lambda row: row["hypothesis"] == FALSE_CLAIM),
            ),
            "joint": _table(
                "all comparisons together: level of each, power in any and in all, and the chance "
                "of any false rejection",
                ("analysis", "level_of_each", "any", "all", "familywise_error",
                 "familywise_mc_standard_error"),
                results, _of("trial_joint.csv"),
            ),
            "subgroup": _table(
                "the primary analysis in the subgroup and in the others, and their interaction",
                ("truth", "population", "rejected", ERROR, "effect"),
                results, _of("trial_subgroup.csv"),
            ),
            "looks": _table(
                "limits at each look, and where trials stop",
                ("truth", "information", "efficacy_limit", "futility_limit", "stop_for_efficacy",
                 "efficacy_mc_standard_error", "stop_for_futility"),
                results, _of("trial_looks.csv"),
            ),
            "resize": _table(
                "the size that is reckoned anew",
                ("truth", "rejected", ERROR, "patients", "patients_lower", "patients_upper",
                 "wanted_more_than_most"),
                results, _of("trial_resize.csv"),
            ),
            "benefits": _table(
                "what is gained against what each harm costs",
                ("harm", *ROLES, "caused", "events_avoided", "verdict"),
                results, _of("trial_benefit_harm.csv"),
            ),
            "expectations": _table(
                "what is to be expected of a trial, where it is not 0; deaths are those before the "
                "event",
                ("quantity", *ROLES, "total", ERROR),
                results, _of("trial_expectations.csv", lambda row: row["total"] != 0.0),
            ),
            "scenarios": _scenarios(results),
            "curve": _table(
                "power of the primary analysis where one thing is varied",
                ("over", "value", "power", ERROR, "better"), results,
                _of("trial_power.csv", lambda row: row["over"] in VARIED),
            ),
            "assurance": _table(
                "assurance: the power on average over what is uncertain",
                ("analysis", "rejected", ERROR, "favorable"),
                results, _of("trial_characteristics.csv", lambda row: row["truth"] == "assurance"),
            ),
            "analyses": _table(
                "analyses, what they estimate and what they test",
                ("analysis", "estimates", "null", "references"),
                results, lambda result: _analyses(result, bibliography), by_row=True,
            ),
        }
    )  # fmt: skip


def changed_keys(results: Results) -> dict[str, dict[str, Any]]:
    """Give what each scenario but the first has otherwise than that, by key; None for nothing."""
    designs = {name: _design(result) for name, result in results.items() if result.is_first}
    first, *others = designs
    return {
        name: {
            key: designs[name].get(key)
            for key in {**designs[first], **designs[name]}
            if designs[name].get(key) != designs[first].get(key)
        }
        for name in others
    }


def _design(result: TrialResult) -> dict[str, Any]:
    return {row["key"]: row["value"] for row in records_of(result, "trial_design.csv")}


def _scenarios(results: Results) -> Table:
    """What each scenario changes, its power and its size."""
    columns = ("scenario", "differs in", "power", "error", "patients")
    changed, rows = changed_keys(results), []
    if not changed:
        return Table("", columns, ())
    for name, result in results.items():
        if not result.is_first:
            continue
        shown = records_of(result, "trial_characteristics.csv")
        primary = result.section.primary_analysis
        power = next(row for row in shown if (row["truth"], row["analysis"]) == (DESIGN, primary))
        sizes = records_of(result, "trial_sizes.csv")
        size = next((row["patients"] for row in sizes if row["method"] == SIMULATION), "")
        rows.append((name, _differs(changed.get(name, {})), power["rejected"], power[ERROR], size))
    caption = (
        "scenarios: what they have otherwise than the first, the power of the primary analysis, "
        "and the size by simulation"
    )
    return Table(caption, columns, tuple(rows))


def _differs(changes: Mapping[str, Any]) -> str:
    """Say what a scenario changes, and which tables and keys of the first it does without."""
    said = [f"{k} = {written(v)}" for k, v in changes.items() if v is not None and k != "analyses"]
    gone = dict.fromkeys(key.split(".")[0] for key, value in changes.items() if value is None)
    gone = {table: None for table in gone if table not in ROLES}
    return ", ".join([*said, *(f"without {table}" for table in gone)]) or "-"


def _table(
    caption: str,
    columns: tuple[str, ...],
    results: Results,
    records: Records,
    *,
    by_row: bool = False,
) -> Table:
    """Make a table of some columns, with scenarios where they differ; no column is empty.

    Parameters
    ----------
    by_row
        Whether scenarios that share a row are named together, rather than those that share all.
    """
    told: dict[tuple[tuple[Any, ...], ...], list[str]] = {}
    for name, result in results.items():
        cells = tuple(tuple(row[column] for column in columns) for row in records(result))
        for block in [(row,) for row in cells] if by_row else [cells]:
            told.setdefault(block, []).append(name)
    several = any(len(names) < len(results) for names in told.values())
    if by_row and several:  # what the first column names stays together
        order = list(dict.fromkeys(row[0] for block in told for row in block))
        told = dict(sorted(told.items(), key=lambda item: order.index(item[0][0][0])))
    rows = [
        (*([_all_or(names, results)] if several else []), *row)
        for cells, names in told.items()
        for row in cells
    ]
    heads = ("scenario",) * several + tuple(HEADS.get(column, column) for column in columns)
    kept = [place for place in range(len(heads)) if any(row[place] != "" for row in rows)]
    return Table(
        caption,
        tuple(heads[place] for place in kept),
        tuple(tuple(row[place] for place in kept) for row in rows),
    )


def _all_or(names: list[str], results: Results) -> str:
    return "all" if len(names) == len(results) else ", ".join(briefly(names))


def _of(file: str, keeps: Callable[[Record], bool] = lambda row: True) -> Records:
    """Give the rows of a file that a table keeps."""
    return lambda result: filter(keeps, records_of(result, file))


def _attributes(result: TrialResult) -> Iterator[Record]:
    for attribute, what in _estimand(result):
        yield {"attribute": attribute, "what": what}


def _estimand(result: TrialResult) -> Iterator[tuple[str, str]]:
    return attributes_of(result.section, result.arm_names, result.plan.comparison.population)


def _estimands(result: TrialResult) -> Iterator[Record]:
    section = result.section
    for name in (PRIMARY, *section.secondary) if section.secondary else ():
        yield {
            "hypothesis": name,
            "endpoint": endpoint_words(section, name),
            "measure": measure_of(section, name),
            "death": strategy_of(section, name),
        }


def _analyses(result: TrialResult, bibliography: Bibliography) -> Iterator[Record]:
    section = result.section
    for power in result.powers:
        name, analysis = power.analysis, EVERY_ANALYSIS.get(power.analysis)
        null = analysis.null if analysis is not None else "equal proportions"
        if analysis is None and name in AGAINST_MARGIN.values():
            null = "worse by the margin or more"
        yield {
            "analysis": name,
            "estimates": power.estimates,
            "null": null,
            "references": bibliography.numbers(papers_of(behind(name))),
        }
    for name in section.secondary:
        hypothesis = section.hypothesis_of(name)
        if hypothesis.analysis in OF_PAIRS:
            yield {
                "analysis": hypothesis.analysis,
                "estimates": estimates_of(hypothesis),
                "null": "equal in the endpoints that pairs are compared by",
                "references": bibliography.numbers(papers_of([hypothesis.analysis])),
            }


def _source(
    preset: Preset, sources: Mapping[str, str], bibliography: Bibliography
) -> tuple[Any, ...]:
    assumed = sum(parameter.flag == "assumption" for parameter in preset.parameters.values())
    return (
        f"{preset.family}/{preset.name}",
        preset.title,
        preset.flag,
        f"{assumed} of {len(preset.parameters)}",
        bibliography.numbers(sources[key_of(source)] for source in preset.sources.values()),
    )
