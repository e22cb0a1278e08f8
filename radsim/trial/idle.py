"""Keys of a [trial] section that would change nothing beside its other keys."""

from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING

from radsim.vocabulary.mistakes import require
from radsim.vocabulary.words import listed

if TYPE_CHECKING:
    from radsim.trial.section import TrialSection

AT_LANDMARK = ("incidence_difference", "incidence_difference_first_event")
READ_BY = {
    "landmarks": ("incidence_differences",),
    "weights": ("logrank_weighted",),
    "variance": AT_LANDMARK,
    "transform": AT_LANDMARK,
}  # the analyses that read a key
OF_TIMES = ("landmark", "horizon")


def check_idle(section: "TrialSection") -> None:
    """Raise ValueError for keys that are stated and change nothing, a line for each."""
    usual = {field.name: field.default for field in fields(section)}
    idle = [
        f"{key}: has no effect here: {why}"
        for key, why in _idle(section)
        if getattr(section, key) != usual[key]
    ]
    require(not idle, "\n".join(idle))


def _idle(section: "TrialSection") -> Iterator[tuple[str, str]]:
    """Give the keys that nothing reads, and why."""
    used = {*section.named_analyses, *(each.analysis for each in section.secondary.values())}
    for key, names in READ_BY.items():
        if not used.intersection(names):
            yield key, f"{listed(names, 'or')} is not among the analyses"
    if section.binary and not section.secondary:
        yield from ((key, "a binary endpoint has no times") for key in OF_TIMES)
    if not isinstance(section.control, str):
        yield "simulated_patients", "the arms are stated, not simulated"
