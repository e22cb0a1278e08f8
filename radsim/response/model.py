"""What models of control and of complication share: how they read a dose."""

import warnings
from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np

from radsim.dose.dose import Dose, Reading
from radsim.dose.metrics import DoseMetric
from radsim.patients.patients import NOBODY, Patients
from radsim.radiobiology import lq
from radsim.radiobiology.cell_kill import CellKill
from radsim.radiobiology.dvh import check_doses, generalized_eud, reduced_dose, share_of_parts
from radsim.vocabulary.dose_metrics import Metric
from radsim.vocabulary.mistakes import Mistake, require
from radsim.vocabulary.numbers import Count, Parameter, Real, beside_parts, check_numbers
from radsim.vocabulary.units import MODEL_DOSE

LARGEST = 1e150  # stands in for infinite doses and hazards; 0 times it is 0, its square a number
# Share of an end of a range that a dose may lie past it. Ranges are of prescriptions, and a plan is
# accepted with a D90 within 1 % of its prescription (29.7 to 30.3 of 30 Gy: Mitsuyoshi 2025, Table
# 1); EQD2 rises with dose to a power below 2, so that is less than 2 % of an EQD2.
RANGE_TOLERANCE = 0.02

Effect = Literal["physical", "eqd2", "bed", "equivalent"]


class DoseResponse:
    """A model that reads a metric of a structure or its whole DVH, and turns it into an effect.

    A parameter is a number, or the name of a variable of the patients, or in Python an array of
    draws of shape (draw, 1). Results have shape (patient,), and (draw, patient) with draws, of a
    metric as of a DVH.

    Attributes
    ----------
    preset
        Name of the preset that the parameters came from, if one did.
    alpha_beta
        For BED and EQD2 [Gy].
    cell_kill
        The law by which doses make a BED.
    fitted_under
        Law that the parameters were fitted under; one that changes high doses is refused.
    dose
        Which dose enters, a metric or ``DVH``. Over EQD2 or BED a share or a volume above a dose
        is that above an EQD2 or BED, which is worked out in every part.
    valid_eqd2
        Range that the parameters were fitted on: of EQD2 where the curve is over EQD2 or BED, else
        of what is read [Gy, or units of the metric].
    valid_eqd2_alpha_beta
        Alpha/beta that the range was stated for [Gy]; ``alpha_beta`` unless given. A dose is held
        against the range at this alpha/beta, so that another ``alpha_beta`` moves no patient out.
    most_fractions
        Fractions up to which the parameters were fitted, of conformal courses; an arm with more,
        or with a conventional field, lies outside, and the results say so.
    """

    equation: ClassVar[str]
    takes: ClassVar[str]
    shape: ClassVar[tuple[str, ...]]  # parameters of the curve, which a fit estimates
    reduction: ClassVar[str] = "mean"  # what a DVH is reduced to where one dose is told of it
    reads_parts: ClassVar[bool] = False  # whether a part of the volume above a dose may stand for D
    increasing: ClassVar[tuple[str, ...]] = ()  # parameters that must be above 0

    preset: str
    alpha_beta: Parameter | None
    cell_kill: CellKill
    fitted_under: str
    dose: DoseMetric
    valid_eqd2: tuple[Real, Real] | None
    valid_eqd2_alpha_beta: Real | None
    most_fractions: Count | None

    def probability(
        self,
        dose: lq.Quantity,
        *,
        fractions: lq.Quantity,
        weight: np.ndarray | None = None,
        patients: Patients = NOBODY,
    ) -> np.ndarray:
        """Net probability of what the model is of, after a course in equal fractions.

        Parameters
        ----------
        dose
            Physical dose of the whole course [Gy], shape (patient,); of a DVH its parts are the
            last axis, shape (patient, part), or (part,) that all patients share.
        fractions
            Number of equal fractions, one for all or shape (patient,).
        weight
            Share of the volume of each part of a DVH, shape (part,) or (patient, part).
        patients
            With the variables that parameters and covariates name; without them of a patient in
            whom every ratio is 1.

        Raises
        ------
        ValueError
            If a dose is negative or not a number, the weights do not add up to 1, or the
            patients lack a variable that a parameter names.

        Warns
        -----
        UserWarning
            Of doses and fractions that the model was not fitted on, and of doses that can hardly
            be those of a course in Gy.
        """
        course = {"fractions": fractions, "weight": weight, "patients": patients}
        answer = self.net_probability(dose, **course)
        for note in filter(None, (_hardly_meant(dose), self.outside_fit(dose, **course))):
            warnings.warn(f"{self.preset or 'model'}: {note}", stacklevel=2)
        return answer

    def net_probability(
        self,
        dose: lq.Quantity,
        *,
        fractions: lq.Quantity,
        weight: np.ndarray | None = None,
        patients: Patients = NOBODY,
    ) -> np.ndarray:
        """What `probability` answers, without its warnings: for fits, which try many models."""
        raise NotImplementedError

    def outside_fit(
        self,
        dose: lq.Quantity,
        *,
        fractions: lq.Quantity,
        weight: np.ndarray | None = None,
        patients: Patients = NOBODY,
    ) -> str:
        """Say that a model was fitted on other doses or fractions, or nothing.

        Examples
        --------
        >>> from radsim.tcp import load_tcp
        >>> load_tcp("hytec-spine-2021").outside_fit(100.0, fractions=5)
        'fitted on D90 of 45 to 90 Gy EQD2; this is 2.4e+02 above'
        """
        most, fewest = self.most_fractions, getattr(self, "fewest_fractions", None)
        if most is not None and np.max(fractions) > most:
            return f"fitted on at most {most} fractions"
        if fewest is not None and np.min(fractions) < fewest:
            return f"of courses in at least {fewest} fractions"
        if self.valid_eqd2 is None:
            return ""
        model, stated = self, self.valid_eqd2_alpha_beta
        if stated is not None:
            model = replace(self, alpha_beta=stated)  # type: ignore[type-var]
        effect = model.effect_of(dose, fractions=fractions, weight=weight, patients=patients)
        if weight is not None and self._part is None:
            effect = generalized_eud(effect, np.asarray(weight), model.exponent(patients))
        past = model.past_range(effect, model._value("alpha_beta", patients))
        below, above = (float(np.max(excess, initial=0.0)) for excess in past)
        if not (below or above):
            return ""
        low, high = self.valid_eqd2
        side = " and ".join(
            f"{excess:.2g} {side}"
            for excess, side in ((below, "below"), (above, "above"))
            if excess
        )
        return (
            f"fitted on {self.dose.metric} of {low:g} to {high:g} {self.range_units}; "
            f"this is {side}"
        )

    @property
    def reads(self) -> tuple[DoseMetric, ...]:
        """Every dose that it reads, ``dose`` first: its metric, or the DVH.

        A part of the volume above an effect is that of the effects of every part.
        """
        return (self.dose if self._part is None else replace(self.dose, metric="DVH"),)

    def probability_at_effect(
        self, effect: lq.Quantity, patients: Patients = NOBODY, weight: np.ndarray | None = None
    ) -> np.ndarray:
        """Probability where the growth is 1, at the effect that the curve is over [Gy].

        It is EQD2, or what a complication model says under ``effect``. Parts of a DVH are the
        last axis, with ``weight`` their shares of the volume.
        """
        raise NotImplementedError

    @property
    def reference_values(self) -> dict[str, float]:
        """Covariates of the curve, with the value at which each changes nothing."""
        return {}

    def curve_over_effect(self, effect: lq.Quantity, patients: Patients = NOBODY) -> np.ndarray:
        """Probability where the growth is 1, if the whole volume has this effect [Gy].

        A model of control in which time counts has all of it given at once. A covariate that the
        patients lack stands at its reference.

        Raises
        ------
        ValueError
            If the dose is negative or not a number.

        Examples
        --------
        >>> from radsim.ntcp import load_ntcp
        >>> from radsim.tcp import load_tcp
        >>> round(float(load_tcp("hytec-spine-2021").curve_over_effect(54.0)), 4)
        0.8103
        >>> round(float(load_ntcp("schultheiss-2008").curve_over_effect(59.3)), 3)
        0.05
        """
        effect = np.asarray(effect, dtype=float)
        references = {n: v for n, v in self.reference_values.items() if n not in patients}
        patients = patients.with_columns(references)
        if self.dose.is_dvh:
            return self.probability_at_effect(effect[..., None], patients, np.ones(1))
        return self.probability_at_effect(effect, patients)

    def effect_of(
        self,
        dose: lq.Quantity,
        *,
        fractions: lq.Quantity,
        weight: np.ndarray | None = None,
        patients: Patients = NOBODY,
    ) -> np.ndarray:
        """Turn a course in equal fractions into the effect that the curve is over [Gy].

        Parameters are those of `probability`; parts of a DVH are the last axis of the result too,
        but for a share above a dose, which is one number of them [1].
        """
        course, number = equal_course(dose, fractions, weight)
        effect = self._effect(course, number, self._value("alpha_beta", patients))
        return effect if self._part is None else self._above(effect, weight)

    def eqd2(
        self, patients: Patients, dose: Dose, alpha_beta: lq.Quantity | None = None
    ) -> np.ndarray:
        """Effect that the model reads for each patient [Gy], shape (patient,), one of a whole DVH.

        At the model's own alpha/beta unless another is given [Gy]. In units of the metric where
        that is no dose. NaN in who does not have the structure.
        """
        if alpha_beta is None:
            alpha_beta = self._value("alpha_beta", patients)
        course = self._course(patients, dose, self.reads[0])
        residual, volume = self._residual(dose, alpha_beta), self._volume(dose)
        return self.eqd2_of(course, dose.fractions, patients, alpha_beta, residual, volume)

    def eqd2_of(
        self,
        course: Reading,
        fractions: lq.Quantity,
        patients: Patients,
        alpha_beta: lq.Quantity | None = None,
        residual_bed: lq.Quantity = 0.0,
        volume: np.ndarray | None = None,
    ) -> np.ndarray:
        """As `eqd2`, of what was read and of the BED that earlier courses left [Gy].

        ``volume`` is that of the structure [cm3], for a model that reads a part of it.
        """
        if alpha_beta is None:
            alpha_beta = self._value("alpha_beta", patients)
        present = self._with_organ(patients)
        effect = self._effect(course, fractions, alpha_beta, residual_bed)
        effect, weight = self._filled(effect, course.weight, present, volume)
        if weight is not None:
            effect = reduced_dose(effect, weight, self.exponent(patients))
        return np.where(present, effect, np.nan)

    @property
    def _part(self) -> Metric | None:
        """The part of the volume above an EQD2 or BED that it reads, if that is its metric."""
        metric = self.dose.parsed
        moved = metric is not None and not metric.is_dose and self._over != "physical"
        return metric if moved else None

    def _volume(self, dose: Dose) -> np.ndarray | None:
        """Volume of the structure that a part of it in cm3 is reckoned from."""
        part = self._part
        absolute = part is not None and part.kind == "volume_above"
        return dose.volume_of(self.dose) if absolute else None

    def _filled(
        self,
        effect: lq.Quantity,
        weight: np.ndarray | None,
        present: np.ndarray,
        volume: np.ndarray | None,
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """What the curve is over, and weights of a whole DVH; 0 in who lacks the structure.

        That 0 stands for no dose and is not used.
        """
        filled = np.where(present if weight is None else present[:, None], effect, 0.0)
        if self._part is None:
            return filled, weight
        return self._above(filled, weight, volume), None

    def _course(self, patients: Patients, dose: Dose, read: DoseMetric) -> Reading:
        """What is read; refused where somebody with the structure has no known dose.

        An unknown dose is no dose of 0, and decides no event.
        """
        course, present = dose.read(read), patients.with_structure(read.structure)
        known = ~np.isnan(course.total)
        unknown = present & ~(known if course.weight is None else known.all(axis=-1))
        if unknown.any():
            reason = "" if read.hottest is None else ", in whom it is smaller than that"
            raise Mistake(
                f"dose: {read} is unknown in {unknown.sum()} of {present.sum()} patients "
                f"after {dose.plan.words}{reason}"
            )
        return course

    def _above(
        self, effect: lq.Quantity, weight: np.ndarray | None, volume: np.ndarray | None = None
    ) -> np.ndarray:
        """Part of the volume above an effect [1, or cm3]: of parts with ``weight``, of a volume."""
        part = self._part
        assert part is not None
        require(weight is not None, f"{self.dose.metric} of EQD2 or BED needs a DVH, with weight")
        share = share_of_parts(np.asarray(effect), np.asarray(weight), part.number)
        if part.kind == "share_above":
            return share
        require(volume is not None, f"{self.dose.metric} needs cm3, which shares do not tell")
        return share * volume

    def exponent(self, patients: Patients) -> lq.Quantity:
        """Exponent of the gEUD that the model reduces a DVH to; 1, its mean, where it has none."""
        return 1.0

    @property
    def _over(self) -> Effect:
        """What the curve is over."""
        return "eqd2"

    @property
    def effect_name(self) -> str:
        """What the doses of the curve are called."""
        return "EQD2"

    def outside_range(self, patients: Patients, dose: Dose) -> tuple[np.ndarray, np.ndarray]:
        """How far each patient lies below and above ``valid_eqd2`` [Gy, or units of the metric].

        The EQD2 is taken at the alpha/beta that the range was stated for: a range of EQD2 stands
        for the schedules that were fitted, and these do not change where the model's own
        alpha/beta is varied.
        """
        stated = self.valid_eqd2_alpha_beta
        alpha_beta = self._value("alpha_beta", patients) if stated is None else stated
        return self.past_range(self.eqd2(patients, dose, alpha_beta), alpha_beta)

    def past_range(
        self, effect: lq.Quantity, alpha_beta: lq.Quantity
    ) -> tuple[np.ndarray, np.ndarray]:
        """How far an effect [Gy] lies below and above the range, 0 within `RANGE_TOLERANCE`.

        Examples
        --------
        >>> from radsim.tcp import load_tcp
        >>> curve = load_tcp("hytec-spine-2021")
        >>> curve.valid_eqd2
        (45.0, 90.0)
        >>> [excess.tolist() for excess in curve.past_range([40.0, 44.9, 90.1, 100.0], 6.0)]
        [[5.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 10.0]]
        """
        assert self.valid_eqd2 is not None
        low, high = self.valid_eqd2
        stated = np.asarray(effect, dtype=float) * self._eqd2_of_a_bed(alpha_beta)
        below = np.where(stated < low * (1.0 - RANGE_TOLERANCE), low - stated, 0.0)
        return below, np.where(stated > high * (1.0 + RANGE_TOLERANCE), stated - high, 0.0)

    @property
    def range_of_curve(self) -> tuple[float, float] | None:
        """``valid_eqd2`` on the axis of the curve, EQD2 or BED; none at another alpha/beta."""
        if self.valid_eqd2 is None or self.valid_eqd2_alpha_beta not in (None, self.alpha_beta):
            return None
        low, high = np.divide(self.valid_eqd2, self._eqd2_of_a_bed(self.alpha_beta))
        return float(low), float(high)

    @property
    def range_units(self) -> str:
        """Units that ``valid_eqd2`` is stated in, with what it is a dose of."""
        if self.dose.units != "Gy":
            return {"1": "of the volume"}.get(self.dose.units, self.dose.units)
        if self._over in ("eqd2", "bed"):
            return "Gy EQD2"
        number = getattr(self, "reference_fractions", None)
        return "Gy" if number is None else f"Gy in {number:g} fraction{'s' * (number != 1)}"

    def _eqd2_of_a_bed(self, alpha_beta: lq.Quantity | None) -> lq.Quantity:
        """EQD2 of what the curve is over, for each Gy of it: below 1 of a BED, else 1."""
        if self._over != "bed" or self._part is not None:
            return 1.0
        assert alpha_beta is not None
        return self.cell_kill.eqd2(1.0, alpha_beta)

    def _effect(
        self,
        course: Reading,
        fractions: lq.Quantity,
        alpha_beta: lq.Quantity,
        residual_bed: lq.Quantity = 0.0,
    ) -> lq.Quantity:
        """What the curve is over, of what is read and of what earlier courses left [Gy]."""
        if self._over == "physical":
            return course.total
        bed = self._bed(course, fractions, alpha_beta, residual_bed)
        if self._over == "bed":
            return bed
        return self.cell_kill.eqd2(
            bed, alpha_beta if course.weight is None else beside_parts(alpha_beta)
        )

    def _bed(
        self,
        course: Reading,
        fractions: lq.Quantity,
        alpha_beta: lq.Quantity,
        residual_bed: lq.Quantity = 0.0,
    ) -> lq.Quantity:
        """BED of what is read, and of what earlier courses left [Gy]."""
        if course.weight is not None:
            alpha_beta, residual_bed = beside_parts(alpha_beta), beside_parts(residual_bed)
        return self.cell_kill.bed(*course[:2], alpha_beta, fractions) + residual_bed

    def _residual(self, dose: Dose, alpha_beta: lq.Quantity) -> lq.Quantity:
        """BED of earlier courses that still counts [Gy]."""
        return 0.0

    def _with_organ(self, patients: Patients) -> np.ndarray:
        """Say who has the structure whose dose is read, shape (patient,)."""
        return patients.with_structure(self.dose.structure)

    def _value(self, name: str, patients: Patients) -> lq.Quantity:
        """Look a parameter up, which stands beside one dose a patient."""
        return patients.value_of(getattr(self, name))

    def _curve(self, patients: Patients) -> tuple[lq.Quantity, ...]:
        """Look the parameters of the curve up, in the order of ``shape``."""
        return tuple(self._value(name, patients) for name in self.shape)

    def _check(self, positive: tuple[str, ...], instead: str, refused: bool = True) -> None:
        """Refuse numbers that cannot be, and, if asked to, a law that the fit did not have."""
        check_numbers(self, ("alpha_beta", *positive))
        stated, law = self.valid_eqd2_alpha_beta, self.cell_kill
        metric = self.dose.parsed
        require(
            metric is None or metric.is_dose or self.reads_parts,
            f"dose must be one, such as D90, D0.03cc or mean, for the curve of this model is over "
            f"it, got {self.dose.metric}, a part of the volume",
        )
        require(
            stated is None or stated > 0, f"valid_eqd2_alpha_beta must be above 0, got {stated}"
        )
        require(
            not (self.fitted_under and law.changes_high_doses and law.kind != self.fitted_under)
            or not refused,
            f"cell_kill: the parameters of {self.preset or 'this model'} were fitted under "
            f"{self.fitted_under}, and already hold how the fitted data behave at high doses; "
            f"{law.kind} would change the effect of the very schedules they were fitted on. "
            f"{instead} parameters that were fitted under {law.kind}",
        )


def _hardly_meant(dose: lq.Quantity) -> str:
    """Ask about the highest dose of a course, in the words of a question; of a low one, nothing."""
    question = MODEL_DOSE.question(max(float(np.max(dose, initial=0.0)), MODEL_DOSE.lowest))
    return question and f"dose: {question}"


def equal_course(
    dose: lq.Quantity, fractions: lq.Quantity, weight: np.ndarray | None
) -> tuple[Reading, lq.Quantity]:
    """What equal fractions give, and their number as it stands beside the doses."""
    check_doses(dose, weight)
    number = fractions if weight is None else beside_parts(fractions)
    with np.errstate(over="ignore"):
        return Reading(*lq.equal_fractions(np.asarray(dose, dtype=float), number), weight), number
