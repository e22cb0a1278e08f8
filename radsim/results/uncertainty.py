"""Uncertainty of each estimate of a design by source, and how often each arm is the best."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from radsim.experiment.designs.keys import section_of
from radsim.experiment.designs.parts import ALTERNATIVES, DRAWS
from radsim.experiment.designs.tables import NOMINAL
from radsim.experiment.designs.uncertainty import MODEL_DRAWS
from radsim.results.fields import Field
from radsim.results.rows import MODEL, Rows, Variants
from radsim.sums.best import best_shares
from radsim.sums.intervals import wilson_interval
from radsim.sums.moments import counted_error
from radsim.sums.parameter_spread import (
    AT_MOST,
    FLAT,
    NOT_MOVED,
    STATES,
    ParameterSpread,
    parameter_spread,
)
from radsim.vocabulary.endpoints import NET, Estimate

SOURCES = ("patients", "parameters", "models", "monte_carlo")  # of uncertainty, kept apart
MATTERING = ("parameters", "models", "monte_carlo")  # those of the mean of an estimate
ANYTHING = ("survival", "cohort", "dose", "arms", "eligibility")  # may act on any estimate
STATE_MEANING = "; ".join(f"{code}: {text or 'told'}" for code, text in STATES.items())


@dataclass(frozen=True)
class Shown:
    """An estimate, or its difference from the reference, whose spread is told.

    Attributes
    ----------
    reference
        Position of the reference arm; of the estimate itself nothing.
    """

    estimate: Estimate
    reference: int | None = None

    @property
    def name(self) -> str:
        """Its name among the sums."""
        return str(self.estimate if self.reference is None else self.estimate.difference)

    @property
    def meaning(self) -> str:
        """What it is."""
        what = self.estimate.meaning
        return what if self.reference is None else f"{what}, difference from the reference"

    def role(self, role: str) -> str:
        """Role of one of its numbers in the result."""
        return role if self.reference is None else f"difference_{role}"

    def minus_reference(self, values: np.ndarray) -> np.ndarray:
        """Subtract the reference arm's values, shape (point, row, arm, ...), of a difference."""
        return values if self.reference is None else values - values[:, :, [self.reference]]


def is_uncertain(variants: Variants) -> bool:
    """Say whether parameters or models vary."""
    return variants.has(DRAWS) or variants.has(ALTERNATIVES)


def uncertainty_fields(variants: Variants, shown: Shown) -> Iterator[Field]:
    """Uncertainty of an estimate, or of its difference from the reference, by source."""
    estimate, reference = shown.estimate, shown.reference
    nominal = variants.nominal(variants.sums.moments[shown.name])
    error = nominal.standard_error
    if estimate.estimator.counted:
        error = counted_error(nominal, difference=reference is not None)
    if reference is not None:
        error = error.copy()
        error[:, reference] = 0.0  # an arm is no other than itself
    sd = {
        "patients": np.sqrt(nominal.variance),
        "parameters": np.full_like(error, np.nan),
        "models": np.full_like(error, np.nan),
        "monte_carlo": error,
    }
    if variants.has(DRAWS):
        rows = variants.rows(estimate, DRAWS)
        spread = _spread(variants, shown, rows, error)
        sd["parameters"] = spread.sd
        yield from _parameter_fields(variants, shown, spread, error)
        if reference is None:
            meaning = f"by draw: {shown.meaning}"
            yield variants.field(estimate, "draws", rows.whole, meaning, between=("draw",))
        else:
            yield from _ratio_fields(variants, estimate, rows.whole, spread.state, reference)
    if variants.has(ALTERNATIVES):
        others, own = (variants.rows(estimate, p).whole for p in (ALTERNATIVES, NOMINAL))
        scale = np.abs(own[:, 0])
        if reference is not None:
            scale = np.maximum(scale, scale[:, [reference]])
        others, own = shown.minus_reference(others), shown.minus_reference(own)
        keys = [key for key, _ in variants.study.alternatives]
        sd["models"] = spread_of_models(own, others, keys, scale)
        meaning = f"with another model: {shown.meaning}"
        role = shown.role("alternatives")
        yield variants.field(estimate, role, others, meaning, between=("alternative",))
    stacked = np.stack([sd[source] for source in SOURCES], axis=1)
    meaning = f"standard deviation by source: {shown.meaning}"
    yield variants.field(estimate, shown.role("uncertainty"), stacked, meaning, between=("source",))


def share_uncertainty(
    variants: Variants, estimate: Estimate, dims: tuple[str, ...], meaning: str
) -> Iterator[Field]:
    """What the draws do to the share of patients for whom an arm is best."""
    name = str(estimate.best)
    values = np.moveaxis(variants.means(name, DRAWS), 1, 0)
    nominal = variants.nominal(variants.sums.moments[name])
    spread = parameter_spread(values, values, values)
    error = np.hypot(spread.standard_error, nominal.standard_error)
    for suffix, numbers in (
        ("", spread.mean),
        ("_mc_standard_error", error),
        ("_lower", spread.lower),
        ("_upper", spread.upper),
        ("_state", spread.state),
    ):
        yield variants.plain_field(
            str(estimate), f"best_parameters{suffix}", dims, numbers,
            f"over the draws of the parameters, {meaning}",
        )  # fmt: skip


def best_fields(variants: Variants, estimate: Estimate) -> Iterator[Field]:
    """How often each arm has the best estimate over the draws: the file's own models, and others.

    The interval is Wilson's, of the number of draws.
    """
    if len(variants.ranked) < 2 or estimate.estimator is not NET:
        return
    meaning = f"share of the draws of the parameters in which the arm is best: {estimate.meaning}"
    best = _best(variants, estimate, DRAWS)
    dims = ("ranked_arm", "months")
    for suffix, values in _share_and_interval(best, axis=1):
        yield variants.plain_field(
            str(estimate), f"best_probability{suffix}", dims, values, meaning
        )
    if variants.has(MODEL_DRAWS):
        best = _best(variants, estimate, MODEL_DRAWS)
        each = best.reshape(len(best), len(variants.study.alternatives), -1, *best.shape[2:])
        for suffix, values in _share_and_interval(each, axis=2):
            yield variants.plain_field(
                str(estimate), f"best_probability_with{suffix}", ("alternative", *dims), values,
                f"with another model, {meaning}",
            )  # fmt: skip


def spread_of_models(
    own: np.ndarray, others: np.ndarray, keys: Sequence[str], scale: np.ndarray
) -> np.ndarray:
    """Standard deviation of an equal choice among the models of each key, keys added up.

    Parameters
    ----------
    own
        Under the file's own models, shape (point, 1, ...).
    others
        Under each other model, one at a time, shape (point, model, ...); NaN where it is no other
        model of this estimate.
    keys
        The key that each of the other models sets.
    scale
        Size of the numbers that the estimates were computed from, shape (point, ...).

    Returns
    -------
    np.ndarray
        Shape (point, ...); NaN where no listed model makes a difference.

    Examples
    --------
    >>> own, others = np.array([[0.2]]), np.array([[0.4, 0.2, np.nan]])
    >>> spread_of_models(own, others, ["a", "b", "b"], np.array([0.2])).round(3).tolist()
    [0.1]
    """
    variance = np.zeros_like(own[:, 0])
    for key in dict.fromkeys(keys):
        rows = [index for index, other in enumerate(keys) if other == key]
        variance += np.nan_to_num(np.concatenate([own, others[:, rows]], axis=1).var(axis=1))
    return np.sqrt(np.where(variance > FLAT * scale**2, variance, np.nan))


def what_matters(sd: Mapping[str, np.ndarray], state: np.ndarray) -> np.ndarray:
    """Name the largest source of a mean's uncertainty: 'parameters', 'models' or 'monte_carlo'.

    Empty where there is none, and where the largest is an upper bound only.

    Examples
    --------
    >>> sd = {"parameters": np.array([0.2, 0.2]), "models": np.array([0.1, np.nan]),
    ...       "monte_carlo": np.array([0.01, 0.01])}
    >>> what_matters(sd, np.array([0, 1])).tolist()
    ['parameters', '']
    """
    filled = np.nan_to_num(np.stack([sd[source] for source in MATTERING]), nan=0.0)
    largest = np.array(MATTERING)[filled.argmax(axis=0)]
    bound = (largest == "parameters") & (state == AT_MOST)
    return np.where((filled.max(axis=0) > 0.0) & ~bound, largest, "")


def _spread(variants: Variants, shown: Shown, rows: Rows, error: np.ndarray) -> ParameterSpread:
    """Spread over the draws, at every point of the sweep."""
    scale = np.abs(rows.whole).max(axis=1)
    reached = _is_reached(variants, shown.estimate, scale)
    if shown.reference is not None:
        rows = rows.difference(shown.reference)
        scale = np.maximum(scale, scale[:, [shown.reference]])
        reached[:, shown.reference] = False
    draws, first, second = (np.moveaxis(v, 1, 0) for v in (rows.whole, rows.first, rows.second))
    return parameter_spread(draws, first, second, error, scale=scale, reached=reached)


def _is_reached(variants: Variants, estimate: Estimate, like: np.ndarray) -> np.ndarray:
    """Say where an uncertain key acts on events that are counted, whether or not one was."""
    reached = np.zeros(like.shape, dtype=bool)
    modelled = variants.modelled(estimate)
    if not estimate.estimator.counted or modelled is None:
        return reached
    sections = [reported.section for reported in modelled.models]
    acted = {section_of(key) for key in variants.study.design.parts[DRAWS].columns}
    at_all = any(section in acted for section in ANYTHING)
    acts = np.array([at_all or section in acted for section in sections])
    reached[...] = acts[:, np.newaxis]  # models are the axis before that of months
    return reached & ~np.isnan(like)


def _parameter_fields(
    variants: Variants, shown: Shown, spread: ParameterSpread, error: np.ndarray
) -> Iterator[Field]:
    low, high = (0.0, 1.0) if shown.reference is None else (-1.0, 1.0)
    error = np.hypot(spread.standard_error, error)
    for suffix, values, meaning in (
        ("", spread.mean, "mean over the draws of the parameters"),
        ("_mc_standard_error", error, "Monte Carlo standard error of the mean over draws"),
        ("_lower", np.clip(spread.lower, low, high), "lower end of the 95 % interval over draws"),
        ("_upper", np.clip(spread.upper, low, high), "upper end of the 95 % interval over draws"),
        ("_noise_share", spread.noise_share, "share of inner noise in the variance of the draws"),
        ("_state", spread.state, f"what is known of the interval over draws ({STATE_MEANING})"),
    ):
        yield variants.field(
            shown.estimate, shown.role(f"parameters{suffix}"), values,
            f"{meaning}: {shown.meaning}",
        )  # fmt: skip


def _ratio_fields(
    variants: Variants, estimate: Estimate, draws: np.ndarray, state: np.ndarray, reference: int
) -> Iterator[Field]:
    """Ratio to the reference: that of the means, between quantiles of the draws' own ratios."""
    base = draws[:, :, [reference]]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(base > 0, draws / base, np.nan)
        mean = draws.mean(axis=1) / base.mean(axis=1)
    finite = np.isfinite(ratios).all(axis=1)
    lower, upper = np.quantile(np.nan_to_num(ratios), (0.025, 0.975), axis=1)
    moved = finite & (state != NOT_MOVED)
    for suffix, values, meaning in (
        ("", np.where(finite, mean, np.nan), "ratio to the reference of the means over the draws"),
        ("_lower", np.where(moved, lower, np.nan), "2.5 % of the draws' ratios, inner noise left"),
        ("_upper", np.where(moved, upper, np.nan), "97.5 % of the draws' ratios, inner noise left"),
    ):
        meaning = f"{meaning}: {estimate.meaning}"
        yield variants.field(estimate, f"ratio_parameters{suffix}", values, meaning)


def _best(variants: Variants, estimate: Estimate, part: str) -> np.ndarray:
    """Share of being best of each ranked arm, shape (point, row, arm, month)."""
    means = variants.rows(estimate, part).whole.take(0, axis=MODEL + 1)  # or what stands in for it
    values = np.moveaxis(means[:, :, variants.ranked], 2, 0)
    return np.moveaxis(best_shares(values if estimate.good else -values), 0, 2)


def _share_and_interval(best: np.ndarray, axis: int) -> list[tuple[str, np.ndarray]]:
    """Mean over the draws, with its interval."""
    share = best.mean(axis=axis)
    lower, upper = wilson_interval(share, best.shape[axis])
    return [("", share), ("_lower", lower), ("_upper", upper)]
