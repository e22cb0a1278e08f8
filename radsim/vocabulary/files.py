"""One door for every file that is read: plain files, bounded in size and depth."""

import re
import tomllib
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any

from radsim.vocabulary.mistakes import Mistake
from radsim.vocabulary.texts import one_line

LARGEST = 2**31  # [bytes] of any file; dose on a grid of half a millimeter takes a quarter of it
LARGEST_TEXT = 2**26  # [bytes] of a table or of an experiment, with the patients that it has read
PART = r"(?:[\w-]+|\"[^\"\n]*\"|'[^'\n]*')"
DEEP_KEY = re.compile(rf"^[\s\[]*{PART}(?:[ \t]*\.[ \t]*{PART}){{64}}", re.MULTILINE)


class Unreadable(Mistake):
    """A file that can't be read; the line says which, and why."""

    def __init__(self, line: str) -> None:
        super().__init__(one_line(line))


def contents(path: Path, largest: int = LARGEST) -> bytes:
    """Bytes of a plain file.

    Raises
    ------
    Unreadable
        For a folder, a device, a pipe, a file beyond the largest size, or whatever the disk says.

    Examples
    --------
    >>> contents(Path("/dev/zero"))
    Traceback (most recent call last):
    ...
    radsim.vocabulary.files.Unreadable: can't read /dev/zero: a device or a pipe, not a file
    """
    try:
        status = path.stat()
        if S_ISREG(status.st_mode) and status.st_size <= largest:
            return path.read_bytes()
    except (OSError, ValueError) as error:  # the latter of a path that no disk can have
        reason = getattr(error, "strerror", None) or error
        raise Unreadable(f"can't read {path}: {reason}") from None
    if S_ISREG(status.st_mode):
        size = f"{status.st_size:,} bytes, of at most {largest:,}"
        raise Unreadable(f"can't read {path}: it is too large, {size}")
    kind = "a folder" if S_ISDIR(status.st_mode) else "a device or a pipe"
    raise Unreadable(f"can't read {path}: {kind}, not a file")


def text_of(path: Path) -> str:
    """Text of a file in UTF-8, with or without a mark in front; see `contents` for what it is."""
    try:
        return contents(path, LARGEST_TEXT).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"{path} is not text in UTF-8: {error.reason}") from None


def tables_of(path: Path) -> dict[str, Any]:
    """Tables of a TOML file; see `contents` for what it is."""
    try:
        return parsed_toml(text_of(path))
    except tomllib.TOMLDecodeError as error:
        raise Unreadable(f"{path} is not valid TOML: {error}") from None


def parsed_toml(text: str) -> dict[str, Any]:
    """Tables of a text in TOML.

    Raises
    ------
    tomllib.TOMLDecodeError
        Also for what is too deep for it, and for a number of thousands of digits.

    Examples
    --------
    >>> parsed_toml("a.b = 1")
    {'a': {'b': 1}}
    >>> parsed_toml("a = " + 5000 * "9")
    Traceback (most recent call last):
    ...
    tomllib.TOMLDecodeError: a number of too many digits
    """
    if DEEP_KEY.search(text):  # each part of a key would be looked up once for each before it
        raise tomllib.TOMLDecodeError("a key of too many parts")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError:
        raise tomllib.TOMLDecodeError("lists or tables nest too deeply") from None
    except ValueError:  # an integer that is too long to be converted
        raise tomllib.TOMLDecodeError("a number of too many digits") from None
