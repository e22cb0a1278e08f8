"""Assurance: the power to expect when the effect itself is uncertain."""

import numpy as np
from scipy import special

from radsim.trial.proportions.exact_tests import log_ways, rejections
from radsim.vocabulary.arguments import not_negative, number_array, open_probability, positive
from radsim.vocabulary.mistakes import require


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

    Raises
    ------
    ValueError
        If a number is impossible.

    References
    ----------
    Spiegelhalter, Freedman and Blackburn (1986), Control Clin Trials 7, 8-17; O'Hagan, Stevens
    and Campbell (2005), Pharm Stat 4, 187-201.

    Examples
    --------
    >>> round(assurance_of_events(0.65, 0.2, 133), 6)
    0.63432
    """
    effect = abs(np.log(positive("hazard_ratio", hazard_ratio)))
    spread, allocation = not_negative("spread", spread), positive("allocation", allocation)
    error = (1.0 + allocation) / np.sqrt(allocation * positive("events", events))
    reach = effect + special.ndtri(open_probability("alpha", alpha) / 2.0) * error
    return float(special.ndtr(reach / np.hypot(error, spread)))


def assurance_of_proportions(
    first: tuple[float, float],
    second: tuple[float, float],
    n1: int,
    n2: int,
    *,
    test: str = "pearson",
    alpha: float = 0.05,
) -> float:
    r"""Mean exact power, both proportions having beta distributions.

    .. math:: \sum_{p(x_1, x_2) \le \alpha} \binom{n_1}{x_1}
              \frac{B(x_1 + a_1, n_1 - x_1 + b_1)}{B(a_1, b_1)} \binom{n_2}{x_2}
              \frac{B(x_2 + a_2, n_2 - x_2 + b_2)}{B(a_2, b_2)}

    Parameters
    ----------
    first, second
        The two parameters a and b of each beta distribution.
    n1, n2
        Subjects of the two groups.
    test
        Any test of `radsim.trial.proportions.exact_tests`.

    Raises
    ------
    ValueError
        If a parameter is not above 0, a size or alpha is impossible, or the test unknown.

    References
    ----------
    O'Hagan, Stevens and Campbell (2005), Pharm Stat 4, 187-201.

    Examples
    --------
    >>> round(assurance_of_proportions((8, 12), (2, 38), 22, 22, test="fisher"), 6)
    0.719764
    """
    for name, pair in (("first", first), ("second", second)):
        held = number_array(name, pair)
        good = held.shape == (2,) and bool(((held > 0.0) & np.isfinite(held)).all())
        require(good, f"{name} must hold two numbers above 0, got {pair}")
    rejected = rejections(n1, n2, test, alpha)
    first_n, second_n = (size - 1 for size in rejected.shape)
    weights = _beta_binomial(first_n, *first)[:, np.newaxis] * _beta_binomial(second_n, *second)
    return float((weights * rejected).sum())


def _beta_binomial(n: int, a: float, b: float) -> np.ndarray:
    x = np.arange(n + 1)
    return np.exp(log_ways(n, x) + special.betaln(x + a, n - x + b) - special.betaln(a, b))
