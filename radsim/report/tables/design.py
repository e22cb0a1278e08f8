"""The table of a design itself: a row for each variant, a column for each key."""

from collections.abc import Iterator

from radsim.experiment.designs.keys import label_of
from radsim.experiment.model import Experiment
from radsim.report.tables.csv_text import csv_line

DESIGN = "design.csv"


def design_text(experiment: Experiment) -> Iterator[str]:
    """Write it, with the part of the design that each variant belongs to."""
    design = experiment.study.design
    keys = design.keys
    yield csv_line(["variant", "part", *keys])
    names = [name for name, part in design.parts.items() for _ in range(len(part))]
    for index in range(len(design)):
        changes = design.variant(index)
        cells = [label_of(changes[key]) if key in changes else "" for key in keys]
        yield csv_line([index, names[index % design.inner], *cells])
