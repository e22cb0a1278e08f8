"""Uncertainty of each estimate of a design by source, and how often each arm is the best."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from radsim.experiment.designs.keys import section_of
from radsim.experiment.designs.tables import ALTERNATIVES, DRAWS, NOMINAL
from radsim.experiment.designs.uncertainty import MODEL_DRAWS
from radsim.results.fields import Field
from radsim.results.rows import Variants
from radsim.sums.best_over_draws import BestOverDraws, best_over_draws
from radsim.sums.moments import Moments, counted_error
from radsim.sums.parameter_spread import (
    AT_MOST,
    FLAT,
    NOT_MOVED,
    STATES,
    ParameterSpread,
    parameter_spread,
)
from radsim.vocabulary.endpoints import NET, Estimate

ENDS = ("", "_lower", "_upper")
BEST_ENDS = (*ENDS, "_as_drawn", "_state")
SOURCES = ("patients", "parameters", "models", "monte_carlo")  # of uncertainty, kept apart
MATTERING = ("parameters", "models", "monte_carlo")  # those of the mean of an estimate
ANYTHING = ("survival", "cohort", "dose", "arms", "eligibility")  # may act on any estimate
STATE_MEANING = "; ".join(f"{code}: {text or 'told'}" for code, text in STATES.items())


def is_uncertain(variants: Variants) -> bool:
    """Say whether parameters or models vary."""
    return variants.has(DRAWS) or variants.has(ALTERNATIVES)


def uncertainty_fields(
    everyone: Variants, variants: Variants, estimate: Estimate
) -> Iterator[Field]:
    """Uncertainty of an estimate, or of its difference from the reference, by source.

    The variants of the design may be of some patients only, ``everyone`` is of all: what the draws
    show is then moved by the difference between both under the file's own values, in which the
    luck of those patients goes out.
    """
    nominal, error = _nominal(everyone, estimate)
    sd = dict.fromkeys(SOURCES, np.full_like(error, np.nan))
    sd |= {"patients": np.sqrt(nominal.variance), "monte_carlo": error}
    of_drawn, drawn_error = _nominal(variants, estimate)
    step = nominal.mean - of_drawn.mean
    lowest = -1.0 if estimate.is_difference else 0.0  # a share that few patients have may move past
    if variants.has(DRAWS):
        rows = variants.rows(estimate, DRAWS)
        spread = _spread(variants, estimate, rows, drawn_error)
        sd["parameters"] = spread.sd
        yield from _parameter_fields(variants, estimate, spread.moved_by(step, lowest), error)
        if estimate.is_difference:
            yield from _ratio_fields(variants, estimate.itself, rows[0], spread.state)
        else:
            yield variants.spread_field(estimate, "draws", rows[0], "by draw", "draw")
    if variants.has(ALTERNATIVES):
        nominals, others = (variants.rows(estimate, part)[0] for part in (NOMINAL, ALTERNATIVES))
        scale = _scale(variants, estimate, nominals)
        nominals, others = (variants.contrast(estimate, values) for values in (nominals, others))
        drawn = variants.study.design.parts[DRAWS].columns if variants.has(DRAWS) else ()
        # what a drawn key is held at is among the parameters already
        keys = ["" if key in drawn else key for key, _ in variants.study.alternatives]
        sd["models"] = spread_of_models(nominals, others, keys, scale)
        yield variants.spread_field(
            estimate,
            "alternatives",
            np.clip(others + step[:, np.newaxis], lowest, 1.0),
            "with another model",
            "alternative",
        )
    stacked = np.stack([sd[source] for source in SOURCES], axis=1)
    yield variants.spread_field(
        estimate, "uncertainty", stacked, "standard deviation by source", "source"
    )


def _nominal(variants: Variants, estimate: Estimate) -> tuple[Moments, np.ndarray]:
    """Moments under the file's own values, and the Monte Carlo error of their mean."""
    nominal = variants.nominal(variants.sums.moments[str(estimate)])
    error = nominal.standard_error
    if estimate.estimator.counted:
        error = counted_error(nominal)
    if estimate.is_difference:
        error = error.copy()
        error[:, variants.reference] = 0.0  # an arm is no other than itself
    return nominal, error


def share_uncertainty(
    variants: Variants, estimate: Estimate, dims: tuple[str, ...], meaning: str
) -> Iterator[Field]:
    """What the draws do to the share of patients for whom an arm is best."""
    name = str(estimate.best)
    values = np.moveaxis(variants.means(name, DRAWS), 1, 0)
    nominal = variants.nominal(variants.sums.moments[name])
    spread = parameter_spread(values, values, values, uniforms=variants.study.uniforms)
    numbers = {
        "": spread.mean,
        "_mc_standard_error": np.hypot(spread.standard_error, nominal.standard_error),
        "_lower": spread.lower,
        "_upper": spread.upper,
        "_state": spread.state,
    }
    for end, values in numbers.items():
        yield variants.plain_field(
            str(estimate), f"best_parameters{end}", dims, values,
            f"over the draws of the parameters, {meaning}",
        )  # fmt: skip


def best_fields(variants: Variants, estimate: Estimate) -> Iterator[Field]:
    """How often each arm has the best estimate over the draws: the file's own models, and others.

    The interval holds the luck of the draws and of the patients, see `best_over_draws`.
    """
    if len(variants.ranked) < 2 or estimate.estimator is not NET:
        return
    meaning = f"share of the draws of the parameters in which the arm is best: {estimate.meaning}"
    name, dims = str(estimate), ("ranked_arm", "months")
    for end, values in _best_numbers(_best(variants, estimate, DRAWS, 1)):
        yield variants.plain_field(name, f"best_probability{end}", dims, values, meaning)
    if variants.has(MODEL_DRAWS):
        best = _best(variants, estimate, MODEL_DRAWS, len(variants.study.alternatives))
        for end, values in _best_numbers(best, alternatives=True):
            yield variants.plain_field(
                name, f"best_probability_with{end}", ("alternative", *dims), values,
                f"with another model, {meaning}",
            )  # fmt: skip


def spread_of_models(
    own: np.ndarray, others: np.ndarray, keys: Sequence[str], scale: np.ndarray
) -> np.ndarray:
    """Standard deviation of an equal choice among the models of each key, keys added up.

    Of the estimate under the file's own models, shape (point, 1, ...), and under each other model,
    (point, model, ...), with the key that it sets, empty where it does not count; NaN where it is
    no other model of this estimate, and in the result where no model differs by more than rounding
    of numbers of this ``scale``.

    Examples
    --------
    >>> own, others = np.array([[0.2]]), np.array([[0.4, 0.2, np.nan]])
    >>> spread_of_models(own, others, ["a", "b", "b"], np.array([0.2])).round(3).tolist()
    [0.1]
    """
    variance = np.zeros_like(own[:, 0])
    for key in filter(None, dict.fromkeys(keys)):
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


def _scale(variants: Variants, estimate: Estimate, values: np.ndarray) -> np.ndarray:
    """Size of the numbers of each row that an estimate or its difference is computed from."""
    scale = np.abs(values).max(axis=1)
    if estimate.is_difference:
        scale = np.maximum(scale, scale[:, [variants.reference]])
    return scale


def _spread(
    variants: Variants, estimate: Estimate, rows: np.ndarray, error: np.ndarray
) -> ParameterSpread:
    """Spread over the draws, at every point of the sweep."""
    scale = _scale(variants, estimate, rows[0])
    reached = _is_reached(variants, estimate, scale)
    if estimate.is_difference:
        reached[:, variants.reference] = False
    draws, first, second = np.moveaxis(variants.contrast(estimate, rows), 2, 1)
    return parameter_spread(
        draws, first, second, error, uniforms=variants.study.uniforms, scale=scale, reached=reached
    )


def _is_reached(variants: Variants, estimate: Estimate, scale: np.ndarray) -> np.ndarray:
    """Say where an uncertain key acts on events that are counted, whether or not one was."""
    modelled = variants.modelled(estimate)
    if not estimate.estimator.counted or modelled is None:
        return np.zeros(scale.shape, dtype=bool)
    acted = {section_of(key) for key in variants.study.design.parts[DRAWS].columns}
    acts = [not acted.isdisjoint({*ANYTHING, model.section}) for model in modelled.models]
    return np.array(acts)[:, np.newaxis] & ~np.isnan(scale)  # models stand before months


def _parameter_fields(
    variants: Variants, estimate: Estimate, spread: ParameterSpread, error: np.ndarray
) -> Iterator[Field]:
    least = -1.0 if estimate.is_difference else 0.0
    lower, upper = (np.clip(end, least, 1.0) for end in (spread.lower, spread.upper))
    error = np.hypot(spread.standard_error, error)
    for end, values, meaning in (
        ("", spread.mean, "mean over the draws of the parameters"),
        ("_mc_standard_error", error, "Monte Carlo standard error of the mean over draws"),
        ("_lower", lower, "lower end of the 95 % interval over draws"),
        ("_upper", upper, "upper end of the 95 % interval over draws"),
        ("_lower_error", spread.lower_error, "standard error of the lower end, from the draws"),
        ("_upper_error", spread.upper_error, "standard error of the upper end, from the draws"),
        ("_noise_share", spread.noise_share, "share of inner noise in the variance of the draws"),
        ("_state", spread.state, f"what is known of the interval over draws ({STATE_MEANING})"),
    ):
        yield variants.spread_field(estimate, f"parameters{end}", values, meaning)


def _ratio_fields(
    variants: Variants, estimate: Estimate, draws: np.ndarray, state: np.ndarray
) -> Iterator[Field]:
    """Ratio to the reference: that of the means, between quantiles of the draws' own ratios."""
    base = draws[:, :, [variants.reference]]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(base > 0, draws / base, np.nan)
        mean = draws.mean(axis=1) / base.mean(axis=1)
    finite = np.isfinite(ratios).all(axis=1)
    lower, upper = np.quantile(np.nan_to_num(ratios), (0.025, 0.975), axis=1)
    moved = finite & (state != NOT_MOVED)
    for end, values, where, meaning in (
        ("", mean, finite, "ratio to the reference of the means over the draws"),
        ("_lower", lower, moved, "2.5 % of the draws' ratios, inner noise left"),
        ("_upper", upper, moved, "97.5 % of the draws' ratios, inner noise left"),
    ):
        told = np.where(where, values, np.nan)
        yield variants.spread_field(estimate, f"ratio_parameters{end}", told, meaning)


def _best(variants: Variants, estimate: Estimate, part: str, alternatives: int) -> BestOverDraws:
    """How often each ranked arm is best, shape (arm, point, alternative, month)."""
    error = variants.error_of(estimate.difference, part)[:, :, variants.ranked]
    error = np.where(np.isnan(error), 0.0, error)  # the reference is no other than itself
    rows = variants.rows(estimate, part)[:, :, :, variants.ranked]  # patients: whole, and halves
    if variants.is_exact:
        rows, error = rows[[0, 0, 0]], np.zeros_like(error)

    def by_alternative(values: np.ndarray) -> np.ndarray:
        """Of the first model, or what stands in for it: (arm, draw, point, alternative, month)."""
        first = values[..., 0, :]
        split = first.reshape(len(first), alternatives, -1, *first.shape[2:])
        return np.moveaxis(split, (3, 2), (0, 1))

    sign = 1.0 if estimate.good else -1.0
    luck = np.sqrt((by_alternative(error) ** 2).mean(axis=1))
    whole, first, second = (sign * by_alternative(values) for values in rows)
    return best_over_draws(whole, first, second, luck)


def _best_numbers(best: BestOverDraws, *, alternatives: bool = False) -> Iterator[tuple[str, Any]]:
    """Endings of names, and numbers of shape (point, alternative, arm, month)."""
    numbers = (best.share, best.lower, best.upper, best.as_drawn, best.state)
    for end, values in zip(BEST_ENDS, numbers, strict=True):
        moved = np.moveaxis(values, 0, -2)
        yield end, moved if alternatives else moved[:, 0]
