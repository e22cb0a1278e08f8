"""Curves calibrated through plans: their mean over a cohort's plans meets a published curve."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from pydantic import TypeAdapter
from scipy import special
from scipy.optimize import least_squares

from radsim.dose.anatomy.dose_model import DoseModel, default_dose_model
from radsim.dose.dose import Dose, Reading
from radsim.dose.drawing import draw_dose
from radsim.dose.metrics import DoseMetric, wanted_of
from radsim.dose.plans.filling import expand_plan
from radsim.dose.plans.plan import Plan
from radsim.fitting.outcome_table import anchors_table
from radsim.fitting.refit import FLAT
from radsim.fitting.scales import Scales
from radsim.patients.cohort import Cohort, draw_cohort
from radsim.patients.patients import NOBODY, Patients
from radsim.presets import Anchor, Calibration, Reirradiated, load_preset, preset_names
from radsim.presets.cohorts import cohort_settings
from radsim.randomness.sources import Recorder, Sobol
from radsim.randomness.streams import UniformSource
from radsim.tcp import load_tcp
from radsim.tcp.control import ControlModel
from radsim.tcp.reirradiation import ratio_of_control
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.words import nearest

COHORT, SEED = "hytec-reference", 2021
PATIENTS, OF_A_DVH = 65_536, 16_384  # whose seed moves no parameter by a tenth of its spread
AGAIN_COHORT, AGAIN_MONTHS = "reirradiation-series", 12.0
AGAIN_PATIENTS = 16_384  # through whose second plans the ratio of hazards is solved
AGAIN_KEPT = 256  # means of equal groups of these plans, by dose, that are stored
FEW = 2048  # patients through whom a curve is sought from afar
ASKED = 256  # patients who are asked what is decided by a random number
DIGITS = 6  # significant ones of a calibrated parameter
CLOSE = 1e-10  # relative change of parameters at which a fit has come to rest
WITHIN = (0.01, 0.99)  # quantiles of each anchor's plans that the range of a curve holds
ALIKE_PLANNED = ("nodes", "systematic_shift", "random_shift", "output_error")  # for planned doses
ALIKE = "uniform_spread"  # no anchor's plan is a uniform field


@dataclass(frozen=True)
class Schedule:
    """A regimen whose plans are asked for."""

    regimen: str
    fractions: int


AGAIN = Schedule("reirradiation-30-in-5", 5)


@dataclass(frozen=True)
class AnchorPlans:
    """What a model reads of each anchor's plans in every patient of a reference cohort."""

    anchors: Sequence[Any]  # with a regimen and a number of fractions
    patients: Patients
    readings: tuple[tuple[Reading, ...], ...]  # by anchor, then in the order of what is read

    def mean_control(self, model: ControlModel) -> np.ndarray:
        """Mean control over the patients, shape (anchor,)."""
        return np.array(
            [
                np.exp(-model.hazard_of(readings, anchor.fractions, self.patients)).mean()
                for anchor, readings in zip(self.anchors, self.readings, strict=True)
            ]
        )

    def reading(self, places: Sequence[int]) -> "AnchorPlans":
        """Keep some of what was read, by place."""
        kept = tuple(tuple(readings[place] for place in places) for readings in self.readings)
        return replace(self, readings=kept)

    def of_first(self, count: int) -> "AnchorPlans":
        """Keep the first patients."""
        columns = {name: column[..., :count] for name, column in self.patients.columns.items()}
        kept = tuple(
            tuple(
                Reading(total[:count], squared[:count], weight) for total, squared, weight in read
            )
            for read in self.readings
        )
        people = Patients(self.patients.numbers[:count], columns, self.patients.labels)
        return AnchorPlans(self.anchors, people, kept)


def draw_anchor_plans(
    anchors: Sequence[Anchor | Schedule],
    metrics: Sequence[DoseMetric],
    dose: DoseModel,
    patients: int = PATIENTS,
    seed: int = SEED,
    cohort: str = COHORT,
) -> AnchorPlans:
    """Draw a reference cohort, and its doses from the regimen of every anchor.

    What decides is taken from Sobol points, so the number of patients is best a power of two.

    Raises
    ------
    ValueError
        If somebody's plans do not have what is to be read.
    """
    mix: Cohort = TypeAdapter(Cohort).validate_python(cohort_settings(cohort))
    plans: list[Any] = [
        TypeAdapter(Plan).validate_python(expand_plan({"regimen": anchor.regimen}))
        for anchor in anchors
    ]

    def drawn(count: int, source: UniformSource) -> AnchorPlans:
        people = draw_cohort(mix, range(count), source)
        readings = []
        for plan in plans:
            given = draw_dose(plan, dose, people, source, wanted_of(plan, metrics))
            readings.append(tuple(_read(given, metric) for metric in metrics))
        return AnchorPlans(anchors, people, tuple(readings))

    recorder = Recorder(0)
    drawn(ASKED, recorder)
    return drawn(patients, Sobol(seed, tuple(recorder.names), patients))


def reirradiated_plans(metrics: Sequence[DoseMetric], dose: DoseModel) -> Reirradiated:
    """Draw what a model reads of plans of a second course, in patients of such a series.

    Of many plans, ranked by the first dose, the means of equal groups are kept.
    """
    plans = draw_anchor_plans([AGAIN], metrics, dose, AGAIN_PATIENTS, SEED, AGAIN_COHORT)
    order = np.argsort(plans.readings[0][0].total, kind="stable")
    groups = [reading.total[order].reshape(AGAIN_KEPT, -1) for reading in plans.readings[0]]
    return Reirradiated(
        regimen=AGAIN.regimen,
        cohort=AGAIN_COHORT,
        months=AGAIN_MONTHS,
        fractions=AGAIN.fractions,
        doses=tuple(
            tuple(round(float(dose), 3) for dose in group.mean(axis=1)) for group in groups
        ),
    )


def ratio_in_whole_plans(model: ControlModel, control: float, dose: DoseModel) -> float:
    """Ratio of hazards after an earlier course, where a model reads whole volumes, not kept."""
    plans = draw_anchor_plans([AGAIN], model.reads, dose, AGAIN_PATIENTS, cohort=AGAIN_COHORT)
    hazard = model.hazard_of(plans.readings[0], AGAIN.fractions, NOBODY)
    return rounded(ratio_of_control(hazard * model.onset.growth(AGAIN_MONTHS), control))


def _read(dose: Dose, metric: DoseMetric) -> Reading:
    reading = dose.read(metric)
    lacking = float(np.isnan(reading.total).mean())
    require(
        lacking == 0,
        f"dose: no anchor can be met, because {lacking:.1%} of the reference patients have no "
        f"{metric}",
    )
    return reading


def published_curve(model: ControlModel) -> ControlModel:
    """Give the curve whose values a model is calibrated to.

    It is the preset that ``calibrate_to`` names, else the one that the model's own preset was
    calibrated to, else the model as it stands, at nominal prescriptions.
    """
    name = model.calibrate_to or (model.calibration.curve if model.calibration else "")
    names = preset_names("tcp")
    require(not name or name in names, f"calibrate_to: no such preset; {nearest(name, names)}")
    plain = {"calibrate": "", "beyond": 0.0, "reirradiation_control": None}
    curve: ControlModel = load_tcp(name) if name else replace(model, **plain)  # type: ignore[arg-type]
    require(
        bool(curve.preset) and bool(anchors_of(curve)),
        "calibrate: there are no anchors whose plans a regimen describes; set "
        'calibrate_to = "hytec-spine-2021"',
    )
    return curve


def anchors_of(curve: ControlModel) -> list[Anchor]:
    """Give the anchors of a published curve that have plans, with the curve's own values."""
    anchors = [a for a in load_preset("tcp", curve.preset).anchors if a.regimen]
    if not anchors:
        return []
    table = anchors_table(anchors)
    values = curve.net_probability(table.dose, fractions=table.fractions)
    return [
        anchor.model_copy(update={"probability": round(float(value), 6), "flag": "derived"})
        for anchor, value in zip(anchors, values, strict=True)
    ]


def fit_through_plans(
    model: ControlModel, plans: AnchorPlans, starts: Sequence[float] = (0.0,)
) -> ControlModel:
    """Fit a model's curve to the anchors' values by least squares on their log odds.

    The parameters are looked for from where they stand, or from factors of exp(start) away.
    """
    scales = Scales(model, model.shape)
    wanted = special.logit(np.array([anchor.probability for anchor in plans.anchors]))

    def missed_by(x: np.ndarray) -> np.ndarray:
        control = np.clip(plans.mean_control(scales.model_at(x)), 1e-12, 1.0 - 1e-12)
        return special.logit(control) - wanted

    tried = [
        least_squares(
            missed_by, scales.start + shift * scales.positive, xtol=CLOSE, ftol=CLOSE, gtol=CLOSE
        )
        for shift in starts
    ]
    return scales.model_at(min(tried, key=lambda solution: solution.cost).x)


def calibrate(
    model: ControlModel,
    dose: DoseModel | None = None,
    patients: int | None = None,
    seed: int = SEED,
    cohort: str = COHORT,
) -> ControlModel:
    r"""Calibrate a model's curve through the plans of its anchors' schedules.

    With :math:`D_{ai}` what the model reads of the plan of anchor a in patient i of a reference
    cohort, the parameters of the curve have the least

    .. math:: \sum_a \Bigl(\mathrm{logit}\,\frac1N\sum_i TCP(D_{ai})
              - \mathrm{logit}\,TCP_{published}(a)\Bigr)^2

    whatever the model's kind, its dose metric or whole DVH, its law of cell kill and its weight of
    tumor beyond the GTV. Hazard modifiers and covariates change nothing in who is usual, so they
    are left aside. Doses are drawn from streams of their own seed: the result does not depend on
    an experiment, and repeats to its last digit.

    Parameters
    ----------
    dose
        How plans come about; the preset ``distance`` unless given.
    patients, seed, cohort
        The reference cohort: how many, whose luck, and the preset of their mix.

    Raises
    ------
    ValueError
        If there are no anchors with plans, if their plans do not give what the model reads, or if
        the curve that fits best does not rise with dose.

    Examples
    --------
    >>> from radsim.dose.metrics import DoseMetric
    >>> from radsim.tcp import load_tcp
    >>> gtv = DoseMetric(structure="gtv", metric="D90")
    >>> model = calibrate(load_tcp("hytec-spine-2021", dose=gtv, calibrate="plans"), patients=256)
    >>> model.calibration.reads, len(model.calibration.anchors)
    ('planned D90 of the gtv', 8)
    """
    dose = as_read(dose or default_dose_model(), model.dose)
    patients = patients or (OF_A_DVH if model.dose.is_dvh else PATIENTS)
    curve = published_curve(model)
    plain = replace(model, calibration=None, modifiers=(), hazard_ratios={}, references={})
    plans = draw_anchor_plans(anchors_of(curve), model.reads, dose, patients, seed, cohort)
    near = fit_through_plans(plain, plans.of_first(FEW), starts=(0.0, -0.5, 0.5))
    fitted = fit_through_plans(near, plans)
    values = {name: rounded(getattr(fitted, name)) for name in model.shape}
    fitted = replace(fitted, **values)  # type: ignore[arg-type]
    control = plans.mean_control(fitted)
    require(
        float(np.ptp(control)) > FLAT,
        "calibrate: the curve that fits the anchors best hardly rises with dose, so they do not "
        "determine it",
    )
    record = Calibration(
        curve=curve.preset,
        anchors=tuple(
            anchor.model_copy(update={"missed": round(100.0 * float(p - anchor.probability), 2)})
            for anchor, p in zip(plans.anchors, control, strict=True)
        ),
        reads=str(model.dose),
        cohort=cohort,
        dose=dose.preset or "distance",
        changed=changes_of(dose, model.dose),
        beyond=model.beyond,
        seed=seed,
        patients=patients,
        reirradiated=None if model.dose.is_dvh else reirradiated_plans(with_rest(model), dose),
    )
    published = model.reirradiation_control
    if model.dose.is_dvh and published is not None:
        ratio = ratio_in_whole_plans(fitted, published, dose)
        model = replace(model, reirradiation_control=None, reirradiation_hazard_ratio=ratio)
    return replace(
        model,
        **values,  # type: ignore[arg-type]
        calibrate="",
        calibrate_to="",
        calibration=record,
        fitted_under=model.cell_kill.kind,
        valid_eqd2=_range_of(fitted, plans),
        valid_eqd2_alpha_beta=float(fitted.alpha_beta),
        most_fractions=max(anchor.fractions for anchor in plans.anchors),
    )


def with_rest(model: ControlModel) -> tuple[DoseMetric, ...]:
    """What a model reads, with the rest of the target behind the GTV, whatever its weight."""
    of_gtv = model.dose.structure == "gtv"
    return replace(model, calibration=None, beyond=0.5 * of_gtv, calibrate="plans").reads


def rounded(value: float) -> float:
    """Round to the significant digits that a calibrated parameter is stored with.

    Examples
    --------
    >>> rounded(20.4123456)
    20.4123
    """
    return float(f"{value:.{DIGITS}g}")


def _range_of(model: ControlModel, plans: AnchorPlans) -> tuple[float, float]:
    """EQD2 that holds nearly all of the plans of every anchor [Gy], one of a whole DVH."""
    read = [
        model.eqd2_of(readings[0], anchor.fractions, plans.patients)
        for anchor, readings in zip(plans.anchors, plans.readings, strict=True)
    ]
    low, high = np.quantile(np.stack(read), WITHIN, axis=1)
    return round(float(low.min()), 1), round(float(high.max()), 1)


def as_read(dose: DoseModel, read: DoseMetric) -> DoseModel:
    """Give a dose model whose keys that move nothing of what is read are those of ``distance``.

    Examples
    --------
    >>> shaky = replace(default_dose_model(), output_error=0.1)
    >>> as_read(shaky, DoseMetric(structure="gtv", metric="D90")) == default_dose_model()
    True
    """
    usual = default_dose_model()
    # no anchor's plan has a limit of other organs
    return replace(dose, organs={}, **{name: getattr(usual, name) for name in _alike(read)})


def changes_of(dose: DoseModel, read: DoseMetric) -> dict[str, Any]:
    """Parameters of a dose model that are others than in ``distance`` and move what is read.

    Examples
    --------
    >>> changes_of(default_dose_model(), DoseMetric(structure="gtv", metric="D90"))
    {}
    """
    as_data = TypeAdapter(DoseModel).dump_python
    now, usual = (
        as_data(model, mode="json", exclude_none=True) for model in (dose, default_dose_model())
    )
    names = load_preset("dose", "distance").parameters.keys() - _alike(read)
    return {name: now[name] for name in sorted(names) if now[name] != usual[name]}


def _alike(read: DoseMetric) -> set[str]:
    return {ALIKE, *(ALIKE_PLANNED if read.course == "planned" else ())}
