"""Assurance: the power to expect when the effect itself is uncertain."""

import numpy as np
from scipy import special

from radsim.distributions import require
from radsim.trial.exact_tests import p_values


def assurance_of_events(
    hazard_ratio: float,
    spread: float,
    events: float,
    *,
    alpha: float = 0.05,
    allocation: float = 1.0,
) -> float:
    r"""Mean power of a log-rank test, log hazard ratio ~ N(ln HR, spread^2).

    .. math:: \Phi\Bigl(\frac{|\ln HR| - z_{1-\alpha/2}\, s_D}{\sqrt{s_D^2 + s^2}}\Bigr),
              \qquad s_D = \frac{1 + r}{\sqrt{r D}}

    Counts only rejections in favor of the arm that is expected to be better.

    Parameters
    ----------
    spread
        Standard deviation of the log hazard ratio, s.
    events
        Events in the trial, D.

    References
    ----------
    Spiegelhalter, Freedman and Blackburn (1986), Control Clin Trials 7, 8-17; O'Hagan, Stevens
    and Campbell (2005), Pharm Stat 4, 187-201.

    Examples
    --------
    >>> round(assurance_of_events(0.65, 0.2, 133), 6)
    0.63432
    """
    require(hazard_ratio > 0.0, f"hazard_ratio must be above 0, got {hazard_ratio}")
    require(spread >= 0.0, f"spread must be 0 or more, got {spread}")
    require(events > 0.0, f"events must be above 0, got {events}")
    require(allocation > 0.0, f"allocation must be above 0, got {allocation}")
    require(0.0 < alpha < 1.0, f"alpha must lie between 0 and 1, got {alpha}")
    error = (1.0 + allocation) / np.sqrt(allocation * events)
    reach = abs(np.log(hazard_ratio)) + special.ndtri(alpha / 2.0) * error
    return float(special.ndtr(reach / np.sqrt(error**2 + spread**2)))


def assurance_of_proportions(
    first: tuple[float, float],
    second: tuple[float, float],
    n1: int,
    n2: int,
    *,
    test: str = "pearson",
    alpha: float = 0.05,
) -> float:
    """Mean exact power, both proportions having beta distributions.

    Parameters
    ----------
    first, second
        The two parameters of each beta distribution.

    Examples
    --------
    >>> round(assurance_of_proportions((8, 12), (2, 38), 22, 22, test="fisher"), 6)
    0.719764
    """
    for name, pair in (("first", first), ("second", second)):
        require(min(pair) > 0.0, f"{name} must hold two numbers above 0, got {pair}")
    rejected = p_values(n1, n2, test) <= alpha
    weights = _beta_binomial(n1, *first)[:, np.newaxis] * _beta_binomial(n2, *second)
    return float((weights * rejected).sum())


def _beta_binomial(n: int, a: float, b: float) -> np.ndarray:
    x = np.arange(n + 1)
    log_ways = special.gammaln(n + 1) - special.gammaln(x + 1) - special.gammaln(n - x + 1)
    return np.exp(log_ways + special.betaln(x + a, n - x + b) - special.betaln(a, b))
