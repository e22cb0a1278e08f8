"""Every figure of a result: its name, what draws it, and which results have it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import xarray as xr
from matplotlib.figure import Figure

from radsim.report.figures.dose_response import plot_dose_response
from radsim.report.figures.doses import plot_coverage, plot_delivery, plot_dvh_bands
from radsim.report.figures.incidence import plot_cumulative_incidence
from radsim.report.figures.outcomes import plot_outcomes, plot_therapeutic_plane
from radsim.report.figures.sensitivity import plot_sobol, plot_tornado
from radsim.report.figures.style import RESOLUTION, save_figures
from radsim.report.figures.subgroups import plot_subgroups
from radsim.report.figures.sweep_lines import plot_lines
from radsim.report.figures.sweep_maps import plot_map, plot_multiples
from radsim.report.figures.uncertainty import plot_uncertainty
from radsim.report.view import View
from radsim.results.groups import PATIENTS
from radsim.results.reading import has_role
from radsim.results.result import is_design

PRINT_RESOLUTION = 300  # dots per inch


@dataclass(frozen=True)
class Entry:
    """A figure of a result, of designs or of plain runs.

    Drawn from a result, and an arm where there is a figure for each arm that is compared; ``draw``
    gives nothing where the result has no data for it. The result must have so many swept axes,
    and variables of the role.
    """

    name: str
    draw: Callable[..., Figure | None]
    axes: int = 0
    role: str = ""
    of_designs: bool | None = None  # or of both
    by_arm: bool = False

    def figures(self, result: xr.Dataset) -> Iterator[tuple[str, Figure]]:
        """Draw it, or nothing where a result has no data for it."""
        view = View(result)
        if self.of_designs not in (None, is_design(result)) or len(view.axes) < self.axes:
            return
        if self.role and not has_role(result, self.role):
            return
        for arm in (view.compared or view.arms) if self.by_arm else [None]:
            figure = self.draw(result) if arm is None else self.draw(result, arm)
            if figure is not None:
                yield self.name if arm is None else f"{self.name}_{arm}", figure


GALLERY = (
    Entry("outcomes", plot_outcomes, of_designs=False),
    Entry("subgroups", plot_subgroups, role=PATIENTS),
    Entry("therapeutic_plane", plot_therapeutic_plane, of_designs=False),
    Entry("cumulative_incidence", plot_cumulative_incidence, of_designs=False),
    Entry("dose_response", plot_dose_response, of_designs=False),
    Entry("dvh_bands", plot_dvh_bands, of_designs=False),
    Entry("coverage", plot_coverage, of_designs=False),
    Entry("planned_delivered", plot_delivery, of_designs=False),
    Entry("sweep", plot_lines, axes=1),
    Entry("map", plot_map, axes=2, by_arm=True),
    Entry("multiples", plot_multiples, axes=3, by_arm=True),
    Entry("uncertainty", plot_uncertainty, role="uncertainty"),
    Entry("sobol", plot_sobol, role="total"),
    Entry("tornado", plot_tornado, role="tornado"),
)


def draw_figures(result: xr.Dataset, folder: Path | str) -> list[Path]:
    """Draw every figure that a result has the data for; returns their paths."""
    resolution = PRINT_RESOLUTION if is_design(result) else RESOLUTION
    figures = (named for entry in GALLERY for named in entry.figures(result))
    return save_figures(figures, folder, resolution)
