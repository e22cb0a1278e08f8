"""What every kind of plan answers about itself, so that nobody asks which kind it is."""

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, ClassVar

from radsim.dose.plans.limits import AnyLimit, Limit
from radsim.dose.plans.prior import Prior, doses_between
from radsim.dose.plans.two_course_limits import CumulativeLimit
from radsim.radiobiology.recovery import RecoveryRule
from radsim.vocabulary.dose_metrics import KINDS, Kind, Metric
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.structures import NEURAL, TARGETS, HotSpot, Target

if TYPE_CHECKING:
    from radsim.dose.dose import Dose

Drawer = Callable[..., "Dose"]  # of (plan, model, patients, geometry, streams, wanted)
EVERY_METRIC = tuple(KINDS)
Given = dict[str, tuple[Kind, ...]]  # metrics that a plan gives of each structure
ANATOMY = frozenset({"region", "bilsky", "gtv_volume", "ptv_volume", "cord_present"})


class PlanKind:
    """The answers of a plan without an earlier course; a kind states those that differ."""

    only_in_files: ClassVar[dict[str, Any]] = {}  # schema of keys that only say what to read
    broken: ClassVar[dict[str, str]] = {  # what is said of patients without a flag of the dose
        "limits_met": "keep a plan that breaks a limit",
        "plan_eligible": "have no plan",
    }
    samples_anatomy: ClassVar[bool] = True  # else its doses are those of patients of a user
    regimen: str | None = None  # preset that the settings came from, if one did

    @property
    def earlier_by_key(self) -> dict[str, Prior]:
        """Earlier courses at the same level, by the key where they are stated."""
        return {}

    @property
    def earlier(self) -> tuple[Prior, ...]:
        """Earlier courses at the same level."""
        return tuple(self.earlier_by_key.values())

    @property
    def is_conventional(self) -> bool:
        """Say whether the organs lie in the field, as no course of a conformal series had it."""
        return False

    @property
    def fraction_doses(self) -> tuple[float, ...]:
        """Prescribed dose a fraction of each course [Gy]."""
        return (self.prescription / self.fractions,)  # type: ignore[attr-defined]

    @property
    def level_ends(self) -> tuple[float, float]:
        """Lowest and highest value of the highest planned level [Gy]."""
        return (self.prescription, self.prescription)  # type: ignore[attr-defined]

    @property
    def highest_fraction_doses(self) -> tuple[float, float]:
        """Lowest and highest planned dose a fraction of the highest level [Gy]."""
        low, high = self.level_ends
        return low / self.fractions, high / self.fractions  # type: ignore[attr-defined]

    @property
    def lonely_limit(self) -> str:
        """Say which limit adds up courses where there is but one, or nothing."""
        return ""

    @property
    def highest_level(self) -> Target:
        """Structure that the highest dose level is prescribed to."""
        raise NotImplementedError

    def gives(self, organs: Collection[str] = ()) -> Given:
        """Structures that it gives doses for, each with the kinds of metric that can be asked.

        ``organs`` are those that are sampled beside the anatomy's; not every kind can give them.
        """
        raise NotImplementedError

    def lacks(self, structure: str, metric: Metric) -> str:
        """Say why a metric is not known of everyone who has the structure, or nothing."""
        return ""

    def without(self, region: str, with_cord: bool) -> str:
        """Say what patients of a region have that it has no plan for, or nothing."""
        return ""

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


class Fractionated(PlanKind):
    """What plans answer that are given in fractions, and may follow an earlier course."""

    origin: str = ""  # said of a plan behind its prescription
    prescription: float
    fractions: int
    boost: Any
    limits: tuple[AnyLimit, ...]
    prior: Prior | None
    priors: tuple[Prior, ...]
    recovery: RecoveryRule

    @property
    def level_ends(self) -> tuple[float, float]:
        """Those of the boost where there is one [Gy]."""
        if self.boost is None:
            return (self.prescription, self.prescription)
        return doses_between(self.boost)

    @property
    def target_limits(self) -> list[Limit]:
        """Limits and goals of the targets."""
        limits = (limit for limit in self.limits if isinstance(limit, Limit))
        return [limit for limit in limits if limit.structure in TARGETS]

    @property
    def quantile_limits(self) -> list[Limit]:
        """Those of the targets that are Dx, which planning solves in closed form."""
        return [limit for limit in self.target_limits if limit.is_quantile]

    @property
    def whole_limits(self) -> list[Limit]:
        """Those of targets and neural structures that planning reads off the whole structure."""
        limits = (limit for limit in self.limits if isinstance(limit, Limit))
        return [limit for limit in limits if limit.is_of_whole]

    @property
    def neural_spots(self) -> tuple[HotSpot, ...]:
        """Hot spots of the neural structures that planning knows: D0.03cc, and what is limited."""
        limits = [limit for limit in self.limits if isinstance(limit, Limit)]
        stated = (x.spot for x in limits if x.structure in NEURAL and x.spot is not None)
        return tuple(dict.fromkeys((*map(HotSpot, NEURAL), *stated)))

    @property
    def organ_limits(self) -> list[Limit]:
        """Limits and goals of organs beside the targets and the neural structures."""
        limits = (limit for limit in self.limits if isinstance(limit, Limit))
        return [limit for limit in limits if limit.structure not in (*TARGETS, *NEURAL)]

    @property
    def earlier_by_key(self) -> dict[str, Prior]:
        if self.prior is not None:
            return {"prior": self.prior}
        return {f"priors[{place}]": prior for place, prior in enumerate(self.priors)}

    @property
    def lonely_limit(self) -> str:
        names = [limit.name for limit in self.limits if isinstance(limit, CumulativeLimit)]
        if self.earlier or not names:
            return ""
        return (
            f"limit {names[0]!r} adds up two courses, so the arm needs "
            "prior = { dose, fractions, interval }"
        )

    def check_earlier(self) -> None:
        """Refuse earlier courses that are stated twice over."""
        require(
            self.prior is None or not self.priors,
            "prior is one earlier course, priors are several; give one of the two",
        )
        require(
            bool(self.earlier) or self.recovery == type(self).recovery,
            "recovery is from an earlier course, and the arm has no prior",
        )

    @property
    def highest_level(self) -> Target:
        """GTV with a boost, otherwise PTV_Eval."""
        return "ptv" if self.boost is None else "gtv"

    @property
    def words(self) -> str:
        words = f"{self.prescription:g} Gy in {self.fractions}{self.origin}"
        if isinstance(self.boost, int | float):
            words += f", boost of the GTV to {self.boost:g} Gy"
        elif self.boost is not None:
            words += f", boost of the GTV ({self.boost.kind})"
        return words + "".join(f", after {c.dose:g} Gy in {c.fractions}" for c in self.earlier)
