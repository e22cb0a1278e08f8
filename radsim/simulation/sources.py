"""Where an experiment takes its uniform numbers from."""

from functools import lru_cache

from radsim.experiment.model import Experiment
from radsim.randomness.sources import MOST_DIMENSIONS, SLICE, Antithetic, Recorder, Sobol
from radsim.randomness.streams import Streams, UniformSource
from radsim.simulation.memo import Memo
from radsim.simulation.outcomes import outcomes_of

TRIAL_PATIENTS = range(256)  # enough to meet the decisions that most patients need


def source_of(experiment: Experiment, size: int = SLICE) -> UniformSource:
    """Return the source of uniform numbers that an experiment names.

    Parameters
    ----------
    size
        Consecutive patients of one replicate.
    """
    if experiment.uniforms == "plain":
        return Streams(experiment.seed)
    if experiment.uniforms == "antithetic":
        return Antithetic(experiment.seed)
    names = _decisions(experiment.model_dump_json(exclude={"written"}))
    return Sobol(experiment.seed, names, size)


@lru_cache(maxsize=8)
def _decisions(experiment: str) -> tuple[str, ...]:
    """Name what is decided by a random number, in the order in which a few patients need it."""
    recorder = Recorder(0)
    outcomes_of(Experiment.model_validate_json(experiment), TRIAL_PATIENTS, recorder, Memo())
    return tuple(recorder.names)[:MOST_DIMENSIONS]
