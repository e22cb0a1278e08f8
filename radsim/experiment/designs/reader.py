"""The sections of an experiment file that make a design: sweep, uncertainty, sensitivity."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from radsim.experiment.designs.draws import (
    METHODS,
    Factor,
    Single,
    dimensions_of,
    draw_table,
    draw_uniforms,
    read_distribution,
    sobol_points,
)
from radsim.experiment.designs.groups import read_group
from radsim.experiment.designs.keys import (
    FIXED,
    MODEL_LISTS,
    SECTIONS,
    SPEED,
    axis_name,
    check_key,
    flatten,
    known_keys,
    label_of,
)
from radsim.experiment.designs.parts import MOST_DRAWS
from radsim.experiment.designs.ranges import check_value, keys_together, listed_values
from radsim.experiment.designs.saltelli import saltelli_uniforms
from radsim.experiment.designs.sensitivity import ANALYSES, FEWEST_SAMPLES
from radsim.experiment.designs.sweep import OWN_DIMENSIONS, SWEEP_KEYS, labels_of
from radsim.experiment.designs.tables import Axis, SparseTable, Table
from radsim.experiment.designs.uncertainty import PUBLISHED, count_of, published_ratios
from radsim.randomness.streams import Streams
from radsim.sums.sobol_indices import SCRAMBLES
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.words import nearest

NAMED = (*SECTIONS, *FIXED, *SPEED, *MODEL_LISTS)  # what is not varied, with a reason


class Reader:
    """Reads sections, notes mistakes, and remembers which section varies which key."""

    def __init__(self, known: Mapping[str, Any], streams: Streams) -> None:
        self.known = known
        self.streams = streams
        self.keys = known_keys(known)
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
        self.attempt(f"{section}.{key}", self._check_free, key)
        self.varied[key] = section

    def _check_free(self, key: str) -> None:
        """Check that a key exists, and that neither it nor a part of it is varied already."""
        check_key(key, self.known)
        for other, where in self.varied.items():
            require(
                not (f"{other}.".startswith(f"{key}.") or f"{key}.".startswith(f"{other}.")),
                f"{where} varies {other} already; leave one of them out",
            )

    def mistyped(self, section: str, key: str, value: Any, reserved: tuple[str, ...]) -> bool:
        """Note a setting of a section that is none, and is no key of the file either."""
        if "." in key or isinstance(value, Mapping) or key in NAMED:
            return False
        self.mistakes.append(f"{section}.{key}: unknown key; {nearest(key, reserved)}")
        return True

    def axes(self, section: Mapping[str, Any]) -> list[Axis]:
        """Read ``[sweep]``: an axis for each key, for keys that go together, for a list."""
        rest = dict(section)
        zipped = rest.pop("zipped", [])
        variants = rest.pop("variants", None)
        written = {
            key: value
            for key, value in flatten(rest, ends=("kind", "from"))
            if not self.mistyped("sweep", key, value, SWEEP_KEYS)
        }
        together = self.attempt("sweep.zipped", keys_together, zipped, list(written)) or []
        tied = {key for group in together for key in group}
        values = {
            key: listed
            for key, value in written.items()
            if (listed := self.attempt(f"sweep.{key}", listed_values, value, 2, key in tied))
            is not None
        }
        for key in values:
            self.claim("sweep", key)
        together = [group for group in together if values.keys() >= set(group)]
        axes: list[Axis] = []
        first_of = {group[0]: group for group in together}
        follows = {key for group in together for key in group[1:]}
        for key in values:
            if key not in follows:
                group = first_of.get(key, [key])
                where = f"sweep.zipped ({', '.join(group)})"
                table = self.attempt(where, Table, {k: values[k] for k in group})
                labels = table and self.attempt(where, labels_of, table)
                if labels:
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
            label = flat.pop("label", "")
            require(isinstance(label, str), f"[{index}].label must be text, got {label!r}")
            for key, value in flat.items():
                self.attempt(f"sweep.variants[{index}].{key}", check_value, value)
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
        without_kind: dict[str, None] = {}
        for key, value in flatten(rest):
            if value == PUBLISHED:
                found += self._published(section, key)
                continue
            if self.mistyped(section, key, value, reserved):
                continue
            above = key.rpartition(".")[0]
            if not isinstance(value, Mapping) and above in self.keys and key not in self.keys:
                without_kind[above] = None
                continue
            self.claim(section, key)
            distribution = self.attempt(f"{section}.{key}", read_distribution, value)
            if distribution is not None:
                found.append(Single(key, distribution))
        for key in without_kind:
            self.mistakes.append(f'{section}.{key}: needs a kind, such as kind = "normal"')
        groups = settings.get("groups", [])
        if not isinstance(groups, (list, tuple)):
            self.mistakes.append(f"{section}.groups: must be a list of tables, got {groups!r}")
            groups = []
        for index, group in enumerate(groups):
            where = f"{section}.groups[{index}]"
            read = self.attempt(where, read_group, group)
            if read is not None:
                for key in read.keys:
                    self.claim(section, key)
                found.append(read)
        return tuple(found)

    def _published(self, section: str, key: str) -> list[Factor]:
        """Give the hazard ratios of a modifier, or of all, the spread of their intervals."""
        ratios = self.attempt(f"{section}.{key}", published_ratios, self.known, key) or {}
        for one in ratios:
            self.claim(section, one)
        return [Single(one, distribution) for one, distribution in ratios.items()]

    def drawn(self, settings: Mapping[str, Any], factors: tuple[Factor, ...]) -> Table | None:
        """Draw the uncertain parameters jointly."""
        if not factors:
            if "models" not in settings and not self.mistakes:
                self.mistakes.append("uncertainty: no key has a distribution")
            return None
        draws = self.attempt("uncertainty.draws", count_of, settings.get("draws", 500))
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
            self.attempt(where, self._check_free, key)
            for entry in self.attempt(where, listed_values, value, 1) or ():
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
        whole = isinstance(samples, int) and not isinstance(samples, bool)
        if not whole or not FEWEST_SAMPLES <= samples <= MOST_DRAWS or samples & (samples - 1):
            self.mistakes.append(
                f"sensitivity.samples: must be a power of two, {FEWEST_SAMPLES} or more, such as "
                f"256, and at most {MOST_DRAWS:,}, got {samples!r}"
            )
            samples = FEWEST_SAMPLES
        sizes = tuple(factor.dimensions for factor in factors)
        dimension, each = 2 * dimensions_of(factors), samples // SCRAMBLES
        scrambles = [
            sobol_points(dimension, each, self.streams.seed, f"design/saltelli/{index}")
            for index in range(SCRAMBLES)
        ]
        return draw_table(factors, saltelli_uniforms(np.concatenate(scrambles), sizes))
