"""What a trial's protocol rests on: presets with their sources, and papers behind its methods."""

import inspect
import re
from collections.abc import Iterable, Iterator

from radsim import trial
from radsim.experiment.model import Experiment
from radsim.experiment.pedigree import presets_used
from radsim.experiment.trial_file import VirtualTrial
from radsim.presets import Preset, Source, load_preset
from radsim.trial.conduct.analyses import AGAINST_MARGIN, EVERY_ANALYSIS
from radsim.trial.formulas.event_formulas import EVENT_FORMULAS
from radsim.trial.formulas.proportion_formulas import FORMULAS
from radsim.trial.proportions.binary_tests import NORMAL_TESTS
from radsim.trial.proportions.exact_tests import BINARY_TESTS
from radsim.trial.questions.scenario import TrialResult
from radsim.trial.section import TrialSection

SECTION = re.compile(r"References\n-+\n(.*?)(?:\n\n|\Z)", re.DOTALL)  # of a docstring
MARGINS = ("incidence_difference", "survival_difference", "pearson", "unpooled_z")
METHODS = {  # function of `radsim.trial` whose docstring names the papers, and what it is behind
    "logrank": ("logrank", "logrank_stratified", "logrank_cluster_robust", "logrank_any_event"),
    "fleming_harrington": ("logrank_weighted",),
    "max_combo": ("maxcombo",),
    "gray_test": ("gray", "gray_cluster_robust"),
    "cox_ratio": ("cox", "cox_robust", "cox_stratified"),
    "cox_regression": ("cox_adjusted",),
    "fine_gray_ratio": ("fine_gray", "fine_gray_cluster_robust", "fine_gray_stratified"),
    "cumulative_incidence": ("incidence_difference", "gray"),
    "incidence_differences": ("incidence_differences",),
    "kaplan_meier": ("survival_difference",),
    "restricted_mean": ("restricted_mean_difference",),
    "time_lost": ("time_lost_difference",),
    "proportion_test": NORMAL_TESTS,
    "exact_p_value": tuple(name for name in BINARY_TESTS if name not in NORMAL_TESTS),
    "non_inferiority_test": tuple(AGAINST_MARGIN[name] for name in MARGINS),
    "compare_patients": ("win_ratio", "net_benefit"),
    "events_needed": EVENT_FORMULAS,
    "size_for_proportions": FORMULAS,
    "holm": ("holm",),
    "hochberg": ("hochberg",),
    "gatekeeping": ("gatekeeping",),
    "graphical": ("graph",),
    "level_of": ("comparisons",),
    "Minimization": ("minimization",),
    "boundaries": ("looks",),
    "run_resized": ("resize",),
    "assurance_of_events": ("assurance",),
}


class Bibliography:
    """References in the order in which they are first named."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def numbers(self, references: Iterable[str]) -> str:
        """Name references by their numbers, new ones behind those there are."""
        places = [self._numbers.setdefault(text, len(self._numbers) + 1) for text in references]
        return ", ".join(map(str, sorted(set(places))))

    def listed(self) -> tuple[str, ...]:
        """Every reference behind its number."""
        return tuple(f"[{number}] {text}." for text, number in self._numbers.items())


def citation(source: Source) -> str:
    """Write a source in full, and how it was read unless the figures were read in it.

    Examples
    --------
    >>> source = Source(authors="A. Author", title="A title", journal="J. 1, 2", year=2020)
    >>> citation(source)
    'A. Author (2020). A title. J. 1, 2'
    """
    parts = [f"{source.authors} ({source.year or 'undated'})", source.title, source.journal]
    text = ". ".join(filter(None, parts))
    text += f". doi {source.doi}" if source.doi else ""
    return text if source.flag == "verified" else f"{text} [{source.flag}]"


def key_of(source: Source) -> str:
    """What tells a source from others, however fully a preset states it."""
    return source.doi or citation(source)


def cited(presets: Iterable[Preset]) -> dict[str, str]:
    """Cite the sources of presets, each as fully as one of them does."""
    full: dict[str, str] = {}
    for source in (source for preset in presets for source in preset.sources.values()):
        full[key_of(source)] = max(full.get(key_of(source), ""), citation(source), key=len)
    return full


def papers_of(methods: Iterable[str]) -> Iterator[str]:
    """Give what the docstrings of the functions behind some methods refer to, each once."""
    wanted = set(methods)
    for name, behind in METHODS.items():
        if wanted & set(behind):
            found = SECTION.search(inspect.getdoc(getattr(trial, name)) or "")
            if found is not None:
                text = " ".join(found[1].replace("``", "").split())
                yield text.rstrip(".")


def behind(name: str) -> tuple[str, ...]:
    """Name an analysis, and the one that it is of the margin or the first events of."""
    analysis = EVERY_ANALYSIS.get(name)
    of = (analysis.of or analysis.first_of) if analysis is not None else ""
    return (name, of)


def procedures_of(results: Iterable[TrialResult]) -> Iterator[str]:
    """Name the formulas and procedures of trials beside their analyses, as files call them."""
    for result in results:
        section = result.section
        yield from (row.formula for row in result.formulas.sizes)
        if section.secondary:
            yield section.procedure.procedure
        told = {
            "looks": section.looks is not None,
            "resize": section.resize is not None,
            "comparisons": bool(result.joint),
            "minimization": section.design.minimization is not None,
            "assurance": result.assurance is not None,
        }
        yield from (key for key, is_used in told.items() if is_used)


def presets_of_trial(
    source: Experiment | VirtualTrial, sections: Iterable[TrialSection]
) -> list[Preset]:
    """List the presets that the arms of some trials come from; none where they are stated."""
    arms = {arm for section in sections for arm in section.arms}
    named = {arm for arm in arms if isinstance(arm, str)}
    if not named or not isinstance(source, Experiment):
        return []
    others = {arm.plan.regimen for name, arm in source.arms.items() if name not in named}
    others -= {source.arms[name].plan.regimen for name in named}
    used = [tuple(address.split("/", 1)) for address in presets_used(source)]
    return [load_preset(f, n) for f, n in used if not (f == "regimen" and n in others)]
