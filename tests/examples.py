"""Experiments that several tests share."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from radsim import Experiment, make_experiment

SMALL = Path(__file__).parent / "small.toml"
EXPERIMENTS = sorted((Path(__file__).parents[1] / "experiments").glob("*.toml"))
_DESIGN = {"sweep", "uncertainty", "sensitivity"}
_SECTIONS = {path: set(tomllib.loads(path.read_text("utf-8"))) for path in EXPERIMENTS}
TRIALS = [path for path in EXPERIMENTS if "trial" in _SECTIONS[path]]
DESIGNS = [path for path in EXPERIMENTS if _DESIGN & _SECTIONS[path]]
SHIPPED = [path for path in EXPERIMENTS if path not in (*TRIALS, *DESIGNS)]


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


SAC = {
    "words": "late syndrome of the sac",
    "short": "sac",
    "kind": "lkb",
    "effect": "eqd2",
    "alpha_beta": 3.0,
    "dose": {"structure": "thecal_sac", "metric": "DVH", "course": "planned"},
    "td50": 55.0,
    "m": 0.2,
    "n": 0.1,
    "onset": {"kind": "lognormal", "median": 9.0, "sigma": 0.5},
}


def sac(**changes: Any) -> Experiment:
    """Build the small experiment with an endpoint that the package has never heard of."""
    section = {**SAC, "alternatives": [{"label": "steeper", "m": 0.1}, "sbrt-cord-case-control"]}
    ntcp = {**settings()["ntcp"], "late_sac_syndrome": section}
    return experiment(**{"ntcp": ntcp, **changes})
