"""What a design can be expected to show: power, effects, events, each with its error."""

from dataclasses import dataclass

import numpy as np

from radsim.summary import wilson_interval
from radsim.trial.analyses import ANALYSES, Outcome
from radsim.trial.arguments import count, positive, probability
from radsim.trial.run import Shown

EXPECTED = "difference of proportions"


@dataclass(frozen=True)
class Share:
    """A share of trials with its Monte Carlo error and 95 % interval."""

    value: float
    mc_standard_error: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Power:
    """One analysis over all trials.

    Attributes
    ----------
    rejected
        Share of all trials that reject, two-sided; a trial that allows no test does not.
    favorable
        Share that reject in favor of the experimental arm.
    effect, effect_sd, effect_lower, effect_upper
        Mean, standard deviation and central 95 % of the effect over the trials in which it is
        estimable; for ratios the mean of logarithms, turned back; 0 where none is.
    not_estimable
        Share of trials in which it is not.
    """

    analysis: str
    estimates: str
    rejected: Share
    favorable: Share
    effect: float
    effect_sd: float
    effect_lower: float
    effect_upper: float
    not_estimable: Share


@dataclass(frozen=True)
class Expectation:
    """Mean of something over all trials, with its spread between trials."""

    name: str
    control: float
    experimental: float
    total: float
    total_sd: float
    mc_standard_error: float


def share_of(happened: np.ndarray) -> Share:
    """Count a share with its Monte Carlo error, sqrt(p (1 - p) / n).

    Examples
    --------
    >>> share_of(np.arange(1000) < 800).mc_standard_error  # of a power of 0.8 in 1000 trials
    0.012649110640673518
    """
    n = len(happened)
    p = float(np.count_nonzero(happened) / n)
    lower, upper = wilson_interval(np.array(p), n)
    return Share(p, mc_error(p, n), float(lower), float(upper))


def mc_error(p: float, trials: int) -> float:
    """Monte Carlo standard error of a share.

    Examples
    --------
    >>> mc_error(0.05, 10_000)
    0.0021794494717703367
    """
    p, trials = probability("p", p), count("trials", trials, least=1)
    return float(np.sqrt(p * (1.0 - p) / trials))


def trials_needed(p: float, error: float) -> int:
    """Trials that bring the Monte Carlo error of a share down to a size.

    Examples
    --------
    >>> trials_needed(0.95, 0.005)
    1900
    """
    p, error = probability("p", p), positive("error", error)
    return int(np.ceil(p * (1.0 - p) / error**2 - 1e-9))


def power_of(name: str, outcome: Outcome, alpha: float) -> Power:
    """Summarize one analysis over all trials."""
    analysis = ANALYSES.get(name)
    rejected = rejections(outcome, alpha)
    worse = analysis is None or analysis.more_is_worse
    favorable = rejected & ((outcome.z < 0.0) if worse else (outcome.z > 0.0))
    effects = outcome.effect[outcome.estimable]
    mean = sd = lower = upper = 0.0
    if len(effects):
        mean, sd = float(effects.mean()), float(effects.std())
        lower, upper = (float(q) for q in np.quantile(effects, (0.025, 0.975)))
    if analysis is not None and analysis.is_ratio:
        mean, lower, upper = (float(np.exp(v)) for v in (mean, lower, upper))
    return Power(
        name,
        EXPECTED if analysis is None else analysis.estimates,
        share_of(rejected),
        share_of(favorable),
        mean,
        sd,
        lower,
        upper,
        share_of(~outcome.estimable),
    )


def rejections(outcome: Outcome, alpha: float) -> np.ndarray:
    """Trials that reject, shape (trial,)."""
    return outcome.estimable & (outcome.p_value <= alpha)


def expectations(shown: Shown) -> list[Expectation]:
    """Mean counts by arm, and the duration."""
    rows = []
    for name, counts in shown.counts.items():
        total = counts.sum(axis=1)
        rows.append(_expectation(name, counts.mean(axis=0), total))
    rows.append(_expectation("duration", (float(shown.duration.mean()),) * 2, shown.duration))
    return rows


def no_event_shares(shown: Shown) -> dict[str, Share]:
    """Share of trials with no event in an arm, or in neither."""
    none = shown.counts["events"] == 0
    return {
        "control": share_of(none[:, 0]),
        "experimental": share_of(none[:, 1]),
        "either": share_of(none.any(axis=1)),
        "both": share_of(none.all(axis=1)),
    }


def _expectation(
    name: str, arms: np.ndarray | tuple[float, float], total: np.ndarray
) -> Expectation:
    sd = float(total.std())
    return Expectation(
        name,
        float(arms[0]),
        float(arms[1]),
        float(total.mean()),
        sd,
        sd / float(np.sqrt(len(total))),
    )
