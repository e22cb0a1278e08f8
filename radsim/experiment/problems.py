"""Mistakes found while a file is filled in, each with its key."""

from collections.abc import Callable
from typing import Any


class Problems(list[str]):
    """Mistakes found on the way, one line each; ``keys`` are where they were found."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[str] = []

    def attempt(
        self, key: str, step: Callable[..., Any], *arguments: Any, default: Any = None
    ) -> Any:
        """Run one step; if it finds a mistake, note it under its key and go on."""
        try:
            return step(*arguments)
        except ValueError as error:
            self.refuse(key, str(error))
            return default

    def refuse(self, key: str, problem: str) -> None:
        """Note mistakes under a key that nothing can be filled in for."""
        self.note(key, problem)
        self.keys.append(key)

    def note(self, key: str, problem: str) -> None:
        """Note mistakes, one in each line, under a key that is filled in all the same."""
        self.extend(f"{key}: {line}" for line in problem.splitlines())
