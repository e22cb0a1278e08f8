"""What a value made in Python is held to: the types that a file is held to as well."""

from dataclasses import fields
from functools import cache
from typing import Any, get_type_hints

import numpy as np
from pydantic import TypeAdapter, ValidationError

from radsim.vocabulary.mistakes import mistakes_of


def check_fields(value: Any) -> None:
    """Raise ValueError for each field of a dataclass that is not of its declared type.

    Examples
    --------
    >>> from radsim.trial import TrialDesign
    >>> TrialDesign(patients=10.5, drop_out_hazard=float("inf"))
    Traceback (most recent call last):
    ValueError: drop_out_hazard must be a finite number, got inf
    patients must be a whole number, got 10.5
    """
    lines = []
    for name, adapter in _adapters(type(value)).items():  # type: ignore[arg-type]
        here = getattr(value, name)
        try:
            adapter.validate_python(here.item() if isinstance(here, np.generic) else here)
        except ValidationError as error:
            for line in mistakes_of(error, here, {}):
                lines.append(f"{name}{'' if line.startswith(('[', '.')) else ' '}{line}")
    if lines:
        raise ValueError("\n".join(lines))


@cache
def _adapters(kind: type) -> dict[str, TypeAdapter[Any]]:
    hints = get_type_hints(kind, include_extras=True)
    return {field.name: TypeAdapter(hints[field.name]) for field in fields(kind)}
