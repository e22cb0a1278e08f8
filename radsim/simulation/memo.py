"""What each step made last, so that variants share whatever has equal inputs."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, fields, is_dataclass
from itertools import count
from typing import Any, Generic, TypeVar

import numpy as np

T = TypeVar("T")
ROOM = 128 * 2**20  # bytes of results that are kept at most, but for those that are in use
TOKENS = 4096  # objects whose keys are remembered


@dataclass(frozen=True, eq=False)
class Made(Generic[T]):
    """What a step made, with the key by which later steps know it."""

    value: T
    key: int
    nbytes: int
    lasting: bool


class Memo:
    """Results of steps for one block of patients, from one variant to the next.

    A step is a function of values. It sees its inputs and nothing else, so what it is handed is
    what it depends on, and its result serves again where the inputs' keys are those of before.
    What a variant does not ask for is forgotten after it, but for results that were asked to last:
    those stay while everything fits into the room, and the ones that were unused longest leave
    first. One that is larger than the room is not kept at all.

    Examples
    --------
    >>> memo = Memo()
    >>> total = memo.make(sum, (1.0, 2.0))
    >>> memo.make(sum, (1.0, 2.0)) is total, memo.make(abs, total).value
    (True, 3.0)
    """

    def __init__(self, room: int = ROOM) -> None:
        self.room = room
        self._numbers = count()
        self._now: dict[Hashable, Made] = {}
        self._before: dict[Hashable, Made] = {}
        self._lasting: OrderedDict[Hashable, Made] = OrderedDict()
        self._tokens: dict[int, tuple[Any, Hashable]] = {}

    def make(self, step: Callable[..., T], *inputs: Any, lasting: bool = False) -> Made[T]:
        """Take a step, unless it was taken with the same inputs.

        Parameters
        ----------
        inputs
            Values, what other steps made, or tuples of these.
        lasting
            Keep the result for variants to come, because it takes long to make.
        """
        key = (step, *map(self._key, inputs))
        made = self._now.get(key)
        if made is None:
            made = self._before.pop(key, None) or self._lasting.pop(key, None)
            if made is None:
                value = step(*map(_value, inputs))
                made = Made(value, next(self._numbers), bytes_of(value), lasting)
            if not lasting or made.nbytes <= self.room:
                self._now[key] = made
        return made

    def next_variant(self) -> None:
        """Forget what the variant before the last one alone had asked for."""
        for key, made in self._before.items():
            if made.lasting:
                self._lasting[key] = made
        self._before, self._now = self._now, {}
        held = sum(made.nbytes for made in (*self._before.values(), *self._lasting.values()))
        while self._lasting and held > self.room:
            held -= self._lasting.popitem(last=False)[1].nbytes

    def _key(self, value: Any) -> Hashable:
        """Something that is equal for equal values, and quick to compare."""
        if isinstance(value, Made):
            return value.key
        if isinstance(value, tuple):
            return tuple(map(self._key, value))
        if isinstance(value, (str, int, float)) or value is None:
            return repr(value)
        token = self._tokens.get(id(value))
        if token is None or token[0] is not value:
            if len(self._tokens) > TOKENS:
                self._tokens.clear()
            token = self._tokens[id(value)] = value, _token(value)
        return token[1]


@dataclass(frozen=True, eq=False)
class _Itself:
    """A value that equals itself alone."""

    value: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


def _token(value: Any) -> Hashable:
    """Spell a value out where its spelling is all of it; anything else stands for itself."""
    if isinstance(value, np.ndarray) or type(value).__repr__ is object.__repr__:
        return _Itself(value)
    return type(value), repr(value)


def _value(given: Any) -> Any:
    if isinstance(given, Made):
        return given.value
    return tuple(map(_value, given)) if isinstance(given, tuple) else given


def bytes_of(value: Any) -> int:
    """Bytes of the arrays in a value.

    Examples
    --------
    >>> bytes_of({"a": np.zeros(4), "b": (np.zeros(2), "text")})
    48
    """
    if hasattr(value, "nbytes"):
        return int(value.nbytes)
    if isinstance(value, dict):
        return sum(map(bytes_of, value.values()))
    if isinstance(value, (tuple, list)):
        return sum(map(bytes_of, value))
    if is_dataclass(value):
        return sum(bytes_of(getattr(value, field.name)) for field in fields(value))
    return 0
