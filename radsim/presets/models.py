"""A model from its settings, none of which may be unknown."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from pydantic import TypeAdapter, ValidationError

from radsim.presets import load_preset
from radsim.vocabulary.kinds import kind_of, members
from radsim.vocabulary.mistakes import Mistake, mistakes_of
from radsim.vocabulary.words import nearest


def load_model(union: Any, family: str, name: str, changes: Mapping[str, Any]) -> Any:
    """Build the model of a preset, with some of its settings changed.

    Parameters
    ----------
    union
        Classes of models, told apart by their ``kind``.
    family, name
        Of the preset.
    changes
        Settings instead of the preset's.

    Raises
    ------
    Mistake
        If there is no such preset, or a setting is unknown or wrong.
    """
    settings = {**load_preset(family, name).settings(), "preset": name, **changes}
    kinds = {kind_of(one): one for one in members(union)}
    kind = settings["kind"]
    if kind not in kinds:
        raise Mistake(f"{name}: no kind {kind!r}; {nearest(str(kind), kinds)}")
    known = [one.name for one in fields(kinds[kind])]
    unknown = [
        f"{name}: {kind} has no setting {key!r}; {nearest(key, known)}"
        for key in settings
        if key not in known
    ]
    if unknown:
        raise Mistake("\n".join(unknown))
    adapter: TypeAdapter[Any] = TypeAdapter(union)
    try:
        return adapter.validate_python(settings)
    except ValidationError as error:
        lines = mistakes_of(error, settings, adapter.json_schema())
        raise Mistake("\n".join(f"{name}: {line}" for line in lines)) from None
