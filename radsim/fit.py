"""Maximum likelihood fit of a dose-response model to a table of outcomes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import xarray as xr
from scipy import optimize, special, stats

from radsim import lq
from radsim.distributions import require
from radsim.outcome_table import OutcomeTable
from radsim.rng import Streams
from radsim.tcp.control import ControlModel

LEAST = 1e-300  # stands in for a probability of zero in a logarithm
CHI2_95 = 3.841458820694124  # of one degree of freedom
REACH = 12.0  # how far, in logs, a parameter is looked for around its start
RANK = 1e-4  # smallest relative singular value at which the data still tell parameters apart
ANCHOR_NOISE = 0.2  # standard deviation of the log odds of a published probability, an assumption


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One fitted parameter with its 95 % intervals; an end that the data do not bound is infinite.

    Attributes
    ----------
    value
        Maximum likelihood estimate.
    profile
        Interval by profile likelihood.
    bootstrap
        Interval of bootstrap quantiles, if one was asked for.
    """

    value: float
    profile: tuple[float, float]
    bootstrap: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A fitted model.

    Attributes
    ----------
    model
        The model with its fitted parameters.
    estimates
        By parameter; covariates by ``odds_ratios.NAME`` or ``hazard_ratios.NAME``.
    correlation
        Of the estimates, from the bootstrap where there is one, else from the information.
    log_likelihood, free
        At its maximum, and number of parameters.
    goodness
        Named measures of the fit.
    fitted
        Probability of each row.
    """

    model: Any
    table: OutcomeTable
    estimates: Mapping[str, Estimate]
    correlation: np.ndarray
    log_likelihood: float
    goodness: Mapping[str, float]
    fitted: np.ndarray = field(repr=False)


def fit(
    model: Any,
    table: OutcomeTable,
    estimate: Sequence[str] = (),
    covariates: Sequence[str] = (),
    bootstrap: int = 0,
    seed: int = 1,
    anchor_noise: float = ANCHOR_NOISE,
) -> Fit:
    """Fit a model's parameters to a table by maximum likelihood.

    Rows of events are binomial. Published probabilities have normal errors of one size, so
    theirs is a least-squares fit; their bootstrap moves the log odds by ``anchor_noise``.

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
    >>> from radsim.tcp import load_tcp
    >>> from radsim.presets import load_preset
    >>> preset = load_preset("tcp", "hytec-spine-2021")
    >>> found = fit(load_tcp("hytec-log-logistic"), anchors_table(preset.anchors))
    >>> [round(found.estimates[name].value, 2) for name in ("d50", "k")]
    [32.89, 3.01]
    """
    problem = _Problem.of(model, table, tuple(estimate) or model.shape, tuple(covariates))
    start = problem.start()
    require(
        table.rows >= len(start),
        f"not identifiable: {table.rows} rows cannot determine {len(start)} parameters; "
        f"hold {problem.names[-1]}",
    )
    if table.events is not None:
        happened = float((table.weight * table.events).sum())
        possible = float((table.weight * table.patients).sum())
        require(
            0.0 < happened < possible,
            f"not identifiable: {', '.join(problem.names)}, because the table has "
            f"{'no events' if happened == 0.0 else 'only events'}",
        )
    problem.require_distinct(start, table)
    tried = [problem.best(start + shift * problem.logarithmic, table) for shift in (0.0, -1.0, 1.0)]
    theta = min(tried, key=lambda found: problem.loss(found, table))
    problem.require_bounded(theta)
    problem.require_distinct(theta, table)
    samples = None
    if bootstrap:
        streams = Streams(seed)
        samples = np.array(
            [
                problem.natural(problem.best(theta, _resample(table, streams, b, anchor_noise)))
                for b in range(bootstrap)
            ]
        )
    estimates = {}
    for i, name in enumerate(problem.names):
        quantiles = None
        if samples is not None:
            low, high = np.quantile(samples[:, i], [0.025, 0.975])
            quantiles = (float(low), float(high))
        estimates[name] = Estimate(
            value=float(problem.natural(theta)[i]),
            profile=problem.profile(theta, i, table),
            bootstrap=quantiles,
        )
    fitted = problem.probability(theta, table)
    return Fit(
        model=problem.model_at(theta),
        table=table,
        estimates=estimates,
        correlation=np.atleast_2d(
            np.corrcoef(samples.T) if samples is not None else problem.correlation(theta, table),
        ),
        log_likelihood=-problem.loss(theta, table),
        goodness=goodness(table, fitted, len(theta), -problem.loss(theta, table)),
        fitted=fitted,
    )


def anchors_table(anchors: Sequence[Any]) -> OutcomeTable:
    """Make a table of a preset's anchors."""
    return OutcomeTable(
        dose=np.array([a.dose for a in anchors]),
        fractions=np.array([float(a.fractions) for a in anchors]),
        probability=np.array([a.probability for a in anchors]),
        weight=np.ones(len(anchors)),
        name="anchors",
    )


@dataclass(frozen=True)
class _Problem:
    """Parameters of a model as one vector, on scales without bounds."""

    model: Any
    names: tuple[str, ...]
    ratios: str
    logarithmic: np.ndarray

    @classmethod
    def of(
        cls, model: Any, table: OutcomeTable, names: tuple[str, ...], covariates: tuple[str, ...]
    ) -> "_Problem":
        for name in names:
            value = getattr(model, name, None)
            require(
                isinstance(value, (int, float)) and not isinstance(value, bool),
                f"{model.kind} has no number {name!r} to estimate; "
                f"its curve has {', '.join(model.shape)}",
            )
        ratios = next((f for f in ("odds_ratios", "hazard_ratios") if hasattr(model, f)), "")
        require(
            not covariates or bool(ratios),
            f"{model.kind} takes no covariates; logistic, logistic_d50, log_logistic and cox of "
            "ntcp do",
        )
        for name in covariates:
            require(name in table.covariates, f"the table has no covariate {name!r}")
        needs_fractions = isinstance(model, ControlModel) or model.effect != "physical"
        require(
            table.fractions is not None or not needs_fractions,
            f"{table.name} needs a column fractions, because {model.kind} reads "
            f"{getattr(model, 'effect', 'bed')}; or set effect = physical",
        )
        reads_dvh = model.dose.is_dvh
        require(
            (table.volume is not None) == reads_dvh,
            f"{model.kind} takes {'a DVH' if reads_dvh else 'a metric'}, and {table.name} has "
            f"{'a metric' if reads_dvh else 'DVHs'}",
        )
        every = (*names, *(f"{ratios}.{name}" for name in covariates))
        positive = {*model.increasing, "alpha_beta", "a" if getattr(model, "a", -1) > 0 else ""}
        logarithmic = np.array(["." in name or name in positive for name in every])
        return cls(model, every, ratios, logarithmic)

    def start(self) -> np.ndarray:
        values = np.array(
            [1.0 if "." in name else float(getattr(self.model, name)) for name in self.names]
        )
        return np.where(self.logarithmic, np.log(np.where(self.logarithmic, values, 1.0)), values)

    def natural(self, theta: np.ndarray) -> np.ndarray:
        return np.where(self.logarithmic, np.exp(np.clip(theta, -700.0, 700.0)), theta)

    def model_at(self, theta: np.ndarray) -> Any:
        values = dict(zip(self.names, map(float, self.natural(theta)), strict=True))
        changed: dict[str, Any] = {n: v for n, v in values.items() if "." not in n}
        own = {n.split(".", 1)[1]: v for n, v in values.items() if "." in n}
        if own:
            changed[self.ratios] = own
        return replace(self.model, **changed)

    def log_probabilities(
        self, theta: np.ndarray, table: OutcomeTable
    ) -> tuple[np.ndarray, np.ndarray]:
        """Log probability that the event happens, and that it does not, of each row."""
        model = self.model_at(theta)
        patients = xr.Dataset({n: ("patient", v) for n, v in table.covariates.items()})
        if isinstance(model, ControlModel):
            fractions = table.fractions
            assert fractions is not None
            column = fractions if table.volume is None else fractions[:, None]
            hazard = model.failure_hazard(
                *lq.equal_fractions(table.dose, column),
                patients,
                fractions=column,
                weight=table.volume,
            )
            with np.errstate(divide="ignore"):
                return -hazard, np.log(np.maximum(-np.expm1(-hazard), LEAST))
        p = model.response(_in_units(model, table), patients, table.volume)
        return np.log(np.maximum(p, LEAST)), np.log(np.maximum(1.0 - p, LEAST))

    def probability(self, theta: np.ndarray, table: OutcomeTable) -> np.ndarray:
        return np.exp(self.log_probabilities(theta, table)[0])

    def loss(self, theta: np.ndarray, table: OutcomeTable) -> float:
        """Negative log likelihood, less what no parameter changes."""
        happens, not_ = self.log_probabilities(theta, table)
        if table.probability is not None:
            squares = float(np.sum(table.weight * (np.exp(happens) - table.probability) ** 2))
            return 0.5 * table.rows * float(np.log(max(squares, LEAST) / table.rows))
        assert table.events is not None and table.patients is not None
        happened = table.weight * table.events
        spared = table.weight * (table.patients - table.events)
        return -float(
            np.sum(np.where(happened > 0, happened * happens, 0.0))
            + np.sum(np.where(spared > 0, spared * not_, 0.0))
        )

    def best(
        self, start: np.ndarray, table: OutcomeTable, fixed: Mapping[int, float] | None = None
    ) -> np.ndarray:
        """Parameters of least loss, some of them held."""
        fixed = fixed or {}
        free = [i for i in range(len(start)) if i not in fixed]

        def whole(x: np.ndarray) -> np.ndarray:
            theta = start.copy()
            theta[free] = x
            for i, value in fixed.items():
                theta[i] = value
            return theta

        if not free:
            return whole(np.empty(0))

        def residuals(x: np.ndarray) -> np.ndarray:
            return self.residuals(whole(x), table)

        found = optimize.least_squares(
            residuals, start[free], method="lm", xtol=1e-10, ftol=1e-10, gtol=1e-10
        )
        return whole(found.x)

    def residuals(self, theta: np.ndarray, table: OutcomeTable) -> np.ndarray:
        """Residuals whose sum of squares is the deviance, or that of published probabilities."""
        happens, spared = self.log_probabilities(theta, table)
        if table.probability is not None:
            return np.sqrt(table.weight) * (np.exp(happens) - table.probability)
        assert table.events is not None and table.patients is not None
        others = table.patients - table.events
        deviance = 2.0 * table.weight * (
            special.xlogy(table.events, table.share) - table.events * happens
            + special.xlogy(others, 1.0 - table.share) - others * spared
        )  # fmt: skip
        sign = np.where(table.share > np.exp(happens), 1.0, -1.0)
        return sign * np.sqrt(np.maximum(deviance, 0.0))

    def slopes(self, theta: np.ndarray, table: OutcomeTable) -> np.ndarray:
        """Change of each row's probability with each parameter, in standard errors of a row."""
        p = np.clip(self.probability(theta, table), 1e-12, 1.0 - 1e-12)
        columns = []
        for i in range(len(theta)):
            step = np.zeros(len(theta))
            step[i] = 1e-5 * (1.0 if self.logarithmic[i] else max(abs(theta[i]), 0.1))
            rise = self.probability(theta + step, table) - self.probability(theta - step, table)
            columns.append(rise / (2e-5))
        slopes = np.stack(columns, axis=1)
        if table.probability is not None:
            return slopes * np.sqrt(table.weight)[:, None]
        assert table.patients is not None
        return slopes * np.sqrt(table.weight * table.patients / (p * (1.0 - p)))[:, None]

    def require_bounded(self, theta: np.ndarray) -> None:
        """Refuse a fit in which a parameter runs off."""
        start = self.start()
        scale = np.where(self.logarithmic, 1.0, np.maximum(np.abs(start), 0.1))
        for i, name in enumerate(self.names):
            require(
                bool(abs(theta[i] - start[i]) < 0.9 * REACH * scale[i]),
                f"not identifiable: {name} runs off to {self.natural(theta)[i]:.3g}; the table "
                "does not bound it (are events and others apart in dose?)",
            )

    def require_distinct(self, theta: np.ndarray, table: OutcomeTable) -> None:
        """Refuse a table that says nothing of a parameter, or only of two together."""
        slopes = self.slopes(theta, table)
        sizes = np.sqrt((slopes**2).sum(axis=0))
        for name, size in zip(self.names, sizes, strict=True):
            require(
                bool(size > 1e-6 * max(float(sizes.max()), LEAST)) and bool(size > 1e-9),
                f"not identifiable: the table says nothing of {name}; hold it, or give doses at "
                "which it counts",
            )
        _, singular, rows = np.linalg.svd(slopes / sizes, full_matrices=False)
        rank = singular.min() / singular.max() if table.rows >= len(theta) else 0.0
        together = [
            name for name, part in zip(self.names, rows[-1], strict=True) if abs(part) > 0.3
        ]
        require(
            bool(rank > RANK),
            f"not identifiable: {' and '.join(together)} can change together without changing the "
            f"fit; hold {together[-1]}, or give more doses or fractionations",
        )

    def correlation(self, theta: np.ndarray, table: OutcomeTable) -> np.ndarray:
        slopes = self.slopes(theta, table)
        covariance = np.linalg.inv(slopes.T @ slopes)
        sd = np.sqrt(np.diag(covariance))
        return covariance / np.outer(sd, sd)

    def profile(self, theta: np.ndarray, i: int, table: OutcomeTable) -> tuple[float, float]:
        """Interval of one parameter in which the profile likelihood stays within its 95 % drop."""
        least = self.loss(theta, table)
        unit = 1.0 if self.logarithmic[i] else max(abs(float(theta[i])), 0.1)
        ends = []
        for sign in (-1.0, 1.0):
            here = theta.copy()

            def excess(distance: float, sign: float = sign, near: np.ndarray = here) -> float:
                value = float(theta[i]) + sign * distance * unit
                near[:] = self.best(near, table, {i: value})
                return 2.0 * (self.loss(near, table) - least) - CHI2_95

            low, high = 0.0, 0.05
            while excess(high) < 0.0 and high < REACH:
                low, high = high, 1.6 * high
            if high >= REACH:
                ends.append(np.inf * sign)
                continue
            distance = optimize.brentq(excess, low, high, xtol=1e-4, rtol=1e-4)
            ends.append(float(theta[i]) + sign * distance * unit)
        if self.logarithmic[i]:
            return float(np.exp(ends[0])), float(np.exp(ends[1]))
        return float(ends[0]), float(ends[1])


def _in_units(model: Any, table: OutcomeTable) -> np.ndarray:
    if model.effect == "physical":
        return table.dose
    assert table.fractions is not None
    fractions = table.fractions if table.volume is None else table.fractions[:, None]
    bed = model.cell_kill.bed(
        *lq.equal_fractions(table.dose, fractions), model.alpha_beta, fractions
    )
    return bed if model.effect == "bed" else model.cell_kill.eqd2(bed, model.alpha_beta)


def _resample(table: OutcomeTable, streams: Streams, index: int, noise: float) -> OutcomeTable:
    u = streams.uniforms(f"fit/bootstrap/{index}", range(table.rows))
    if table.probability is not None:
        log_odds = special.logit(table.probability) + noise * special.ndtri(u)
        return replace(table, probability=special.expit(log_odds))
    if not table.is_binary:
        assert table.events is not None and table.patients is not None
        return replace(table, events=np.asarray(stats.binom.ppf(u, table.patients, table.share)))
    rows = np.minimum((u * table.rows).astype(int), table.rows - 1)

    def pick(values: np.ndarray | None) -> np.ndarray | None:
        return None if values is None else values[rows]

    return replace(
        table,
        dose=table.dose[rows],
        volume=pick(table.volume),
        fractions=pick(table.fractions),
        events=pick(table.events),
        patients=pick(table.patients),
        weight=table.weight[rows],
        covariates={name: values[rows] for name, values in table.covariates.items()},
    )


def goodness(
    table: OutcomeTable, fitted: np.ndarray, free: int, log_likelihood: float
) -> dict[str, float]:
    """Measures of fit: residuals of published probabilities, or deviance and tests of events."""
    if table.probability is not None:
        missed = fitted - table.probability
        return {
            "root mean square residual": float(np.sqrt(np.mean(missed**2))),
            "largest residual": float(np.abs(missed).max()),
        }
    assert table.events is not None and table.patients is not None
    events, patients = table.weight * table.events, table.weight * table.patients
    measures = {"AIC": 2.0 * free - 2.0 * log_likelihood}
    if table.is_binary:
        order = np.argsort(fitted, kind="stable")
        groups = [g for g in np.array_split(order, min(10, max(table.rows // 5, 1))) if len(g)]
        positive, negative = fitted[table.events == 1], fitted[table.events == 0]
        if len(positive) and len(negative):
            wins = (positive[:, None] > negative).mean() + 0.5 * (
                positive[:, None] == negative
            ).mean()
            measures["AUC"] = float(wins)
    else:
        groups = [np.array([i]) for i in range(table.rows)]
        expected = patients * fitted
        deviance = 2.0 * np.sum(
            special.xlogy(events, events / np.maximum(expected, LEAST))
            + special.xlogy(patients - events, (patients - events) / (patients - expected))
        )
        measures["deviance"] = float(deviance)
    seen = np.array([events[g].sum() for g in groups])
    number = np.array([patients[g].sum() for g in groups])
    expected = np.array([(patients * fitted)[g].sum() for g in groups])
    variance = np.maximum(expected * (1.0 - expected / number), LEAST)
    chi2 = float(np.sum((seen - expected) ** 2 / variance))
    freedom = max(len(groups) - (2 if table.is_binary else free), 1)
    measures["chi-square"] = chi2
    measures["degrees of freedom"] = float(freedom)
    measures["p"] = float(stats.chi2.sf(chi2, freedom))
    return measures
