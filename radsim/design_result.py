"""From the sums of a design to its result, in which the swept keys are dimensions."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr

from radsim.comparison import best_shares
from radsim.config import Experiment
from radsim.design_file import ALTERNATIVES, DRAWS, SALTELLI, TORNADO, TORNADO_SHARES, Study
from radsim.designs import NOMINAL, label_of
from radsim.nested import ParameterSpread, parameter_spread
from radsim.provenance import sources_of
from radsim.reduce import HARMS, ranked_arms
from radsim.result import (
    MEANINGS,
    comparison_fields,
    estimate_dims,
    estimate_fields,
    provenance,
    share_fields,
)
from radsim.schema import ESTIMATES, Variable, label, nearest
from radsim.simulation import control_models
from radsim.sobol import sobol_indices
from radsim.summary import BlockSums, Moments

SOURCES = ("patients", "parameters", "models", "monte_carlo")  # of uncertainty, kept apart
INDICES = ("first_order", "total")
Found = Iterator[tuple[str, tuple[str, ...], np.ndarray, str, str]]


def make_design_result(experiment: Experiment, sums: BlockSums) -> xr.Dataset:
    """Turn the sums of every variant into the result of a design.

    Returns
    -------
    xr.Dataset
        The estimates of the file's own values as `radsim.result.make_result` gives them, with a
        dimension for each axis of the sweep in front. With uncertain parameters also, for each
        estimate, its ``_difference`` and ``_best``: ``_draws`` by ``draw``; ``_parameters``,
        their mean, with ``_parameters_mc_standard_error``, ``_parameters_lower``,
        ``_parameters_upper``; ``_uncertainty`` by ``source``, standard deviations; and
        ``_best_probability``, how often an arm is best. With a sensitivity analysis
        ``_first_order`` and ``_total`` by ``factor``, and ``_tornado`` by ``key`` and ``end``.
    """
    made = _Maker(experiment, sums)
    variables, vocabulary = {}, {}
    for name, dims, values, units, meaning in made.variables():
        variables[name] = (dims, values)
        vocabulary[name] = Variable(units, meaning)
    dataset = xr.Dataset(variables, coords=made.coordinates(), attrs=made.attributes())
    return label(dataset, vocabulary)


@dataclass(frozen=True)
class _Rows:
    """Estimates of the rows of one part: shape (point, row, arm, ...), and those of each half."""

    whole: np.ndarray
    first: np.ndarray
    second: np.ndarray

    def difference(self, reference: int) -> "_Rows":
        return _Rows(*(v - v[:, :, [reference]] for v in (self.whole, self.first, self.second)))


class _Maker:
    def __init__(self, experiment: Experiment, sums: BlockSums) -> None:
        self.experiment = experiment
        self.sums = sums
        self.study: Study = experiment.study
        self.design = self.study.design
        self.axes = tuple(axis.name for axis in self.design.axes)
        self.reference = list(experiment.arms).index(experiment.reference)
        self.ranked = ranked_arms(experiment)
        self.patients = next(iter(sums.moments.values())).count

    def variables(self) -> Found:
        """Every variable of the result: name, dimensions, values, units, meaning."""
        for name in self.sums.moments:
            if name in ESTIMATES:
                yield from self._estimate(name)
            elif name.endswith(("_best", "_share")):
                yield from self._shares(name)
        if DRAWS in self.design.parts:
            yield from self._drawn()

    def coordinates(self) -> dict[str, object]:
        """Labels of every dimension."""
        experiment, study = self.experiment, self.study
        coords: dict[str, object] = {
            "arm": list(experiment.arms),
            "ranked_arm": [list(experiment.arms)[i] for i in self.ranked],
            "control_model": list(control_models(experiment)),
            "myelopathy_model": _model_names(experiment),
            "months": ("months", list(experiment.months), {"units": "months"}),
        }
        for axis in self.design.axes:
            coords[axis.name] = list(axis.labels)
            for key in axis.table.columns:
                if len(axis.table.columns) > 1 and axis.name != "variant":
                    values = [label_of(axis.table.row(i)[key]) for i in range(len(axis))]
                    coords[key] = (axis.name, values)  # keys that go with the first one
        if DRAWS in self.design.parts:
            coords["draw"] = np.arange(len(self.design.parts[DRAWS]))
        if ALTERNATIVES in self.design.parts:
            coords["alternative"] = [f"{key} = {value}" for key, value in study.alternatives]
        if study.screened:
            coords["factor"] = [factor.name for factor in study.screened]
        if TORNADO in self.design.parts:
            coords["key"] = list(dict.fromkeys(key for key, _ in study.tornado))
            coords["end"] = list(TORNADO_SHARES)
        if self._is_uncertain:
            coords["source"] = list(SOURCES)
        return coords

    def attributes(self) -> dict[str, str | int]:
        """Provenance, with what the design varies."""
        attrs = provenance(self.experiment)
        attrs["sources"] = "\n".join(
            dict.fromkeys([*str(attrs["sources"]).splitlines(), *self._swept_sources()])
        )
        attrs["design"] = json.dumps(
            {
                "axes": {axis.name: list(axis.table.columns) for axis in self.design.axes},
                "parts": {name: len(part) for name, part in self.design.parts.items()},
                "variants": len(self.design),
            }
        )
        return attrs

    def _swept_sources(self) -> list[str]:
        families = {"tcp": "tcp", "ntcp": "ntcp", "survival": "survival", "cohort": "cohort"}
        found = []
        for axis in self.design.axes:
            for index in range(len(axis)):
                for key, value in axis.table.row(index).items():
                    family = families.get(key.split(".")[0])
                    if key.endswith(".preset") and family and isinstance(value, str):
                        found.extend(sources_of([f"{family}/{value}"]))
        return found

    @property
    def _is_uncertain(self) -> bool:
        return DRAWS in self.design.parts or ALTERNATIVES in self.design.parts

    def _nominal(self, name: str) -> Moments:
        """Moments of the file's own values, arms first and points of the sweep second."""
        row = self.design.rows_of(NOMINAL).start
        return self.sums.moments[name].rearranged(
            lambda values: np.moveaxis(self._by_point(values)[:, row], 0, 1)
        )

    def _by_point(self, values: np.ndarray) -> np.ndarray:
        return values.reshape(self.design.points, self.design.inner, *values.shape[1:])

    def _placed(self, values: np.ndarray) -> np.ndarray:
        """From arms first, points second, to a dimension for each axis in front."""
        moved = np.moveaxis(values, 1, 0)
        return moved.reshape(*self.design.shape, *moved.shape[1:])

    def _spread_out(self, values: np.ndarray) -> np.ndarray:
        """From points first to a dimension for each axis in front."""
        return values.reshape(*self.design.shape, *values.shape[1:])

    def _estimate(self, name: str) -> Found:
        dims = (*self.axes, *estimate_dims(name))
        nominal, change = self._nominal(name), self._nominal(f"{name}_difference")
        for suffix, values, meaning in estimate_fields(name, nominal):
            yield name + suffix, dims, self._placed(values), "1", meaning
        for suffix, values, units, meaning in comparison_fields(
            name, nominal, change, self.reference
        ):
            yield f"{name}_{suffix}", dims, self._placed(values), units, meaning
        yield from self._uncertainty(name, name, nominal, None)
        yield from self._uncertainty(name, f"{name}_difference", change, self.reference)
        if DRAWS in self.design.parts and name.removesuffix("_alive") == name:
            yield from self._best_over_draws(name)
        yield from self._sensitivity(name, name, None)
        yield from self._sensitivity(name, f"{name}_difference", self.reference)

    def _rows(self, name: str, part: str) -> _Rows:
        """Estimates of one part, shape (point, row, arm, ...), whole and from each half."""
        whole = self.sums.moments[name].mean
        half = self.sums.counts[f"{name}_half"]
        size = self.sums.counts["half_patients"].reshape(-1, *(1,) * (whole.ndim - 1))
        with np.errstate(divide="ignore", invalid="ignore"):
            first = half / size
            second = (whole * self.patients - half) / (self.patients - size)
        rows = self.design.rows_of(part)
        return _Rows(*(self._by_point(v)[:, rows] for v in (whole, first, second)))

    def _uncertainty(self, name: str, shown: str, nominal: Moments, reference: int | None) -> Found:
        """Uncertainty of an estimate or of its difference, by source."""
        if not self._is_uncertain:
            return
        dims, arms = self.axes, estimate_dims(name)
        what = MEANINGS[name] + ("" if reference is None else ", difference from the reference")
        low, high = (0.0, 1.0) if reference is None else (-1.0, 1.0)
        sd = {
            "patients": np.sqrt(np.moveaxis(nominal.variance, 1, 0)),
            "monte_carlo": np.moveaxis(nominal.standard_error, 1, 0),
        }
        missing = np.full_like(sd["patients"], np.nan)
        sd["parameters"] = sd["models"] = missing
        if DRAWS in self.design.parts:
            rows = self._rows(name, DRAWS)
            rows = rows if reference is None else rows.difference(reference)
            spread = _spread(rows)
            sd["parameters"] = spread.sd
            error = np.hypot(spread.standard_error, sd["monte_carlo"])
            for suffix, values, meaning in (
                ("", spread.mean, "mean over the draws of the parameters"),
                ("_mc_standard_error", error, "Monte Carlo standard error of the mean over draws"),
                ("_lower", np.clip(spread.lower, low, high), "lower end of the 95 % interval over"),
                ("_upper", np.clip(spread.upper, low, high), "upper end of the 95 % interval over"),
                ("_noise_share", spread.noise_share, "share of inner noise taken out of the draws"),
            ):
                placed = self._spread_out(values)
                yield (
                    f"{shown}_parameters{suffix}",
                    (*dims, *arms),
                    placed,
                    "1",
                    f"{meaning}: {what}",
                )
            if reference is None:
                values = self._spread_out(rows.whole)
                yield f"{name}_draws", (*dims, "draw", *arms), values, "1", f"by draw: {what}"
            else:
                yield from self._ratio(name, dims, arms, self._rows(name, DRAWS).whole, what)
        if ALTERNATIVES in self.design.parts:
            rows = self._rows(name, ALTERNATIVES)
            own = self._rows(name, NOMINAL)
            if reference is not None:
                rows, own = rows.difference(reference), own.difference(reference)
            every = np.concatenate([own.whole, rows.whole], axis=1)
            sd["models"] = _spread_of_models(every, own.whole, self.study)
            values = self._spread_out(rows.whole)
            yield (
                f"{shown}_alternatives", (*dims, "alternative", *arms), values, "1",
                f"with another model: {what}",
            )  # fmt: skip
        stacked = self._spread_out(np.stack([sd[source] for source in SOURCES], axis=1))
        yield (
            f"{shown}_uncertainty", (*dims, "source", *arms), stacked, "1",
            f"standard deviation by source: {what}",
        )  # fmt: skip

    def _ratio(
        self, name: str, dims: tuple[str, ...], arms: tuple[str, ...], draws: np.ndarray, what: str
    ) -> Found:
        """Ratio to the reference over the draws."""
        base = draws[:, :, [self.reference]]
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = np.where(base > 0, draws / base, np.nan)
            mean = draws.mean(axis=1) / base.mean(axis=1)
        known = np.isfinite(ratios).all(axis=1)
        lower, upper = np.quantile(np.nan_to_num(ratios), (0.025, 0.975), axis=1)
        for suffix, values in (("", mean), ("_lower", lower), ("_upper", upper)):
            values = np.where(known, values, np.nan)
            yield (
                f"{name}_ratio_parameters{suffix}", (*dims, *arms), self._spread_out(values), "1",
                f"ratio to the reference over the draws{suffix.replace('_', ', ')}: {what}",
            )  # fmt: skip

    def _best_over_draws(self, name: str) -> Found:
        """How often each arm has the best estimate, over the draws."""
        if len(self.ranked) < 2 or name.endswith("_cumulative_incidence"):
            return
        draws = self._rows(name, DRAWS).whole
        if draws.ndim == 5:
            draws = draws[:, :, :, 0]  # the file's own model
        values = np.moveaxis(draws[:, :, self.ranked], 2, 0)
        best = best_shares(-values if name in HARMS else values).mean(axis=2)
        yield (
            f"{name}_best_probability",
            (*self.axes, "ranked_arm", "months"),
            self._placed(best),
            "1",
            f"share of the draws of the parameters in which the arm is best: {MEANINGS[name]}",
        )

    def _shares(self, name: str) -> Found:
        moments = self._nominal(name)
        best = name.endswith("_best")
        own = ("ranked_arm", "months") if best else ("arm",)
        what = name.removesuffix("_share").replace("_", " ")
        meaning = f"share of patients: {what}"
        for suffix, values, said in share_fields(moments, meaning):
            yield name + suffix, (*self.axes, *own), self._placed(values), "1", said
        if best and DRAWS in self.design.parts:
            values = self._by_point(self.sums.moments[name].mean)[:, self.design.rows_of(DRAWS)]
            spread = _spread(_Rows(values, values, values))
            error = np.moveaxis(moments.standard_error, 1, 0)
            for suffix, values in (
                ("", spread.mean),
                ("_mc_standard_error", np.hypot(spread.standard_error, error)),
                ("_lower", spread.lower),
                ("_upper", spread.upper),
            ):
                yield (
                    f"{name}_parameters{suffix}", (*self.axes, *own), self._spread_out(values),
                    "1", f"over the draws of the parameters, {meaning}",
                )  # fmt: skip

    def _drawn(self) -> Found:
        table = self.design.parts[DRAWS]
        for key in table.columns:
            values = np.array([label_of(table.row(index)[key]) for index in range(len(table))])
            yield f"drawn {key}", ("draw",), values, "as in the file", f"drawn values of {key}"

    def _sensitivity(self, name: str, shown: str, reference: int | None) -> Found:
        dims, arms = self.axes, estimate_dims(name)
        what = MEANINGS[name] + ("" if reference is None else ", difference from the reference")
        if SALTELLI in self.design.parts:
            rows = self._rows(name, SALTELLI).whole
            if reference is not None:
                rows = rows - rows[:, :, [reference]]
            found = [
                sobol_indices(
                    point.reshape(len(point), -1),
                    len(self.study.screened),
                    self.experiment.seed % 2**32,
                )
                for point in rows
            ]
            for index, field in zip(INDICES, ("first", "total"), strict=True):
                for end in ("", "_lower", "_upper"):
                    values = np.stack([getattr(one, field + end) for one in found])
                    values = values.reshape(*values.shape[:2], *rows.shape[2:])
                    yield (
                        f"{shown}_{index}{end}", (*dims, "factor", *arms),
                        self._spread_out(values), "1",
                        f"{index.replace('_', '-')} Sobol index{end.replace('_', ', ')}: {what}",
                    )  # fmt: skip
        if TORNADO in self.design.parts:
            rows = self._rows(name, TORNADO).whole
            if reference is not None:
                rows = rows - rows[:, :, [reference]]
            keys = list(dict.fromkeys(key for key, _ in self.study.tornado))
            at = [
                [self.study.tornado.index((key, share)) for share in TORNADO_SHARES] for key in keys
            ]
            yield (
                f"{shown}_tornado", (*dims, "key", "end", *arms),
                self._spread_out(rows[:, np.array(at)]), "1",
                f"with one parameter at its 2.5 % and 97.5 % point: {what}",
            )  # fmt: skip


def _spread(rows: _Rows) -> ParameterSpread:
    """Spread over the draws, the second axis, at every point of the sweep."""
    return parameter_spread(*(np.moveaxis(v, 1, 0) for v in (rows.whole, rows.first, rows.second)))


def _spread_of_models(every: np.ndarray, own: np.ndarray, study: Study) -> np.ndarray:
    """Standard deviation of an equal choice among the models of each key, keys added up."""
    keys = [key for key, _ in study.alternatives]
    variance = np.zeros_like(own[:, 0])
    for key in dict.fromkeys(keys):
        rows = [0] + [1 + index for index, other in enumerate(keys) if other == key]
        variance += every[:, rows].var(axis=1)
    return np.sqrt(variance)


def _model_names(experiment: Experiment) -> list[str]:
    """Names of the cord models, or their places where a sweep exchanges them."""
    names = [model.preset or "custom" for model in experiment.myelopathy_models]
    swept = [key for axis in experiment.study.design.axes for key in axis.table.columns]
    if any(key.startswith("ntcp.myelopathy") and key.endswith("preset") for key in swept):
        return ["own", *(f"alternative {index}" for index in range(1, len(names)))]
    return names


def select_estimate(result: xr.Dataset, name: str) -> xr.DataArray:
    """Give one estimate of a result under the file's own model.

    Raises
    ------
    ValueError
        If the result has no such estimate.
    """
    if name not in result:
        raise ValueError(f"no {name!r} in this result; {nearest(name, map(str, result.data_vars))}")
    values = result[name]
    for dim in ("control_model", "myelopathy_model"):
        if dim in values.dims:
            values = values.isel({dim: 0})
    return values
