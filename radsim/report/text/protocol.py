"""The protocol page of a trial: what it asks, what it rests on, and what it can be shown to do."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from radsim.experiment.model import Experiment
from radsim.experiment.pedigree import cautions, model_labels
from radsim.experiment.trial_file import VirtualTrial
from radsim.report.figures.trial import TITLES
from radsim.report.tables.trial import Results, records_of
from radsim.report.text.page import Block, Part, Picture, Table, briefly
from radsim.report.text.protocol_sensitivity import sensitivity_blocks
from radsim.report.text.protocol_sources import (
    Bibliography,
    papers_of,
    presets_of_trial,
    procedures_of,
)
from radsim.report.text.protocol_tables import protocol_tables
from radsim.trial.estimand import REFERENCE
from radsim.trial.protocol.procedure import PRIMARY
from radsim.trial.questions.direction import CONTROL
from radsim.trial.questions.nulls import NULLS
from radsim.trial.questions.scenario import TrialResult
from radsim.trial.wording import (
    arm_sentences,
    asked_for,
    design_sentences,
    endpoint_words,
    final_sentences,
    interim_sentences,
    margin_text,
    notes_of,
)
from radsim.vocabulary.versions import __version__
from radsim.vocabulary.words import listed

Source = Experiment | VirtualTrial
TIES = (
    "Times that follow each other within one part in 10^8 are the same. Events come before "
    "censorings of the same time. Cox's regression takes ties by Efron's rule, Fine and Gray's by "
    "Breslow's; log-rank tests and Gray's have hypergeometric variances."
)
VISITS = (
    "An event is dated to the visit at which it is seen, if the patient is alive and watched then; "
    "deaths are dated as they happen."
)
NOTHING_SAID = (
    "Where the data do not allow an analysis (no event, nobody left at a landmark) it rejects "
    "nothing, and the trial stops for nothing."
)
FLAGS = (
    "Flags: verified, read in the source; recalled, known but not at hand; derived, computed from "
    "published figures; assumption, not published."
)


@dataclass(frozen=True)
class _Told:
    """What the parts of a page are written from."""

    results: Results
    source: Source
    tables: Mapping[str, Table]
    pictures: tuple[Picture, ...]

    def shown(self, *names: str) -> Iterator[Table]:
        """Give the tables of these names that there are."""
        yield from (self.tables[name] for name in names if name in self.tables)

    def each(self, sentences: Callable[[TrialResult], Iterable[str]]) -> Iterator[str]:
        """Write a paragraph for each way in which scenarios are told, behind their names."""
        paragraphs: dict[str, list[str]] = {}
        for name, result in self.results.items():
            paragraphs.setdefault(" ".join(sentences(result)), []).append(name)
        for text, names in paragraphs.items():
            if text:
                yield text if len(names) == len(self.results) else f"{_named(names)}: {text}"


def protocol_page(
    results: Results, source: Source, figures: Mapping[str, str] | None = None
) -> tuple[str, list[Part]]:
    """Write the title and the parts of a trial's protocol page.

    Parameters
    ----------
    figures
        What each figure that was drawn shows, by its path beside the page.
    """
    bibliography = Bibliography()
    estimands = bibliography.numbers([REFERENCE])
    presets = presets_of_trial(source, [result.section for result in results.values()])
    pictures = tuple(
        Picture(shows, path, number)
        for number, (path, shows) in enumerate((figures or {}).items(), 1)
    )
    told = _Told(results, source, protocol_tables(results, presets, bibliography), pictures)
    methods = bibliography.numbers(papers_of(procedures_of(results.values())))
    parts = {
        "Objective": _objective(told),
        "Estimand": _estimand(told, estimands),
        "Design": [*told.each(lambda r: design_sentences(r.plan.design)),
                   *told.each(lambda r: interim_sentences(r.section))],
        "Assumptions": _assumptions(told),
        "Sample size": _sample_size(told),
        "Operating characteristics": _characteristics(told),
        "Sensitivity": sensitivity_blocks(results, source, told.tables),
        "Analysis plan": _analysis_plan(told, methods),
        "Figures": [*pictures],
        "References": [bibliography.listed()],
    }  # fmt: skip
    made = [Part(title, tuple(blocks)) for title, blocks in parts.items()]
    return f"{source.name}: trial protocol", [part for part in made if part.blocks]


def _objective(told: _Told) -> Iterator[Block]:
    if told.source.question.strip():
        yield " ".join(told.source.question.split())
    yield from told.each(_objective_sentences)


def _objective_sentences(result: TrialResult) -> Iterator[str]:
    section, (control, experimental) = result.section, result.arm_names
    by = TITLES.get(section.compared_analysis, section.compared_analysis)
    of, power = endpoint_words(section, PRIMARY), f"a power of {100 * section.power:g} %"
    of = "the event" if of == "event" else of
    over = ""
    for joint in result.joint:
        if joint.analysis == section.primary_analysis:
            power += f" in {section.succeeds_in} of {len(joint.level.correlation)} comparisons"
            over = " over all of them"
    if section.margin is None:
        yield (
            f"To find out whether {experimental} differs from {control} in {of}, by {by}, with "
            f"{power} at a two-sided level of {section.alpha:g}{over}."
        )
    else:
        yield (
            f"To show that {experimental} is not worse than {control} in {of}, by "
            f"{margin_text(section)} or more, with {power} at a one-sided level of "
            f"{section.alpha / 2.0:g}{over}."
        )
    if section.secondary:
        others = [endpoint_words(section, name) for name in section.secondary]
        yield f"Beside it are tested: {listed(others)}."


def _estimand(told: _Told, reference: str) -> Iterator[Block]:
    yield (
        f"In the terms of ICH E9(R1) [{reference}]. Departures from the assigned treatment are not "
        "simulated; patients are analysed as they are randomized."
    )
    yield from told.shown("estimand", "hypotheses")


def _assumptions(told: _Told) -> Iterator[Block]:
    source, arms = told.source, {}
    if isinstance(source, Experiment):
        arms = {n: f"{arm.label or n} ({arm.plan.words})" for n, arm in source.arms.items()}
    yield from told.each(lambda result: arm_sentences(result.section, arms, result.plan.design))
    stated = [n for n, r in told.results.items() if not isinstance(r.section.control, str)]
    if stated:
        where = "" if len(stated) == len(told.results) else f"{_named(stated)}: "
        yield f"{where}What the arms are stated to do is an assumption; the file names no source."
    if isinstance(source, Experiment) and "sources" in told.tables:
        models = (
            f"{endpoint}: {name if isinstance(name, str) else listed(name)}"
            for endpoint, name in model_labels(source).items()
            if name
        )
        yield (
            f"What the simulated patients are, get and respond by is in "
            f"{told.tables['sources'].called}. {FLAGS} Given the patient, death is drawn "
            "independently of the other events."
        )
        yield tuple(models)
        yield from told.shown("sources")
        if warned := tuple(cautions(source)):
            yield warned
    yield "Simulated with radsim, a research tool; nothing in it is calibrated for one patient."


def _sample_size(told: _Told) -> Iterator[Block]:
    asked = [result.section for result in told.results.values() if result.section.find_size]
    if not asked:
        yield "No sample size by simulation was asked for; the design's own size is assumed."
    if "sizes" in told.tables:
        yield (
            "The size by simulation is the smallest whose simulated trials, with all that is "
            f"assumed, reach the power ({told.tables['sizes'].called}); sizes from lower to upper "
            "can't be told from it by the Monte Carlo error."
        )
        yield from told.each(_power_asked)
    elif asked:
        yield "No number of patients that was tried is sure to reach the power; why is said below."
        yield from told.each(_power_asked)
    yield from told.shown("sizes", "prevalence")
    if "formulas" in told.tables:
        yield "Formulas take the same assumptions, as each can, for the same power and level."
    else:
        yield "No formula is for this primary analysis."
    yield from told.shown("formulas", "formula_powers")
    if remarks := tuple(_remarks(told)):
        yield remarks
    yield from told.each(_warning)


def _power_asked(result: TrialResult) -> Iterator[str]:
    whole = f" in {result.section.succeeds_in} of the comparisons, and the size that of the trial"
    yield f"The power is that of {asked_for(result.section)}{whole if result.joint else ''}."


def _remarks(told: _Told) -> Iterator[str]:
    several = len(told.results) > 1
    for name, result in told.results.items():
        for row in records_of(result, "trial_sizes.csv"):
            if row["note"]:
                where = f"{name}, " if several else ""
                yield f"{where}{row['method']} ({row['takes']}): {row['note']}"


def _warning(result: TrialResult) -> Iterator[str]:
    if result.better == CONTROL:
        control, experimental = result.arm_names
        yield (
            f"Warning: by {result.section.compared_analysis} the control arm ({control}) is the "
            f"better one and the experimental arm ({experimental}) the worse; rejections are in "
            "favor of the control arm."
        )


def _characteristics(told: _Told) -> Iterator[Block]:
    yield from told.each(
        lambda result: [
            f"{result.section.trials:,} trials were simulated under the assumptions and under each "
            f"null (radsim {__version__}, seed {told.source.seed})."
        ]
    )
    yield (
        "Errors are Monte Carlo standard errors. Rejected is the share of trials that reject on "
        "either side, favorable that in favor of the experimental arm; effects are means with the "
        "central 95 % of trials."
    )
    yield from told.shown("alternatives", "effects")
    nulls = dict.fromkeys(null for result in told.results.values() for null in result.type_one)
    yield tuple(f"{null}: {NULLS[null]}" for null in nulls)
    yield from told.shown("nulls", "shown", "false_claims", "joint", "subgroup")
    yield from told.shown("looks", "resize", "benefits", "expectations")


def _analysis_plan(told: _Told, methods: str) -> Iterator[Block]:
    yield from told.each(lambda result: final_sentences(result.section))
    yield from told.shown("analyses")
    yield from told.each(_handling)
    if methods:
        yield f"Formulas, procedures and looks are those of [{methods}]."
    notes = {
        f"{name}: {note}" if len(told.results) > 1 else note: None
        for name, result in told.results.items()
        for note in notes_of(result.section, result.plan)
    }
    if notes:
        yield "What this design can't show:"
        yield tuple(notes)


def _handling(result: TrialResult) -> Iterator[str]:
    if not result.section.binary:
        yield TIES
        if result.section.design.visits is not None:
            yield VISITS
    yield NOTHING_SAID


def _named(names: list[str]) -> str:
    return f"Scenario{'s' if len(names) > 1 else ''} {listed(briefly(names))}"
