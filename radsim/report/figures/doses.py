"""Figures of dose: DVH bands, coverage against cord dose, planned against delivered."""

import numpy as np
import xarray as xr
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from radsim.report.figures.style import COLORS, finish, new_figure
from radsim.report.view import View
from radsim.vocabulary.structures import structure_named

DELIVERED = {
    "gtv_d98": "GTV D98",
    "ptv_d90": "PTV_Eval D90",
    "spinal_cord_d003cc": "Spinal cord D0.03cc",
}
FEW = 400  # points of a scatter that can still be told apart


def plot_dvh_bands(result: xr.Dataset) -> Figure | None:
    """Dose-volume histograms by arm and structure: median, middle half and 90 % of the patients."""
    if "dvh_planned" not in result:
        return None
    arms = View(result).arms
    bands = result["dvh_planned"]
    shown = map(str, bands["structure"].values)
    structures = [s for s in shown if bands.sel(structure=s).notnull().any()]
    figure = new_figure(3.0 * len(arms) + 0.6, 1.9 * len(structures) + 0.9)
    axes = figure.subplots(len(structures), len(arms), sharex="col", sharey=True, squeeze=False)
    volume = result["volume"].values
    for column, (arm, name) in enumerate(arms.items()):
        color = COLORS[column % len(COLORS)]
        for axis, structure in zip(axes[:, column], structures, strict=True):
            planned, delivered, single = (
                result[f"dvh_{which}"].sel(arm=arm, structure=structure).values
                for which in ("planned", "delivered", "single")
            )
            for low, high, alpha in ((0, 4, 0.15), (1, 3, 0.3)):
                band = (volume, planned[low], planned[high])
                axis.fill_betweenx(*band, color=color, alpha=alpha, linewidth=0)
            for dose in single:
                axis.plot(dose, volume, color="0.5", linewidth=0.5)
            axis.plot(planned[2], volume, color=color, label="planned")
            axis.plot(delivered[2], volume, "--", color="black", linewidth=1, label="delivered")
            axis.set_xlim(left=0)
            axis.set_ylim(0, 1)
            axis.grid(alpha=0.3)
            axis.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes[0, column].set_title(name, fontsize=10)
        axes[-1, column].set_xlabel("Course dose [Gy]")
    for axis, structure in zip(axes[:, 0], structures, strict=True):
        axis.set_ylabel(f"{structure_named(structure).label}\nvolume", fontsize=9)
    axes[0, 0].legend(fontsize=7, frameon=False, loc="lower left")
    note = (
        "Bands: 50 and 90 % of the first patients of the cohort, planned; lines: their medians. "
        "Thin gray: single plans."
    )
    return finish(figure, "Dose-volume histograms", result, note)


def plot_coverage(result: xr.Dataset) -> Figure | None:
    """Coverage of the GTV against the dose of the neural structure, by distance."""
    across, up = "sample_cord_prv_d003cc_planned", "sample_gtv_d98_planned"
    if across not in result or up not in result:
        return None
    arms = View(result).arms
    figure = new_figure(3.3 * len(arms) + 1.0, 3.9)
    axes = figure.subplots(1, len(arms), squeeze=False)[0]
    for axis, (arm, name) in zip(axes, arms.items(), strict=True):
        some = result.sel(arm=arm).isel(sample=slice(FEW))
        points: PathCollection = axis.scatter(
            some[across], some[up], c=some["sample_gtv_distance"], cmap="viridis", vmin=0, vmax=8,
            s=9,
        )  # fmt: skip
        axis.set_title(name, fontsize=10)
        axis.set_xlabel("Cord PRV D0.03cc [Gy]")
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("GTV D98 [Gy]")
    figure.colorbar(points, ax=list(axes), label="GTV to neural structure [mm]", extend="max")
    note = "Planned doses of patients with a cord at the treated level. Scales differ."
    return finish(figure, "Coverage against cord dose", result, note)


def plot_delivery(result: xr.Dataset) -> Figure | None:
    """Delivered against planned dose."""
    doses = {
        title: [result[f"sample_{name}_{when}"] for when in ("planned", "delivered")]
        for name, title in DELIVERED.items()
        if f"sample_{name}_planned" in result and f"sample_{name}_delivered" in result
    }
    if not doses:
        return None
    figure = new_figure(3.9 * len(doses) + 0.4, 4.1)
    axes, arms = figure.subplots(1, len(doses), squeeze=False)[0], View(result).arms
    for axis, (title, pair) in zip(axes, doses.items(), strict=True):
        highest = 0.0
        for row, (arm, name) in enumerate(arms.items()):
            both = [dose.sel(arm=arm).values[:FEW] for dose in pair]
            axis.plot(*both, ".", ms=3, color=COLORS[row % len(COLORS)], label=name)
            highest = max(highest, float(np.nanmax([0.0, *np.concatenate(both)])))
        axis.plot([0, 1.05 * highest], [0, 1.05 * highest], color="0.6", linewidth=0.8, zorder=0)
        axis.set_xlabel(f"{title}, planned [Gy]")
        axis.set_ylabel("Delivered [Gy]")
        if highest > 0.0:  # where no sampled patient has the structure there is nothing to scale
            axis.set_xlim(0, 1.05 * highest)
            axis.set_ylim(0, 1.05 * highest)
        axis.set_aspect("equal")
        axis.grid(alpha=0.3)
    axes[0].legend(fontsize=8, frameon=False, markerscale=3)
    return finish(figure, "Planned against delivered dose", result, "One point a patient and arm.")
