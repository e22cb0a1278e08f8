"""Derive the bootstrap tables of the cross-strategy presets: joint uncertainty of their lines.

Both presets are least-squares fits of logit TCP = b0 + b1 EQD2 to eleven published controls, their
anchors. Each row is the same fit after every anchor got normal noise on its log odds. For SC.24
the noise has the width of the published 95 % interval of the incidence (27.8-43.6 and 8.2-23.1 %);
for the others, which have none, it is 0.2, the assumption that the table of HyTEC's anchors makes.
Rows are moved so that their median is the preset's pair.

Run ``python benchmarks/cross_strategy_bootstrap.py`` to write the files again; they come out the
same.
"""

import csv
from pathlib import Path

import numpy as np
from scipy import special

from radsim.presets import load_preset
from radsim.radiobiology import lq
from radsim.randomness.streams import Streams

PRESETS = ("spine-cross-strategy", "spine-cross-strategy-crude")
NOISE = 0.2  # standard deviation of the log odds of an anchor without an interval
SC24 = {8: (0.278, 0.436), 9: (0.082, 0.231)}  # anchor: 95 % interval of the incidence of failure
Z95 = 1.96
ROWS = 2000
SEED = 2022
STEPS = 30  # of Gauss and Newton; the last ones change nothing
DIGITS = 5  # significant digits kept in the file
FOLDER = Path(__file__).parent.parent / "radsim" / "presets" / "bootstrap"


def bootstrap(name: str) -> np.ndarray:
    """Fit a preset's anchors again and again; intercept and slope [1, 1/Gy], shape (row, 2)."""
    preset = load_preset("tcp", name)
    published = np.array([preset.parameters[key].value for key in ("intercept", "slope")])
    ratio = preset.parameters["alpha_beta"].value
    dose = np.array(
        [lq.eqd2(dose=a.dose, fractions=a.fractions, alpha_beta=ratio) for a in preset.anchors]
    )
    spread = np.full(len(dose), NOISE)
    for anchor, interval in SC24.items():
        spread[anchor] = np.diff(special.logit(interval))[0] / (2.0 * Z95)
    streams = Streams(SEED)
    noise = np.stack(
        [
            special.ndtri(streams.uniforms(f"bootstrap/{anchor}", range(ROWS)))
            for anchor in range(len(dose))
        ],
        axis=1,
    )
    control = np.array([a.probability for a in preset.anchors])
    fits = _lines(dose, special.expit(special.logit(control) + spread * noise), published)
    return fits + (published - np.median(fits, axis=0))


def _lines(dose: np.ndarray, control: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Least squares of each row of controls, all rows at once."""
    fits = np.tile(start, (len(control), 1))
    design = np.stack([np.ones(len(dose)), dose])
    for _ in range(STEPS):
        p = special.expit(fits @ design)
        slopes = (p * (1.0 - p))[:, None, :] * design
        normal = np.einsum("rip,rjp->rij", slopes, slopes)
        gradient = np.einsum("rip,rp->ri", slopes, control - p)
        fits = fits + np.linalg.solve(normal, gradient[..., None])[..., 0]
    return fits


def main() -> None:
    """Write the files, and print what they hold."""
    for name in PRESETS:
        rows = bootstrap(name)
        with (FOLDER / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            file.write(
                f"# Derived by benchmarks/{Path(__file__).name}; units: 1, 1/Gy; an ASSUMED noise "
                "of 0.2 on the log odds of nine of eleven figures\n"
            )
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["intercept", "slope"])
            writer.writerows([[f"{value:.{DIGITS}g}" for value in row] for row in rows])
        low, middle, high = np.quantile(rows, [0.025, 0.5, 0.975], axis=0)
        print(name)
        for key, *quantiles in zip(("intercept", "slope"), low, middle, high, strict=True):
            print(f"  {key}", " ".join(f"{value:.4g}" for value in quantiles))
        print(f"  correlation {np.corrcoef(rows.T)[0, 1]:.3f}")


if __name__ == "__main__":
    main()
