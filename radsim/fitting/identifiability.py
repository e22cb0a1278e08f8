"""What a table of outcomes tells of each parameter: refused if nothing, or only of two together."""

import numpy as np

from radsim.fitting.likelihood import LEAST, Likelihood
from radsim.fitting.outcome_table import OutcomeTable
from radsim.vocabulary.mistakes import require

REACH = 12.0  # how far, in logs, a parameter is looked for around its start
RANK = 1e-4  # smallest relative singular value at which the data still tell parameters apart
FAR = (2.0, 4.0)  # steps away from the best value, in logs, where a maximum has fallen off
FLAT = 1e-3  # fall of twice the log likelihood below which there is no maximum


def require_enough(problem: Likelihood) -> None:
    """Refuse a table with too few rows, without events, or with one fractionation for alpha/beta.

    The ValueError names the parameter, as of all functions here.
    """
    table, count = problem.table, len(problem.names)
    require(
        table.rows >= count,
        f"not identifiable: {table.rows} rows cannot determine {count} parameters; "
        f"hold {problem.names[-1]}",
    )
    if "alpha_beta" in problem.names and table.fractions is not None:
        require(
            len(np.unique(table.fractions)) > 1,
            "not identifiable: alpha_beta, because every row has "
            f"{table.fractions[0]:g} fractions; hold it, or add another fractionation",
        )
    if table.events is None:
        return
    happened = float((table.weight * table.events).sum())
    possible = float((table.weight * table.patients).sum())
    require(
        0.0 < happened < possible,
        f"not identifiable: {', '.join(problem.names)}, because the table has "
        f"{'no events' if happened == 0.0 else 'only events'}",
    )
    threshold = getattr(problem.model, "threshold", 0.0)
    if threshold > 0.0:
        low = problem.model.effect_of(**table.course) < threshold
        impossible = low & (table.weight * table.events > 0)
        require(
            not impossible.any(),
            f"{table.name}, row {int(np.argmax(impossible)) + 1}: has events below the threshold "
            f"of {threshold:g} Gy, where the model's risk is 0; set threshold = 0",
        )


def slopes(problem: Likelihood, theta: np.ndarray) -> np.ndarray:
    """Change of each row's probability with each parameter, in standard errors of a row."""
    table = problem.table
    p = np.clip(problem.probability(theta), 1e-12, 1.0 - 1e-12)
    steps = np.diag(1e-5 * problem.sizes(theta))
    changes = [problem.probability(theta + s) - problem.probability(theta - s) for s in steps]
    rises = np.stack(changes, axis=1) / 2e-5
    if table.probability is not None:
        return rises * np.sqrt(table.weight)[:, None]
    assert table.patients is not None
    return rises * np.sqrt(table.weight * table.patients / (p * (1.0 - p)))[:, None]


def correlation_of(problem: Likelihood, theta: np.ndarray) -> np.ndarray:
    """Correlation of the estimates from the information, shape (parameter, parameter)."""
    steepness = slopes(problem, theta)
    covariance = np.linalg.inv(steepness.T @ steepness)
    sd = np.sqrt(np.diag(covariance))
    return covariance / np.outer(sd, sd)


def require_distinct(problem: Likelihood, theta: np.ndarray) -> None:
    """Refuse a table that says nothing of a parameter, or only of two together."""
    steepness = slopes(problem, theta)
    sizes = np.sqrt((steepness**2).sum(axis=0))
    for name, size in zip(problem.names, sizes, strict=True):
        require(
            bool(size > 1e-6 * max(float(sizes.max()), LEAST)) and bool(size > 1e-9),
            f"not identifiable: the table says nothing of {name}; hold it, or give doses at "
            "which it counts",
        )
    _, singular, rows = np.linalg.svd(steepness / sizes, full_matrices=False)
    together = [name for name, part in zip(problem.names, rows[-1], strict=True) if abs(part) > 0.3]
    require(
        bool(singular.min() / singular.max() > RANK),
        f"not identifiable: {' and '.join(together)} can change together without changing the "
        f"fit; hold {together[-1]}, or give more doses or fractionations",
    )


def require_maximum(problem: Likelihood, theta: np.ndarray) -> None:
    """Refuse a fit in which a parameter runs off, because the likelihood has no maximum."""
    start = problem.start()
    gone = theta - start
    for i, size in enumerate(problem.sizes(start)):
        bounded = bool(abs(gone[i]) < 0.9 * REACH * size)
        require(bounded, _runs_off(problem, i, float(np.sign(gone[i]))))
    if problem.table.events is None:
        return
    least = problem.loss(theta)
    for i in map(int, np.flatnonzero(problem.logarithmic)):
        for way in (1.0, -1.0):
            here = theta
            for distance in FAR:
                # an intercept may have to grow with its slope, farther than a search would go
                value = theta[i] + way * distance
                grown = np.where(problem.logarithmic, here, theta * np.exp(way * distance))
                tried = [problem.best(start, {i: value}) for start in (here, grown)]
                here = min(tried, key=problem.loss)
            fall = 2.0 * (problem.loss(here) - least)
            require(fall > FLAT, _runs_off(problem, i, way))


def _runs_off(problem: Likelihood, i: int, way: float) -> str:
    name = problem.names[i]
    towards = "grows without bound" if way > 0 else "runs to 0"
    if not problem.logarithmic[i]:
        towards = f"runs to {'' if way > 0 else 'minus '}infinity"
    return (
        f"not identifiable: {name} {towards}, and the likelihood has no maximum"
        f"{why_no_maximum(problem.table)}; hold it, or give a table that bounds it"
    )


def why_no_maximum(table: OutcomeTable) -> str:
    """Say what it is about the doses, where that is plain; nothing where there may be a maximum."""
    if table.events is None or table.patients is None:
        return ""
    dose = table.dose if table.volume is None else (table.dose * table.volume).sum(axis=1)
    happened = table.weight * table.events
    spared = table.weight * (table.patients - table.events)
    if dose[happened > 0].min() > dose[spared > 0].max():
        return ": events and others lie wholly apart in dose"
    if np.average(dose, weights=happened) <= np.average(dose, weights=spared):
        return ": events do not become more frequent with dose"
    return ""
