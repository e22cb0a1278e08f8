"""Write the tables of joint parameter draws that radsim ships, and say what they hold."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent.parent / "radsim" / "presets" / "bootstrap"
ROWS = 2000
DIGITS = 5  # significant digits kept in a file


def write_table(
    name: str, script: str, comments: Sequence[str], columns: Sequence[str], rows: np.ndarray
) -> None:
    """Write rows, shape (row, column), under lines that say what they rest on."""
    with (FOLDER / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
        file.writelines(f"# {line}\n" for line in (f"Derived by benchmarks/{script}.", *comments))
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([[f"{value:.{DIGITS}g}" for value in row] for row in rows])
    print(name)
    for column, values in zip(columns, rows.T, strict=True):
        quantiles = np.quantile(values, [0.025, 0.5, 0.975])
        print(f"  {column}:", " ".join(f"{value:.4g}" for value in quantiles))
    print("  correlations of the logarithms")
    for line in np.corrcoef(np.log(rows.T)).round(2).tolist():
        print("   ", *(f"{value:5.2f}" for value in line))
