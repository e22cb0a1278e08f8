"""What the tables of uncertainty have: standard deviations by source, and who is best how often."""

from collections.abc import Iterator

import numpy as np

from radsim.experiment.designs.parts import DRAWS
from radsim.experiment.designs.uncertainty import MOST_MODEL_DRAWS
from radsim.report.tables.points import Line, Points, Spread
from radsim.report.tables.rows import ranked_labels
from radsim.results.fields import ESTIMATE
from radsim.results.names import ModelNames
from radsim.results.reading import with_role
from radsim.results.uncertainty import what_matters
from radsim.sums.parameter_spread import STATES, TOLD

OWN_MODELS = "the file's own"
SOURCE_NAMES = {"models": "model_choice"}  # as the table calls a source
ENDS = ("", "_lower", "_upper")
UNCERTAINTY_COLUMNS = (
    "arm", "reference", "endpoint", "model", "estimator", "months", "estimate",
    "between_patients", "parameters", "parameters_lower", "parameters_upper", "model_choice",
    "monte_carlo", "inner_noise_share", "parameters_note", "matters_most",
)  # fmt: skip
DRAWN_COLUMNS = (
    "endpoint", "months", "arm", "models", "draws", "probability_best", "lower", "upper",
)  # fmt: skip


def uncertainty_lines(points: Points, names: ModelNames) -> Iterator[Line]:
    """Standard deviations by source."""
    for spread in points.spreads(names):
        numbers, states, most = _by_source(points, spread)
        for m, month in enumerate(points.months):
            notes = [
                (STATES[int(state)], SOURCE_NAMES.get(source, source))
                for state, source in zip(states[:, m], most[:, m].tolist(), strict=True)
            ]
            yield Line([*spread.labels, month], numbers[:, m], notes)


def best_over_draws_lines(points: Points, names: ModelNames) -> Iterator[Line]:
    """How often each arm is best over the draws of the parameters."""
    draws = len(points.design.parts[DRAWS])
    own, others = (
        with_role(points.result, role) for role in ("best_probability", "best_probability_with")
    )
    for estimate in points.listed:
        if str(estimate) not in own:
            continue
        numbers = _with_ends(points, f"{estimate}_best_probability")
        for labels, where in ranked_labels(points, estimate):
            yield Line([*labels, OWN_MODELS, draws], numbers[(slice(None), *where)])
            if str(estimate) in others:
                with_others = _with_ends(points, f"{estimate}_best_probability_with")
                for i, other in enumerate(points.result["alternative"].values):
                    yield Line(
                        [*labels, str(other), min(draws, MOST_MODEL_DRAWS)],
                        with_others[(slice(None), i, *where)],
                    )


def _by_source(points: Points, spread: Spread) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Numbers, shape (point, month, column); what is known of the draws; what matters most."""
    estimate = spread.numbers(ESTIMATE)
    every = spread.numbers("uncertainty")  # the sources come after the point
    sd = {str(source): every[:, i] for i, source in enumerate(points.result["source"].values)}
    drawn = {
        end: spread.numbers(f"parameters_{end}")
        if spread.has(f"parameters_{end}")
        else np.full(estimate.shape, TOLD if end == "state" else np.nan)
        for end in ("lower", "upper", "noise_share", "state")
    }
    columns = [
        estimate, sd["patients"], sd["parameters"], drawn["lower"], drawn["upper"],
        sd["models"], sd["monte_carlo"], drawn["noise_share"],
    ]  # fmt: skip
    return np.stack(columns, axis=-1), drawn["state"], what_matters(sd, drawn["state"])


def _with_ends(points: Points, name: str) -> np.ndarray:
    return np.stack([points.array(name + end) for end in ENDS], axis=-1)
