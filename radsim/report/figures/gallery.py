"""Figures of a design: which there are, and where they are stored."""

from collections.abc import Iterator
from pathlib import Path

import xarray as xr
from matplotlib.figure import Figure

from radsim.report.figures.dose_response import plot_dose_response
from radsim.report.figures.doses import plot_coverage, plot_delivery, plot_dvh_bands
from radsim.report.figures.incidence import plot_cumulative_incidence
from radsim.report.figures.outcomes import plot_outcomes, plot_therapeutic_plane
from radsim.report.figures.panels import compared_arms, swept_axes
from radsim.report.figures.sensitivity import plot_sobol, plot_tornado
from radsim.report.figures.style import RESOLUTION
from radsim.report.figures.sweep_lines import plot_lines
from radsim.report.figures.sweep_maps import plot_map, plot_multiples
from radsim.report.figures.uncertainty import plot_uncertainty
from radsim.report.tables.points import is_design

PRINT_RESOLUTION = 300  # dots per inch


def draw_design_figures(result: xr.Dataset, folder: Path) -> list[Path]:
    """Draw every figure that a design has the data for; returns their paths."""
    drawn = []
    for name, figure in _figures(result):
        path = folder / f"{name}.png"
        figure.savefig(path, dpi=PRINT_RESOLUTION, metadata={"Software": None})
        drawn.append(path)
    return drawn


def _figures(result: xr.Dataset) -> Iterator[tuple[str, Figure]]:
    axes = swept_axes(result)
    mapped = compared_arms(result) or [str(arm) for arm in result["arm"].values]
    if axes:
        yield "sweep", plot_lines(result)
    if len(axes) >= 2:
        for arm in mapped:
            yield f"map_{arm}", plot_map(result, arm)
    if len(axes) >= 3:
        for arm in mapped:
            yield f"multiples_{arm}", plot_multiples(result, arm)
    if "source" in result.sizes:
        yield "uncertainty", plot_uncertainty(result)
    if "factor" in result.sizes and any(str(n).endswith("_total") for n in result.data_vars):
        yield "sobol", plot_sobol(result)
    if "key" in result.sizes:
        yield "tornado", plot_tornado(result)


def draw_figures(result: xr.Dataset, folder: Path) -> list[Path]:
    """Draw every figure that a result has the data for; returns their paths."""
    if is_design(result):
        return draw_design_figures(result, folder)
    drawn = []
    for name, figure in (
        ("outcomes", plot_outcomes(result)),
        ("therapeutic_plane", plot_therapeutic_plane(result)),
        ("cumulative_incidence", plot_cumulative_incidence(result)),
        ("dose_response", plot_dose_response(result)),
        ("dvh_bands", plot_dvh_bands(result)),
        ("coverage", plot_coverage(result)),
        ("planned_delivered", plot_delivery(result)),
    ):
        if figure is not None:
            path = folder / f"{name}.png"
            figure.savefig(path, dpi=RESOLUTION, metadata={"Software": None})
            drawn.append(path)
    return drawn
