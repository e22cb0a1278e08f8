"""Derive ``radsim/presets/bootstrap/hytec-spine-2021.csv``: joint uncertainty of D50 and slope.

HyTEC's curve is logistic in the 3-fraction equivalent dose, so the log odds of control are linear
in it, logit TCP = 4 gamma50 (D3 / D50 - 1). Each row is a least-squares line through the published
anchors after each got normal noise of 0.2 on its log odds. The noise is an assumption: it is about
the standard error of a control of 90 % seen in 280 lesions. HyTEC's own parameters are kept as
the center: rows are moved, on the log scale, so that their median is the published pair. All of
the anchors but the last are recalled, not read in the paper.

Run ``python benchmarks/hytec_bootstrap.py`` to write the file again; it comes out the same.
"""

import csv
from pathlib import Path

import numpy as np
from scipy import special

from radsim import lq
from radsim.rng import Streams

ALPHA_BETA = 6.0  # Gy
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
ROWS = 2000
SEED = 2021
DIGITS = 5  # significant digits kept in the file
FILE = Path(__file__).parent.parent / "radsim" / "presets" / "bootstrap" / "hytec-spine-2021.csv"


def bootstrap() -> np.ndarray:
    """Fit the anchors again and again; D50 [Gy in 3 fractions] and gamma50, shape (row, 2)."""
    dose = np.array(
        [
            lq.equivalent_dose(lq.bed(*lq.equal_fractions(total, n), ALPHA_BETA), 3, ALPHA_BETA)
            for total, n, _ in ANCHORS
        ]
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
    centered = dose - dose.mean()
    slope = (noisy * centered).sum(axis=1) / (centered**2).sum()
    intercept = noisy.mean(axis=1) - slope * dose.mean()
    fits = np.stack([-intercept / slope, -intercept / 4.0], axis=1)
    return fits * (np.array(PUBLISHED) / np.median(fits, axis=0))


def main() -> None:
    """Write the file, and print what it holds."""
    rows = bootstrap()
    with FILE.open("w", newline="", encoding="utf-8") as file:
        file.write(f"# Derived by benchmarks/{Path(__file__).name}; units: Gy in 3 fractions, 1\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["d50", "gamma50"])
        writer.writerows([[f"{value:.{DIGITS}g}" for value in row] for row in rows])
    low, middle, high = np.quantile(rows, [0.025, 0.5, 0.975], axis=0)
    correlation = np.corrcoef(rows.T)[0, 1]
    for name, *quantiles in zip(("d50", "gamma50"), low, middle, high, strict=True):
        print(name, " ".join(f"{value:.4g}" for value in quantiles))
    print(f"correlation {correlation:.3f}")


if __name__ == "__main__":
    main()
