"""What a model is called in tables: by its preset, with a word where it was changed."""

from dataclasses import fields
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from radsim.presets import load_preset


def published_name(family: str, model: Any) -> str:
    """Name a model as tables do: by its preset, with a word where it was changed."""
    if model is None:
        return ""
    if not model.preset:
        return "custom"
    published = _published(family, model.preset, model.__class__)
    compared = (field.name for field in fields(model) if field.name != "label")
    same = all(getattr(model, name) == getattr(published, name) for name in compared)
    return model.preset if same else f"{model.preset} (modified)"


@cache
def _published(family: str, preset: str, kind: type) -> Any:
    """The model of a preset as it is published."""
    settings = {**load_preset(family, preset).settings(), "preset": preset}
    return TypeAdapter(kind).validate_python(settings)
