"""Maximum likelihood fit of a dose-response model to a table of outcomes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

import numpy as np

from radsim.fitting.goodness import goodness
from radsim.fitting.identifiability import (
    correlation_of,
    require_distinct,
    require_enough,
    require_maximum,
)
from radsim.fitting.intervals import (
    Estimate,
    bootstrap_doubts,
    bootstrap_samples,
    profile_interval,
)
from radsim.fitting.likelihood import Likelihood
from radsim.fitting.outcome_table import OutcomeTable
from radsim.tcp.control import ControlModel

ANCHOR_NOISE = 0.2  # standard deviation of the log odds of a published probability, an assumption


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A fitted model; it states the law of cell kill, doses and fractions of its table."""

    model: Any
    table: OutcomeTable
    estimates: Mapping[str, Estimate]  # covariates by ``odds_ratios.NAME``, ``hazard_ratios.NAME``
    correlation: np.ndarray  # from the information; of published probabilities from the bootstrap
    log_likelihood: float  # at its maximum
    goodness: Mapping[str, float]  # measures of the fit by name
    fitted: np.ndarray = field(repr=False)  # probability of each row
    doubts: Sequence[str] = ()  # why its bootstrap is not to be trusted

    @property
    def correlations(self) -> list[tuple[str, str, float]]:
        """Every pair of parameters with the correlation of their estimates."""
        pairs = combinations(enumerate(self.estimates), 2)
        return [(a, b, float(self.correlation[i, j])) for (i, a), (j, b) in pairs]


def fit(
    model: Any,
    table: OutcomeTable,
    estimate: Sequence[str] = (),
    covariates: Sequence[str] = (),
    bootstrap: int = 0,
    seed: int = 1,
    anchor_noise: float = ANCHOR_NOISE,
) -> Fit:
    r"""Fit a model's parameters to a table by maximum likelihood.

    Rows of events are binomial,

    .. math:: \ln L = \sum_i w_i \bigl(e_i \ln p_i + (n_i - e_i) \ln(1 - p_i)\bigr)

    with weights :math:`w_i` that count as that many equal rows. Published probabilities have
    normal errors of one size, so theirs is a least-squares fit; their bootstrap moves the log
    odds by ``anchor_noise``.

    Parameters
    ----------
    model
        A control or complication model; its parameters are where the search starts.
    estimate
        Which parameters; those of the curve unless given.
    covariates
        Columns of the table whose odds or hazard ratios are estimated.
    bootstrap
        How many resamples, each from the streams of its own name.

    Raises
    ------
    ValueError
        If the table does not determine a parameter; the message says which.

    Examples
    --------
    >>> from radsim.fitting.outcome_table import anchors_table
    >>> from radsim.presets import load_preset
    >>> from radsim.tcp import load_tcp
    >>> preset = load_preset("tcp", "hytec-spine-2021")
    >>> fitted = fit(load_tcp("hytec-log-logistic"), anchors_table(preset.anchors))
    >>> [round(fitted.estimates[name].value, 2) for name in ("d50", "k")]
    [32.89, 3.01]
    """
    problem = Likelihood.of(model, table, tuple(estimate) or model.shape, tuple(covariates))
    require_enough(problem)
    start = problem.start()
    require_distinct(problem, start)
    tried = [problem.best(start + shift * problem.logarithmic) for shift in (0.0, -1.0, 1.0)]
    theta = min(tried, key=problem.loss)
    require_maximum(problem, theta)
    require_distinct(problem, theta)
    samples, without = None, 0
    if bootstrap:
        samples, without = bootstrap_samples(problem, theta, bootstrap, seed, anchor_noise)
    correlation, published = correlation_of(problem, theta), table.probability is not None
    if published and samples is not None and np.all(np.ptp(samples, axis=0) > 0.0):
        correlation = np.atleast_2d(np.corrcoef(samples.T))
    estimates = {
        name: _estimate(problem, theta, i, samples) for i, name in enumerate(problem.names)
    }
    doubts: list[str] = []
    if bootstrap:
        is_open = any(any(estimate.open) for estimate in estimates.values())
        doubts = bootstrap_doubts(problem, bootstrap, without, is_open)
    fitted = problem.probability(theta)
    log_likelihood = -problem.loss(theta)
    return Fit(
        model=_with_range(problem.model_at(theta), table),
        table=table,
        estimates=estimates,
        correlation=correlation,
        log_likelihood=log_likelihood,
        goodness=goodness(table, fitted, len(theta), log_likelihood),
        fitted=fitted,
        doubts=doubts,
    )


def _estimate(
    problem: Likelihood, theta: np.ndarray, i: int, samples: np.ndarray | None
) -> Estimate:
    profile, is_open = None, (False, False)
    if problem.table.probability is None:
        profile, is_open = profile_interval(problem, theta, i)
    quantiles = None
    if samples is not None:
        low, high = np.quantile(samples[:, i], [0.025, 0.975])
        quantiles = (float(low), float(high))
    value = float(problem.natural(theta)[i])
    return Estimate(value=value, profile=profile, open=is_open, bootstrap=quantiles)


def _with_range(model: Any, table: OutcomeTable) -> Any:
    """State on a model what it was fitted on: law of cell kill, doses as it reads them, fractions.

    Of DVHs the range is that of their mean doses.
    """
    stated: dict[str, Any] = {"preset": ""}
    if isinstance(model, ControlModel):
        stated |= {"refit": False, "refit_alpha_beta": False, "calibration": None, "beyond": 0.0}
    read = model.effect_of(**table.course)
    if table.volume is not None and read.ndim == 2:  # no share above a dose, which is one number
        read = (read * table.volume).sum(axis=1)
    used = read[table.weight > 0]
    lowest, highest = used.min(), used.max()
    if getattr(model, "effect", "eqd2") == "bed" and model.dose.units == "Gy":
        lowest, highest = model.cell_kill.eqd2(np.array([lowest, highest]), model.alpha_beta)
    stated["valid_eqd2"] = (float(lowest), float(highest))
    if getattr(model, "effect", "bed") != "physical":
        stated["fitted_under"] = model.cell_kill.kind
        stated["valid_eqd2_alpha_beta"] = float(model.alpha_beta)
    if table.fractions is not None:
        stated["most_fractions"] = int(table.fractions.max())
    return replace(model, **stated)
