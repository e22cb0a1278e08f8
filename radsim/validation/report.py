"""The validation as a table, as a file, and as a figure."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from radsim.report.figures.style import RESOLUTION, new_figure, save_figures
from radsim.report.files.staging import put_in_place
from radsim.report.tables.csv_text import to_csv
from radsim.report.tables.ledger import PREDICTIVE, TABLES, tables_of
from radsim.report.text.console import NARROW, table_text
from radsim.validation.run import Row, Validation

TABLE, FIGURE = "validation.csv", "validation"
COLUMNS = (
    "id", "quantity", "experiment", "observed", "lower", "upper", "interval", "units",
    "simulated", "mc_standard_error", "verdict", "role", "sets", "figure", "about", "weak",
    "met_by", "of_rivals", "source", "explanation",
)  # fmt: skip
COLORS = {"met": "#0072B2", "undecided": "#E69F00", "missed": "#D55E00"}  # Okabe and Ito
ABOUT = {
    "patients": "outcomes of patients",
    "rules": "checks of dose rules and of the order of risks",
    "geometry": "checks of geometry",
    "mix": "checks of who is treated",
}


def save_validation(validation: Validation, folder: Path | str) -> list[str]:
    """Write the rows, the predicted series and the figure to a folder; returns their names."""
    folder = Path(folder)
    ((_, series),) = tables_of(validation.results["phase2"], [TABLES[PREDICTIVE]])
    made = {TABLE: rows_to_csv(validation.rows), PREDICTIVE: "".join(series)}
    with put_in_place(folder, folder / ".validation", last=TABLE) as work:
        for name, text in made.items():
            (work / name).write_text(text, encoding="utf-8")
        (figure,) = save_figures([(FIGURE, draw_forest(validation.rows))], work, RESOLUTION)
    return [*made, figure.name]


def rows_to_csv(rows: Sequence[Row]) -> str:
    """Write the rows as CSV, numbers as `repr` gives them."""
    return to_csv(COLUMNS, map(_cells, rows))


def _cells(row: Row) -> list[Any]:
    t = row.target
    return [
        t.id, t.quantity, t.experiment or "none", t.observed, t.lower, t.upper, t.interval,
        t.units, row.simulated, row.error, row.verdict, t.role, t.sets, t.figure or t.id, t.about,
        str(row.weak).lower(), " ".join(row.met_by), len(row.rivals), t.source, t.explanation,
    ]  # fmt: skip


def validation_text(rows: Sequence[Row]) -> str:
    """Print the rows and how many predictions are met."""
    cells, said = [], []
    for row in rows:
        t = row.target
        observed = f"{t.observed:.4g} ({t.lower:.3g} to {t.upper:.3g}, {t.interval}) {t.units}"
        simulated = f"{row.simulated:.3g} ({row.error:.2g})"
        cells.append([t.quantity, observed, simulated, row.verdict, t.role, t.source])
        if row.verdict != "met":
            why = t.explanation or "No explanation is known."
            said.append(f"{row.verdict}: {t.quantity}. {why}")
        elif row.weak:
            others = f"{len(row.met_by)} of {len(row.rivals)} other shipped models meet it, too"
            said.append(f"weak: {t.quantity}: {others}. {t.explanation}".rstrip())
    columns = ("target", "observed", "simulated (MC error)", "verdict", "role", "source")
    predictions, calibrations = (
        [row for row in rows if row.target.role == role] for role in ("prediction", "calibration")
    )
    kinds = (
        f"{what} {_met_of([row for row in predictions if row.target.about == about])}"
        for about, what in ABOUT.items()
    )
    strong = [r for r in predictions if r.target.about == "patients" and not r.weak]
    lines = [
        table_text(columns, cells, "Validation", **NARROW),
        "",
        f"predictions met: {_met_of(predictions)}; of these, {', '.join(kinds)}",
        f"outcomes of patients that no other shipped model meets, or missed: {_met_of(strong)}",
        f"calibrations met: {_met_of(calibrations)}",
        "Only predictions count: a calibration figure went into a preset. "
        "A figure counts once, and is met where every row beside it is.",
    ]
    return "\n".join([*lines, *said])


def _met_of(rows: Sequence[Row]) -> str:
    """Count the figures of which every row is met, and all of them."""
    figures: dict[str, bool] = {}
    for row in rows:
        figure = row.target.figure or row.target.id
        figures[figure] = figures.get(figure, True) and row.verdict == "met"
    return f"{sum(figures.values())} of {len(figures)}"


def draw_forest(rows: Sequence[Row]) -> Figure:
    """Draw each target's interval and the simulated figure, on a scale of the interval itself.

    The axis runs from the lower end (0) to the upper end (1) of each target's interval, so
    percentages, doses and ratios stand in one figure; a triangle at the edge lies further out.
    """
    figure = new_figure(10.0, 1.4 + 0.23 * len(rows))
    axis = figure.subplots()
    for height, row in enumerate(rows):
        t = row.target
        span, middle = (t.upper - t.lower) or 1.0, 0.5 * (t.upper == t.lower)
        observed, simulated = ((x - t.lower) / span + middle for x in (t.observed, row.simulated))
        axis.plot([0, 1], [height, height], color="0.7", linewidth=3, solid_capstyle="butt")
        axis.plot(observed, height, "|", color="black", markersize=9)
        further_out = not -0.9 <= simulated <= 1.9
        shape = "o" if not further_out else "<" if simulated < 0 else ">"
        reach = None if further_out else 1.96 * row.error / span
        axis.errorbar(
            min(max(simulated, -0.9), 1.9), height, xerr=reach, fmt=shape, markersize=5,
            color=COLORS[row.verdict], fillstyle="full" if t.role == "prediction" else "none",
        )  # fmt: skip
        axis.annotate(
            f"{row.simulated:.3g} against {t.observed:g} {t.units}",
            (1.0, height), xycoords=("axes fraction", "data"), xytext=(4, 0),
            textcoords="offset points", fontsize=6, va="center",
        )  # fmt: skip
    axis.set_yticks(range(len(rows)), [row.target.quantity for row in rows], fontsize=6)
    axis.set_ylim(len(rows) - 0.3, -0.7)
    axis.set_xlim(-1.0, 2.0)
    axis.set_xticks([0, 1], ["lower end", "upper end"])
    axis.grid(axis="x", alpha=0.3)
    axis.set_title("Simulated beside published results", fontsize=10)
    figure.supxlabel(
        "Gray: the target's interval, | the published figure. Circles: simulated with its 95 % "
        "Monte Carlo interval; filled predictions, open calibration; orange missed, yellow "
        "undecided.",
        fontsize=7, color="0.35",
    )  # fmt: skip
    return figure
