"""The sections of an experiment file that make a design: sweep, uncertainty, sensitivity."""

import csv
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from radsim.designs import (
    NOMINAL,
    Axis,
    Design,
    SparseTable,
    Table,
    axis_name,
    flatten,
    label_of,
    spread_range,
)
from radsim.distributions import require
from radsim.joint_draws import (
    METHODS,
    BootstrapGroup,
    Factor,
    NormalGroup,
    Single,
    dimensions_of,
    draw_table,
    draw_uniforms,
    read_distribution,
    sobol_points,
)
from radsim.rng import Streams
from radsim.schema import nearest
from radsim.sobol import saltelli_uniforms
from radsim.variation import check_key

DESIGN_SECTIONS = ("sweep", "uncertainty", "sensitivity")
OWN_DIMENSIONS = (  # of a result; an axis of a sweep can't be called so
    "arm", "months", "time", "dose", "patient", "draw", "alternative", "factor", "end", "key",
    "control_model", "myelopathy_model", "ranked_arm", "source", "variant",
)  # fmt: skip
DRAWS, ALTERNATIVES, SALTELLI, TORNADO = "draw", "alternative", "saltelli", "tornado"
TORNADO_SHARES = (0.025, 0.975)  # quantiles at which one parameter at a time is set
ANALYSES = ("sobol", "one-at-a-time")
FEWEST_DRAWS = 2


@dataclass(frozen=True)
class Study:
    """A design, and what its rows mean.

    Attributes
    ----------
    design
        Every variant.
    factors
        Uncertain parameters that are drawn.
    screened
        Those of the sensitivity analysis.
    tornado
        Key and quantile of each one-at-a-time row.
    alternatives
        Key and label of each model that stands in for the file's own.
    """

    design: Design
    factors: tuple[Factor, ...] = ()
    screened: tuple[Factor, ...] = ()
    tornado: tuple[tuple[str, float], ...] = ()
    alternatives: tuple[tuple[str, str], ...] = ()


def read_study(
    sections: Mapping[str, Any], known: Mapping[str, Any], seed: int
) -> tuple[Study, list[str]]:
    """Read the design of an experiment file.

    Parameters
    ----------
    sections
        The file's tables ``sweep``, ``uncertainty`` and ``sensitivity``, where it has them.
    known
        The tables of the experiment with every preset spelled out.
    seed
        Of the experiment; fixes the draws of uncertain parameters.

    Returns
    -------
    tuple
        The design, and a line for each mistake.
    """
    reader = _Reader(known, Streams(seed))
    axes = reader.axes(_table(sections, "sweep", reader))
    uncertainty = _table(sections, "uncertainty", reader)
    factors = reader.factors("uncertainty", uncertainty, ("draws", "method", "groups", "models"))
    draws = reader.drawn(uncertainty, factors) if uncertainty else None
    entries, alternatives = reader.alternatives(uncertainty.get("models", {}))
    sensitivity = _table(sections, "sensitivity", reader)
    screened: tuple[Factor, ...] = ()
    if sensitivity:
        own = reader.factors("sensitivity", sensitivity, ("samples", "method", "keys", "groups"))
        screened = reader.screened(sensitivity, (*factors, *own))
    parts: dict[str, Table | SparseTable] = {NOMINAL: Table({}, rows=1)}
    if draws is not None:
        parts[DRAWS] = draws
    if entries:
        parts[ALTERNATIVES] = SparseTable(tuple(entries))
    tornado: list[tuple[str, float]] = []
    if screened:
        methods = reader.methods(sensitivity)
        if "sobol" in methods:
            parts[SALTELLI] = reader.saltelli(sensitivity, screened)
        if "one-at-a-time" in methods:
            rows, tornado = _one_at_a_time(screened)
            parts[TORNADO] = SparseTable(tuple(rows))
    study = Study(
        Design(tuple(axes), parts), factors, screened, tuple(tornado), tuple(alternatives)
    )
    return study, reader.mistakes


def _table(sections: Mapping[str, Any], name: str, reader: "_Reader") -> Mapping[str, Any]:
    section = sections.get(name)
    if section is None:
        return {}
    if not isinstance(section, Mapping):
        reader.mistakes.append(f"{name}: must be a table, got {section!r}")
        return {}
    if not section:
        reader.mistakes.append(f"{name}: is empty; name a key to vary, or leave the section out")
    return section


class _Reader:
    """Reads sections, notes mistakes, and remembers which section varies which key."""

    def __init__(self, known: Mapping[str, Any], streams: Streams) -> None:
        self.known = known
        self.streams = streams
        self.mistakes: list[str] = []
        self.varied: dict[str, str] = {}

    def attempt(self, where: str, step: Callable[..., Any], *arguments: Any) -> Any:
        """Run one step; if it finds a mistake, note it and give nothing."""
        try:
            return step(*arguments)
        except (ValueError, TypeError) as error:
            self.mistakes.append(f"{where}: {error}")
            return None

    def claim(self, section: str, key: str) -> None:
        """Take a key for a section, once."""
        self.attempt(f"{section}.{key}", check_key, key, self.known)
        for other, where in self.varied.items():
            if f"{other}.".startswith(f"{key}.") or f"{key}.".startswith(f"{other}."):
                self.mistakes.append(
                    f"{section}.{key}: {where} varies {other} already; leave one of them out"
                )
                break
        self.varied[key] = section

    def axes(self, section: Mapping[str, Any]) -> list[Axis]:
        """Read ``[sweep]``: an axis for each key, for keys that go together, for a list."""
        rest = dict(section)
        zipped = rest.pop("zipped", [])
        variants = rest.pop("variants", None)
        values = {
            key: listed
            for key, value in flatten(rest, ends=("kind", "from"))
            if (listed := self.attempt(f"sweep.{key}", _listed, value)) is not None
        }
        for key in values:
            self.claim("sweep", key)
        axes: list[Axis] = []
        together = self.attempt("sweep.zipped", _groups_of_keys, zipped, list(values)) or []
        first_of = {group[0]: group for group in together}
        follows = {key for group in together for key in group[1:]}
        for key, listed in values.items():
            if key not in follows:
                group = first_of.get(key, [key])
                table = self.attempt(
                    f"sweep.zipped ({', '.join(group)})", Table, {k: values[k] for k in group}
                )
                if table is not None:
                    labels = tuple(label_of(value) for value in listed)
                    axes.append(Axis(self._name(key, axes), table, labels))
        if variants is not None:
            axis = self.attempt("sweep.variants", self._listed_variants, variants)
            if axis is not None:
                axes.append(axis)
        return axes

    def _listed_variants(self, variants: Any) -> Axis:
        require(isinstance(variants, (list, tuple)), "must be a list of tables of key = value")
        require(len(variants) > 1, f"{len(variants)} variant is no sweep; list two or more")
        entries, labels = [], []
        for index, entry in enumerate(variants):
            require(
                isinstance(entry, Mapping) and len(entry) > 0,
                f"[{index}] must be a table of key = value, got {entry!r}",
            )
            flat = dict(flatten(entry, ends=("kind", "structure", "metric")))
            label = flat.pop("label", None)
            for key, value in flat.items():
                self.attempt(f"sweep.variants[{index}].{key}", _checked, value)
            entries.append(flat)
            labels.append(label or ", ".join(f"{k} = {label_of(v)}" for k, v in flat.items()))
        require(len(set(labels)) == len(labels), "two variants are alike; each must differ")
        table = SparseTable(tuple(entries))
        for key in table.columns:
            self.claim("sweep", key)
        return Axis("variant", table, tuple(labels))

    def _name(self, key: str, axes: list[Axis]) -> str:
        return axis_name(key, [*OWN_DIMENSIONS, *(axis.name for axis in axes)])

    def factors(
        self, section: str, settings: Mapping[str, Any], reserved: tuple[str, ...]
    ) -> tuple[Factor, ...]:
        """Read uncertain parameters: single keys with a distribution, and groups."""
        found: list[Factor] = []
        rest = {key: value for key, value in settings.items() if key not in reserved}
        for key, value in flatten(rest):
            self.claim(section, key)
            distribution = self.attempt(f"{section}.{key}", read_distribution, value)
            if distribution is not None:
                found.append(Single(key, distribution))
        groups = settings.get("groups", [])
        if not isinstance(groups, (list, tuple)):
            self.mistakes.append(f"{section}.groups: must be a list of tables, got {groups!r}")
            groups = []
        for index, group in enumerate(groups):
            where = f"{section}.groups[{index}]"
            read = self.attempt(where, _group, group, self.streams.seed)
            if read is not None:
                for key in read.keys:
                    self.claim(section, key)
                found.append(read)
        return tuple(found)

    def drawn(self, settings: Mapping[str, Any], factors: tuple[Factor, ...]) -> Table | None:
        """Draw the uncertain parameters jointly."""
        if not factors:
            if "models" not in settings and not self.mistakes:
                self.mistakes.append("uncertainty: no key has a distribution")
            return None
        draws = self.attempt("uncertainty.draws", _count, settings.get("draws", 500), FEWEST_DRAWS)
        method = settings.get("method", "latin-hypercube")
        if method not in METHODS:
            self.mistakes.append(f"uncertainty.method: no {method!r}; known: {', '.join(METHODS)}")
            return None
        if draws is None:
            return None
        return draw_table(factors, draw_uniforms(factors, draws, method, self.streams))

    def alternatives(self, models: Any) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
        """Read ``[uncertainty.models]``: what may stand in for a key, one at a time."""
        entries: list[dict[str, Any]] = []
        labels: list[tuple[str, str]] = []
        if not isinstance(models, Mapping):
            self.mistakes.append(f"uncertainty.models: must be a table, got {models!r}")
            return entries, labels
        for key, value in flatten(models):
            where = f"uncertainty.models.{key}"
            self.attempt(where, check_key, key, self.known)
            if key in self.varied:
                self.mistakes.append(
                    f"{where}: {self.varied[key]} varies it already; leave one of them out"
                )
            for entry in self.attempt(where, _listed, value, 1) or ():
                entries.append({key: entry})
                labels.append((key, str(label_of(entry))))
        return entries, labels

    def screened(
        self, settings: Mapping[str, Any], factors: tuple[Factor, ...]
    ) -> tuple[Factor, ...]:
        """Choose the factors of the sensitivity analysis: all, or those of the listed keys."""
        if not factors:
            self.mistakes.append(
                "sensitivity: no key has a distribution; give some here or in [uncertainty]"
            )
            return ()
        wanted = settings.get("keys")
        if wanted is None:
            return factors
        if not isinstance(wanted, (list, tuple)) or not wanted:
            self.mistakes.append(f"sensitivity.keys: must be a list of keys, got {wanted!r}")
            return ()
        known = [key for factor in factors for key in factor.keys]
        for key in wanted:
            if key not in known:
                self.mistakes.append(
                    f"sensitivity.keys: {key!r} has no distribution; {nearest(str(key), known)}"
                )
        return tuple(factor for factor in factors if set(factor.keys) & set(wanted))

    def methods(self, settings: Mapping[str, Any]) -> tuple[str, ...]:
        """Which analyses are wanted, both unless one is named."""
        method = settings.get("method")
        if method is None:
            return ANALYSES
        if method not in ANALYSES:
            self.mistakes.append(f"sensitivity.method: no {method!r}; known: {', '.join(ANALYSES)}")
        return (method,)

    def saltelli(self, settings: Mapping[str, Any], factors: tuple[Factor, ...]) -> Table:
        """Draw the rows of a Saltelli design."""
        samples = settings.get("samples", 256)
        if not isinstance(samples, int) or samples < 2 or samples & (samples - 1):
            self.mistakes.append(
                f"sensitivity.samples: must be a power of two, such as 256, got {samples!r}"
            )
            samples = 2
        sizes = tuple(factor.dimensions for factor in factors)
        points = sobol_points(
            2 * dimensions_of(factors), samples, self.streams.seed, "design/saltelli"
        )
        return draw_table(factors, saltelli_uniforms(points, sizes))


def _checked(value: Any) -> Any:
    """Check that a value can be set: nothing that is not finite."""
    if isinstance(value, float):
        require(math.isfinite(value), f"must hold finite numbers, got {value}")
    if isinstance(value, Mapping):
        for below in value.values():
            _checked(below)
    if isinstance(value, (list, tuple)):
        for below in value:
            _checked(below)
    return value


def _listed(value: Any, fewest: int = 2) -> tuple[Any, ...]:
    """Values of a key, from a list or a range."""
    if isinstance(value, Mapping):
        require("from" in value or "to" in value, "must be a list or a range, such as [3, 6, 10]")
        listed = spread_range(value)
    else:
        require(
            isinstance(value, (list, tuple)), f"must be a list of values or a range, got {value!r}"
        )
        listed = tuple(_checked(entry) for entry in value)
    require(len(listed) > 0, "must not be empty")
    if len(listed) < fewest:
        raise ValueError(
            f"one value is no sweep; set the key to {label_of(listed[0])} in its section instead"
        )
    labels = [label_of(entry) for entry in listed]
    for index, label in enumerate(labels):
        require(label not in labels[:index], f"holds {label} twice")
    numbers = [isinstance(label, float) for label in labels]
    require(all(numbers) or not any(numbers), "must be all numbers or none")
    return listed


def _groups_of_keys(zipped: Any, keys: list[str]) -> list[list[str]]:
    """Keys that go together: ``true`` for all, or a list of lists."""
    if zipped is True:
        require(len(keys) > 1, "needs two keys or more")
        return [keys]
    if zipped is False:
        return []
    require(
        isinstance(zipped, (list, tuple)) and all(isinstance(g, (list, tuple)) for g in zipped),
        f"must be true or lists of keys, such as [[\"a\", \"b\"]], got {zipped!r}",
    )
    seen: set[str] = set()
    groups = []
    for group in zipped:
        require(len(group) > 1, f"needs two keys or more, got {list(group)}")
        for key in group:
            require(key in keys, f"{key!r} is not swept; {nearest(str(key), keys)}")
            require(key not in seen, f"{key!r} stands in it twice")
            seen.add(key)
        groups.append(sorted(group, key=keys.index))
    return groups


def _count(value: Any, fewest: int) -> int:
    whole = isinstance(value, int) and not isinstance(value, bool)
    require(whole and value >= fewest, f"must be a whole number, {fewest} or more, got {value!r}")
    return int(value)


def _group(settings: Any, seed: int) -> Factor:
    """Read a correlated group, by covariance or by a bootstrap table."""
    require(isinstance(settings, Mapping), f"must be a table, got {settings!r}")
    keys = settings.get("keys")
    require(
        isinstance(keys, (list, tuple)) and len(keys) > 1 and all(isinstance(k, str) for k in keys),
        f"needs keys, a list of two or more, got {keys!r}",
    )
    require(len(set(keys)) == len(keys), "names a key twice")
    name = settings.get("name", " + ".join(keys))
    known = {"keys", "name", "center", "covariance", "log", "table", "columns", "rows"}
    for key in settings:
        require(key in known, f"unknown key {key}; {nearest(key, sorted(known))}")
    if "covariance" in settings:
        require("center" in settings, "needs center beside covariance")
        center = tuple(float(value) for value in settings["center"])
        covariance = tuple(tuple(float(v) for v in row) for row in settings["covariance"])
        require(
            len(covariance) == len(keys) and all(len(row) == len(keys) for row in covariance),
            f"covariance must be {len(keys)} by {len(keys)}",
        )
        return NormalGroup(
            keys=tuple(keys), center=center, covariance=covariance,
            log=bool(settings.get("log", False)), name=name,
        )  # fmt: skip
    require("rows" in settings, "needs covariance, or table with the rows of a bootstrap")
    rows = settings["rows"]
    return BootstrapGroup(keys=tuple(keys), columns=tuple(tuple(c) for c in rows), name=name)


def read_in_tables(settings: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Put the numbers of bootstrap tables in the place of their names.

    ``table`` is the path of a CSV beside the experiment file, or the name of one that radsim
    ships; ``columns`` names its column for each key, otherwise the last part of the key.

    Raises
    ------
    ValueError
        If there is no such file or column, or a cell is no number.
    """
    changed = dict(settings)
    for section in ("uncertainty", "sensitivity"):
        table = changed.get(section)
        groups = table.get("groups") if isinstance(table, Mapping) else None
        if isinstance(groups, (list, tuple)):
            read = [
                _with_rows(group, folder, f"{section}.groups[{index}]")
                for index, group in enumerate(groups)
            ]
            changed[section] = {**table, "groups": read}
    return changed


def _with_rows(group: Any, folder: Path, where: str) -> Any:
    if not isinstance(group, Mapping) or "table" not in group or "rows" in group:
        return group
    keys = group.get("keys", [])
    names = group.get("columns", [str(key).rpartition(".")[2] for key in keys])
    if not isinstance(names, (list, tuple)) or len(names) != len(keys):
        raise ValueError(f"{where}.columns: must name a column for each key, got {names!r}")
    try:
        lines = _open_table(str(group["table"]), folder).splitlines()
        rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
        columns = [[float(row[name]) for row in rows] for name in names]
    except KeyError as error:
        raise ValueError(f"{where}.table: has no column {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{where}.table: can't read {group['table']}: {error}") from None
    except (ValueError, TypeError) as error:
        raise ValueError(f"{where}.table: {error}") from None
    return {**group, "rows": columns}


def _open_table(name: str, folder: Path) -> str:
    shipped = resources.files("radsim.presets") / "bootstrap"
    names = sorted(f.name[: -len(".csv")] for f in shipped.iterdir() if f.name.endswith(".csv"))
    if name in names:
        return (shipped / f"{name}.csv").read_text(encoding="utf-8")
    path = folder / name
    require(path.is_file(), f"no table {name!r}; a CSV file beside this one, or: {', '.join(names)}")
    return path.read_text(encoding="utf-8-sig")


def _one_at_a_time(
    factors: tuple[Factor, ...],
) -> tuple[list[dict[str, Any]], list[tuple[str, float]]]:
    rows: list[dict[str, Any]] = []
    ends: list[tuple[str, float]] = []
    for factor in factors:
        for share in TORNADO_SHARES:
            for key, entry in zip(factor.keys, factor.ends(share), strict=True):
                rows.append(entry)
                ends.append((key, share))
    return rows, ends

