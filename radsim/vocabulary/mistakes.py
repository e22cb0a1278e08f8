"""A validation error, said in one plain line for each mistake."""

import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from radsim.vocabulary.words import nearest

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError


class Mistake(ValueError):
    """Something that was asked for is wrong; the message says what, a line for each mistake."""


WRAPPERS = {  # levels that a file does not show, by section: each with its depth
    "cohort": {1: "variables", 3: "distribution"},
    "arms": {2: "plan"},
    "tcp": {1: "model"},
    "ntcp": {2: "model"},
}
NAMING = {
    "tcp": "preset",
    "ntcp": "preset",
    "survival": "preset",
    "dose": "preset",
    "cohort": "preset",
    "arms": "regimen",
}  # key under which a section takes a name
NOT_A_TABLE = ("dict_type", "dataclass_type", "model_type", "model_attributes_type")
UNKNOWN_KEY = ("extra_forbidden", "unexpected_keyword_argument")
WANTED = {
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "string_type": "must be text in quotes",
    "dict_type": "must be a table",
    "dataclass_type": "must be a table",
    "tuple_type": "must be a list",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "string_pattern_mismatch": "must not be blank",
    "finite_number": "must be a finite number",
}
KEY = re.compile(r"[a-z][\w-]*(\[\d+\])?(\.\w[\w-]*(\[\d+\])?)*: ")  # a line may start with one
LONGEST = 60  # characters of a wrong value that are worth repeating


def mistakes_of(error: "ValidationError", data: Any, schema: Mapping[str, Any]) -> list[str]:
    """List the mistakes in some data, each with the key where it is.

    The JSON schema of the data tells which keys there are, where an unknown one came.
    """
    mistakes: list[tuple[list[Any], str]] = []
    for detail in error.errors():
        path = _path(detail["loc"], data, detail["type"])
        for sentence in _sentence(dict(detail), path, data, schema).splitlines():
            mistakes.append(_with_field(path, sentence, data))
    paths = [path for path, _ in mistakes]
    lines: dict[str, None] = {}
    wrong_types: set[str] = set()
    types = tuple(WANTED.values())
    better = [path for path, sentence in mistakes if not sentence.startswith(types)]
    for path, sentence in mistakes:
        key = _dotted(path)
        if sentence.startswith(types):
            deeper = any(len(other) > len(path) and other[: len(path)] == path for other in paths)
            if deeper or path in better or key in wrong_types:
                continue  # each member of a union says what it wanted; one of them is enough
            wrong_types.add(key)
        lines[f"{key}: {sentence}" if key else sentence] = None
    return list(lines)


def below(key: str, problem: str) -> list[str]:
    r"""Give the lines of what is wrong with a section, each with the key where it is.

    Examples
    --------
    >>> below("tcp", "d50: must be a number\ntwo presets")
    ['tcp.d50: must be a number', 'tcp: two presets']
    """
    lines = problem.splitlines() or [""]
    return [f"{key}{'.' if KEY.match(line) else ': '}{line}" for line in lines]


def validated(kind: Any, data: Any, prefix: str = "") -> Any:
    """Make a value of a type from data; a Mistake has a line for each one, behind a prefix.

    A key that is unknown is a mistake in the members of a union; a class says that for itself.
    """
    from pydantic import ValidationError

    adapter = _adapter(kind)
    try:
        return adapter.validate_python(data)
    except ValidationError as error:
        lines = mistakes_of(error, data, adapter.json_schema())
        raise Mistake("\n".join(f"{prefix}{line}" for line in lines)) from None


@cache
def _adapter(kind: Any) -> "TypeAdapter[Any]":
    """What makes values of a type; each is worked out once, which takes a tenth of a second."""
    from pydantic import ConfigDict, TypeAdapter

    config = None if isinstance(kind, type) else ConfigDict(extra="forbid")
    return TypeAdapter(kind, config=config)


def _with_field(path: list[Any], sentence: str, data: Any) -> tuple[list[Any], str]:
    """Move the field that a sentence starts with into the path, where it is one."""
    here = data
    for step in path:
        here = here[step] if _holds(here, step) else None
    field, _, rest = sentence.partition(" ")
    field = field.rpartition(".")[2]
    if isinstance(here, Mapping) and field in here and rest.startswith("must "):
        return [*path, field], rest
    return path, sentence


def _sentence(detail: dict[str, Any], path: list[Any], data: Any, schema: Mapping[str, Any]) -> str:
    kind, came = detail["type"], detail["input"]
    if kind in NOT_A_TABLE and isinstance(came, str) and (key := _naming(path)):
        return f"must be a table, such as {{ {key} = {short(came)} }}, got {short(came)}"
    if kind == "too_long":
        most = detail["ctx"]["max_length"]
        return f"must have {most} values at most, got {detail['ctx']['actual_length']}"
    if kind in UNKNOWN_KEY:
        return f"unknown key; {nearest(str(path[-1]), _known_keys(path[:-1], data, schema))}"
    if kind in ("missing", "missing_argument", "missing_keyword_only_argument"):
        return "is missing"
    if kind == "union_tag_not_found":
        return "needs a preset or a kind"
    if kind == "union_tag_invalid":
        tags = detail["ctx"]["expected_tags"].replace("'", "").split(", ")
        return f"no kind {detail['ctx']['tag']!r}; {nearest(detail['ctx']['tag'], tags)}"
    if kind == "literal_error":
        return f"must be one of {detail['ctx']['expected']}, got {short(detail['input'])}"
    if kind in WANTED:
        return f"{WANTED[kind]}, got {short(detail['input'])}"
    message = detail["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return message if kind == "value_error" else f"{message}, got {short(detail['input'])}"


def _naming(path: list[Any]) -> str:
    """Key under which the table at a path takes the name of a preset, if it takes one."""
    steps = [step for place, step in enumerate(path) if not _is_hidden(path, place)]
    named = steps[2:] if steps[0] == "arms" and len(steps) == 3 else steps
    deep = len(steps) == (2 if steps[0] in ("arms", "ntcp") else 1)
    return NAMING.get(str(named[0]), "") if named and (deep or named != steps) else ""


def _is_hidden(path: list[Any], place: int) -> bool:
    """Say whether a file does not show this step of a path."""
    return WRAPPERS.get(str(path[0]), {}).get(place) == path[place]


def short(value: Any) -> str:
    """Write a wrong value as Python does, cut where it is long."""
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def _path(loc: tuple[Any, ...], data: Any, kind: str) -> list[Any]:
    """Follow a location through the data, leaving out the tags of unions."""
    path: list[Any] = []
    here = data
    for i, step in enumerate(loc):
        if _holds(here, step):
            here = here[step]
        elif i < len(loc) - 1 or not (kind.startswith("missing") or kind in UNKNOWN_KEY):
            continue  # the tag of a union member or the name of a type, not a key
        path.append(step)
    return path


def _holds(table: Any, step: Any) -> bool:
    if isinstance(table, Mapping):
        return step in table
    return isinstance(table, (list, tuple)) and isinstance(step, int) and step < len(table)


def _dotted(path: list[Any]) -> str:
    dotted = ""
    for position, step in enumerate(path):
        if isinstance(step, int):
            dotted += f"[{step}]"
        elif not _is_hidden(path, position):
            dotted += f".{step}" if dotted else str(step)
    return dotted


def _known_keys(path: list[Any], data: Any, schema: Mapping[str, Any]) -> list[str]:
    definitions = schema.get("$defs", {})
    here: Any = schema
    value = data
    beside: list[str] = []  # keys of the level above one that a file does not show
    for position, step in enumerate(path):
        here = _narrow(here, value, definitions)
        value = value[step]
        hidden = _is_hidden(path, position)
        beside = [name for name in here.get("properties", {}) if hidden and name != step]
        if isinstance(step, int):
            here = here.get("items", {})
        else:
            here = here.get("properties", {}).get(step) or here.get("additionalProperties") or {}
    return [*_narrow(here, value, definitions).get("properties", {}), *beside]


def _narrow(schema: Any, value: Any, definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """Resolve references, and pick the member of a union that the value's kind names."""
    if not isinstance(schema, Mapping):
        return {}
    if "$ref" in schema:
        return _narrow(definitions[schema["$ref"].rsplit("/", 1)[-1]], value, definitions)
    members = schema.get("oneOf") or schema.get("anyOf")
    if not members:
        return schema
    is_table = isinstance(value, Mapping)
    kind = value.get("kind") if is_table else None
    mapping = schema.get("discriminator", {}).get("mapping", {})
    unfit = ("null", "string") if is_table else ("null",)
    fitting = [m for m in members if m.get("type") not in unfit]
    is_list = isinstance(value, (list, tuple))
    alike = (m for m in fitting if (m.get("type") == "array") == is_list)
    member: Any = next(alike, fitting[0] if fitting else {})
    if isinstance(kind, str) and kind in mapping:
        member = {"$ref": mapping[kind]}
    return _narrow(member, value, definitions)


def require(condition: bool, message: str) -> None:
    """Raise ValueError with this message unless the condition holds."""
    if not condition:
        raise ValueError(message)


def require_all(*requirements: tuple[bool, str]) -> None:
    """Raise one ValueError with a line for each condition that does not hold."""
    broken = [message for condition, message in requirements if not condition]
    require(not broken, "\n".join(broken))
