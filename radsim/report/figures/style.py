"""What every figure shares: colors, sizes, titles."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

# Okabe and Ito's palette, which color-blind readers can tell apart
RESOLUTION = 150  # dots per inch
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
MARKERS = ("o", "s", "D", "^", "v", "P", "X", "*")
Size = tuple[float, float]
LINES = ("-", "--", ":", "-.")  # so that curves that coincide are still seen to


class PlainTextFigure(Figure):
    """A figure whose texts are drawn as they are: a ``$`` in a name begins no formula."""

    def draw(self, renderer: Any) -> None:
        """Draw it, every text without mathematics."""
        for text in self.findobj(Text):
            text.set_parse_math(False)
        super().draw(renderer)


def new_figure(width: float, height: float) -> Figure:
    """Make an empty figure [inches]; without pyplot, so that nothing is shared or shown."""
    return PlainTextFigure(figsize=(width, height), layout="constrained")


def finish(figure: Figure, title: str, result: xr.Dataset, note: str) -> Figure:
    """Write the title, with what was run, and a note below."""
    patients = int(result.attrs["patients"])
    figure.suptitle(f"{title}: {result.attrs['title']}, {patients:,} patients", fontsize=11)
    figure.supxlabel(note, fontsize=7, color="0.35")
    return figure


def save_figures(
    figures: Iterable[tuple[str, Figure]], folder: Path | str, resolution: int
) -> list[Path]:
    """Write figures by name, without what would tell one run from another; returns their paths."""
    paths = []
    for name, figure in figures:
        paths.append(Path(folder) / f"{name}.png")
        figure.savefig(paths[-1], dpi=resolution, metadata={"Software": None})
    return paths


def percent(value: float) -> str:
    """Write a share in per cent, with more digits where it is small.

    Examples
    --------
    >>> percent(0.957), percent(0.0019)
    ('95.7 %', '0.19 %')
    """
    return f"{100 * value:.1f} %" if value >= 0.01 else f"{100 * value:.2f} %"


def capital(text: str) -> str:
    """Begin a title with a capital letter."""
    return text[:1].upper() + text[1:]


def layout(count: int, most: int) -> tuple[int, int]:
    """Rows and columns of so many panels, at most so many in a row, rows as full as can be.

    Examples
    --------
    >>> layout(6, most=5), layout(3, most=5)
    ((2, 3), (1, 3))
    """
    rows = -(-count // most)
    return rows, -(-count // rows)


def panels_of(
    count: int, most: int, size: Size, margin: Size = (0.0, 0.0), **shared: Any
) -> tuple[Figure, list[Axes], list[Axes]]:
    """Make a figure of panels as `layout` says: itself, the first panel of each row, all panels.

    Sizes are of each panel, and of what stands around all of them [inches].
    """
    down, across = layout(count, most)
    figure = new_figure(size[0] * across + margin[0], size[1] * down + margin[1])
    rows = figure.subplots(down, across, squeeze=False, **shared)
    for spare in rows.ravel()[count:]:
        spare.set_axis_off()
    return figure, list(rows[:, 0]), list(rows.ravel()[:count])
