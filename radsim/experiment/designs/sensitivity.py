"""The [sensitivity] section: one key at a time, and all together."""

from typing import Any

from radsim.experiment.designs.draws import Factor
from radsim.sums.sobol_indices import SCRAMBLES

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
