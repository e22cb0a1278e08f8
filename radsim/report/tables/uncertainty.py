"""What the tables of uncertainty have: standard deviations by source, and who is best how often."""

from collections.abc import Iterator

import numpy as np

from radsim.experiment.designs.tables import DRAWS
from radsim.experiment.designs.uncertainty import MOST_MODEL_DRAWS
from radsim.report.tables.points import Line, Numbers, Points
from radsim.report.tables.rows import ranked_labels
from radsim.results.fields import ESTIMATE
from radsim.results.names import ModelNames
from radsim.results.uncertainty import BEST_ENDS, what_matters
from radsim.sums.best_over_draws import STATES as BEST_STATES
from radsim.sums.parameter_spread import STATES, TOLD

OWN_MODELS = "the file's own"
SOURCE_NAMES = {"models": "model_choice"}  # as the table calls a source
UNCERTAINTY_COLUMNS = (
    "arm", "reference", "endpoint", "model", "estimator", "months", "estimate",
    "between_patients", "parameters", "parameters_lower", "parameters_upper", "model_choice",
    "monte_carlo", "inner_noise_share", "parameters_lower_error", "parameters_upper_error",
    "parameters_note", "matters_most",
)  # fmt: skip
DRAWN_COLUMNS = (
    "endpoint", "months", "arm", "models", "draws", "probability_best", "lower", "upper",
    "as_drawn", "note",
)  # fmt: skip


def uncertainty_lines(points: Points, names: ModelNames) -> Iterator[Line]:
    """Standard deviations by source."""
    for labels, numbers_of in points.spreads(names):
        numbers, states, most = _by_source(points, numbers_of)
        for m, month in enumerate(points.months):
            notes = [
                (STATES[int(state)], SOURCE_NAMES.get(source, source))
                for state, source in zip(states[:, m], most[:, m].tolist(), strict=True)
            ]
            yield Line([*labels, month], numbers[:, m], notes)


def best_over_draws_lines(points: Points, names: ModelNames) -> Iterator[Line]:
    """How often each arm is best over the draws of the parameters, and what is known of it."""

    def line(labels: list[object], numbers: np.ndarray) -> Line:
        return Line(
            labels, numbers[:, :-1], [(BEST_STATES[int(state)],) for state in numbers[:, -1]]
        )

    draws = len(points.design.parts[DRAWS])
    for estimate in points.listed:
        name = f"{estimate}_best_probability"
        if name not in points.result:
            continue
        numbers, with_others = points.columns_of(name, BEST_ENDS), None
        if f"{name}_with" in points.result:
            with_others = points.columns_of(f"{name}_with", BEST_ENDS)
        for labels, where in ranked_labels(points, estimate):
            yield line([*labels, OWN_MODELS, draws], numbers[(slice(None), *where)])
            if with_others is not None:
                for i, other in enumerate(points.result["alternative"].values):
                    yield line(
                        [*labels, str(other), min(draws, MOST_MODEL_DRAWS)],
                        with_others[(slice(None), i, *where)],
                    )


def _by_source(points: Points, numbers_of: Numbers) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Numbers, shape (point, month, column); what is known of the draws; what matters most."""
    estimate, every = numbers_of(ESTIMATE), numbers_of("uncertainty")
    sd = {str(source): every[:, i] for i, source in enumerate(points.result["source"].values)}
    lower = upper = noise = lower_error = upper_error = np.full(estimate.shape, np.nan)
    state = np.full(estimate.shape, TOLD)
    if DRAWS in points.design.parts:
        lower, upper, lower_error, upper_error, noise, state = (
            numbers_of(f"parameters_{end}")
            for end in ("lower", "upper", "lower_error", "upper_error", "noise_share", "state")
        )
    columns = [
        estimate, sd["patients"], sd["parameters"], lower, upper, sd["models"], sd["monte_carlo"],
        noise, lower_error, upper_error,
    ]  # fmt: skip
    return np.stack(columns, axis=-1), state, what_matters(sd, state)
