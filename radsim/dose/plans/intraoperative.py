"""An intraoperative source in the vertebra."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from radsim.dose.plans.kind import EVERY_METRIC, Drawer, Given, PlanKind
from radsim.dose.plans.prior import gray, lowest_dose
from radsim.randomness.distributions.composed import Continuous
from radsim.vocabulary.mistakes import require, require_all
from radsim.vocabulary.numbers import Real, Truth
from radsim.vocabulary.structures import NEURAL, Target


@dataclass(frozen=True, kw_only=True)
class Intraoperative(PlanKind):
    """Intraoperative radiotherapy with a low-energy source in the vertebra, in one fraction.

    Attributes
    ----------
    prescription
        Dose at ``depth`` from the applicator's surface [Gy].
    depth
        Distance from the applicator's surface [mm].
    attenuation
        Attenuation beyond the inverse square [1/mm].
    applicator_radius
        Radius of the applicator [mm].
    source_offset
        Distance of the source from the center of the GTV, as a share of its radius.
    canal_clearance
        Least distance from the source to the wall of the canal [mm].
    """

    kind: Literal["intraoperative"] = "intraoperative"
    regimen: str | None = None
    prescription: Real
    depth: Real
    attenuation: Real | Continuous
    applicator_radius: Real | Continuous
    source_offset: Real | Continuous
    canal_clearance: Real | Continuous
    delivery: Truth = True

    @property
    def fractions(self) -> int:
        return 1

    @property
    def highest_level(self) -> Target:
        """The GTV: the source lies in it."""
        return "gtv"

    def gives(self, organs: Collection[str] = ()) -> Given:
        return dict.fromkeys(("gtv", *NEURAL), EVERY_METRIC)

    @property
    def words(self) -> str:
        return f"{self.prescription:g} Gy at {self.depth:g} mm, intraoperative"

    @property
    def drawer(self) -> Drawer:
        from radsim.dose.fields.intraoperative import intraoperative_dose

        return intraoperative_dose

    def __post_init__(self) -> None:
        require_all(gray("prescription", self.prescription))
        require(0 < self.depth <= 50, f"depth must lie between 0 and 50 mm, got {self.depth}")
        for name in ("attenuation", "source_offset", "canal_clearance"):
            lowest = lowest_dose(getattr(self, name))
            require(lowest >= 0, f"{name} must not be negative, got {lowest:.3g}")
        lowest = lowest_dose(self.applicator_radius)
        require(lowest > 0, f"applicator_radius must be above 0, got {lowest:.3g}")
