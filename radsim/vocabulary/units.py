"""What every number that is typed or read is measured in, and between what it is plausible."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf

DAYS_PER_MONTH = 365.25 / 12
CENTIGRAY: Mapping[str, float] = {"cGy": 0.01}
DAYS: Mapping[str, float] = {"days": 1 / DAYS_PER_MONTH, "years": 12.0}
CENTIMETERS: Mapping[str, float] = {"cm": 10.0}
PER_CENT: Mapping[str, float] = {"per cent": 0.01}


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """One kind of number: its units, a plausible band, and units that it is mistaken for.

    The band is wide: it is to tell a slip of units from a number, not a likely one from a rare
    one. It does not say what is possible, which the models do.

    Attributes
    ----------
    lowest, highest
        Ends of the band, in ``units``; 0 says that there is none of it, and lies in every band.
    mistaken
        Other units, each with how many of ``units`` it is.

    Examples
    --------
    >>> dose = Quantity(units="Gy", lowest=1.0, highest=150.0, mistaken={"cGy": 0.01})
    >>> dose.question(2400.0)
    '2400 Gy is hardly meant (plausible: 1 to 150 Gy); 2400 cGy are 24 Gy'
    >>> dose.question(24.0), dose.question(0.0)
    ('', '')
    """

    units: str
    lowest: float = -inf
    highest: float = inf
    mistaken: Mapping[str, float] = field(default_factory=dict)

    def is_plausible(self, value: float) -> bool:
        """Say whether a number lies in the band; what is unknown or impossible is not asked about.

        A number below 0 of what has none is refused where it is read.
        """
        impossible = value < 0.0 <= self.lowest
        return value == 0.0 or impossible or not (value < self.lowest or value > self.highest)

    def question(self, value: float) -> str:
        """Say what came, what is plausible and what was probably meant; nothing in the band."""
        if self.is_plausible(value):
            return ""
        units = "" if self.units == "1" else f" {self.units}"
        said = (
            f"{value:g}{units} is hardly meant "
            f"(plausible: {self.lowest:g} to {self.highest:g}{units})"
        )
        for other, factor in self.mistaken.items():
            meant = value * factor
            if self.is_plausible(meant):
                return f"{said}; {value:g} {other} are {meant:.4g}{units}"
        return said


def _gray(lowest: float, highest: float) -> Quantity:
    return Quantity(units="Gy", lowest=lowest, highest=highest, mistaken=CENTIGRAY)


COURSE_DOSE = _gray(1.0, 150.0)  # physical, of a course
FRACTION_DOSE = _gray(0.5, 60.0)
MEAN_FRACTION_DOSE = _gray(1.1, 40.0)  # of a course
MODEL_DOSE = _gray(0.1, 500.0)  # physical, EQD2 or BED
ALPHA_BETA = _gray(0.2, 50.0)
ONE = Quantity(units="1")
FRACTIONS = Quantity(units="fractions", lowest=1, highest=50)
COUNT_OF_FRACTIONS = Quantity(units="1", lowest=1, highest=50)
LENGTH = Quantity(units="mm", lowest=-60.0, highest=60.0)
RADIUS = Quantity(units="mm", lowest=1.5, highest=60.0, mistaken=CENTIMETERS)
DISTANCE = Quantity(units="mm", lowest=0.0, highest=400.0)
MONTHS = Quantity(units="months", lowest=0.0, highest=240.0, mistaken=DAYS)
VOLUME = Quantity(units="cm3", lowest=0.001, highest=5000.0, mistaken={"mm3": 1e-3})
TARGET_VOLUME = Quantity(units="cm3", lowest=0.02, highest=2000.0, mistaken={"mm3": 1e-3})
AGE = Quantity(units="years", lowest=10.0, highest=120.0, mistaken={"months": 1 / 12})
KARNOFSKY = Quantity(units="1", lowest=10.0, highest=100.0, mistaken={"as a share": 100.0})
DAYS_LONG = Quantity(units="days", lowest=0.5, highest=2000.0, mistaken={"hours": 1 / 24})
MINUTES = Quantity(
    units="min", lowest=1.0, highest=3000.0, mistaken={"hours": 60.0, "seconds": 1 / 60}
)
HAZARD = Quantity(units="1/month", lowest=1e-7, highest=0.9, mistaken=PER_CENT)
STEEPNESS = Quantity(units="1", lowest=0.01, highest=10.0, mistaken=PER_CENT)  # of a curve

KINDS: tuple[tuple[Quantity, Sequence[str]], ...] = (  # with the ends of keys that are of a kind
    (COURSE_DOSE, ("boost", "prescription", "prior.dose", "at_most", "at_least", "new_at_most",
                   "prior.organs")),
    (FRACTION_DOSE, ("fraction_dose_threshold", "reference_fraction_dose",
                     "highest_fraction_dose")),
    (MODEL_DOSE, ("d50", "td50", "threshold", "transition", "valid_eqd2", "center")),
    (ALPHA_BETA, ("alpha_beta", "valid_eqd2_alpha_beta")),
    (_gray(0.05, 20.0), ("d0",)),
    (Quantity(units="1/Gy"), ("alpha", "beta", "slope")),
    (RADIUS, ("cord_radius", "sac_radius", "applicator_radius")),
    (DISTANCE, ("contour_margin", "depth", "distance", "extent", "falloff", "tail")),
    (LENGTH, ("canal_clearance", "clearance", "closeness_center", "closeness_scale",
              "cord_sac_gap", "prv_margin", "random_shift", "sac_wall_gap", "systematic_shift")),
    (Quantity(units="1/mm"), ("attenuation",)),
    (Quantity(units="degree"), ("wrap",)),
    (MONTHS, ("prior.interval", "prior_interval", "interval_at_least", "evaluated_at",
              "onset.months", "onset.median", "onset.reference", "onset_conventional.months",
              "survival.scale", "stated.scale", "baseline.scale", "pain_response.months",
              "duration.median", "medians", "months", "observed.months", "met_at")),
    (MONTHS, ("landmark", "landmarks", "horizon", "accrual.full", "accrual.opens",
              "minimum_follow_up", "calendar_cut", "latest", "longest_follow_up",
              "control_months", "survival_months",
              "median_survival", "visits.at", "visits.then_every", "until")),
    (HAZARD, ("failure_hazard", "death_hazard", "drop_out_hazard", "hazards")),
    (AGE, ("age",)),
    (KARNOFSKY, ("kps",)),
    (DAYS_LONG, ("doubling_time", "kick_off", "overall_time")),
    (Quantity(units="1/day"), ("birth_rate", "death_rate")),
    (MINUTES, ("half_time", "slow_half_time", "beam_time", "cell_kill.interval")),
    (VOLUME, ("volume",)),
    (TARGET_VOLUME, ("gtv_volume", "ptv_volume", "half_body_volume")),
    (Quantity(units="1/cm3"), ("clonogen_density",)),
    (FRACTIONS, ("fewest_fractions", "most_fractions", "reference_fractions")),
    (COUNT_OF_FRACTIONS, ("fractions",)),
    (STEEPNESS, ("gamma", "gamma50", "m")),
    (ONE, (
        "a", "above", "baseline_hazard", "below", "beyond", "coverage_goal", "exponent", "floor",
        "gtv_shape", "in_target_spread", "intercept", "k",
        "maximum_dose", "minimum_coverage", "missed_goal_accepted", "n", "new_share_at_most",
        "nodes", "recovered", "onset.sigma", "output_error", "overlap", "plans", "plateau",
        "probability", "reference_risk", "reirradiation_control", "reirradiation_hazard_ratio",
        "reserve", "reserve_sd", "ring_shape", "rolloff", "s", "shape", "cell_kill.slope",
        "conformal", "conventional", "conventional_single", "share", "slow_over_fast",
        "source_offset", "spill", "trial.alpha", "uniform_spread", "utilization",
        "utilization_closeness", "valley",
    )),
)  # fmt: skip
QUANTITIES = {end: quantity for quantity, ends in KINDS for end in ends}
RATIO = re.compile("hazard_ratio|odds_ratio")  # begins names, or a table, of what has no units
OF_NAMES = re.compile(r"(.*\.)?(medians|prior\.organs)\.[^.]+")  # keys that are names in a table
PLACES = (
    "value",
    "values",
    "mean",
    "median",
    "mode",
    "sd",
    "lower",
    "upper",
    "scale",
)  # as what they place
INNER = re.compile(r"of|components(\[\d+\])?")  # a distribution that another one is made of
SHAPES = ("sigma", "cv", "shape", "a", "b", "probability")  # of a distribution, without units
UNKNOWN = Quantity(units="")


def quantity_of(parts: Sequence[str]) -> Quantity:
    """Give what a key is measured in, by its parts; the longest end that is listed counts.

    Examples
    --------
    >>> quantity_of(["arms", "a", "prior", "dose"]).units, quantity_of(["dose", "tail"]).units
    ('Gy', 'mm')
    >>> quantity_of(["report", "by"]) == UNKNOWN, quantity_of(["hazard_ratios", "age"]) == ONE
    (True, True)
    """
    if any(map(RATIO.match, parts[-2:])):
        return ONE
    if OF_NAMES.fullmatch(".".join(parts)):
        parts = parts[:-1]
    ends = (".".join(parts[first:]) for first in range(len(parts)))
    return next((QUANTITIES[end] for end in ends if end in QUANTITIES), UNKNOWN)


def of_distribution(parts: Sequence[str], quantity: Quantity) -> Quantity:
    """Give what a key is measured in inside a distribution of some quantity, however it is made.

    Examples
    --------
    >>> of_distribution(["components[1]", "of", "median"], MONTHS) == MONTHS
    True
    """
    while parts and INNER.fullmatch(parts[0]):
        parts = parts[1:]
    if not parts or (len(parts) == 1 and parts[0] in PLACES):
        spread = bool(parts) and parts[0] == "sd"  # small where the values are not
        return replace(quantity, lowest=0.0) if spread else quantity
    return ONE if parts[0] in (*SHAPES, "shares") and quantity.units else UNKNOWN
