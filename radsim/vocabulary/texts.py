"""Names and texts that a table, a terminal and a figure can show as they are."""

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from radsim.vocabulary.mistakes import short

HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")  # categories: controls, marks of direction, ends of lines
JOINERS = "\u200c\u200d"  # which some scripts write inside of words
EMPTY = f"{JOINERS}\u034f\u115f\u1160\u2800\u3164\uffa0"  # letters that nothing is seen of
LARGEST_WHOLE = 2**63  # beyond whole numbers that a file of results, or a float, can hold
DEEPEST = 64  # tables and lists within each other
SHOWN = ("name", "label", "words", "short", "units")  # keys whose texts stand in figures
LONGEST = 200  # characters of a name that a line of a table or of a figure has room for
FORMULA = ("=", "+", "-", "@")  # begin one in a spreadsheet
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


def is_blank(text: str) -> bool:
    r"""Say whether nothing of a text is seen.

    Examples
    --------
    >>> is_blank(" "), is_blank("\u3164"), is_blank("-")
    (True, True, False)
    """
    return all(c.isspace() or c in EMPTY for c in text)


def wrong_array_name(name: str) -> str:
    """Say why a file of results can't hold an array of this name; empty if it can.

    Examples
    --------
    >>> wrong_array_name("age in tens"), wrong_array_name("=age")
    ('', 'must begin with a letter, a digit or _')
    """
    if "/" in name:
        return "must not hold '/', because files are named by it"
    if name != name.strip():
        return "must not begin or end with a blank"
    if name[:1].isascii() and not (name[:1].isalnum() or name[:1] == "_"):
        return "must begin with a letter, a digit or _"
    if not unicodedata.is_normalized("NFC", name):
        return "must have each letter and its accents as one character (NFC)"
    return ""


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


def one_line(text: str) -> str:
    r"""Write out what does not show in a text, and the ends of its lines.

    Examples
    --------
    >>> one_line("two\nlines")
    'two\\nlines'
    """
    return escaped(text).replace("\n", "\\n")


def as_cell(text: str) -> str:
    """Text of a cell of a table, which a spreadsheet does not take for a formula.

    Text that begins like one stands behind an apostrophe.

    Examples
    --------
    >>> as_cell("=1+1"), as_cell("-0.5")
    ("'=1+1", '-0.5')
    """
    return f"'{text}" if _begins_formula(text) else text


def of_cell(text: str) -> str:
    """Text that `as_cell` made a cell of.

    Examples
    --------
    >>> of_cell("'=1+1"), of_cell("'s")
    ('=1+1', "'s")
    """
    return text[1:] if text[:1] == "'" and _begins_formula(text[1:]) else text


def _begins_formula(text: str) -> bool:
    text = text.lstrip("'")  # so that text with an apostrophe in front comes back as it was
    try:
        float(text)
    except ValueError:
        return text[:1] in FORMULA
    return False


def unprintable(value: Any, path: str = "", depth: int = 0) -> Iterator[str]:
    r"""Give a line for each text, and each name of a key, that could not be shown as it is.

    So does a whole number of more digits than any is used with, or what nests too deeply.

    Examples
    --------
    >>> list(unprintable({"arms": {"a": {"label": "two\nlines"}}}))
    ["arms.a.label: must be of printable characters in one line, got 'two\\nlines'"]
    """
    if depth > DEEPEST:
        yield f"{path.partition('.')[0].partition('[')[0]}: lists or tables nest too deeply"
    elif isinstance(value, int):
        if abs(value) >= LARGEST_WHOLE:
            yield f"{path}: must be below 2^63, got a number of more digits"
    elif isinstance(value, str):
        if not is_plain(value):
            yield f"{path}: must be of printable characters in one line, got {short(value)}"
    elif isinstance(value, Mapping):
        for key, below in value.items():
            name = str(key)
            here = f"{path}.{name}" if path else name
            where = f"{path}: " if path else ""
            if not isinstance(key, str):
                yield f"{where}a name must be text, got {short(key)}"
            elif is_blank(name) or not is_plain(name):
                wanted = "must be of printable characters in one line"
                yield f"{where}a name {wanted}, got {short(name)}"
            elif len(name) > LONGEST:
                yield f"{where}a name must have at most {LONGEST} characters, got {short(name)}"
            elif name in SHOWN and isinstance(below, str) and len(below) > LONGEST:
                yield f"{here}: must have at most {LONGEST} characters, got {short(below)}"
            elif name == "label" and isinstance(below, str) and below and is_blank(below):
                yield f"{here}: must not be blank, got {short(below)}"
            elif name in PROSE and isinstance(below, str):
                yield from unprintable(" ".join(below.replace("\t", " ").splitlines()), here)
            else:
                yield from unprintable(below, here, depth + 1)
    elif isinstance(value, (list, tuple)):
        for place, entry in enumerate(value):
            if not isinstance(entry, float):
                yield from unprintable(entry, f"{path}[{place}]", depth + 1)
