"""The [sensitivity] section: one key at a time, and all together."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from radsim.experiment.designs.draws import Factor, draw_table, places_by_name, sobol_points
from radsim.experiment.designs.reader import Reader
from radsim.experiment.designs.tables import MOST_DRAWS, SALTELLI, TORNADO, SparseTable, Table
from radsim.experiment.designs.uncertainty import read_factors
from radsim.sums.sobol_indices import SCRAMBLES
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import is_whole
from radsim.vocabulary.words import nearest

TORNADO_SHARES = (0.025, 0.975)  # quantiles at which one parameter at a time is set
ANALYSES = ("sobol", "one-at-a-time")
FEWEST_SAMPLES = 8 * SCRAMBLES  # with fewer, the intervals hold less than they claim
SENSITIVITY_KEYS = ("samples", "method", "keys", "groups")


def read_sensitivity(
    reader: Reader, settings: Mapping[str, Any], factors: tuple[Factor, ...]
) -> tuple[tuple[Factor, ...], dict[str, Table | SparseTable]]:
    """Read ``[sensitivity]``: what is screened, and the rows of its analyses."""
    if not settings:
        return (), {}
    further = read_factors(reader, "sensitivity", settings, SENSITIVITY_KEYS)
    screened = _screened(reader, settings, (*factors, *further))
    parts: dict[str, Table | SparseTable] = {}
    methods = _methods(reader, settings) if screened else ()
    if "sobol" in methods:
        parts[SALTELLI] = _saltelli(reader, settings, screened)
    if "one-at-a-time" in methods:  # a key lies at an end of its distribution
        ends = [
            row for factor in screened for share in TORNADO_SHARES for row in factor.ends(share)
        ]
        parts[TORNADO] = SparseTable(tuple(ends))
    return screened, parts


def _screened(
    reader: Reader, settings: Mapping[str, Any], factors: tuple[Factor, ...]
) -> tuple[Factor, ...]:
    """Choose the factors of the sensitivity analysis: all, or those of the listed keys."""
    if not factors:
        if not reader.mistakes:
            reader.mistakes.append(
                "sensitivity: no key has a distribution; give some here or in [uncertainty]"
            )
        return ()
    wanted = settings.get("keys")
    if wanted is None:
        return factors
    if not isinstance(wanted, (list, tuple)) or not wanted:
        reader.mistakes.append(f"sensitivity.keys: must be a list of keys, got {wanted!r}")
        return ()
    drawn = [key for factor in factors for key in factor.keys]
    for key in wanted:
        if key not in drawn:
            reader.mistakes.append(
                f"sensitivity.keys: {key!r} has no distribution; {nearest(str(key), drawn)}"
            )
    return tuple(factor for factor in factors if set(factor.keys) & set(wanted))


def _methods(reader: Reader, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Which analyses are wanted, both unless one is named."""
    method = settings.get("method")
    if method is None:
        return ANALYSES
    if method not in ANALYSES:
        reader.mistakes.append(f"sensitivity.method: no {method!r}; known: {', '.join(ANALYSES)}")
    return (method,)


def _saltelli(reader: Reader, settings: Mapping[str, Any], factors: tuple[Factor, ...]) -> Table:
    """Draw the rows of a Saltelli design."""
    samples = settings.get("samples", 256)
    fits = is_whole(samples) and FEWEST_SAMPLES <= samples <= MOST_DRAWS
    if not fits or samples & (samples - 1):
        reader.mistakes.append(
            f"sensitivity.samples: must be a power of two, {FEWEST_SAMPLES} or more, such as "
            f"256, and at most {MOST_DRAWS:,}, got {samples!r}"
        )
        samples = FEWEST_SAMPLES
    sizes = tuple(factor.dimensions for factor in factors)
    dimension, each = 2 * sum(sizes), samples // SCRAMBLES
    scrambles = [
        sobol_points(dimension, each, reader.streams.seed, f"design/saltelli/{index}")
        for index in range(SCRAMBLES)
    ]
    places = places_by_name(factors)
    points = np.concatenate(scrambles)[:, np.concatenate([places, len(places) + places])]
    return draw_table(factors, saltelli_uniforms(points, sizes))


def saltelli_uniforms(points: np.ndarray, sizes: tuple[int, ...]) -> np.ndarray:
    """Rows of a Saltelli design: A, then B, then A with each factor's columns taken from B.

    A stands beside B in the points, shape (base, 2 x dimension), of low-discrepancy sequences, one
    scramble after the other. Columns of one factor, as many as its size, are exchanged together.

    Examples
    --------
    >>> saltelli_uniforms(np.array([[0.1, 0.2, 0.3, 0.4]]), (1, 1)).tolist()
    [[0.1, 0.2], [0.3, 0.4], [0.3, 0.2], [0.1, 0.4]]

    References
    ----------
    Saltelli et al. (2010), Comput. Phys. Commun. 181, 259-270.
    """
    require(points.shape[1] == 2 * sum(sizes), "points must hold A and B side by side")
    a, b = np.split(points, 2, axis=1)
    factor = np.repeat(np.arange(len(sizes)), sizes)  # of each column
    return np.concatenate([a, b, *(np.where(factor == i, b, a) for i in range(len(sizes)))])
