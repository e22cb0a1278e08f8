"""Where an experiment takes its uniform numbers from."""

from functools import lru_cache

from radsim.experiment.model import Experiment
from radsim.randomness.sources import MOST_DIMENSIONS, SLICE, Antithetic, Recorder, Sobol
from radsim.randomness.streams import Streams, UniformSource
from radsim.simulation.memo import Memo
from radsim.simulation.outcomes import outcomes_of

TRIAL_PATIENTS = range(256)  # enough to meet the decisions that most patients need


def source_of(experiment: Experiment, size: int = SLICE) -> UniformSource:
    """Return the source that an experiment names; of replicates in slices of some size."""
    if experiment.uniforms == "plain":
        return Streams(experiment.seed)
    if experiment.uniforms == "antithetic":
        return Antithetic(experiment.seed)
    names = _decisions(experiment.model_dump_json(exclude={"written"}))
    return Sobol(experiment.seed, names, size)


@lru_cache(maxsize=8)
def _decisions(experiment: str) -> tuple[str, ...]:
    """Name what is decided by a random number, in the order in which a few patients need it.

    Arms come by name, so that their order in the file changes no number.
    """
    recorder, made = Recorder(0), Experiment.model_validate_json(experiment)
    by_name = made.model_copy(update={"arms": dict(sorted(made.arms.items()))})
    outcomes_of(by_name, TRIAL_PATIENTS, recorder, Memo())
    return tuple(recorder.names)[:MOST_DIMENSIONS]
