"""The [sensitivity] section: one key at a time, and all together."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from radsim.experiment.designs.draws import Factor, dimensions_of, draw_table, sobol_points
from radsim.experiment.designs.parts import MOST_DRAWS
from radsim.experiment.designs.reader import Reader
from radsim.experiment.designs.saltelli import saltelli_uniforms
from radsim.experiment.designs.tables import Table
from radsim.sums.sobol_indices import SCRAMBLES
from radsim.vocabulary.words import nearest

TORNADO_SHARES = (0.025, 0.975)  # quantiles at which one parameter at a time is set
ANALYSES = ("sobol", "one-at-a-time")
FEWEST_SAMPLES = 8 * SCRAMBLES  # with fewer, the intervals hold less than they claim
SENSITIVITY_KEYS = ("samples", "method", "keys", "groups")


def one_at_a_time(
    factors: tuple[Factor, ...],
) -> tuple[list[dict[str, Any]], list[tuple[str, float]]]:
    """Variants in which one key at a time lies at an end of its distribution."""
    rows: list[dict[str, Any]] = []
    ends: list[tuple[str, float]] = []
    for factor in factors:
        for share in TORNADO_SHARES:
            for key, entry in zip(factor.keys, factor.ends(share), strict=True):
                rows.append(entry)
                ends.append((key, share))
    return rows, ends


def read_screened(
    reader: Reader, settings: Mapping[str, Any], factors: tuple[Factor, ...]
) -> tuple[Factor, ...]:
    """Choose the factors of the sensitivity analysis: all, or those of the listed keys."""
    if not factors:
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
    known = [key for factor in factors for key in factor.keys]
    for key in wanted:
        if key not in known:
            reader.mistakes.append(
                f"sensitivity.keys: {key!r} has no distribution; {nearest(str(key), known)}"
            )
    return tuple(factor for factor in factors if set(factor.keys) & set(wanted))


def read_methods(reader: Reader, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Which analyses are wanted, both unless one is named."""
    method = settings.get("method")
    if method is None:
        return ANALYSES
    if method not in ANALYSES:
        reader.mistakes.append(f"sensitivity.method: no {method!r}; known: {', '.join(ANALYSES)}")
    return (method,)


def read_saltelli(
    reader: Reader, settings: Mapping[str, Any], factors: tuple[Factor, ...]
) -> Table:
    """Draw the rows of a Saltelli design."""
    samples = settings.get("samples", 256)
    whole = isinstance(samples, int) and not isinstance(samples, bool)
    if not whole or not FEWEST_SAMPLES <= samples <= MOST_DRAWS or samples & (samples - 1):
        reader.mistakes.append(
            f"sensitivity.samples: must be a power of two, {FEWEST_SAMPLES} or more, such as "
            f"256, and at most {MOST_DRAWS:,}, got {samples!r}"
        )
        samples = FEWEST_SAMPLES
    sizes = tuple(factor.dimensions for factor in factors)
    dimension, each = 2 * dimensions_of(factors), samples // SCRAMBLES
    scrambles = [
        sobol_points(dimension, each, reader.streams.seed, f"design/saltelli/{index}")
        for index in range(SCRAMBLES)
    ]
    return draw_table(factors, saltelli_uniforms(np.concatenate(scrambles), sizes))
