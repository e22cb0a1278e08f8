"""Complication models, one a file; the union is the list of them.

What all of them share belongs in `radsim.response`, formulas on numbers in `radsim.radiobiology`.
"""

from typing import Annotated, Any

from pydantic import Field

from radsim.ntcp.cox import CoxNTCP
from radsim.ntcp.critical_volume import CriticalVolume
from radsim.ntcp.levels import LevelsNTCP
from radsim.ntcp.lkb import LKB
from radsim.ntcp.logistic import (
    LogisticCordNTCP,
    LogisticD50NTCP,
    LogisticNTCP,
    LogLogisticNTCP,
)
from radsim.ntcp.probit import ProbitNTCP
from radsim.ntcp.relative_seriality import RelativeSeriality
from radsim.ntcp.technique import TechniqueLevel
from radsim.ntcp.vertebra import VertebralFracture
from radsim.presets.models import load_model

DoseNTCP = (  # models of dose, which may stand for any endpoint
    LogisticCordNTCP
    | LogisticNTCP
    | LogisticD50NTCP
    | LogLogisticNTCP
    | ProbitNTCP
    | LKB
    | RelativeSeriality
    | CriticalVolume
    | CoxNTCP
    | LevelsNTCP
)
NTCPModel = Annotated[DoseNTCP | VertebralFracture | TechniqueLevel, Field(discriminator="kind")]


def load_ntcp(name: str, **changes: Any) -> Any:
    """Build the model of a complication preset, with some of its settings changed.

    Raises
    ------
    Mistake
        If there is no such preset, or a setting is unknown or wrong.

    Examples
    --------
    >>> load_ntcp("vcf-2013").hazard_ratio_lytic
    3.53
    """
    return load_model(NTCPModel, "ntcp", name, changes)
