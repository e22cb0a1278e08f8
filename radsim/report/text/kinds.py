"""What each kind of model computes, takes and can be told, from the classes themselves."""

import inspect
import re
from dataclasses import MISSING, Field, fields
from typing import Any

from radsim.ntcp import NTCPModel
from radsim.presets import load_preset, preset_names
from radsim.radiobiology.cell_kill import CellKill
from radsim.tcp import TCPModel
from radsim.vocabulary.kinds import kind_of, members

NEEDED = "needed"  # in the place of the default of a setting that has none
MARKUP = {ord("`"): None, ord("\\"): None}  # is left out of a meaning
UNIONS: dict[str, Any] = {"tcp": TCPModel, "ntcp": NTCPModel, "cell_kill": CellKill}


def find_kinds(name: str = "") -> list[dict[str, Any]]:
    """Describe kinds by name or by ``family/name``, all of them unless a name is given.

    Each has its family, kind, first sentence, equation, what it takes, the presets of that kind,
    and its settings with their defaults and meanings, what has to be given first.

    Examples
    --------
    >>> [(kind["family"], kind["takes"]) for kind in find_kinds("lkb")]
    [('ntcp', 'the whole DVH')]
    """
    return [
        _describe(family, model)
        for family, union in UNIONS.items()
        for model in members(union)
        if name in ("", kind_of(model), f"{family}/{kind_of(model)}")
    ]


def _describe(family: str, model: type) -> dict[str, Any]:
    meanings, kind = _meanings(model), kind_of(model)
    paragraph = (inspect.getdoc(model) or "").split("\n\n")[0].replace("\n", " ")
    return {
        "family": family,
        "kind": kind,
        "what": re.sub(r",? :math:`[^`]*`", "", paragraph),
        "equation": getattr(model, "equation", ""),
        "takes": getattr(model, "takes", ""),
        "presets": [n for n in preset_names(family) if load_preset(family, n).kind == kind],
        "settings": [
            {"name": f.name, "default": _default(f), "meaning": meanings.get(f.name, "")}
            for f in sorted(fields(model), key=lambda f: _default(f) != NEEDED)
            if f.name not in ("kind", "preset")
        ],
    }


def _default(field: Field[Any]) -> str:
    if field.default_factory is not MISSING:
        made = field.default_factory()
        return str(made) if type(made).__str__ is not object.__str__ else ""
    if field.default is MISSING:
        return NEEDED
    return "" if field.default in (None, "") else str(field.default)


def _meanings(model: type) -> dict[str, str]:
    """Read what the docstrings of a class and of those it stands on say of each setting."""
    meanings: dict[str, str] = {}
    for stands_on in reversed(model.__mro__):
        text = inspect.cleandoc(stands_on.__doc__ or "")
        section = re.search(r"^Attributes\n-+\n(.*?)(?=\n\n\w+\n-+\n|\Z)", text, re.S | re.M)
        for names, meaning in re.findall(
            r"^(\S.*)\n((?:[ ]+.*\n?|\n)+)", f"{section[1]}\n" if section else "", re.M
        ):
            plain = re.sub(r":math:`([^`]*)`", r"\1", meaning).translate(MARKUP)
            for name in names.split(", "):
                for field in fields(model):
                    if field.name == name or (
                        name.endswith("...") and field.name.startswith(name.removesuffix("..."))
                    ):
                        meanings[field.name] = " ".join(plain.split())
    return meanings
