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
UNIONS: dict[str, Any] = {"tcp": TCPModel, "ntcp": NTCPModel, "cell_kill": CellKill}


def find_kinds(name: str = "") -> list[dict[str, Any]]:
    """Describe kinds by name or by ``family/name``, all of them unless a name is given.

    Returns
    -------
    list
        For each its family, kind, first sentence, equation, what it takes, the presets that have
        it, and its settings with their defaults and meanings.

    Examples
    --------
    >>> [(one["family"], one["takes"]) for one in find_kinds("lkb")]
    [('ntcp', 'the whole DVH')]
    """
    every = [(family, one) for family, union in UNIONS.items() for one in members(union)]
    return [
        _describe(family, one)
        for family, one in every
        if name in ("", kind_of(one), f"{family}/{kind_of(one)}")
    ]


def _describe(family: str, one: type) -> dict[str, Any]:
    meanings = _meanings(one)
    kind = kind_of(one)
    return {
        "family": family,
        "kind": kind,
        "what": _summary(one),
        "equation": getattr(one, "equation", ""),
        "takes": getattr(one, "takes", ""),
        "presets": [n for n in preset_names(family) if load_preset(family, n).kind == kind],
        "settings": [  # what has to be given first
            {"name": f.name, "default": _default(f), "meaning": meanings.get(f.name, "")}
            for f in sorted(fields(one), key=lambda f: _default(f) != NEEDED)
            if f.name not in ("kind", "preset")
        ],
    }


def _summary(one: type) -> str:
    paragraph = (inspect.getdoc(one) or "").split("\n\n")[0].replace("\n", " ")
    return re.sub(r",? :math:`[^`]*`", "", paragraph)


def _default(field: Field[Any]) -> str:
    if field.default_factory is not MISSING:
        made = field.default_factory()
        return str(made) if type(made).__str__ is not object.__str__ else ""
    if field.default is MISSING:
        return NEEDED
    return "" if field.default in (None, "") else str(field.default)


def _meanings(one: type) -> dict[str, str]:
    """Read what the docstrings of a class and of those it stands on say of each setting."""
    found: dict[str, str] = {}
    for stands_on in reversed(one.__mro__):
        text = inspect.cleandoc(stands_on.__doc__ or "")
        section = re.search(r"^Attributes\n-+\n(.*?)(?=\n\n\w+\n-+\n|\Z)", text, re.S | re.M)
        for names, meaning in re.findall(
            r"^(\S.*)\n((?:[ ]+.*\n?|\n)+)", f"{section[1]}\n" if section else "", re.M
        ):
            plain = " ".join(_plain(meaning).split())
            for name in names.split(", "):
                for field in fields(one):
                    if field.name == name or (
                        name.endswith("...") and field.name.startswith(name.removesuffix("..."))
                    ):
                        found[field.name] = plain
    return found


def _plain(text: str) -> str:
    return re.sub(r":math:`([^`]*)`", r"\1", text).translate({ord("`"): None, ord("\\"): None})
