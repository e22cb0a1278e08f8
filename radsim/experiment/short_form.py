"""An experiment as a file has it."""

from typing import Any

from radsim.experiment.outcomes import ABOUT, ALTERNATIVES

ARM_KEYS = ("label", "cohort", "survival", "pain_response")  # what an arm states besides its plan


def shorten_experiment(full: dict[str, Any]) -> dict[str, Any]:
    """Write an expanded experiment the way a file has it (the inverse in form, not in length)."""
    short = dict(full)
    short["cohort"] = _cohort(full["cohort"])
    short["arms"] = {name: _arm(arm) for name, arm in full["arms"].items()}
    if full.get("tcp"):
        short["tcp"] = _outcome(full["tcp"])
    short["ntcp"] = {name: _outcome(section) for name, section in full["ntcp"].items()}
    return short


def _cohort(full: dict[str, Any]) -> dict[str, Any]:
    cohort = {name: value for name, value in full.items() if name != "variables"}
    for name, variable in full.get("variables", {}).items():
        described = {k: v for k, v in variable.items() if v and k != "distribution"}
        cohort[name] = {**variable["distribution"], **described}
    return cohort


def _arm(full: dict[str, Any]) -> dict[str, Any]:
    stated = {key: full[key] for key in ARM_KEYS if full.get(key)}
    if "cohort" in stated:
        stated["cohort"] = _cohort(stated["cohort"])
    return {**full["plan"], **stated}


def _outcome(section: dict[str, Any]) -> dict[str, Any]:
    """Write a section with its own model as its keys, and the models beside it after them."""
    about = {key: section[key] for key in ABOUT if section.get(key)}
    return {**about, **section["model"], ALTERNATIVES: section[ALTERNATIVES]}


def without_blanks(value: Any) -> Any:
    """Leave out text that is empty; an empty list stays, because it says that there is none."""
    if isinstance(value, dict):
        return {k: without_blanks(v) for k, v in value.items() if v != ""}
    return [without_blanks(v) for v in value] if isinstance(value, (list, tuple)) else value
