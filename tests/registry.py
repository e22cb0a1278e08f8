"""Every model that there is, by name: presets, kinds without one, and all of their choices."""

from dataclasses import fields, replace
from typing import Literal, get_args, get_origin

import exact_models

from radsim.ntcp import NTCPModel, load_ntcp
from radsim.presets import preset_names
from radsim.tcp import TCPModel, load_tcp
from radsim.vocabulary.kinds import kind_of, members

CURVES = ("curve_over_effect", "curve_over_effect", "curve_over_fraction_dose")
SETTINGS = ("kind", "effect", "estimates")  # choices that are not of a curve's shape


def models(family, union, load):
    """Every preset of a family, an example of each kind that has no preset, and their choices."""
    found = {name: load(name) for name in preset_names(family)}
    have = {model.kind for model in found.values()}
    for one in members(union):
        if kind_of(one) not in have:
            found[kind_of(one)] = one(**exact_models.EXAMPLES[family][kind_of(one)])
    for name, model in list(found.items()):
        for field in fields(model):
            if get_origin(field.type) is Literal and field.name not in SETTINGS:
                for choice in get_args(field.type):
                    if choice != getattr(model, field.name):
                        found[f"{name}, {choice}"] = replace(model, **{field.name: choice})
    return found


CONTROL = models("tcp", TCPModel, load_tcp)
_OF_COMPLICATIONS = models("ntcp", NTCPModel, load_ntcp)
LEVELS = {name: m for name, m in _OF_COMPLICATIONS.items() if m.kind == "technique"}
COMPLICATIONS = {name: m for name, m in _OF_COMPLICATIONS.items() if name not in LEVELS}  # of dose
EVERY = {**{f"tcp/{n}": m for n, m in CONTROL.items()},
         **{f"ntcp/{n}": m for n, m in COMPLICATIONS.items()}}  # fmt: skip


def curve(model, *what):
    """The curve of any model over what it is drawn over."""
    return next(getattr(model, name) for name in CURVES if hasattr(model, name))(*what)
