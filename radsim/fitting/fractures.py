"""Fracture models solved for what a series saw: cumulative incidence under its own survival."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from pydantic import TypeAdapter
from scipy import special

from radsim.fitting.calibration import rounded
from radsim.ntcp import load_ntcp
from radsim.ntcp.recalibration import SAMPLE, SEED
from radsim.ntcp.vertebra import VertebralFracture
from radsim.patients.cohort import Cohort, draw_cohort
from radsim.patients.patients import Patients
from radsim.presets import load_preset
from radsim.presets.cohorts import cohort_settings
from radsim.randomness.streams import Streams
from radsim.response.modifiers import Z95, published_ratio
from radsim.response.onset import PowerOnset
from radsim.response.survival import WeibullSurvival

Growth = Callable[[float], float | np.ndarray]  # of a hazard by a time [months]; 1 at a year
FAMILY = "fracture_series"  # of presets
INCIDENCES = ("incidence", "later_incidence")  # their parameters
YEAR = 12.0  # months
STEP = 0.1  # months, over which fractures and deaths compete
STEPS, CLOSE, FARTHEST = 60, 1e-10, 0.5  # of Newton's way: most, when at rest, longest
RATIOS = (  # drawn, in the order of a table's columns
    "hazard_ratio_fraction_dose",
    "hazard_ratio_fracture_below_half",
    "hazard_ratio_fracture_half_or_more",
    "hazard_ratio_body_involved",
    "hazard_ratio_malalignment",
    "hazard_ratio_lytic",
)


@dataclass(frozen=True)
class FractureSeries:
    """A published series: who was treated, at what dose a fraction, and what was seen.

    Attributes
    ----------
    patients, share
        Each combination of covariates that its mix has, and how many have it.
    fraction_dose
        Dose a fraction of each of them [Gy].
    survival
        How long its patients lived.
    months, incidence
        Cumulative incidence of fracture, death competing, at one or two times [months].
    """

    patients: Patients
    share: np.ndarray
    fraction_dose: np.ndarray
    survival: WeibullSurvival
    months: tuple[float, ...]
    incidence: tuple[float, ...]


@cache
def load_series(name: str) -> FractureSeries:
    """Read a series; its mix is that of a fixed sample of its cohort.

    Examples
    --------
    >>> load_series("pittsburgh-2026").incidence
    (0.11, 0.21)
    """
    stated = load_preset(FAMILY, name).settings()
    cohort: Cohort = TypeAdapter(Cohort).validate_python(cohort_settings(stated["cohort"]))
    everyone = draw_cohort(cohort, range(SAMPLE), Streams(SEED))
    needed = sorted(VertebralFracture.required_variables)
    cells, counts = np.unique(
        np.stack([everyone[variable] for variable in needed]), axis=1, return_counts=True
    )
    doses, shares = np.array(stated["fraction_doses"]).T
    columns = {v: np.repeat(cell, len(doses)) for v, cell in zip(needed, cells, strict=True)}
    seen = [stated[key] for key in INCIDENCES if key in stated]
    return FractureSeries(
        patients=Patients.of(columns, everyone.labels),
        share=np.outer(counts / SAMPLE, shares / shares.sum()).ravel(),
        fraction_dose=np.tile(doses, len(counts)),
        survival=WeibullSurvival(**stated["survival"]),
        months=tuple(figure["months"] for figure in seen),
        incidence=tuple(figure["probability"] for figure in seen),
    )


def cumulative_incidence(
    model: VertebralFracture, series: FractureSeries, months: float
) -> np.ndarray:
    r"""Cumulative incidence of fracture in a series, death competing, at a time [months].

    .. math:: I(t) = \sum_i w_i \int_0^t S(x)\, d\bigl(1 - e^{-H_i(x)}\bigr)

    Examples
    --------
    >>> series = load_series("pittsburgh-2026")
    >>> round(float(cumulative_incidence(load_ntcp("vcf-default"), series, 36.0)[0]), 4)
    0.21
    """
    hazard = -np.log1p(-np.atleast_1d(model.reference_risk))
    ratio = np.atleast_2d(model.hazard_ratio(series.patients, series.fraction_dose))
    return _Competition(series, months)(hazard, ratio, model.onset.growth)[0]


class _Competition:
    """Fractures and deaths in a series up to a time [months]."""

    def __init__(self, series: FractureSeries, months: float) -> None:
        self.share = series.share
        self.months = np.linspace(0.0, months, round(months / STEP) + 1)
        alive = series.survival.alive((self.months[1:] + self.months[:-1]) / 2.0)  # type: ignore
        self.weight = np.append(alive[0], np.diff(np.append(alive, 0.0)))  # of being free by then

    def __call__(
        self, hazard: np.ndarray, ratio: np.ndarray, growth: Growth
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Incidence, and its slopes in the logs of the hazard and of a power of time.

        The hazard is the reference patient's at 1 year, shape (draw,), the ratio that of each
        combination of covariates, shape (draw, cell).
        """
        at_1_year, total = hazard[:, None] * ratio, np.zeros(len(ratio))
        by_hazard, by_power = np.zeros_like(total), np.zeros_like(total)
        for time, weight in zip(self.months[1:], self.weight[1:], strict=True):
            reached = at_1_year * np.reshape(growth(time), (-1, 1))
            free = np.exp(-reached)
            lost = weight * (reached * free) @ self.share
            total += weight * (free @ self.share)
            by_hazard -= lost
            by_power -= lost * np.log(time / YEAR)
        return self.weight[0] + total, by_hazard, by_power


def solve(
    series: FractureSeries, ratio: np.ndarray, incidence: np.ndarray, growth: Growth | None = None
) -> tuple[np.ndarray, np.ndarray]:
    r"""Reference risk that gives a series its incidence, and the power of time that it grows with.

    Parameters
    ----------
    ratio
        Hazard ratio of each combination of covariates, shape (draw, cell).
    incidence
        Cumulative incidence at each time of the series, shape (draw, time).
    growth
        Growth of the hazard, with which the first time alone determines the risk. Without it the
        hazard grows as :math:`(t / 12)^k`, and two times determine risk and k.

    Raises
    ------
    ValueError
        If no risk and power give the incidence.
    """
    first, *others = (_Competition(series, months) for months in series.months)
    log_hazard = np.log(incidence[:, 0] / (ratio @ series.share))
    power = np.ones_like(log_hazard)
    for _ in range(STEPS):
        law = growth or (lambda time, power=power: (time / YEAR) ** power)  # type: ignore[misc]
        seen, by_hazard, by_power = first(np.exp(log_hazard), ratio, law)
        missed = incidence[:, 0] - seen
        if growth is None:
            seen, later_by_hazard, later_by_power = others[0](np.exp(log_hazard), ratio, law)
            later = incidence[:, 1] - seen
            determinant = by_hazard * later_by_power - by_power * later_by_hazard
            step = (missed * later_by_power - later * by_power) / determinant
            turn = (later * by_hazard - missed * later_by_hazard) / determinant
        else:
            step, turn = missed / by_hazard, np.zeros_like(missed)
        log_hazard = log_hazard + np.clip(step, -FARTHEST, FARTHEST)
        power = power + np.clip(turn, -FARTHEST, FARTHEST)
        if max(abs(step).max(), abs(turn).max()) < CLOSE and power.min() > 0.0:
            return -np.expm1(-np.exp(log_hazard)), power
    raise ValueError("no reference risk and growth give the series its incidence")


def solve_preset(name: str) -> VertebralFracture:
    """Solve a preset of fracture for the series that it names: its parameters, as stored.

    The reference risk is solved for; the exponent of its onset too, where that is a power of time
    and the series has two times.

    Examples
    --------
    >>> solve_preset("vcf-default") == load_ntcp("vcf-default")
    True
    """
    series, model = load_series(load_preset("ntcp", name).series), load_ntcp(name)
    onset = model.onset
    free = isinstance(onset, PowerOnset) and len(series.months) > 1
    ratio = np.atleast_2d(model.hazard_ratio(series.patients, series.fraction_dose))
    incidence = np.atleast_2d(series.incidence)
    risk, power = solve(series, ratio, incidence, None if free else onset.growth)
    if free:
        onset = replace(onset, exponent=rounded(float(power[0])))
    return replace(model, reference_risk=rounded(float(risk[0])), onset=onset)


def draw_preset(name: str, rows: int) -> dict[str, np.ndarray]:
    """Draw the parameters of a preset of fracture jointly: columns of keys, shape (row,).

    Hazard ratios are lognormal with their published intervals, independent of each other (an
    assumption); so is, on the log odds, the incidence at the first time, and what comes on top
    of it until the second one. Reference risk and growth are solved for in each row.
    """
    preset, model = load_preset("ntcp", name), load_ntcp(name)
    stated, series = load_preset(FAMILY, preset.series).parameters, load_series(preset.series)
    streams, numbers = Streams(SEED), range(rows)
    columns: dict[str, np.ndarray] = {}
    for key in RATIOS:
        ratio, spread = getattr(model, key), preset.parameters[key].uncertainty
        u = streams.uniforms(f"bootstrap/{name}/{key}", numbers)
        columns[key] = published_ratio(ratio, spread).ppf(u)  # type: ignore[arg-type]
    drawn = replace(model, **{key: column[:, None] for key, column in columns.items()})
    ratio = drawn.hazard_ratio(series.patients, series.fraction_dose)
    luck = [streams.uniforms(f"bootstrap/{name}/{key}", numbers) for key in INCIDENCES]
    intervals = [np.array(stated[key].uncertainty) for key in INCIDENCES]
    risk, power = solve(series, ratio, _incidences(np.array(series.incidence), intervals, luck))
    return {**columns, "reference_risk": risk, "onset.exponent": power}


def _incidences(
    published: np.ndarray, intervals: Sequence[np.ndarray], luck: Sequence[np.ndarray]
) -> np.ndarray:
    """Draw incidence at two times, shape (draw, time), with their published 95 % intervals.

    What comes between the times, of those without a fracture, is independent of what came
    before; its spread is what the interval at the second time leaves for it.
    """
    score = [special.ndtri(u) for u in luck]
    spread = [float(np.ptp(special.logit(ends)) / (2.0 * Z95)) for ends in intervals]
    variance = [(p * (1.0 - p) * sd) ** 2 for p, sd in zip(published, spread, strict=True)]
    first, last = published
    between = (last - first) / (1.0 - first)
    left = variance[1] - (1.0 - between) ** 2 * variance[0]
    sd = np.sqrt(left) / ((1.0 - first) * between * (1.0 - between))
    early = special.expit(special.logit(first) + spread[0] * score[0])
    late = special.expit(special.logit(between) + sd * score[1])
    return np.stack([early, early + (1.0 - early) * late], axis=1)
