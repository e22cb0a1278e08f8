"""External beam: a prescription, a boost, an earlier course."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from radsim.dose.plans.kind import EVERY_METRIC, Drawer, Fractionated, Given
from radsim.dose.plans.limits import AnyLimit, check_limits
from radsim.dose.plans.prior import Prior, check_fractions, gray, lowest_dose
from radsim.dose.plans.two_course_limits import CumulativeLimit
from radsim.radiobiology.recovery import RecoveryRule
from radsim.randomness.distributions.composed import Continuous
from radsim.vocabulary.mistakes import require, require_all
from radsim.vocabulary.numbers import Count, Real, Truth
from radsim.vocabulary.structures import HIGHEST_DOSE, NEURAL, STRUCTURES


@dataclass(frozen=True, kw_only=True)
class ExternalBeam(Fractionated):
    """External-beam radiotherapy in equal fractions.

    Attributes
    ----------
    regimen
        Name of the preset that the settings came from, if one did.
    prescription
        Dose that is to cover 90 % of PTV_Eval [Gy].
    fractions
        Number of equal fractions.
    boost
        Planned D50 of the GTV [Gy], a number or a distribution; without it there is one dose
        level.
    limits
        What the plan has to keep to, see :class:`~radsim.dose.plans.limits.Limit` and
        :class:`~radsim.dose.plans.two_course_limits.CumulativeLimit`.
    prior, priors, recovery
        An earlier course, or several, and the rule by which the cord has recovered from it.
    isotoxic
        Lower the prescription of each patient as far as coverage within the limits asks for;
        ``prescription`` is then the highest that is given.
    minimum_coverage
        Lowest accepted planned D90 of PTV_Eval, as a share of the prescription.
    maximum_dose
        Highest accepted planned D2 of PTV_Eval, as a share of the prescription.
    field
        ``conformal``: spares the neural structures. ``uniform``: a conventional field with the
        cord in it, planned to no limits.
    delivery
        Whether set-up and output errors are simulated; without them delivered is planned.
    """

    kind: Literal["external_beam"] = "external_beam"
    regimen: str | None = None
    prescription: Real
    fractions: Count
    boost: Real | Continuous | None = None
    limits: tuple[AnyLimit, ...] = ()
    prior: Prior | None = None
    priors: tuple[Prior, ...] = ()
    recovery: RecoveryRule = "25-50"
    isotoxic: Truth = False
    minimum_coverage: Real = 0.7
    maximum_dose: Real | None = None
    field: Literal["conformal", "uniform"] = "conformal"
    delivery: Truth = True

    def __post_init__(self) -> None:
        lowest = self.prescription if self.boost is None else lowest_dose(self.boost)
        require_all(
            gray("prescription", self.prescription),
            check_fractions("fractions", self.fractions),
            (
                0 <= self.minimum_coverage <= 1,
                f"minimum_coverage must lie between 0 and 1, got {self.minimum_coverage}",
            ),
            (
                self.maximum_dose is None or self.maximum_dose > 1,
                f"maximum_dose must be above 1, got {self.maximum_dose}",
            ),
            (
                lowest >= self.prescription,
                f"boost must not be below the prescription of {self.prescription} Gy, "
                f"got {lowest:.4g}",
            ),
            (
                lowest <= HIGHEST_DOSE or self.boost is None,
                f"boost must be at most {HIGHEST_DOSE} Gy, got {lowest:.4g}; in cGy?",
            ),
        )
        self.check_earlier()
        check_limits(self.limits)
        if self.boost is not None:
            require(not self.isotoxic, "isotoxic planning takes one dose level, so no boost")
        for limit in self.whole_limits:
            require(
                not self.isotoxic or limit.optimal or limit.structure not in NEURAL,
                f"isotoxic planning keeps DXcc of neural structures alone, got {limit.structure} "
                f"{limit.metric}: a lower prescription means more dose deep inside",
            )
        if self.field == "uniform":
            require(self.boost is None, "a uniform field has no boost")
            require(not self.isotoxic, "a uniform field is not planned to limits: no isotoxic")
            reported = all(limit.only_reported for limit in self.limits)
            require(reported, "a uniform field is planned to no limits")
            require(
                self.minimum_coverage == type(self).minimum_coverage and self.maximum_dose is None,
                "a uniform field is planned to no limits: leave out minimum_coverage, maximum_dose",
            )
        else:
            for level in ("cord", "below_cord"):
                where = "at the level of the cord" if level == "cord" else "below the cord"
                require(
                    any(_rules(limit, level) for limit in self.limits),
                    f"limits must hold a mandatory DXcc of a neural structure {where}, and there "
                    "is none; a limit of thecal_sac is one at every level, and limits = "
                    '{ preset = "NAME" } takes published ones (or set field = "uniform")',
                )

    @property
    def is_conventional(self) -> bool:
        return self.field == "uniform"

    def gives(self, organs: Collection[str] = ()) -> Given:
        return dict.fromkeys((*STRUCTURES, *organs), EVERY_METRIC)

    @property
    def drawer(self) -> Drawer:
        if self.is_conventional:
            from radsim.dose.fields.uniform_field import uniform_field_dose

            return uniform_field_dose
        from radsim.dose.fields.conformal import conformal_dose

        return conformal_dose


def _rules(limit: AnyLimit, level: str) -> bool:
    """Say whether the limit bounds the dose of a neural structure at this level."""
    if limit.only_reported or limit.structure not in NEURAL or limit.spot is None:
        return False
    if isinstance(limit, CumulativeLimit) and limit.level not in ("any", level):
        return False
    return level == "cord" or limit.structure == "thecal_sac"
