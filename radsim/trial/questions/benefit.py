"""What a trial's experimental arm gains against what each harm costs."""

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from radsim.sums.intervals import Z95
from radsim.trial.conduct.run import Shown


@dataclass(frozen=True)
class Benefit:
    """What the experimental arm gains against what one harm costs, per patient.

    Attributes
    ----------
    harm
        Its name.
    control, experimental
        Share of the evaluable patients seen with the harm.
    caused, caused_error
        Experimental minus control share of patients seen with the harm, and its Monte Carlo error.
    avoided, avoided_error
        Control minus experimental share of patients seen with the event, and its error.
    per_harm
        Events avoided for each harm caused (or suffered for each harm avoided); None where
        nothing is traded, or where the simulation can't tell.
    per_harm_lower, per_harm_upper
        Fieller's 95 % interval of it for the Monte Carlo error.
    quantile
        Standard errors that a 95 % interval is wide to either side: Student's t, for the errors
        are known from a few groups of simulated patients.
    """

    harm: str
    control: float
    experimental: float
    caused: float
    caused_error: float
    avoided: float
    avoided_error: float
    per_harm: float | None
    per_harm_lower: float | None
    per_harm_upper: float | None
    quantile: float

    @property
    def verdict(self) -> str:
        """What the two differences say together: traded, better, worse or unclear."""
        if abs(self.caused) <= self.quantile * self.caused_error:
            return "unclear"
        if abs(self.avoided) <= self.quantile * self.avoided_error:
            return "unclear"
        if self.per_harm is not None:
            return "traded"
        return "better" if self.avoided > 0.0 else "worse"


def benefits_of(shown: Shown) -> list[Benefit]:
    """Weigh the events avoided against each harm, averaged over trials.

    The errors are those between the pools of simulated patients, because the same patients are
    in many trials; events and harms are taken together, so that their covariance counts.
    """
    n = shown.counts["evaluable"]
    usable = np.asarray((n > 0).all(axis=1))
    if not usable.any():
        return []

    def shares(counted: np.ndarray) -> np.ndarray:
        return np.where(usable[:, np.newaxis], counted / np.maximum(n, 1), np.nan)

    events = shares(shown.counts["events"])
    return [
        _benefit(harm, events, shares(counted), shown.pools)
        for harm, counted in shown.harms.items()
    ]


def _benefit(harm: str, events: np.ndarray, harms: np.ndarray, pools: int) -> Benefit:
    differences = np.stack([events[:, 0] - events[:, 1], harms[:, 1] - harms[:, 0]])
    avoided, caused = (float(d) for d in np.nanmean(differences, axis=1))
    covariance, groups = _covariance_of_means(differences, pools)
    (v_avoided, both), (_, v_caused) = covariance
    quantile = float(stdtrit(groups - 1, 0.975)) if groups > 1 else Z95
    control, experimental = (float(share) for share in np.nanmean(harms, axis=0))
    ratio = lower = upper = None
    clear = caused**2 > quantile**2 * v_caused and avoided**2 > quantile**2 * v_avoided
    if clear and avoided * caused > 0.0:
        ratio = avoided / caused
        lower, upper = _fieller(avoided, caused, v_avoided, v_caused, both, quantile)
    return Benefit(
        harm, control, experimental, caused, float(np.sqrt(v_caused)), avoided,
        float(np.sqrt(v_avoided)), ratio, lower, upper, quantile,
    )  # fmt: skip


def _covariance_of_means(values: np.ndarray, pools: int) -> tuple[np.ndarray, int]:
    """Covariance of the means of some rows over trials that take turns at the pools.

    Also how many groups of trials it is estimated from.
    """
    pools = min(pools, values.shape[1] // 2)
    groups = [values[:, i::pools] for i in range(pools)] if pools > 1 else list(values.T[..., None])
    means = np.stack([np.nanmean(g, axis=1) for g in groups if np.isfinite(g).any()], axis=1)
    if means.shape[1] < 2:
        return np.zeros((len(values), len(values))), 1
    return np.atleast_2d(np.cov(means)) / means.shape[1], means.shape[1]


def _fieller(
    top: float, bottom: float, v_top: float, v_bottom: float, both: float, quantile: float
) -> tuple[float, float]:
    """Ratios r for which top - r bottom is within a number of its standard errors from 0."""
    a = bottom**2 - quantile**2 * v_bottom
    b = top * bottom - quantile**2 * both
    c = top**2 - quantile**2 * v_top
    half = np.sqrt(max(b**2 - a * c, 0.0))
    return float((b - half) / a), float((b + half) / a)
