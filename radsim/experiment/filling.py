"""From the short experiment file that a person writes to one in which every number stands."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from radsim.dose.plans.filling import expand_plan
from radsim.dose.plans.library_folder import READING
from radsim.experiment.filling_cohort import fill_cohort
from radsim.experiment.filling_libraries import fill_library
from radsim.experiment.filling_outcomes import fill_complications, fill_control
from radsim.experiment.filling_presets import fill_preset
from radsim.experiment.grouping import fill_report
from radsim.experiment.problems import Problems
from radsim.experiment.short_form import ARM_KEYS
from radsim.presets import preset_names
from radsim.response.survival import ProportionalHazards, WeibullSurvival
from radsim.vocabulary.kinds import kind_of
from radsim.vocabulary.mistakes import require

DOSE_PRESET = DOSE_KIND = "distance"  # unless the file names another preset
WEIBULL = kind_of(WeibullSurvival)  # unless the file names another kind


def expand_experiment(raw: dict[str, Any], folder: Path) -> tuple[dict[str, Any], Problems]:
    """Fill in presets, files (looked for in a folder) and short forms.

    It gives the same tables with nothing left to look up, and the mistakes found on the way.
    What can't be understood is left as it is, for the validation to report.
    """
    problems = Problems()
    steps: dict[str, Callable[[dict[str, Any]], Any]] = {
        "cohort": lambda cohort: fill_cohort(cohort, folder, problems),
        "dose": lambda dose: _dose(dose, problems),
        "tcp": lambda section: fill_control(section, folder, problems),
        "survival": lambda law: fill_survival(law, raw.get("cohort")),
        "report": fill_report,
        "ntcp": lambda sections: fill_complications(sections, folder, problems),
        "arms": lambda arms: {
            name: _arm(name, arm, full, folder, problems) for name, arm in arms.items()
        },
    }
    full = {**raw, "dose": raw.get("dose", {})}
    for name, step in steps.items():
        if isinstance(section := full.get(name), dict):
            full[name] = problems.attempt(name, step, section, default=section)
    return full, problems


def _dose(section: dict[str, Any], problems: Problems) -> dict[str, Any]:
    """Fill in the dose model, and organs of it that name a preset."""
    full = fill_preset("dose", {"preset": DOSE_PRESET, **section}, DOSE_KIND)
    if isinstance(organs := full.get("organs"), dict):
        full["organs"] = {
            name: problems.attempt(
                f"dose.organs.{name}", fill_preset, "organ", organ, default=organ
            )
            if isinstance(organ, dict)
            else organ
            for name, organ in organs.items()
        }
    return full


def fill_survival(section: dict[str, Any], cohort: Any) -> dict[str, Any]:
    """Fill in a law of survival; what a cohort's preset survives is that of the same name."""
    full = {"kind": WEIBULL, **fill_preset("survival", section)}
    preset = cohort.get("preset", "") if isinstance(cohort, dict) else ""
    is_hazards = full["kind"] == kind_of(ProportionalHazards)
    if is_hazards and "baseline" not in section and preset in preset_names("survival"):
        stated = full.setdefault("stated", {"preset": preset})
        if isinstance(stated, dict) and not {"shape", "scale"} <= stated.keys():
            full["stated"] = {"preset": preset, **stated}
    for part in ("stated", "baseline"):
        if isinstance(law := full.get(part), str):
            law = {"preset": law}
        if isinstance(law, dict):
            law = {"kind": WEIBULL, **fill_preset("survival", law)}
            require(law["kind"] == WEIBULL, f"{part} must be a {WEIBULL} law, got {law['kind']}")
            full[part] = law
    return full


def _arm(name: str, arm: Any, whole: dict[str, Any], folder: Path, problems: Problems) -> Any:
    """Fill in an arm of a file whose other sections are filled in already."""
    key = f"arms.{name}"
    if not isinstance(arm, dict):
        return {"plan": arm}
    settings = {name: value for name, value in arm.items() if name not in ARM_KEYS}
    if settings.get("kind") == "library":
        unread = {name: value for name, value in settings.items() if name not in READING}
        settings = problems.attempt(key, fill_library, settings, folder, whole, default=unread)
    rest = {name: value for name, value in settings.items() if name not in ("limits", "regimen")}
    unexpanded = (
        {"kind": "external_beam", **rest} if "courses" not in rest else {"kind": "sequence"}
    )
    plan = problems.attempt(key, expand_plan, settings, default=unexpanded)
    full = {"plan": plan, **{name: arm[name] for name in ARM_KEYS if name in arm}}
    if isinstance(cohort := arm.get("cohort"), dict):
        where = f"{key}.cohort"
        step = partial(fill_cohort, folder=folder, problems=problems, key=where)
        full["cohort"] = problems.attempt(where, step, cohort, default=cohort)
    if isinstance(survival := arm.get("survival"), dict):
        where = f"{key}.survival"
        whom = arm.get("cohort", whole.get("cohort"))
        full["survival"] = problems.attempt(where, fill_survival, survival, whom, default=survival)
    return full
