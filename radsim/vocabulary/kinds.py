"""Kinds of a class, as a file names them."""

from dataclasses import fields
from typing import Any, get_args


def members(union: Any) -> tuple[type, ...]:
    """List the classes of a tagged union.

    Examples
    --------
    >>> from typing import Annotated
    >>> members(Annotated[int | str, "a tag"])
    (<class 'int'>, <class 'str'>)
    """
    inner = get_args(union)[0]
    return get_args(inner) or (inner,)


def kind_of(model: type) -> str:
    """Return what a file calls a class of models."""
    return str(next(field.default for field in fields(model) if field.name == "kind"))
