"""Libraries of plans filled in: of each plan, what the file reads."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from radsim.dose.plans.library_folder import READING, expand_library
from radsim.experiment.grouping import COURSES
from radsim.presets import load_preset, preset_names
from radsim.vocabulary.dose_metrics import parse_metric

FAMILIES = ("regimen", "limits", "tcp", "ntcp")  # of presets that name structures, or one another
TELLING = ("name", "question", "expect", "cohort")  # name no structure, whatever they say
FILLED = ("plans", "prescription", "fractions", "smoothing")  # what the reading of a folder states


def fill_library(
    settings: Mapping[str, Any], folder: Path, whole: Mapping[str, Any]
) -> dict[str, Any]:
    """Read the plans of an arm's folder, with the organs and hot spots that the whole file names.

    A structure is named where any key, or any text, is its name: in the dose of a model, a limit, a
    name for a plan's structure, a grouping, the values of a sweep, or a preset that stands in one.
    """
    if "folder" not in settings:
        return dict(settings)
    named = set(_texts({key: part for key, part in whole.items() if key not in TELLING}))
    for family in FAMILIES:
        for name in named.intersection(preset_names(family)):
            named |= set(_texts(load_preset(family, name).settings()))
    return expand_library(settings, folder, organs=named, hot_spots=set(_hot_spots(named)))


def read_in_libraries(settings: dict[str, Any], full: Mapping[str, Any]) -> dict[str, Any]:
    """Put the plans of the folders that arms name in the place of their names."""
    arms = {
        name: {
            **{key: value for key, value in arm.items() if key not in READING},
            **{key: v for key, v in full["arms"][name]["plan"].items() if key in FILLED},
        }
        if isinstance(arm, dict) and "folder" in arm
        else arm
        for name, arm in settings["arms"].items()
    }
    return {**settings, "arms": arms}


def _texts(value: Any) -> Iterator[str]:
    """Every text and key, in whole, and in the parts of a dotted key or of a metric of a plan."""
    if isinstance(value, str):
        yield value
        yield from re.split(r"[.\[\]]+", value)
        if len(words := value.split()) == 3 and words[-1] in COURSES:
            yield from words
    elif isinstance(value, Mapping):
        for key, below in value.items():
            yield from _texts(key)
            yield from _texts(below)
    elif isinstance(value, list | tuple):
        for below in value:
            yield from _texts(below)


def _hot_spots(named: set[str]) -> Iterator[float]:
    """Volumes [cm3] of metrics such as D2.5cc."""
    for text in named:
        try:
            metric = parse_metric(text)
        except ValueError:
            continue
        if metric is not None and metric.kind == "dose_at_volume":
            yield metric.number
