"""Derive the joint uncertainty of HyTEC's D50 and slope, at alpha/beta 6 Gy and over 3 to 7 Gy.

HyTEC's curve is logistic in the 3-fraction equivalent dose, so the log odds of control are linear
in it, logit TCP = 4 gamma50 (D3 / D50 - 1). Each row is a least-squares line through the published
anchors after each got normal noise of 0.2 on its log odds, independent of the others'. The noise
is an assumption: it is about the standard error of a control of 90 % seen in 280 lesions. All of
the anchors but the last are recalled, not read in the paper.

HyTEC's own parameters are kept as the center: rows are moved, on the log scale, so that their
median at alpha/beta 6 Gy is the published pair.

``hytec-spine-2021`` holds alpha/beta at 6 Gy. In ``hytec-spine-2021-alpha-beta`` each row draws it
first, uniformly from 3 to 7 Gy, and its line is fitted under that: the anchors alone can't tell
values in that range apart (a refit misses them by 0.5 to 0.9 points, and by 1.3 at 8 Gy), and none
is preferred, which is an assumption too. So the doses of the anchors keep their control, whatever
alpha/beta is drawn.

Run ``python benchmarks/hytec_bootstrap.py`` to write the files again; they come out the same.
"""

import numpy as np
from parameter_tables import ROWS, write_table
from scipy import special

from radsim.radiobiology import lq
from radsim.randomness.streams import Streams

ALPHA_BETA = 6.0  # Gy, published
RANGE = (3.0, 7.0)  # Gy, that the anchors can't tell apart
PUBLISHED = (19.44, 0.814)  # D50 [Gy in 3 fractions], gamma50
ANCHORS = (  # total dose [Gy], fractions, control at 2 years
    (18.0, 1, 0.82),
    (20.0, 1, 0.90),
    (24.0, 1, 0.96),
    (24.0, 2, 0.82),
    (28.0, 2, 0.90),
    (27.0, 3, 0.78),
    (33.0, 3, 0.90),
    (40.0, 5, 0.90),  # verified
)
NOISE = 0.2  # standard deviation of the log odds of an anchor
SEED = 2021
RESTS_ON = (
    "Parametric bootstrap of 8 anchors of control, 7 of them recalled. ASSUMED: noise of 0.2 on",
    "the log odds of each, independent by anchor; rows are moved so that their median at",
    "alpha/beta 6 Gy is the published pair.",
)


def bootstrap() -> np.ndarray:
    """Fit the anchors again and again; D50 [Gy in 3 fractions] and gamma50, shape (row, 2)."""
    fits = _fits(np.full(ROWS, ALPHA_BETA))
    return fits * (np.array(PUBLISHED) / np.median(fits, axis=0))


def bootstrap_with_alpha_beta() -> np.ndarray:
    """As `bootstrap`, with an alpha/beta [Gy] of its own for each row; shape (row, 3)."""
    low, high = RANGE
    u = Streams(SEED).uniforms("bootstrap/alpha_beta", range(ROWS))
    alpha_beta = low + (high - low) * u
    at_published = np.median(_fits(np.full(ROWS, ALPHA_BETA)), axis=0)
    moved = _fits(alpha_beta) * (np.array(PUBLISHED) / at_published)
    return np.column_stack([moved, alpha_beta])


def _fits(alpha_beta: np.ndarray) -> np.ndarray:
    """D50 [Gy in 3 fractions] and gamma50 of each row's line, shape (row, 2)."""
    dose = np.stack(
        [
            lq.equivalent_dose(lq.bed(*lq.equal_fractions(total, n), alpha_beta), 3, alpha_beta)
            for total, n, _ in ANCHORS
        ],
        axis=1,
    )
    log_odds = special.logit(np.array([control for *_, control in ANCHORS]))
    streams = Streams(SEED)
    noise = np.stack(
        [
            special.ndtri(streams.uniforms(f"bootstrap/{anchor}", range(ROWS)))
            for anchor in range(len(ANCHORS))
        ],
        axis=1,
    )
    noisy = log_odds + NOISE * noise
    centered = dose - dose.mean(axis=1, keepdims=True)
    slope = (noisy * centered).sum(axis=1) / (centered**2).sum(axis=1)
    intercept = noisy.mean(axis=1) - slope * dose.mean(axis=1)
    return np.stack([-intercept / slope, -intercept / 4.0], axis=1)


def main() -> None:
    """Write both files, and print what they hold."""
    script, columns = "hytec_bootstrap.py", ["d50", "gamma50"]
    units = "Units: Gy in 3 fractions, 1"
    write_table("hytec-spine-2021", script, (*RESTS_ON, f"{units}."), columns, bootstrap())
    write_table(
        "hytec-spine-2021-alpha-beta",
        script,
        (*RESTS_ON, "ASSUMED: alpha/beta uniform from 3 to 7 Gy, fitted anew.", f"{units}, Gy."),
        [*columns, "alpha_beta"],
        bootstrap_with_alpha_beta(),
    )


if __name__ == "__main__":
    main()
