"""Names and texts that a table, a terminal and a figure can show as they are."""

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")  # categories: controls, marks of direction, ends of lines
JOINERS = "\u200c\u200d"  # which some scripts write inside of words
PROSE = ("question", "expect", "note")  # keys whose texts may have several lines


def is_plain(text: str) -> bool:
    r"""Say whether a text is one line in which every character shows.

    Examples
    --------
    >>> is_plain("30 Gy in 5, ü"), is_plain("two\nlines"), is_plain("\x1b[31mred")
    (True, False, False)
    """
    if text.isascii():
        return text.isprintable()
    return all(c in JOINERS or unicodedata.category(c) not in HIDDEN for c in text)


def escaped(text: str) -> str:
    r"""Write out what does not show in a text; its lines stay.

    Examples
    --------
    >>> escaped("a \x1b[31mcolor")
    'a \\x1b[31mcolor'
    """
    if is_plain(text):
        return text
    return "".join(c if c == "\n" or is_plain(c) else repr(c)[1:-1] for c in text)


def unprintable(value: Any, path: str = "") -> Iterator[str]:
    r"""Give a line for each text, and each name of a key, that could not be shown as it is.

    Examples
    --------
    >>> list(unprintable({"arms": {"a": {"label": "two\nlines"}}}))
    ["arms.a.label: must be of printable characters in one line, got 'two\\nlines'"]
    """
    if isinstance(value, str):
        if not is_plain(value):
            yield f"{path}: must be of printable characters in one line, got {value!r}"
    elif isinstance(value, Mapping):
        for key, below in value.items():
            name = str(key)
            here = f"{path}.{name}" if path else name
            where = f"{path}: " if path else ""
            if not isinstance(key, str):
                yield f"{where}a name must be text, got {key!r}"
            elif not name.strip() or not is_plain(name):
                yield f"{where}a name must be of printable characters in one line, got {name!r}"
            elif name in PROSE and isinstance(below, str):
                yield from unprintable(" ".join(below.replace("\t", " ").splitlines()), here)
            else:
                yield from unprintable(below, here)
    elif isinstance(value, (list, tuple)):
        for place, entry in enumerate(value):
            if not isinstance(entry, (int, float)):
                yield from unprintable(entry, f"{path}[{place}]")
