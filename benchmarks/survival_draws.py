"""Derive ``radsim/presets/bootstrap/survival-sib-phase2.csv``: joint uncertainty of survival.

The phase 2 trial published survival of 92.0 % (71.6-97.9) at 12 and 72.8 % (48.7-86.9) at 24
months. Each row draws the cumulative hazard at 12 months and its increment to 24, independently as
the increments of a Nelson-Aalen estimate are, and takes the Weibull law through both. Both are
lognormal: the first as the first interval says, which is symmetrical on the scale of log(-log S);
the second with the center and width that give 24 months its published interval. Beyond 24 months
the law extrapolates.

Run ``python benchmarks/survival_draws.py`` to write the file again; it comes out the same.
"""

import numpy as np
from parameter_tables import ROWS, write_table
from scipy import special
from scipy.optimize import root

from radsim.randomness.streams import Streams

MONTHS = (12.0, 24.0)
INTERVALS = ((0.716, 0.979), (0.487, 0.869))  # published, 95 %, of survival at these times
HALF_WIDTH = special.ndtri(0.975)  # standard deviations
SEED = 2025


def draws() -> np.ndarray:
    """Weibull shape and scale [months], shape (row, 2)."""
    streams = Streams(SEED)
    first, second = (
        special.ndtri(_stratified(streams, name)) for name in ("draws/first", "draws/second")
    )
    ends = -np.log(np.array(INTERVALS))  # cumulative hazards, the higher one first
    center, sd = np.log(ends[0]).mean(), -np.diff(np.log(ends[0]))[0] / (2.0 * HALF_WIDTH)
    hazard = np.exp(center + sd * first)

    def at_two_years(x: np.ndarray) -> np.ndarray:
        return hazard + np.exp(x[0] + np.exp(x[1]) * second)

    def miss(x: np.ndarray) -> np.ndarray:
        return np.log(np.quantile(at_two_years(x), [0.975, 0.025]) / ends[1])

    found = root(miss, x0=[np.log(0.2), np.log(0.5)], tol=1e-9)
    if not found.success:
        raise RuntimeError(f"no increment gives the published interval: {found.message}")
    shape = np.log(at_two_years(found.x) / hazard) / np.log(MONTHS[1] / MONTHS[0])
    return np.column_stack([shape, MONTHS[0] / hazard ** (1.0 / shape)])


def _stratified(streams: Streams, name: str) -> np.ndarray:
    """A uniform in each of as many equal slices, in random order, so that quantiles are even."""
    places = np.argsort(streams.uniforms(f"{name}/place", range(ROWS)), kind="stable")
    return (places + streams.uniforms(name, range(ROWS))) / ROWS


def main() -> None:
    """Write the file, and print what it holds."""
    rows = draws()
    write_table(
        "survival-sib-phase2",
        "survival_draws.py",
        (
            "Weibull laws through draws of survival at 12 and 24 months that have their published",
            "95 % intervals, 71.6-97.9 and 48.7-86.9 %; hazards of the two years independent.",
            "Units: 1, months.",
        ),
        ["shape", "scale"],
        rows,
    )
    for months in MONTHS:
        alive = np.exp(-((months / rows[:, 1]) ** rows[:, 0]))
        print(f"  S({months:g}):", np.quantile(alive, [0.025, 0.5, 0.975]).round(4))


if __name__ == "__main__":
    main()
