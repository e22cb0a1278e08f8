"""What each step made last, so that variants share whatever has equal inputs."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, fields, is_dataclass
from itertools import count
from typing import Any, Generic, TypeVar

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

        Inputs are values, what other steps made, or tuples of these. A ``lasting`` result takes
        long to make, and is kept for variants to come.
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
        self._lasting |= {key: made for key, made in self._before.items() if made.lasting}
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
            # an array's spelling is not all of it, nor that of an object without one of its own
            is_spelled = type(value).__repr__ is not object.__repr__ and not bytes_of(value)
            spelling = (type(value), repr(value)) if is_spelled else next(self._numbers)
            token = self._tokens[id(value)] = value, spelling
        return token[1]


def _value(given: Any) -> Any:
    if isinstance(given, Made):
        return given.value
    return tuple(map(_value, given)) if isinstance(given, tuple) else given


def bytes_of(value: Any) -> int:
    """Bytes of the arrays in a value.

    Examples
    --------
    >>> import numpy as np
    >>> bytes_of({"a": np.zeros(4), "b": (np.zeros(2), "text")})
    48
    """
    if hasattr(value, "nbytes"):
        return int(value.nbytes)
    if is_dataclass(value):
        value = [getattr(value, field.name) for field in fields(value)]
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, (tuple, list)):
        return 0
    return sum(map(bytes_of, value))
