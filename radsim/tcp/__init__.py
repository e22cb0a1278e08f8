"""Tumor control models, one a file; the union is the list of them."""

from typing import Annotated

from pydantic import Field, TypeAdapter

from radsim.presets import load_preset
from radsim.tcp.logistic import LogisticTCP

TCPModel = Annotated[LogisticTCP, Field(discriminator="kind")]


def load_tcp(name: str) -> LogisticTCP:
    """Build the model of a tumor control preset.

    Examples
    --------
    >>> load_tcp("hytec-spine-2021").alpha_beta
    6.0
    """
    settings = {**load_preset("tcp", name).settings(), "preset": name}
    return TypeAdapter(LogisticTCP).validate_python(settings)
