"""What trials of a given size would show under a model, and where a real one falls among them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from radsim.config import make_experiment
from radsim.simulation import simulate
from radsim.validation.targets import experiment_settings

CHUNK = 4000  # patients simulated at a time
SEGMENTS = 28  # of the phase 2 trial, taken as independent patients
OBSERVED = {  # Mitsuyoshi 2025, 10.1016/j.adro.2025.101760 [%]
    ("local control", 12.0): 100.0,
    ("local control", 24.0): 95.0,
    ("fracture", 12.0): 3.6,
    ("fracture", 24.0): 15.6,
    ("alive", 12.0): 92.0,
    ("alive", 24.0): 72.8,
}


@dataclass(frozen=True)
class Predictive:
    """A figure of many simulated trials beside the real one [%].

    Attributes
    ----------
    median, lower, upper
        Of the simulated trials; the interval holds 95 % of them.
    at_or_below
        Share of them whose figure is at most the observed one.
    """

    endpoint: str
    months: float
    observed: float
    median: float
    lower: float
    upper: float
    at_or_below: float


def kaplan_meier(event: np.ndarray, censored: np.ndarray, months: float) -> float:
    """Probability to be free of an event at a time, by Kaplan and Meier.

    Examples
    --------
    >>> round(kaplan_meier(np.array([5.0, 9.0, np.inf]), np.array([20.0, 7.0, 20.0]), 12.0), 3)
    0.667
    """
    first = np.minimum(event, censored)
    free = 1.0
    for time in np.sort(event[(event <= censored) & (event <= months)]):
        free *= 1.0 - 1.0 / np.sum(first >= time)
    return float(free)


def phase2_trials(trials: int = 400, months: Sequence[float] = (12.0, 24.0)) -> list[Predictive]:
    """Simulate trials like the phase 2 trial and place its results among them.

    Segments count as patients of their own, and nobody is lost before the times asked for; the
    trial had 28 segments of 25 patients and a median follow-up of 24 months, so its real spread
    is somewhat wider.
    """
    experiment = make_experiment({**experiment_settings("phase2"), "patients": trials * SEGMENTS})
    found: dict[tuple[str, float], list[float]] = {key: [] for key in OBSERVED}
    whole = CHUNK // SEGMENTS * SEGMENTS
    for start in range(0, trials * SEGMENTS, whole):
        here = simulate(experiment, range(start, min(start + whole, trials * SEGMENTS)))
        death = here["time_to_death"].values[0].reshape(-1, SEGMENTS)
        failure = here["time_to_local_failure"].values[0, 0].reshape(-1, SEGMENTS)
        fracture = here["time_to_vcf"].values[0].reshape(-1, SEGMENTS)
        for died, failed, broke in zip(death, failure, fracture, strict=True):
            for time in months:
                control = 100.0 * kaplan_meier(failed, died, time)
                found["local control", time].append(control)
                happened = (broke < died) & (broke <= time)
                found["fracture", time].append(100.0 * float(happened.mean()))
                found["alive", time].append(100.0 * float((died > time).mean()))
    rows = []
    for (endpoint, time), observed in OBSERVED.items():
        values = np.array(found[endpoint, time])
        lower, middle, upper = np.quantile(values, [0.025, 0.5, 0.975])
        share = float(np.mean(values <= observed + 1e-9))
        rows.append(
            Predictive(endpoint, time, observed, float(middle), float(lower), float(upper), share)
        )
    return rows


def predictive_text(rows: Sequence[Predictive]) -> str:
    """Print where the trial's results fall."""
    lines = [f"Phase 2 trial among simulated trials of {SEGMENTS} segments [%]"]
    for row in rows:
        lines.append(
            f"  {row.endpoint} at {row.months:g} months: observed {row.observed:g}, simulated "
            f"median {row.median:.1f} (95 % of trials {row.lower:.1f} to {row.upper:.1f}); "
            f"{100 * row.at_or_below:.0f} % of the trials lie at or below"
        )
    return "\n".join(lines)
