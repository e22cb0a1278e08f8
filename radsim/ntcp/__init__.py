"""Complication models, one a file; the union is the list of them."""

from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from radsim.ntcp.cord import LogisticCordNTCP
from radsim.ntcp.vertebra import VertebralFracture
from radsim.presets import load_preset

NTCPModel = Annotated[LogisticCordNTCP | VertebralFracture, Field(discriminator="kind")]


def load_ntcp(name: str) -> Any:
    """Build the model of a complication preset.

    Examples
    --------
    >>> load_ntcp("vcf-2013").hazard_ratio_lytic
    3.53
    """
    settings = {**load_preset("ntcp", name).settings(), "preset": name}
    return TypeAdapter(NTCPModel).validate_python(settings)
