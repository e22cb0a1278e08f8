"""From the short experiment file that a person writes to one in which every number stands."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from radsim.dose.plans.filling import expand_plan
from radsim.dose.plans.library_folder import READING, expand_library
from radsim.experiment.filling_cohort import fill_cohort
from radsim.experiment.filling_outcomes import fill_complications, fill_control
from radsim.experiment.filling_presets import fill_preset
from radsim.experiment.problems import Problems
from radsim.experiment.short_form import ARM_KEYS

DOSE_PRESET = DOSE_KIND = "distance"  # unless the file names another preset


def expand_experiment(raw: dict[str, Any], folder: Path) -> tuple[dict[str, Any], Problems]:
    """Fill in presets, files and short forms.

    Parameters
    ----------
    raw
        The tables of an experiment file.
    folder
        Where the files that it names are looked for.

    Returns
    -------
    tuple
        The same experiment with nothing left to look up, and the mistakes found on the way.
        What can't be understood is left as it is, for the validation to report.
    """
    problems = Problems()
    full = dict(raw)
    if "cohort" in raw:
        full["cohort"] = _section(
            raw, "cohort", problems, lambda c: fill_cohort(c, folder, problems)
        )
    full["dose"] = _section(raw, "dose", problems, _dose)
    if isinstance(raw.get("tcp"), dict):
        full["tcp"] = fill_control(raw["tcp"], folder, problems)
    if "survival" in raw:
        full["survival"] = _section(raw, "survival", problems, partial(fill_preset, "survival"))
    if isinstance(raw.get("ntcp"), dict):
        full["ntcp"] = fill_complications(raw["ntcp"], folder, problems)
    if isinstance(raw.get("arms"), dict):
        full["arms"] = {
            name: _arm(f"arms.{name}", arm, folder, problems) for name, arm in raw["arms"].items()
        }
    return full, problems


def _section(
    raw: dict[str, Any], name: str, problems: Problems, step: Callable[[dict[str, Any]], Any]
) -> Any:
    section = raw.get(name, {})
    if not isinstance(section, dict):
        return section
    return problems.attempt(name, step, section, default=section)


def _dose(section: dict[str, Any]) -> dict[str, Any]:
    return fill_preset("dose", {"preset": DOSE_PRESET, **section}, DOSE_KIND)


def _arm(key: str, arm: Any, folder: Path, problems: Problems) -> Any:
    if not isinstance(arm, dict):
        return {"plan": arm}
    settings = {name: value for name, value in arm.items() if name not in ARM_KEYS}
    if settings.get("kind") == "library":
        unread = {name: value for name, value in settings.items() if name not in READING}
        settings = problems.attempt(key, expand_library, settings, folder, default=unread)
    unexpanded = {
        "kind": "external_beam",
        **{k: v for k, v in settings.items() if k not in ("limits", "regimen")},
    }
    full: dict[str, Any] = {
        "plan": problems.attempt(key, expand_plan, settings, default=unexpanded)
    }
    if "survival" in arm:
        full["survival"] = (
            problems.attempt(
                f"{key}.survival", fill_preset, "survival", arm["survival"], default=arm["survival"]
            )
            if isinstance(arm["survival"], dict)
            else arm["survival"]
        )
    for name in ("label", "pain_response"):
        if name in arm:
            full[name] = arm[name]
    return full
