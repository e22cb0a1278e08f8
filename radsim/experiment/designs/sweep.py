"""The [sweep] section: keys over listed values."""

from collections.abc import Mapping
from typing import Any

from radsim.experiment.designs.keys import axis_name, flatten, label_of
from radsim.experiment.designs.ranges import check_value, keys_together, listed_values, repeated
from radsim.experiment.designs.reader import Reader
from radsim.experiment.designs.tables import Axis, SparseTable, Table
from radsim.vocabulary.endpoints import SHIPPED
from radsim.vocabulary.mistakes import require

OWN_DIMENSIONS = (  # of a result; an axis of a sweep can't be called so
    "arm", "months", "time", "dose", "patient", "draw", "alternative", "factor", "end", "key",
    "ranked_arm", "source", "variant", *(endpoint.model_dim for endpoint in SHIPPED),
)  # fmt: skip
SWEEP_KEYS = ("zipped", "variants")


def read_axes(reader: Reader, section: Mapping[str, Any]) -> list[Axis]:
    """Read ``[sweep]``: an axis for each key, for keys that go together, for a list."""
    rest = dict(section)
    zipped = rest.pop("zipped", [])
    variants = rest.pop("variants", None)
    written = {
        key: value
        for key, value in flatten(rest, ends=("kind", "from"))
        if not reader.mistyped("sweep", key, value, SWEEP_KEYS)
    }
    together = reader.attempt("sweep.zipped", keys_together, zipped, list(written)) or []
    tied = {key for group in together for key in group}
    values = {
        key: listed
        for key, value in written.items()
        if (listed := reader.attempt(f"sweep.{key}", listed_values, value, 2, key in tied))
        is not None
    }
    for key in values:
        reader.claim("sweep", key)
    together = [group for group in together if values.keys() >= set(group)]
    axes: list[Axis] = []
    first_of = {group[0]: group for group in together}
    follows = {key for group in together for key in group[1:]}
    for key in values:
        if key not in follows:
            group = first_of.get(key, [key])
            where = f"sweep.zipped ({', '.join(group)})"
            table = reader.attempt(where, Table, {k: values[k] for k in group})
            labels = table and reader.attempt(where, _labels_of, table)
            if labels:
                axes.append(Axis(_name(reader, key, axes), table, labels))
    if variants is not None:
        axis = reader.attempt("sweep.variants", _listed_variants, reader, variants)
        if axis is not None:
            axes.append(axis)
    return axes


def _listed_variants(reader: Reader, variants: Any) -> Axis:
    require(isinstance(variants, (list, tuple)), "must be a list of tables of key = value")
    require(len(variants) > 1, f"{len(variants)} variant is no sweep; list two or more")
    entries, labels = [], []
    for index, entry in enumerate(variants):
        require(
            isinstance(entry, Mapping) and len(entry) > 0,
            f"[{index}] must be a table of key = value, got {entry!r}",
        )
        flat = dict(flatten(entry, ends=("kind", "structure", "metric")))
        label = flat.pop("label", "")
        require(isinstance(label, str), f"[{index}].label must be text, got {label!r}")
        for key, value in flat.items():
            reader.attempt(f"sweep.variants[{index}].{key}", check_value, value)
        entries.append(flat)
        labels.append(label or ", ".join(f"{k} = {label_of(v)}" for k, v in flat.items()))
    require(len(set(labels)) == len(labels), "two variants are alike; each must differ")
    table = SparseTable(tuple(entries))
    for key in table.columns:
        reader.claim("sweep", key)
    return Axis("variant", table, tuple(labels))


def _name(reader: Reader, key: str, axes: list[Axis]) -> str:
    models = [f"{endpoint}_model" for endpoint in reader.known.get("ntcp", ())]
    return axis_name(key, [*OWN_DIMENSIONS, *models, *(axis.name for axis in axes)])


def _labels_of(table: Table) -> tuple[Any, ...]:
    """Label each row: by its first key alone where that tells all of them apart."""
    rows = [tuple(label_of(v) for v in table.row(i).values()) for i in range(len(table))]
    twice = repeated(rows)
    require(twice is None, f"hold {', '.join(map(str, twice or ()))} twice")
    first = tuple(row[0] for row in rows)
    if repeated(first) is None:
        return first
    return tuple(", ".join(f"{v:g}" if isinstance(v, float) else v for v in row) for row in rows)
