"""Goodness of fit: residuals of published probabilities, or deviance and tests of events."""

import numpy as np
from scipy import special, stats

from radsim.fitting.outcome_table import OutcomeTable

LEAST = 1e-300  # stands in for a variance of zero
MOST_GROUPS = 10  # of single patients, by fitted probability
FEWEST_GROUPS = 3  # with which the groups still test a fit
FEWEST_IN_GROUP = 5


def goodness(
    table: OutcomeTable, fitted: np.ndarray, free: int, log_likelihood: float
) -> dict[str, float]:
    """Measures of fit by name, by the fitted probability of each row.

    Of single patients the chi-square is that of Hosmer and Lemeshow, over at most ten groups of
    five patients or more by fitted probability, with two degrees of freedom less than groups.
    With fewer than three groups, or no degree of freedom, there is none.

    References
    ----------
    Hosmer and Lemeshow (1980), Commun. Stat. Theory Methods 9, 1043-1069.
    """
    if table.probability is not None:
        missed = fitted - table.probability
        return {
            "root mean square residual": float(np.sqrt(np.mean(missed**2))),
            "largest residual": float(np.abs(missed).max()),
        }
    assert table.events is not None and table.patients is not None
    events, patients = table.weight * table.events, table.weight * table.patients
    expected = patients * fitted
    measures = {"AIC": 2.0 * free - 2.0 * log_likelihood}
    if table.is_binary:
        measures["AUC"] = _area_under_curve(fitted, table.events == 1, table.weight)
        number = min(MOST_GROUPS, max(table.rows // FEWEST_IN_GROUP, 1))
        groups = np.array_split(np.argsort(fitted, kind="stable"), number)
        freedom = len(groups) - 2 if len(groups) >= FEWEST_GROUPS else 0
    else:
        groups = [np.array([row]) for row in range(table.rows)]
        freedom = table.rows - free
        others, spared = patients - events, np.maximum(patients - expected, LEAST)
        parts = special.xlogy(events, np.maximum(events, LEAST) / np.maximum(expected, LEAST))
        parts += special.xlogy(others, np.maximum(others, LEAST) / spared)
        measures["deviance"] = 2.0 * float(np.sum(parts))
    if freedom < 1:
        return measures
    seen, of, wanted = (
        np.array([values[group].sum() for group in groups])
        for values in (events, patients, expected)
    )
    variance = np.maximum(wanted * (1.0 - wanted / np.maximum(of, LEAST)), LEAST)
    chi2 = float(np.sum((seen - wanted) ** 2 / variance))
    p = float(stats.chi2.sf(chi2, freedom))
    return measures | {"chi-square": chi2, "degrees of freedom": float(freedom), "p": p}


def _area_under_curve(fitted: np.ndarray, event: np.ndarray, weight: np.ndarray) -> float:
    """Share of pairs, one with the event and one without, in which the first has the higher p."""
    with_event, without = fitted[event], fitted[~event]
    higher = (with_event[:, None] > without) + 0.5 * (with_event[:, None] == without)
    pairs = weight[event][:, None] * weight[~event]
    return float((higher * pairs).sum() / pairs.sum())
