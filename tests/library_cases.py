"""Libraries of plans that the dose model made, and organs added to them."""

import numpy as np

from radsim import make_experiment
from radsim.dose.drawing import draw_dose
from radsim.dose.metrics import Wanted
from radsim.patients.cohort import draw_cohort
from radsim.planfiles import ImportedPlan, ImportedStructure, save_plan
from radsim.randomness.streams import Streams
from radsim.vocabulary.structures import HotSpot

NAMES = {
    "gtv": "GTV",
    "ptv": "PTV_Eval",
    "spinal_cord": "SpinalCord",
    "cord_prv": "SpinalCord_PRV02",
    "thecal_sac": "ThecalSac",
}
SETTINGS = {
    "name": "library",
    "seed": 3,
    "patients": 400,
    "cohort": {"preset": "sib-phase2"},
    "arms": {
        "library": {
            "kind": "library",
            "folder": "plans",
            "boost": 42.0,
            "limits": {"preset": "sib-phase2-table-1"},
        }
    },
    "tcp": {"preset": "hytec-spine-2021"},
    "ntcp": {"myelopathy": {"preset": "sbrt-cord-default"}},
}


def write_library(folder, count, regimen="sib-phase2", prescription=30.0, fractions=5, first=0):
    """Write plans of the dose model as a library; returns their planned doses."""
    model = make_experiment(
        {**SETTINGS, "arms": {"model": {"regimen": regimen}}, "patients": count}
    )
    cohort = draw_cohort(model.cohort, range(count), Streams(11))
    plan = model.arms["model"].plan
    dose = draw_dose(plan, model.dose, cohort, Streams(11), Wanted(frozenset(NAMES)))
    folder.mkdir(exist_ok=True)
    for i in range(count):
        structures = []
        for structure, name in NAMES.items():
            nodes = dose.courses[structure].planned[i].astype(float)
            if not np.isnan(nodes).any():
                hot = dose.hot_spots.get(HotSpot(structure))
                structures.append(
                    ImportedStructure(
                        name=name,
                        structure=structure,
                        volume=12.0,
                        dose=nodes,
                        d003cc=float(nodes[0] if hot is None else hot.planned[i]),
                    )
                )
        imported = ImportedPlan(
            structures=tuple(structures),
            prescription=prescription,
            fractions=fractions,
            source="csv",
        )
        save_plan(imported, folder / f"{first + i:03}.csv")
    return dose


def add_organ(path, name, hottest, volume, coldest=2.0):
    """Append an organ whose dose falls evenly with volume, from hottest to coldest [Gy]."""
    rows = [f"{name},,0,{volume}", f"{name},,{coldest},{volume}", f"{name},,{hottest},0"]
    path.write_text("\n".join([path.read_text().rstrip(), *rows, ""]))
