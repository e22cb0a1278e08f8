"""A subgroup of a trial's patients, in whom the arms do something else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from radsim.trial.protocol.arms import StatedArm
from radsim.vocabulary.field_types import check_fields
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Real, Truth


@dataclass(frozen=True)
class MixedArms:
    """Stated arms that do one thing to a subgroup and another to everybody else.

    Attributes
    ----------
    inside, outside
        The arms, control first, in the subgroup and in the others.
    share
        Of the patients, in the subgroup.
    """

    inside: tuple[StatedArm, ...]
    outside: tuple[StatedArm, ...]
    share: float

    def __post_init__(self) -> None:
        require(
            0.0 < self.share < 1.0,
            f"share must lie between 0 and 1, got {self.share:g}, so that nobody is in the "
            f"{'subgroup' if self.share <= 0.0 else 'rest'}",
        )
        require(
            len(self.inside) == len(self.outside),
            f"the subgroup must have all {len(self.outside)} arms, got {len(self.inside)}",
        )


@dataclass(frozen=True, kw_only=True)
class Subgroup:
    """Who is in a subgroup, what the arms do there, and what the trial asks of it.

    Attributes
    ----------
    share
        Of the patients; where the arms are stated.
    where
        Labels by variable of the cohort; where the arms come from the experiment.
    label
        What the subgroup is called in text.
    control, experimental
        What is otherwise in the subgroup than in the stated arms.
    enrolled
        ``all``, or ``only`` the subgroup: the others are screening failures (enrichment).
    co_primary
        Whether the effect is to be shown in everybody or in the subgroup, each at a level that
        keeps the trial's own; else the subgroup is described, and everybody tested.
    prevalences
        Shares of patients in the subgroup for which sizes are looked for.
    """

    share: Real | None = None
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    label: str = "subgroup"
    control: Mapping[str, Any] = field(default_factory=dict)
    experimental: Mapping[str, Any] = field(default_factory=dict)
    enrolled: Literal["all", "only"] = "all"
    co_primary: Truth = False
    prevalences: tuple[Real, ...] = ()

    def __post_init__(self) -> None:
        check_fields(self)
        for name, shares in (("share", (self.share,)), ("prevalences", self.prevalences)):
            for share in shares:
                require(
                    share is None or 0.0 < share < 1.0,
                    f"{name} must lie between 0 and 1, got {share}: nobody is in the "
                    f"{'subgroup' if share is not None and share <= 0.0 else 'rest'}",
                )
        for variable, labels in self.where.items():
            require(len(labels) > 0, f"where.{variable} names no label, so nobody is in it")
        require(
            self.enrolled == "all" or not self.co_primary,
            "co_primary: has no effect here: only the subgroup is enrolled",
        )
        require(
            self.enrolled == "all" or not self.prevalences,
            "prevalences: compares both ways to enroll; leave enrolled out",
        )

    @property
    def only(self) -> bool:
        """Whether nobody else is enrolled."""
        return self.enrolled == "only"
