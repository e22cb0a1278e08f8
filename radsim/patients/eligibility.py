"""Who is treated: candidates are drawn until one meets the rules of a guideline or a trial."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from radsim.patients.cohort import Cohort, draw_cohort
from radsim.patients.patients import Patients
from radsim.randomness.streams import UniformSource
from radsim.vocabulary.mistakes import require

CANDIDATES = 256  # drawn for a patient before it is said that nobody is eligible


@dataclass(frozen=True, kw_only=True)
class EligibilityRule:
    """A group of patients, and what becomes of them.

    Attributes
    ----------
    where
        Labels by cohort variable; a patient of the group has one of each variable's.
    action
        ``treat``: only these are treated, and another candidate takes the place of anyone else.
        ``exclude``: these are not. ``flag``: they are treated, and their share is reported.
    reason
        What the rule says, in words.
    """

    where: dict[str, tuple[str, ...]]
    action: Literal["treat", "exclude", "flag"]
    reason: str = ""

    def __post_init__(self) -> None:
        require(len(self.where) > 0, "where must name a cohort variable and its labels")
        for name, labels in self.where.items():
            require(len(labels) > 0, f"where.{name} must name a label; leave it out for any")
            require(len(set(labels)) == len(labels), f"where.{name} names a label twice")


@dataclass(frozen=True)
class Candidate:
    """The streams of one candidate for a place, apart from those of the others."""

    streams: UniformSource
    number: int

    def uniforms(self, name: str, patients: range) -> np.ndarray:
        return self.streams.uniforms(f"candidate/{self.number}/{name}", patients)


def is_eligible(rules: Mapping[str, EligibilityRule], patients: Patients) -> np.ndarray:
    """Say for each patient whether every rule lets it be treated, shape (patient,)."""
    eligible = np.ones(len(patients), dtype=bool)
    for rule in rules.values():
        if rule.action != "flag":
            eligible &= patients.have(rule.where) == (rule.action == "treat")
    return eligible


def draw_eligible(
    cohort: Cohort,
    rules: Mapping[str, EligibilityRule],
    patients: range,
    streams: UniformSource,
) -> tuple[Patients, dict[str, np.ndarray]]:
    """Draw patients who meet the rules.

    The first candidate for each place is the patient that would have it without rules; only
    where it may not be treated are others drawn, each from streams of its own. So a place is
    filled in the same way in whatever range it is asked for.

    Flags by name have the shape (patient,): ``meets_eligibility``, whether the first candidate was
    eligible, so that its mean is the eligible share, and ``meets_NAME`` for each rule that flags.

    Raises
    ------
    ValueError
        If a place cannot be filled.
    """
    drawn = draw_cohort(cohort, patients, streams)
    if not rules:
        return drawn, {}
    open_places = ~is_eligible(rules, drawn)
    flags = {"meets_eligibility": (~open_places).astype(float)}
    for number in range(1, CANDIDATES):
        if not open_places.any():
            break
        others = draw_cohort(cohort, patients, Candidate(streams, number))
        drawn = drawn.with_columns(
            {n: np.where(open_places, others[n], column) for n, column in drawn.columns.items()}
        )
        open_places = ~is_eligible(rules, drawn)
    require(
        not open_places.any(),
        f"eligibility: no eligible patient among {CANDIDATES} candidates for a place",
    )
    for name, rule in rules.items():
        if rule.action == "flag":
            flags[f"meets_{name}"] = drawn.have(rule.where).astype(float)
    return drawn, flags
