"""Dose limits of a plan: one course's own, and those of two courses together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from radsim.dose.plans.prior import gray
from radsim.dose.plans.two_course_limits import CumulativeLimit
from radsim.vocabulary.dose_metrics import Metric, parse_metric
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Real, Truth
from radsim.vocabulary.structures import NEURAL, TARGETS, HotSpot

ROUNDING = 1e-6  # share of a limit by which a plan of a user may miss it: planned to it, rounded


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What one metric of one structure must reach or keep below, in the planned dose.

    Any metric that is a dose: Dx% and DXcc, the lowest dose in the hottest x % or X cm3, ``max``,
    ``mean`` and gEUD(a) [Gy]. Targets take ``at_least`` or ``at_most``, organs ``at_most``.

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
    def spot(self) -> HotSpot | None:
        """Hot spot that it is on; None of a limit on anything else."""
        sized = self.parsed.kind == "dose_at_volume"
        return HotSpot(self.structure, self.parsed.number) if sized else None

    @property
    def cold_share(self) -> float:
        """Share of a target that may lie below Dx, such as 0.02 for D98."""
        return 1.0 - self.parsed.number

    @property
    def is_quantile(self) -> bool:
        """Say whether it is Dx of a target, x above 0 and below 100 %."""
        return self.structure in TARGETS and self.parsed.is_quantile

    @property
    def is_of_whole(self) -> bool:
        """Say whether a planner reads it off the nodes of a target or a neural structure."""
        if self.structure in NEURAL:
            return self.spot is None
        return self.structure in TARGETS and not self.is_quantile

    def __post_init__(self) -> None:
        metric, named = parse_metric(self.metric), f"{self.structure} {self.metric}"
        require(
            metric is not None and metric.is_dose,
            f"{named}: a limit is on a dose, DXcc, Dx, mean, max or gEUD(a), or on the part of the "
            "volume above one, VxGy or VxGy_cc, with one of at_most and at_least",
        )
        require(
            self.at_least is not None or self.at_most is not None,
            f"{named}: give at_least, at_most or both",
        )
        for name in ("at_least", "at_most"):
            if getattr(self, name) is not None:
                require(*gray(name, getattr(self, name)))
        if self.at_least is not None and self.at_most is not None:
            require(
                self.at_least <= self.at_most,
                f"at_least must not exceed at_most, got {self.at_least}, {self.at_most}",
            )
        require(
            self.structure in TARGETS or self.at_least is None,
            f"{named}: a limit of an organ is at_most a dose; at_least is for gtv and ptv",
        )


def check_limits(limits: Sequence["AnyLimit"]) -> None:
    """Refuse a limit that is stated twice, and two that no plan can meet together."""
    for place, limit in enumerate(limits):
        first = limits.index(limit)
        require(first == place, f"limits[{place}]: is limits[{first}] once more")
    quantiles = [limit for limit in limits if isinstance(limit, Limit) and limit.is_quantile]
    for low in quantiles:
        for high in quantiles:
            if low.structure != high.structure or low.at_least is None or high.at_most is None:
                continue
            # no more than D90 is given to 95 % of a volume
            inside = low.parsed.number >= high.parsed.number and low.at_least > high.at_most
            require(
                not inside or low.optimal or high.optimal,
                f"limits: no plan gives {low.structure} {low.metric} of at least "
                f"{low.at_least:g} Gy and {high.metric} of at most {high.at_most:g} Gy",
            )


AnyLimit = Annotated[Limit | CumulativeLimit, Field(discriminator="kind")]
