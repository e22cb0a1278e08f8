"""JSON schema of the experiment file as a person writes it, for editors."""

from typing import Any

from radsim.dose.plans.plan import Plan
from radsim.experiment.filling_cohort import COHORT_KEYS
from radsim.experiment.model import Experiment
from radsim.ntcp import NTCPModel
from radsim.presets import preset_names
from radsim.radiobiology.cell_kill import LAWS_BY_NAME
from radsim.response.survival import Survival
from radsim.tcp import TCPModel
from radsim.vocabulary.cohort_variables import COHORT, DESCRIPTIONS
from radsim.vocabulary.kinds import members

DRAFT = "https://json-schema.org/draft/2020-12/schema"
PRESET_FAMILIES = {  # definitions whose ``preset`` is a name of this family
    **{model.__name__: "tcp" for model in members(TCPModel)},
    **{model.__name__: "ntcp" for model in members(NTCPModel)},
    "LQL": "cell_kill",
    "UniversalSurvivalCurve": "cell_kill",
    "HazardModifier": "modifier",
    **{model.__name__: "survival" for model in members(Survival)},
    "Cohort": "cohort",
    "DoseModel": "dose",
    "SampledOrgan": "organ",
}
ONSETS = ("LognormalOnset", "PowerOnset")  # laid over the preset's, key by key


def file_schema() -> dict[str, Any]:
    """Give the schema of an experiment file, presets and short forms included.

    It is the schema of a checked experiment with three changes: what a preset may fill in is
    optional, a number may stand for a distribution, and arms and cohort are as flat as in a file.

    Examples
    --------
    >>> sorted(file_schema()["required"])
    ['arms', 'cohort', 'name', 'patients', 'seed']
    """
    schema = Experiment.model_json_schema()
    definitions = schema["$defs"]
    for name in (*PRESET_FAMILIES, *ONSETS):
        definitions[name].pop("required", None)
    for name, family in PRESET_FAMILIES.items():
        names = {"type": "string", "enum": preset_names(family)}
        definitions[name]["properties"]["preset"] = names
    definitions["Arm"] = _flat_arm(definitions)
    definitions["Cohort"] = _flat_cohort(definitions)
    laws = {"enum": [*LAWS_BY_NAME, *preset_names("cell_kill")]}
    modifiers = {"enum": preset_names("modifier")}
    for model in (*members(TCPModel), *members(NTCPModel)):
        fields = definitions[model.__name__]["properties"]
        if "cell_kill" in fields:
            fields["cell_kill"] = {"anyOf": [laws, fields["cell_kill"]]}
        if "modifiers" in fields:
            fields["modifiers"]["items"] = {"anyOf": [modifiers, fields["modifiers"]["items"]]}
    for name, family in (("Control", "tcp"), ("Complication", "ntcp")):
        definitions[name] = _flat_outcome(definitions, name, family)
    properties = schema["properties"]
    properties.pop("written")  # worked out, not written by a person
    properties["precision"] = {"anyOf": [{"type": "number"}, {"$ref": "#/$defs/Precision"}]}
    schema["required"] = ["name", "seed", "patients", "cohort", "arms"]
    return {"$schema": DRAFT, **_numbers_allowed(schema)}


def _flat_arm(definitions: dict[str, Any]) -> dict[str, Any]:
    beside_plan = {key: v for key, v in definitions["Arm"]["properties"].items() if key != "plan"}
    kinds = []
    for kind in members(Plan):
        stated = definitions[kind.__name__]  # which the courses of a sequence refer to
        properties = stated["properties"]
        if "limits" in properties:
            properties["limits"] = {"type": ["object", "array"]}
        if "courses" not in properties:
            properties["regimen"] = {"type": "string", "enum": preset_names("regimen")}
        stated.pop("required", None)
        properties = {**properties, **beside_plan, **kind.only_in_files}  # type: ignore[attr-defined]
        kinds.append({"type": "object", "properties": properties, "additionalProperties": False})
    return {"anyOf": kinds}


def _flat_outcome(definitions: dict[str, Any], name: str, family: str) -> dict[str, Any]:
    """Put the keys of a section beside those of its own model, whichever kind that is."""
    section = definitions[name]["properties"]
    references = section.pop("model")["discriminator"]["mapping"].values()
    listed = section["alternatives"]
    listed["items"] = {"anyOf": [{"enum": preset_names(family)}, listed["items"]]}
    models = [definitions[reference.rpartition("/")[2]] for reference in references]
    return {"anyOf": [{**m, "properties": {**m["properties"], **section}} for m in models]}


def _flat_cohort(definitions: dict[str, Any]) -> dict[str, Any]:
    cohort = definitions["Cohort"]["properties"]
    keys = {key: {"type": "string"} for key in ("kind", *DESCRIPTIONS)}
    variable = {"anyOf": [{"type": ["number", "string"]}, {"type": "object", "properties": keys}]}
    table = {"type": ["string", "object"], "description": "a CSV file of patients"}
    properties = {
        **{key: cohort[key] for key in COHORT_KEYS if key != "table"},
        "table": table,
        **{name: {**variable, "description": v.meaning} for name, v in COHORT.items()},
    }
    return {"type": "object", "properties": properties, "additionalProperties": variable}


def _numbers_allowed(schema: Any) -> Any:
    """Let a number stand wherever a distribution is asked for."""
    if isinstance(schema, list):
        return [_numbers_allowed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    changed = {key: _numbers_allowed(value) for key, value in schema.items()}
    tags = changed.get("discriminator", {}).get("mapping", {})
    if "fixed" in tags:
        return {"anyOf": [{"type": "number"}, changed]}
    if "oneOf" in changed and tags:  # a preset alone does not say which kind it is
        changed["anyOf"] = changed.pop("oneOf")
    return changed
