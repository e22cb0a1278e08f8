"""Tumor control models, one a file; the union is the list of them.

What all of them share belongs in `radsim.response`, formulas on numbers in `radsim.radiobiology`.
"""

from typing import Annotated, Any

from pydantic import Field

from radsim.presets.models import load_model
from radsim.tcp.equivalent_uniform import EquivalentUniformTCP
from radsim.tcp.log_logistic import LogLogisticTCP
from radsim.tcp.log_logistic_floor import LogLogisticFloorTCP
from radsim.tcp.logistic import LogisticTCP
from radsim.tcp.logit_eqd2 import LogitTCP
from radsim.tcp.poisson import PoissonTCP
from radsim.tcp.probit import ProbitTCP
from radsim.tcp.zaider_minerbo import ZaiderMinerboTCP

TCPModel = Annotated[
    LogisticTCP
    | LogitTCP
    | LogLogisticTCP
    | LogLogisticFloorTCP
    | ProbitTCP
    | PoissonTCP
    | ZaiderMinerboTCP
    | EquivalentUniformTCP,
    Field(discriminator="kind"),
]


def load_tcp(name: str, **changes: Any) -> Any:
    """Build the model of a tumor control preset, with some of its settings changed.

    Raises
    ------
    Mistake
        If there is no such preset, or a setting is unknown or wrong.

    Examples
    --------
    >>> load_tcp("hytec-spine-2021").alpha_beta
    6.0
    """
    return load_model(TCPModel, "tcp", name, changes)
