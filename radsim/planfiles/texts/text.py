"""Text files as clinics have them: their encodings and their ways to write numbers."""

import math
import re
from pathlib import Path

from radsim.vocabulary.csv_tables import decoded
from radsim.vocabulary.files import LARGEST_TEXT, contents

HIDDEN = re.compile(  # controls, marks of direction, other ends of lines: no part of a name
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]"
)
COMMA_NUMBER = re.compile(r"(?<![\w.,])\d+,\d+(?![\w.,])")
POINT_NUMBER = re.compile(r"(?<![\w.,])\d+\.\d+(?:[eE][-+]?\d+)?(?![\w.,])")


def read_text(path: Path) -> str:
    """Text of a file in UTF-8, UTF-16 or, failing that, Windows' western code page.

    What would not show in a name is a blank.
    """
    return HIDDEN.sub(" ", decoded(contents(path, LARGEST_TEXT)))


def uses_decimal_comma(text: str) -> bool:
    """Whether numbers in a text have a decimal comma: some do, and none has a decimal point.

    Examples
    --------
    >>> uses_decimal_comma("Volume: 12,3"), uses_decimal_comma("12.3 1,234")
    (True, False)
    """
    return COMMA_NUMBER.search(text) is not None and POINT_NUMBER.search(text) is None


def number(token: str, decimal_comma: bool) -> float | None:
    """Return a finite number, or None if the token is not one.

    Examples
    --------
    >>> number("12,5", decimal_comma=True), number("not defined", decimal_comma=False)
    (12.5, None)
    """
    token = token.strip()
    try:
        value = float(token.replace(",", ".") if decimal_comma else token)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in token else None
