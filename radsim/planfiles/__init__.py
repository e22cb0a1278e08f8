"""Plans of a treatment planning system, brought to the nodes of `radsim.radiobiology.dvh`.

Doses that radsim plans itself belong in `radsim.dose`; libraries of plans read here are used by
`radsim.dose.plans`.
"""

from radsim.planfiles.description import (
    describe_plan,
    describe_plans,
    further_metrics,
    plan_metrics,
    plan_record,
    plans_table,
)
from radsim.planfiles.dicom.stored import read_stored_dvhs
from radsim.planfiles.folder import FoundPlan, plans_in, read_plans
from radsim.planfiles.imported import ImportedPlan, ImportedStructure
from radsim.planfiles.questions import Questioned
from radsim.planfiles.reading import read_plan
from radsim.planfiles.texts.table import load_plan, save_plan

__all__ = [
    "FoundPlan",
    "ImportedPlan",
    "ImportedStructure",
    "Questioned",
    "describe_plan",
    "describe_plans",
    "further_metrics",
    "load_plan",
    "plan_metrics",
    "plan_record",
    "plans_in",
    "plans_table",
    "read_plan",
    "read_plans",
    "read_stored_dvhs",
    "save_plan",
]
