"""Reads the sections of a design: notes mistakes, and which section varies which key."""

from collections.abc import Callable, Mapping
from typing import Any

from radsim.experiment.designs.keys import FIXED, SECTIONS, SPEED, check_key, known_keys, lies_in
from radsim.randomness.streams import Streams
from radsim.vocabulary.mistakes import below, require
from radsim.vocabulary.words import nearest

NAMED = (*SECTIONS, *FIXED, *SPEED)  # what is not varied, with a reason


class Reader:
    """Reads sections, notes mistakes, and remembers which section varies which key."""

    def __init__(self, tables: Mapping[str, Any], streams: Streams) -> None:
        self.tables = tables
        self.streams = streams
        self.keys = known_keys(tables)
        self.mistakes: list[str] = []
        self.varied: dict[str, str] = {}

    def attempt(self, where: str, step: Callable[..., Any], *arguments: Any) -> Any:
        """Run one step; if it finds a mistake, note it and give nothing."""
        try:
            return step(*arguments)
        except (ValueError, TypeError) as error:
            self.mistakes += below(where, str(error))
            return None

    def claim(self, section: str, key: str) -> None:
        """Take a key for a section, once."""
        self.attempt(f"{section}.{key}", self.check_free, key)
        self.varied[key] = section

    def check_free(self, key: str, *, but_by: str = "") -> None:
        """Check that a key exists, and that neither it nor a part of it is varied already.

        A section that varies this very key is no obstacle where it is named.
        """
        check_key(key, self.tables)
        for other, where in self.varied.items():
            if (other, where) == (key, but_by):
                continue
            inside = lies_in(key, other) or lies_in(other, key)
            require(not inside, f"{where} varies {other} already; leave one of them out")

    def mistyped(self, section: str, key: str, value: Any, reserved: tuple[str, ...]) -> bool:
        """Note a setting of a section that is none, and is no key of the file either."""
        if "." in key or isinstance(value, Mapping) or key in NAMED:
            return False
        self.mistakes.append(f"{section}.{key}: unknown key; {nearest(key, reserved)}")
        return True
