"""Models of presets: built from settings, none of which may be unknown, and named."""

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any

from radsim.presets import load_preset
from radsim.vocabulary.kinds import kind_of, members
from radsim.vocabulary.mistakes import Mistake, validated
from radsim.vocabulary.words import nearest

INSTEAD = (("reirradiation_control", "reirradiation_hazard_ratio"),)  # settings that say the same


def yielding(settings: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out settings in whose place changes state another one.

    Examples
    --------
    >>> yielding({"reirradiation_hazard_ratio": 1.67}, {"reirradiation_control": 0.76})
    {}
    """
    both_ways = (*INSTEAD, *(pair[::-1] for pair in INSTEAD))
    gone = {other for key, other in both_ways if key in changes}
    return {name: value for name, value in settings.items() if name not in gone}


def load_model(union: Any, family: str, name: str, changes: Mapping[str, Any]) -> Any:
    """Build the model of a preset, with some of its settings changed.

    The union holds classes of models, told apart by their ``kind``. A Mistake says if there is no
    such preset, or a setting is unknown or wrong.
    """
    stated = yielding(load_preset(family, name).settings(), changes)
    settings = {**stated, "preset": name, **changes}
    kinds = {kind_of(member): member for member in members(union)}
    kind = settings["kind"]
    if kind not in kinds:
        raise Mistake(f"{name}: no kind {kind!r}; {nearest(str(kind), kinds)}")
    if unknown := unknown_settings(kinds[kind], settings):
        raise Mistake("\n".join(f"{name}: {line}" for line in unknown))
    return validated(union, settings, f"{name}: ")


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


def bound_of(family: str, model: Any) -> str:
    """Say in words that a model's preset gives a bound; empty where it gives none.

    Examples
    --------
    >>> from radsim.ntcp import load_ntcp
    >>> bound_of("ntcp", load_ntcp("plexus-stubblefield-2017"))
    'lower bound'
    """
    side = load_preset(family, model.preset).bound if model.preset else ""
    return f"{side} bound" if side else ""


@cache
def _published(family: str, preset: str, kind: type) -> Any:
    """The model of a preset as it is published."""
    return validated(kind, {**load_preset(family, preset).settings(), "preset": preset})


def unknown_settings(model: type[Any], settings: Mapping[str, Any]) -> list[str]:
    """Give a line for each setting that a class of models does not have."""
    names = [field.name for field in fields(model)]
    return [
        f"{kind_of(model)} has no setting {key!r}; {nearest(key, names)}"
        for key in settings
        if key not in names
    ]
