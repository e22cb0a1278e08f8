"""A published series that a run is set beside: its size, and the figures that it reported."""

from dataclasses import dataclass

from radsim.vocabulary.endpoints import LOCAL_FAILURE, SURVIVAL, Endpoint
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Count, Real

KAPLAN_MEIER = "Kaplan-Meier, deaths censored"
INCIDENCE = "cumulative incidence, death competing"
SHARE_ALIVE = "share alive"


def figures_of(endpoint: Endpoint) -> tuple[str, ...]:
    """Names by which a figure asks for an endpoint: its event, and being free of it."""
    return tuple(filter(None, (endpoint.freedom, endpoint.event)))


def estimated_by(name: str) -> str:
    """Say how a series' figure is estimated.

    Examples
    --------
    >>> estimated_by("local_control"), estimated_by("survival")
    ('Kaplan-Meier, deaths censored', 'share alive')
    """
    special = {LOCAL_FAILURE.freedom: KAPLAN_MEIER, SURVIVAL.reported: SHARE_ALIVE}
    return special.get(name, INCIDENCE)


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure that a series reported.

    Attributes
    ----------
    endpoint
        Event of its segments, or ``local_control`` of them, or ``survival`` of its patients.
    months
        When [months].
    value
        The estimate, between 0 and 1.
    """

    endpoint: str
    months: Real
    value: Real

    def __post_init__(self) -> None:
        require(self.months > 0, f"months must be above 0, got {self.months}")
        require(0 <= self.value <= 1, f"value must lie between 0 and 1, got {self.value}")


@dataclass(frozen=True, kw_only=True)
class Series:
    """A series, among many simulated ones of its size.

    Attributes
    ----------
    patients, segments
        How many it had; the segments are dealt out to the patients in turn.
    observed
        What it reported.
    source
        Where.
    arm
        Which arm it was treated as; the reference unless given.
    """

    patients: Count
    segments: Count
    observed: tuple[Figure, ...]
    source: str
    arm: str = ""

    def __post_init__(self) -> None:
        require(self.patients > 0, f"patients must be above 0, got {self.patients}")
        require(
            self.segments >= self.patients,
            f"segments must not be fewer than the {self.patients} patients, got {self.segments}",
        )
        require(len(self.observed) > 0, "observed must name at least one figure")
