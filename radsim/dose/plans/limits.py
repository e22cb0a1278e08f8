"""Dose limits of a plan: one course's own, and those of two courses together."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from radsim.dose.plans.prior import gray
from radsim.dose.plans.two_course_limits import CumulativeLimit
from radsim.vocabulary.dose_metrics import Metric, parse_metric
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Real, Truth
from radsim.vocabulary.structures import NEURAL, TARGETS


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What one metric of one structure must reach or keep below, in the planned dose.

    Targets take Dx% with ``at_least`` or ``at_most``; neural structures take DXcc with
    ``at_most``, other organs any DXcc or Dx%, ``mean`` or ``max``. DXcc and Dx% are the lowest
    dose in the hottest X cm3 or x % [Gy].

    Attributes
    ----------
    at_least, at_most
        Physical dose of the whole course [Gy].
    optimal
        A goal: a plan that misses it may still be accepted. Otherwise the limit is mandatory.
    """

    kind: Literal["dose"] = "dose"
    structure: str
    metric: str
    at_least: Real | None = None
    at_most: Real | None = None
    optimal: Truth = False

    @property
    def only_reported(self) -> bool:
        """Say whether it does not lower a dose."""
        return self.optimal

    @property
    def parsed(self) -> Metric:
        """What its metric is."""
        metric = parse_metric(self.metric)
        assert metric is not None  # it was refused
        return metric

    @property
    def cold_share(self) -> float:
        """Share of a target that may lie below Dx, such as 0.02 for D98."""
        return 1.0 - self.parsed.number

    def __post_init__(self) -> None:
        metric = parse_metric(self.metric)
        require(
            self.at_least is not None or self.at_most is not None,
            f"{self.structure} {self.metric}: give at_least, at_most or both",
        )
        for name in ("at_least", "at_most"):
            if getattr(self, name) is not None:
                require(*gray(name, getattr(self, name)))
        if self.at_least is not None and self.at_most is not None:
            require(
                self.at_least <= self.at_most,
                f"at_least must not exceed at_most, got {self.at_least}, {self.at_most}",
            )
        if self.structure in NEURAL:
            require(
                metric is not None and metric.kind == "dose_at_volume" and self.at_least is None,
                f"a neural structure's limit is DXcc at_most, got {self.structure} {self.metric}"
                + (" at_least" if self.at_least is not None else ""),
            )
        elif self.structure not in TARGETS:
            require(
                can_be_limited(metric) and self.at_least is None,
                f"an organ's limit is an at_most of DXcc, Dx, mean or max, "
                f"got {self.structure} {self.metric}"
                + (" at_least" if self.at_least is not None else ""),
            )
        else:
            require(
                metric is not None and metric.is_quantile,
                f"wanted a metric such as D98, got {self.metric!r}",
            )


def can_be_limited(metric: Metric | None) -> bool:
    """Say whether a plan can keep a limit of a metric of an organ beyond the target."""
    if metric is None:
        return False
    mean = metric.kind == "eud" and metric.number == 1.0
    return metric.kind in ("dose_at_volume", "dose_at_share") or mean


AnyLimit = Annotated[Limit | CumulativeLimit, Field(discriminator="kind")]
