"""Tags of a DICOM dataset, read so that a broken file ends in one line that says where."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

LONGEST = 64  # characters of a name; what a broken file has beyond them is no name


@dataclass(frozen=True)
class Tags:
    """A dataset of pydicom and where it came from; each reader raises ValueError alone."""

    where: str
    dataset: Any

    def __contains__(self, keyword: str) -> bool:
        return self._value(keyword) not in (None, "")

    def text(self, keyword: str, default: str | None = None) -> str:
        """Text of a tag, printable and in one line."""
        value = self._value(keyword)
        if value in (None, ""):
            if default is None:
                raise ValueError(f"{self.where}: {keyword} is missing")
            return default
        printable = (c if c.isprintable() else " " for c in str(value)[:LONGEST])
        return " ".join("".join(printable).split())

    def whole(self, keyword: str, default: int | None = None) -> int:
        """Return a tag's whole number."""
        value = self._value(keyword)
        if value in (None, "") and default is not None:
            return default
        try:
            return int(str(value))
        except ValueError:
            raise ValueError(f"{self.where}: {keyword} is {_shown(value)}, no number") from None

    def number(self, keyword: str) -> float:
        """Return a tag's number."""
        return float(self.numbers(keyword, count=1)[0])

    def numbers(self, keyword: str, count: int | None = None) -> np.ndarray:
        """All numbers of a decimal tag, finite, shape (count,) if that is given."""
        try:
            # straight from the bytes: a structure set holds a million of these
            element = self.dataset.get_item(keyword)
            value = None if element is None else element.value
            if isinstance(value, bytes):
                value = value.split(b"\\")
            found = np.atleast_1d(np.asarray([] if value is None else value, dtype=float))
        except Exception as error:
            raise ValueError(f"{self.where}: {keyword} does not hold numbers") from error
        if found.size == 0:
            raise ValueError(f"{self.where}: {keyword} is missing")
        if count is not None and found.shape != (count,):
            raise ValueError(f"{self.where}: {keyword} must hold {count} numbers, got {found.size}")
        if not np.isfinite(found).all():
            raise ValueError(f"{self.where}: {keyword} holds numbers that are not finite")
        return found

    def items(self, keyword: str) -> Iterator["Tags"]:
        """Items of a sequence; none if it is absent."""
        value = self._value(keyword)
        try:
            items = [] if value in (None, "") else list(value)
            if not all(hasattr(item, "get_item") for item in items):
                raise TypeError
        except Exception as error:
            raise ValueError(f"{self.where}: {keyword} is no sequence") from error
        for item in items:
            yield Tags(self.where, item)

    def _value(self, keyword: str) -> Any:
        try:
            return self.dataset.get(keyword)
        except Exception as error:  # whatever a parser meets in a broken element
            raise ValueError(f"{self.where}: {keyword} cannot be read") from error


def _shown(value: object) -> str:
    return "missing" if value in (None, "") else repr(str(value))[:40]
