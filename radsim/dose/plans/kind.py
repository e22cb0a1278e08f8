"""What every kind of plan answers about itself, so that nobody asks which kind it is."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from radsim.dose.plans.prior import Prior
from radsim.vocabulary.structures import ORGANS, Target

if TYPE_CHECKING:
    from radsim.dose.dose import Dose

Drawer = Callable[..., "Dose"]  # of (plan, model, patients, geometry, streams, structures)
FAMILIES = ("Dx for x from 0 to 100 %", "gEUD(a)", "mean")
ORGAN_METRICS = ("D0.03cc", *FAMILIES)
ANATOMY = frozenset({"region", "bilsky", "gtv_volume", "ptv_volume", "cord_present"})


class PlanKind:
    """The answers of a plan without an earlier course; a kind states those that differ."""

    only_in_files: ClassVar[dict[str, Any]] = {}  # schema of keys that only say what to read
    regimen: str | None = None  # preset that the settings came from, if one did

    @property
    def earlier(self) -> tuple[Prior, ...]:
        """Earlier courses at the same level."""
        return ()

    @property
    def is_conventional(self) -> bool:
        """Say whether the organs lie in the field, as no course of a conformal series had it."""
        return False

    @property
    def highest_level(self) -> Target:
        """Structure that the highest dose level is prescribed to."""
        raise NotImplementedError

    @property
    def gives(self) -> dict[str, tuple[str, ...]]:
        """Structures that it gives doses for, each with the metrics that can be asked of it."""
        raise NotImplementedError

    @property
    def words(self) -> str:
        """What it gives, in one line."""
        raise NotImplementedError

    @property
    def required_variables(self) -> frozenset[str]:
        """Cohort variables that its dose depends on."""
        return ANATOMY | {c.interval for c in self.earlier if isinstance(c.interval, str)}

    @property
    def drawer(self) -> Drawer:
        """What draws its dose in each patient, see `radsim.dose.drawing.draw_dose`."""
        raise NotImplementedError


def all_organs() -> dict[str, tuple[str, ...]]:
    """Metrics of every organ."""
    return dict.fromkeys(ORGANS, ORGAN_METRICS)


def boost_words(boost: object) -> str:
    """Say what a boost gives, or nothing without one."""
    if boost is None:
        return ""
    if isinstance(boost, int | float):
        return f", boost of the GTV to {boost:g} Gy"
    return f", boost of the GTV ({boost.kind})"  # type: ignore[attr-defined]


def earlier_words(earlier: tuple[Prior, ...]) -> str:
    """Say what was given before, or nothing."""
    return "".join(f", after {course.dose:g} Gy in {course.fractions}" for course in earlier)
