"""Keys of a trial among those that ``[sweep]`` varies: they make trials, not variants of a run."""

from collections.abc import Mapping
from typing import Any

from radsim.experiment.designs.keys import flatten, lies_in
from radsim.experiment.designs.ranges import listed_values

TRIAL, SWEEP = "trial", "sweep"


def with_trial_sweep(settings: dict[str, Any]) -> dict[str, Any]:
    """Move what ``[sweep]`` varies of the trial to ``[trial.sweep]``, ranges as lists.

    Raises
    ------
    ValueError
        For what is no list and no range; the message names the key.

    Examples
    --------
    >>> with_trial_sweep({"sweep": {"trial.patients": [100, 200]}, "trial": {}})
    {'trial': {'sweep': {'patients': [100, 200]}}}
    """
    trial, sweep = settings.get(TRIAL), settings.get(SWEEP)
    if not isinstance(trial, Mapping):
        return settings
    below = trial.get(SWEEP, {})
    swept = {} if not isinstance(below, Mapping) else dict(flatten(below, ends=("kind", "from")))
    if isinstance(sweep, Mapping):
        own = {key: value for key, value in sweep.items() if _is_of_trial(key)}
        flat = dict(flatten(own, ends=("kind", "from")))
        swept |= {key.partition(".")[2]: value for key, value in flat.items()}
        rest = {key: value for key, value in sweep.items() if key not in own}
        settings = {key: value for key, value in settings.items() if key != SWEEP}
        settings |= {SWEEP: rest} if rest or not own else {}
    if not swept or not isinstance(below, Mapping):
        return settings
    lists = {key: _listed(key, value) for key, value in swept.items()}
    return {**settings, TRIAL: {**trial, SWEEP: lists}}


def _is_of_trial(key: str) -> bool:
    return key == TRIAL or lies_in(key, TRIAL)


def _listed(key: str, value: Any) -> list[Any]:
    try:
        listed = list(listed_values(value))
    except ValueError as error:
        raise ValueError(f"sweep.{TRIAL}.{key}: {error}") from None
    if isinstance(value, Mapping) and all(number == int(number) for number in listed):
        return [int(number) for number in listed]  # a range of counts
    return listed
