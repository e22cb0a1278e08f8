"""Uncertainty of each estimate of a design by source, and how often each arm is the best."""

from collections.abc import Mapping, Sequence

import numpy as np

from radsim.experiment.designs.keys import section_of
from radsim.experiment.designs.parts import ALTERNATIVES, DRAWS
from radsim.experiment.designs.tables import NOMINAL
from radsim.experiment.designs.uncertainty import MODEL_DRAWS
from radsim.results.rows import DesignRows, Found, Rows
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
from radsim.vocabulary.endpoints import HARMS, MEANINGS, estimate_dims

SOURCES = ("patients", "parameters", "models", "monte_carlo")  # of uncertainty, kept apart
MATTERING = ("parameters", "models", "monte_carlo")  # those of the mean of an estimate
COUNTED = "_cumulative_incidence"  # estimates of events that are drawn, not of probabilities
REACHED_BY = {  # keys that act on an estimate; those of the cohort, the dose and the arms may too
    "local_failure": ("tcp", "survival"),
    "vcf": ("ntcp.vcf", "survival"),
    "myelopathy": ("ntcp.myelopathy", "survival"),
}
ANYTHING = ("cohort", "dose", "arms", "eligibility")
STATE_MEANING = "; ".join(f"{code}: {text or 'told'}" for code, text in STATES.items())


def is_uncertain(design: DesignRows) -> bool:
    """Say whether parameters or models vary."""
    return design.has(DRAWS) or design.has(ALTERNATIVES)


def uncertainty_fields(design: DesignRows, name: str, reference: int | None) -> Found:
    """Uncertainty of an estimate, or of its difference from the reference, by source."""
    shown = name if reference is None else f"{name}_difference"
    dims, arms = design.axes, estimate_dims(name)
    what = MEANINGS[name] + ("" if reference is None else ", difference from the reference")
    nominal = design.nominal(shown)
    error = nominal.standard_error
    if COUNTED in name:
        error = counted_error(nominal, difference=reference is not None)
    if reference is not None:
        error = error.copy()
        error[reference] = 0.0  # an arm is no other than itself
    error = np.moveaxis(error, 1, 0)
    sd = {
        "patients": np.sqrt(np.moveaxis(nominal.variance, 1, 0)),
        "parameters": np.full_like(error, np.nan),
        "models": np.full_like(error, np.nan),
        "monte_carlo": error,
    }
    if design.has(DRAWS):
        rows = design.rows(name, DRAWS)
        spread = _spread(design, name, rows, reference, error)
        sd["parameters"] = spread.sd
        yield from _parameter_fields(design, name, spread, error, reference)
        if reference is None:
            values = design.spread_out(rows.whole)
            yield f"{name}_draws", (*dims, "draw", *arms), values, "1", f"by draw: {what}"
        else:
            yield from _ratio_fields(design, name, rows.whole, spread.state, reference)
    if design.has(ALTERNATIVES):
        others, own = design.rows(name, ALTERNATIVES).whole, design.rows(name, NOMINAL).whole
        scale = np.abs(own[:, 0])
        if reference is not None:
            scale = np.maximum(scale, scale[:, [reference]])
            others, own = (v - v[:, :, [reference]] for v in (others, own))
        keys = [key for key, _ in design.study.alternatives]
        sd["models"] = spread_of_models(own, others, keys, scale)
        yield (
            f"{shown}_alternatives", (*dims, "alternative", *arms), design.spread_out(others),
            "1", f"with another model: {what}",
        )  # fmt: skip
    stacked = design.spread_out(np.stack([sd[source] for source in SOURCES], axis=1))
    yield (
        f"{shown}_uncertainty", (*dims, "source", *arms), stacked, "1",
        f"standard deviation by source: {what}",
    )  # fmt: skip


def share_uncertainty(design: DesignRows, name: str, dims: tuple[str, ...], meaning: str) -> Found:
    """What the draws do to the share of patients for whom an arm is best."""
    values = np.moveaxis(design.means(name, DRAWS), 1, 0)
    nominal = design.nominal(name)
    spread = parameter_spread(values, values, values)
    error = np.hypot(spread.standard_error, np.moveaxis(nominal.standard_error, 1, 0))
    for suffix, found in (
        ("", spread.mean),
        ("_mc_standard_error", error),
        ("_lower", spread.lower),
        ("_upper", spread.upper),
        ("_state", spread.state),
    ):
        yield (
            f"{name}_parameters{suffix}", (*design.axes, *dims), design.spread_out(found), "1",
            f"over the draws of the parameters, {meaning}",
        )  # fmt: skip


def best_fields(design: DesignRows, name: str) -> Found:
    """How often each arm has the best estimate over the draws: the file's own models, and others.

    The interval is Wilson's, of the number of draws.
    """
    if len(design.ranked) < 2 or not name.endswith("_net"):
        return
    meaning = f"share of the draws of the parameters in which the arm is best: {MEANINGS[name]}"
    best = _best(design, name, DRAWS)
    dims = (*design.axes, "ranked_arm", "months")
    for suffix, values in _share_and_interval(best, axis=1):
        yield f"{name}_best_probability{suffix}", dims, design.spread_out(values), "1", meaning
    if design.has(MODEL_DRAWS):
        best = _best(design, name, MODEL_DRAWS)
        each = best.reshape(len(best), len(design.study.alternatives), -1, *best.shape[2:])
        dims = (*design.axes, "alternative", "ranked_arm", "months")
        for suffix, values in _share_and_interval(each, axis=2):
            yield (
                f"{name}_best_probability_with{suffix}", dims, design.spread_out(values), "1",
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
    known = np.nan_to_num(np.stack([sd[source] for source in MATTERING]), nan=0.0)
    largest = np.array(MATTERING)[known.argmax(axis=0)]
    bound = (largest == "parameters") & (state == AT_MOST)
    return np.where((known.max(axis=0) > 0.0) & ~bound, largest, "")


def _spread(
    design: DesignRows, name: str, rows: Rows, reference: int | None, error: np.ndarray
) -> ParameterSpread:
    """Spread over the draws, at every point of the sweep."""
    scale = np.abs(rows.whole).max(axis=1)
    reached = _is_reached(design, name, scale)
    if reference is not None:
        rows = rows.difference(reference)
        scale = np.maximum(scale, scale[:, [reference]])
        reached[:, reference] = False
    draws, first, second = (np.moveaxis(v, 1, 0) for v in (rows.whole, rows.first, rows.second))
    return parameter_spread(draws, first, second, error, scale=scale, reached=reached)


def _is_reached(design: DesignRows, name: str, like: np.ndarray) -> np.ndarray:
    """Say where an uncertain key acts on events that are counted, whether or not one was."""
    reached = np.zeros(like.shape, dtype=bool)
    if COUNTED not in name:
        return reached
    event = name.removesuffix(COUNTED)
    keys = design.study.design.parts[DRAWS].columns

    def acts(sections: tuple[str, ...]) -> bool:
        return any(section_of(key) in sections for key in keys)

    reached[...] = acts((*REACHED_BY[event], *ANYTHING))
    if event == "myelopathy":  # models beside the file's own have keys of their own
        reached[:, :, 1:] = acts(("survival", *ANYTHING))
    return reached & ~np.isnan(like)


def _parameter_fields(
    design: DesignRows, name: str, spread: ParameterSpread, error: np.ndarray, reference: int | None
) -> Found:
    shown = name if reference is None else f"{name}_difference"
    what = MEANINGS[name] + ("" if reference is None else ", difference from the reference")
    low, high = (0.0, 1.0) if reference is None else (-1.0, 1.0)
    error = np.hypot(spread.standard_error, error)
    for suffix, values, meaning in (
        ("", spread.mean, "mean over the draws of the parameters"),
        ("_mc_standard_error", error, "Monte Carlo standard error of the mean over draws"),
        ("_lower", np.clip(spread.lower, low, high), "lower end of the 95 % interval over draws"),
        ("_upper", np.clip(spread.upper, low, high), "upper end of the 95 % interval over draws"),
        ("_noise_share", spread.noise_share, "share of inner noise in the variance of the draws"),
        ("_state", spread.state, f"what is known of the interval over draws ({STATE_MEANING})"),
    ):
        yield (
            f"{shown}_parameters{suffix}", (*design.axes, *estimate_dims(name)),
            design.spread_out(values), "1", f"{meaning}: {what}",
        )  # fmt: skip


def _ratio_fields(
    design: DesignRows, name: str, draws: np.ndarray, state: np.ndarray, reference: int
) -> Found:
    """Ratio to the reference: that of the means, between quantiles of the draws' own ratios."""
    base = draws[:, :, [reference]]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(base > 0, draws / base, np.nan)
        mean = draws.mean(axis=1) / base.mean(axis=1)
    known = np.isfinite(ratios).all(axis=1)
    lower, upper = np.quantile(np.nan_to_num(ratios), (0.025, 0.975), axis=1)
    moved = known & (state != NOT_MOVED)
    for suffix, values, meaning in (
        ("", np.where(known, mean, np.nan), "ratio to the reference of the means over the draws"),
        ("_lower", np.where(moved, lower, np.nan), "2.5 % of the draws' ratios, inner noise left"),
        ("_upper", np.where(moved, upper, np.nan), "97.5 % of the draws' ratios, inner noise left"),
    ):
        yield (
            f"{name}_ratio_parameters{suffix}", (*design.axes, *estimate_dims(name)),
            design.spread_out(values), "1", f"{meaning}: {MEANINGS[name]}",
        )  # fmt: skip


def _best(design: DesignRows, name: str, part: str) -> np.ndarray:
    """Share of being best of each ranked arm, shape (point, row, arm, month)."""
    means = design.rows(name, part).whole
    if means.ndim == 5:
        means = means[:, :, :, 0]  # the file's own model, or what stands in for it
    values = np.moveaxis(means[:, :, design.ranked], 2, 0)
    return np.moveaxis(best_shares(-values if name in HARMS else values), 0, 2)


def _share_and_interval(best: np.ndarray, axis: int) -> list[tuple[str, np.ndarray]]:
    """Mean over the draws, with its interval."""
    share = best.mean(axis=axis)
    lower, upper = wilson_interval(share, best.shape[axis])
    return [("", share), ("_lower", lower), ("_upper", upper)]
