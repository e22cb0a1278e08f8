"""The likelihood of a model's parameters, on scales without bounds, given a table of outcomes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import optimize, special

from radsim.fitting.outcome_table import OutcomeTable
from radsim.patients.patients import Patients
from radsim.tcp.control import ControlModel
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import is_number, named_parameters

LEAST = 1e-300  # stands in for a probability of zero in a logarithm
LARGEST_LOG = 700.0  # log of the largest parameter


@dataclass(frozen=True)
class Likelihood:
    """How likely a table is, by parameters of a model as one vector on scales without bounds."""

    table: OutcomeTable
    model: Any  # whose parameters are where the search starts
    names: tuple[str, ...]  # covariates by ``odds_ratios.NAME`` or ``hazard_ratios.NAME``
    ratios: str  # what the model calls the ratios of covariates, or nothing
    logarithmic: np.ndarray  # which parameters are above 0, so that their log is estimated

    @classmethod
    def of(
        cls, model: Any, table: OutcomeTable, names: tuple[str, ...], covariates: tuple[str, ...]
    ) -> "Likelihood":
        """Take these parameters and covariates of a model, if model and table allow it."""
        for name in (*names, *covariates):
            require((*names, *covariates).count(name) == 1, f"{name} is named twice")
        for name in names:
            require(
                is_number(getattr(model, name, None)),
                f"{model.kind} has no number {name!r} to estimate; "
                f"its curve has {', '.join(model.shape)}",
            )
        for text in named_parameters(model):
            raise ValueError(f"a parameter of a fit must be a number, got {text!r}")
        ratios = next((f for f in ("odds_ratios", "hazard_ratios") if hasattr(model, f)), "")
        require(
            not covariates or bool(ratios),
            f"{model.kind} takes no covariates; every model of control does, and logistic, "
            "logistic_d50, log_logistic and cox of ntcp",
        )
        for name in covariates:
            require(name in table.covariates, f"the table has no covariate {name!r}")
        needs_fractions = isinstance(model, ControlModel) or model.effect != "physical"
        require(
            table.fractions is not None or not needs_fractions,
            f"{table.name} needs a column fractions, because {model.kind} reads "
            f"{getattr(model, 'effect', 'bed')}; or set effect = physical",
        )
        reads_dvh = model.reads[0].is_dvh
        require(
            (table.volume is not None) == reads_dvh,
            f"{model.kind} takes {'a DVH' if reads_dvh else 'a metric'}, and {table.name} has "
            f"{'a metric' if reads_dvh else 'DVHs'}",
        )
        every = (*names, *(f"{ratios}.{name}" for name in covariates))
        positive = {*model.increasing, "alpha_beta", "a" if getattr(model, "a", -1) > 0 else ""}
        logarithmic = np.array(["." in name or name in positive for name in every])
        return cls(table, model, every, ratios, logarithmic)

    def start(self) -> np.ndarray:
        """Where the search starts."""
        values = np.array(
            [1.0 if "." in name else float(getattr(self.model, name)) for name in self.names]
        )
        return np.where(self.logarithmic, np.log(np.where(self.logarithmic, values, 1.0)), values)

    def sizes(self, theta: np.ndarray) -> np.ndarray:
        """A typical change of each parameter: 1 of a logarithm, else as large as itself."""
        return np.where(self.logarithmic, 1.0, np.maximum(np.abs(theta), 0.1))

    def natural(self, theta: np.ndarray) -> np.ndarray:
        """Parameters as the model has them."""
        return np.where(self.logarithmic, np.exp(np.clip(theta, -LARGEST_LOG, LARGEST_LOG)), theta)

    def model_at(self, theta: np.ndarray) -> Any:
        """The model with these parameters."""
        values = dict(zip(self.names, map(float, self.natural(theta)), strict=True))
        changed: dict[str, Any] = {n: v for n, v in values.items() if "." not in n}
        ratios = {n.split(".", 1)[1]: v for n, v in values.items() if "." in n}
        if ratios:
            changed[self.ratios] = ratios
        return replace(self.model, **changed)

    def log_probabilities(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log probability that the event happens, and that it does not, of each row."""
        model = self.model_at(theta)
        patients = Patients.of(self.table.covariates)
        if isinstance(model, ControlModel):
            hazard = model.course_hazard(**self.table.course, patients=patients)
            with np.errstate(divide="ignore"):
                return -hazard, np.log(np.maximum(-np.expm1(-hazard), LEAST))
        p = model.net_probability(**self.table.course, patients=patients)
        return np.log(np.maximum(p, LEAST)), np.log(np.maximum(1.0 - p, LEAST))

    def probability(self, theta: np.ndarray) -> np.ndarray:
        """Probability of the event in each row."""
        return np.exp(self.log_probabilities(theta)[0])

    def loss(self, theta: np.ndarray) -> float:
        """Negative log likelihood, less what no parameter changes."""
        table, (happens, not_) = self.table, self.log_probabilities(theta)
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

    def best(self, start: np.ndarray, fixed: Mapping[int, float] | None = None) -> np.ndarray:
        """Parameters of least loss, some of them held."""
        start, free = start.copy(), np.ones(len(start), dtype=bool)
        for i, value in (fixed or {}).items():
            start[i], free[i] = value, False

        def whole(x: np.ndarray) -> np.ndarray:
            theta = start.copy()
            theta[free] = x
            return theta

        def residuals(x: np.ndarray) -> np.ndarray:
            return self.residuals(whole(x))

        if not free.any():
            return start
        solution = optimize.least_squares(
            residuals, start[free], method="lm", xtol=1e-10, ftol=1e-10, gtol=1e-10
        )
        return whole(solution.x)

    def residuals(self, theta: np.ndarray) -> np.ndarray:
        """Residuals whose sum of squares is the deviance, or that of published probabilities."""
        table, (happens, spared) = self.table, self.log_probabilities(theta)
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
