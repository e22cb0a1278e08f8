"""What a trial estimates in words, by the terms of ICH E9(R1): above all, what death does to it."""

from collections.abc import Iterator

from radsim.trial.conduct.analyses import EVERY_ANALYSIS
from radsim.trial.conduct.hypotheses import OF_PAIRS, Hypothesis
from radsim.trial.enrolment import name_of
from radsim.trial.protocol.comparison import EVERYBODY
from radsim.trial.protocol.procedure import PRIMARY
from radsim.trial.questions.testing import estimates_of
from radsim.trial.section import TrialSection
from radsim.trial.wording import endpoint_words
from radsim.vocabulary.endpoints import DEATH

REFERENCE = (
    "International Council for Harmonisation (2019), Addendum on estimands and sensitivity "
    "analysis in clinical trials to the guideline on statistical principles for clinical trials "
    "E9(R1)"
)
HYPOTHETICAL, WHILE_ALIVE, COMPOSITE = "hypothetical", "while alive", "composite"
ITSELF, NOT_STATED = "the event itself", "not stated"
STRATEGIES = {  # what becomes of an event that death comes before
    HYPOTHETICAL: (
        "who dies is censored, so rates are those of patients alive and free of the event; as an "
        "effect on the event itself this is what would be seen if death did not occur, and takes "
        "death to be independent of the event given what is known of a patient, as the simulation "
        "does"
    ),
    WHILE_ALIVE: (
        "death competes: what counts is an event before death, so an arm whose patients live "
        "longer has more time for it, and a difference in survival is part of the effect"
    ),
    COMPOSITE: "death is part of what is counted, and a difference in survival of the effect",
    ITSELF: "death is the event, and nothing comes before it",
    NOT_STATED: (
        "a proportion of evaluable patients is stated, without times or deaths; the protocol has "
        "to lay down whether a death before the assessment counts as an answer (composite) or as "
        "missing"
    ),
}


def strategy_of(section: TrialSection, name: str = PRIMARY) -> str:
    """Name what death does to the estimand of a hypothesis, the primary one unless told.

    Examples
    --------
    >>> from radsim.trial import StatedArm
    >>> arm = StatedArm(control=0.8, median_survival=12.0)
    >>> settings = {"control": arm, "experimental": arm, "patients": 100}
    >>> settings["design"] = {"minimum_follow_up": 12.0}
    >>> from radsim.trial.section import SECTION
    >>> [strategy_of(SECTION.validate_python({**settings, "primary": name}))
    ...  for name in ("cox", "gray", "restricted_mean_difference")]
    ['hypothetical', 'while alive', 'composite']
    """
    hypothesis = section.hypothesis_of(name)
    if hypothesis.analysis in OF_PAIRS:
        return COMPOSITE if DEATH in hypothesis.wins else WHILE_ALIVE
    if hypothesis.analysis not in EVERY_ANALYSIS:
        return NOT_STATED
    if hypothesis.endpoint == DEATH:
        return ITSELF
    analysis = EVERY_ANALYSIS[hypothesis.analysis]
    about = EVERY_ANALYSIS[analysis.of or hypothesis.analysis]
    if about.counts_death:
        return COMPOSITE
    return HYPOTHETICAL if about.only_hazard else WHILE_ALIVE


def attributes_of(
    section: TrialSection, arms: tuple[str, str], population: str = EVERYBODY
) -> Iterator[tuple[str, str]]:
    """Give the attributes of the primary estimand, each with what it is.

    Parameters
    ----------
    arms
        What the control and the experimental arm are called.
    population
        Of `radsim.trial.protocol.comparison.POPULATIONS`.
    """
    yield "treatments", f"{arms[1]} against {arms[0]}, as randomized, whatever follows"
    yield "population", _population(section, population)
    yield "variable", _variable(section)
    yield "death", death_text(section)
    yield from _other_events(section)
    yield "summary measure", measure_of(section)


def death_text(section: TrialSection, name: str = PRIMARY) -> str:
    """Say what death does to the estimand of a hypothesis."""
    strategy = strategy_of(section, name)
    return f"{strategy}: {STRATEGIES[strategy]}"


def measure_of(section: TrialSection, name: str = PRIMARY) -> str:
    """Say what compares the arms at the end."""
    hypothesis, margin = section.hypothesis_of(name), section.margin_of(name)
    text = f"{estimates_of(hypothesis)}{_read_at(hypothesis)}"
    if margin is None:
        return text
    return f"{text}, against a margin of {margin:g}"


def _population(section: TrialSection, population: str) -> str:
    like = "those for whom the arms are stated"
    if isinstance(section.control, str):
        like = "those of the simulated cohort"
    group, whom = section.subgroup, "all who are randomized"
    if group is not None and (group.only or population != EVERYBODY):
        whom = f"who is in {name_of(group)}"
    return f"patients like {like}, {whom}"


def _variable(section: TrialSection) -> str:
    words = endpoint_words(section, PRIMARY)
    if section.binary:
        return f"whether a patient has {words}"
    several = len(section.design.lesions) > 1
    seen = ", seen at the visits" if section.design.visits is not None else ""
    return f"time from entry to {words}{' in each lesion' if several else ''}{seen}"


def _other_events(section: TrialSection) -> Iterator[tuple[str, str]]:
    design = section.design
    if design.drop_out_hazard:
        yield "loss to follow-up", "censored, taken to be independent of the event"
    if design.not_evaluable:
        yield "not evaluable", "left out of the analysis, taken to be like the others"


def _read_at(hypothesis: Hypothesis) -> str:
    analysis = EVERY_ANALYSIS.get(hypothesis.analysis)
    if analysis is None or not analysis.reads:
        return ""
    months = getattr(hypothesis.settings, analysis.reads)
    times = months if isinstance(months, tuple) else (months,)
    return f" ({', '.join(f'{month:g}' for month in times)} months)"
