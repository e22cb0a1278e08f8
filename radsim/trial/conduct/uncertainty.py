"""Arms whose parameters are uncertain: each trial has its own draw of them."""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from radsim.randomness.distributions.composed import Distribution
from radsim.randomness.streams import UniformSource
from radsim.trial.conduct.draw import Arms
from radsim.trial.protocol.arms import ROLES, StatedArm
from radsim.trial.protocol.laws import Law, side_by_side
from radsim.trial.protocol.subgroup import MixedArms
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.words import nearest

NO_NUMBERS = ("label", "failure_pieces", "death_pieces")  # of an arm


@dataclass(frozen=True)
class UncertainArms:
    """Two stated arms, and a distribution for each uncertain parameter.

    Attributes
    ----------
    spread
        By ``control.NAME``, ``experimental.NAME``, or ``both.NAME`` for a parameter that the
        arms share, such as ``both.median_survival``.
    """

    arms: tuple[StatedArm, StatedArm]
    spread: dict[str, Distribution]

    def __post_init__(self) -> None:
        known = [field.name for field in fields(StatedArm) if field.name not in NO_NUMBERS]
        for key in self.spread:
            arm, _, name = key.partition(".")
            require(
                arm in (*ROLES, "both"),
                f"{key}: must start with control., experimental. or both.",
            )
            require(name in known, f"{key}: an arm has no {name!r}; {nearest(name, known)}")
            require(
                arm == "both" or f"both.{name}" not in self.spread,
                f"{key}: is drawn by both.{name} too; give one of them",
            )

    def drawn(self, values: dict[str, float]) -> tuple[StatedArm, StatedArm]:
        """Arms with these values in the place of the uncertain parameters."""
        changes: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
        for key, value in values.items():
            arm, _, name = key.partition(".")
            for number, label in enumerate(ROLES):
                if arm in (label, "both"):
                    changes[number][name] = value
        return (
            replace(self.arms[0], **changes[0]),
            replace(self.arms[1], **changes[1]),
        )


@dataclass(frozen=True)
class LawfulArm:
    """An arm by its laws; of several trials with an axis of them, shape (trial, 1)."""

    failure: Law
    death: Law
    proportion: np.ndarray | None = None


def draw_arms(arms: Arms | UncertainArms, trials: range, streams: UniformSource) -> Arms:
    """Draw the uncertain parameters of some trials; arms that are certain stay as they are."""
    if not isinstance(arms, UncertainArms):
        return arms
    each = drawn_pairs(arms, trials, streams)
    return tuple(_stacked([pair[number] for pair in each]) for number in (0, 1))  # type: ignore[misc]


def drawn_pairs(
    arms: UncertainArms, trials: range, streams: UniformSource
) -> list[tuple[StatedArm, StatedArm]]:
    """Give the arms of each of some trials, with its own draw of the uncertain parameters."""
    values = {
        key: distribution.ppf(streams.uniforms(f"trial/uncertainty/{key}", trials))
        for key, distribution in arms.spread.items()
    }
    return [arms.drawn({key: float(v[i]) for key, v in values.items()}) for i in range(len(trials))]


def _stacked(arms: list[StatedArm]) -> LawfulArm:
    proportions = [arm.proportion if arm.proportion is not None else 0.0 for arm in arms]
    return LawfulArm(
        side_by_side([arm.failure for arm in arms]),
        side_by_side([arm.death for arm in arms]),
        np.array(proportions)[:, np.newaxis],
    )


def proportions_of(arms: Arms) -> tuple[np.ndarray, ...]:
    """Proportions of the arms, control first, shapes () or (trial, 1).

    Raises
    ------
    ValueError
        If an arm states none.
    """
    if isinstance(arms, MixedArms):
        groups = zip(proportions_of(arms.outside), proportions_of(arms.inside), strict=True)
        return tuple((1.0 - arms.share) * out + arms.share * inside for out, inside in groups)
    require(isinstance(arms, tuple), "a binary endpoint needs arms that state a proportion")
    stated = [arm.proportion for arm in arms]  # type: ignore[union-attr]
    for number, proportion in enumerate(stated):
        role = ROLES[min(number, 1)]
        require(proportion is not None, f"{role}: a binary endpoint needs a proportion")
    return tuple(np.asarray(proportion) for proportion in stated)
