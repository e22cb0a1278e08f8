"""An arm's plan: prescription, boost, limits, earlier radiotherapy, and how it is delivered."""

from typing import Annotated

from pydantic import Field

from radsim.dose.plans.external_beam import ExternalBeam
from radsim.dose.plans.intraoperative import Intraoperative
from radsim.dose.plans.library import PlanLibrary
from radsim.dose.plans.sequence import Sequence

Kinds = ExternalBeam | Intraoperative | PlanLibrary | Sequence
Plan = Annotated[Kinds, Field(discriminator="kind")]
