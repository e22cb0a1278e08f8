"""The sums of every variant of a run, by point of the sweep and by row of each part."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np

from radsim.experiment.designs.study import Study
from radsim.experiment.designs.tables import ALTERNATIVES, NOMINAL
from radsim.experiment.endpoints import Modelled, endpoints_of, estimates_of, ranked_arms
from radsim.experiment.model import Experiment
from radsim.experiment.model_ranges import ModelRange, model_ranges
from radsim.experiment.variants import VariantMaker
from radsim.results.fields import Field, Numbers
from radsim.results.sample_of_patients import sample_numbers
from radsim.sums.moments import Moments
from radsim.sums.run_sums import RunSums
from radsim.vocabulary.endpoints import Estimate


@dataclass(frozen=True)
class Variants:
    """The sums of every variant, and where each stands in the design; a plain run has one."""

    experiment: Experiment
    sums: RunSums

    @cached_property
    def study(self) -> Study:
        """The design, and what its rows mean."""
        return self.experiment.study

    @cached_property
    def endpoints(self) -> tuple[Modelled, ...]:
        """Endpoints with their models."""
        return endpoints_of(self.experiment)

    @cached_property
    def estimates(self) -> tuple[Estimate, ...]:
        """Everything that is estimated, in the order of the tables."""
        return tuple(e for e in estimates_of(self.experiment) if str(e) in self.sums.moments)

    @cached_property
    def ranges(self) -> dict[str, ModelRange]:
        """What its models were fitted on, by the names of the checks that they are held to."""
        return model_ranges(self.experiment)

    @property
    def axes(self) -> tuple[str, ...]:
        """Dimensions of the sweep."""
        return tuple(axis.name for axis in self.study.design.axes)

    @cached_property
    def reference(self) -> int:
        """Position of the reference arm."""
        return list(self.experiment.arms).index(self.experiment.reference)

    @cached_property
    def ranked(self) -> list[int]:
        """Positions of the arms that may be called best."""
        return ranked_arms(self.experiment)

    @cached_property
    def is_exact(self) -> bool:
        """Say whether nothing was drawn that any probability of these patients depends on."""
        expected = {str(e) for e in self.estimates if not e.estimator.counted}
        told = [rows.luck[""] for name, rows in self.sums.rows.items() if name in expected]
        return bool(told) and not any(np.nan_to_num(luck, nan=np.inf).any() for luck in told)

    def sample(self, name: str, role: str, meaning: str, *, counted: bool) -> Iterator[Numbers]:
        """Intervals of what has a name over other patients, where they were taken as they are."""
        if (rows := self.sums.rows.get(name)) is None:
            return
        design = self.study.design
        told = sample_numbers(role, rows, self.reference, meaning, counted=counted)
        for end, numbers, units, said in told:
            values = np.full((design.points, *numbers.shape[1:]), np.nan)
            values[rows.places // design.inner] = numbers
            yield end, values, units, said

    def has(self, part: str) -> bool:
        """Say whether the design has a part."""
        return part in self.study.design.parts

    def modelled(self, estimate: Estimate) -> Modelled | None:
        """The endpoint of an estimate with its models; none of what is read off several."""
        return next((m for m in self.endpoints if m.endpoint == estimate.of), None)

    def model_dims(self, estimate: Estimate) -> tuple[str, ...]:
        """Its dimension of models in the result, where it has one."""
        modelled = self.modelled(estimate)
        return (modelled.endpoint.model_dim,) if modelled and modelled.by_model else ()

    def nominal(self, moments: Moments) -> Moments:
        """Moments of the file's own values, points of the sweep first."""
        return moments.rearranged(self.nominal_values)

    def checked(self, moments: Moments) -> Moments:
        """Moments of a check under the file's own values, or else under the first other model.

        Only a row that puts a model in another's place has the check of that model's range.
        """
        return moments.rearranged(lambda values: self.checked_values(moments.mean, values))

    def checked_values(self, means: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Values of a check with these means over the patients, of the same variants."""
        parts = [part for part in (NOMINAL, ALTERNATIVES) if self.has(part)]
        rows = [row for part in parts for row in _places(self.study.design.rows_of(part))]
        by_point = self._by_point(means)
        row = next((row for row in rows if not np.isnan(by_point[:, row]).all()), rows[0])
        return self._by_point(values)[:, row]

    def nominal_values(self, values: np.ndarray) -> np.ndarray:
        """Of the file's own values, from variants first to points of the sweep first."""
        return self._by_point(values)[:, self.study.design.rows_of(NOMINAL).start]

    def means(self, name: str, part: str) -> np.ndarray:
        """Means of the rows of a part, shape (point, row, ...)."""
        rows = self.study.design.rows_of(part)
        return self._by_point(self.sums.moments[name].mean)[:, rows]

    def error_of(self, contrast: Estimate, part: str) -> np.ndarray:
        """Standard errors of a part, shape (point, row, ...)."""
        rows = self.study.design.rows_of(part)
        return self._by_point(self.sums.moments[str(contrast)].standard_error)[:, rows]

    def rows(self, estimate: Estimate, part: str) -> np.ndarray:
        """Estimates of a part: whole and from each half, shape (3, point, row, arm, model, month).

        A row that exchanges the file's own model of a complication may also report other models
        beside it; what stands in the place of another model is missing (NaN).
        """
        name = str(estimate.itself)
        moments, half = self.sums.moments[name], self.sums.halves[name]
        whole = moments.mean
        size = self.sums.half_patients[name]
        size = size.reshape(*size.shape, *(1,) * (whole.ndim - size.ndim))
        with np.errstate(divide="ignore", invalid="ignore"):
            first = half / size
            second = (whole * moments.count - half) / (moments.count - size)
        in_part = self.study.design.rows_of(part)
        rows = np.stack([self._by_point(values)[:, in_part] for values in (whole, first, second)])
        if others := self._other_models(estimate, part):
            rows[:, :, others, :, 1:] = np.nan
        return rows

    def contrast(self, estimate: Estimate, values: np.ndarray) -> np.ndarray:
        """Of a difference subtract the reference arm's values, shape (..., arm, model, month)."""
        return values - values[..., [self.reference], :, :] if estimate.is_difference else values

    def field(
        self,
        estimate: Estimate,
        role: str,
        values: np.ndarray,
        meaning: str,
        *,
        between: tuple[str, ...] = (),
        units: str = "1",
    ) -> Field:
        """A variable of an estimate; values of shape (point, ..., arm, model, month).

        ``between`` are dimensions that stand behind those of the sweep.
        """
        model = self.model_dims(estimate)
        if not model:
            values = values[..., 0, :]
        dims = (*between, "arm", *model, "months")
        return self.plain_field(str(estimate), role, dims, values, meaning, units)

    def spread_field(
        self, estimate: Estimate, role: str, values: np.ndarray, meaning: str, *between: str
    ) -> Field:
        """A variable of an estimate, or of its difference: what is more than one number of it."""
        meaning = f"{meaning}: {estimate.meaning}"
        if estimate.is_difference:
            role, meaning = f"difference_{role}", f"{meaning}, difference from the reference"
        return self.field(estimate.itself, role, values, meaning, between=between)

    def plain_field(
        self,
        of: str,
        role: str,
        dims: tuple[str, ...],
        values: np.ndarray,
        meaning: str,
        units: str = "1",
    ) -> Field:
        """A variable with its own dimensions; values with points of the sweep first."""
        return Field(
            of=of, role=role, dims=(*self.axes, *dims), meaning=meaning, units=units,
            values=values.reshape(*self.study.design.shape, *values.shape[1:]),
        )  # fmt: skip

    def _by_point(self, values: np.ndarray) -> np.ndarray:
        design = self.study.design
        return values.reshape(design.points, design.inner, *values.shape[1:])

    def _other_models(self, estimate: Estimate, part: str) -> list[int]:
        """Rows that report other models beside the file's own than the file does."""
        modelled, table = self.modelled(estimate), self.study.design.parts[part]
        keys = [key for key in table.columns if modelled and exchanges(key, modelled)]
        if not keys:
            return []
        maker = VariantMaker(self.experiment)

        @cache
        def labels_with(changes: tuple[tuple[str, Any], ...]) -> list[str]:
            varied = endpoints_of(maker.make(dict(changes)))
            models = next(m.models for m in varied if m.endpoint == estimate.of)
            return [reported.label for reported in models[1:]]

        every = (table.row(index) for index in range(len(table)))
        rows = [tuple((key, row[key]) for key in keys if key in row) for row in every]
        return [i for i, row in enumerate(rows) if labels_with(row) != labels_with(())]


def _places(rows: slice) -> range:
    return range(rows.start, rows.stop)


def exchanges(key: str, modelled: Modelled) -> bool:
    """Say whether a swept key puts another model in the place of one of an endpoint's."""
    return key in {f"{reported.section}.preset" for reported in modelled.models}
