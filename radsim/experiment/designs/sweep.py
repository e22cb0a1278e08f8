"""The [sweep] section: keys over listed values."""

from typing import Any

from radsim.experiment.designs.keys import label_of
from radsim.experiment.designs.ranges import repeated
from radsim.experiment.designs.tables import Table
from radsim.vocabulary.mistakes import require

OWN_DIMENSIONS = (  # of a result; an axis of a sweep can't be called so
    "arm", "months", "time", "dose", "patient", "draw", "alternative", "factor", "end", "key",
    "control_model", "myelopathy_model", "ranked_arm", "source", "variant",
)  # fmt: skip
SWEEP_KEYS = ("zipped", "variants")


def labels_of(table: Table) -> tuple[Any, ...]:
    """Label each row: by its first key alone where that tells all of them apart."""
    rows = [tuple(label_of(v) for v in table.row(i).values()) for i in range(len(table))]
    twice = repeated(rows)
    require(twice is None, f"hold {', '.join(map(str, twice or ()))} twice")
    first = tuple(row[0] for row in rows)
    if repeated(first) is None:
        return first
    return tuple(", ".join(f"{v:g}" if isinstance(v, float) else v for v in row) for row in rows)
