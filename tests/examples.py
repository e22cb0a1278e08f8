"""Experiments that several tests share."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from radsim import Experiment, make_experiment

SMALL = Path(__file__).parent / "small.toml"
_FILES = sorted((Path(__file__).parents[1] / "experiments").glob("*.toml"))
_SECTIONS = {"sweep", "uncertainty", "sensitivity"}
DESIGNS = [p for p in _FILES if _SECTIONS & set(tomllib.loads(p.read_text(encoding="utf-8")))]
SHIPPED = [path for path in _FILES if path not in DESIGNS]


def settings() -> dict[str, Any]:
    """Settings of the small experiment, to be changed at will."""
    return tomllib.loads(SMALL.read_text(encoding="utf-8"))


def experiment(**changes: Any) -> Experiment:
    """Build the small experiment with other tables or values at its top level."""
    return make_experiment({**settings(), **changes})


@cache
def small() -> Experiment:
    """Build the small experiment as it is."""
    return experiment()
