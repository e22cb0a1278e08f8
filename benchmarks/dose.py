"""What the dose of one patient costs, by regimen, structures and threads.

Run it on a quiet machine: ``python benchmarks/dose.py``. The best of several runs counts, on one
thread unless said. Four structures are GTV, PTV_Eval, cord PRV and thecal sac, planned only;
``delivered`` adds set-up and output errors of every fraction to them. Planning is included.
``numpy`` is the first column by numpy alone, for plans that have compiled loops. Below are the
steps of the main comparison.
"""

import argparse
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from pydantic import TypeAdapter

import radsim
from radsim import Streams
from radsim.dose.anatomy.dose_model import DoseModel, default_dose_model
from radsim.dose.anatomy.geometry import draw_geometry
from radsim.dose.drawing import draw_dose
from radsim.dose.fields.conformal import conformal_dose
from radsim.dose.metrics import Wanted, wanted_of
from radsim.dose.nodes.plain import fill_plainly
from radsim.dose.plans.filling import expand_plan
from radsim.dose.plans.plan import Plan
from radsim.experiment.endpoints import endpoints_of
from radsim.patients.cohort import draw_cohort
from radsim.patients.patients import Patients
from radsim.simulation.outcomes import metrics_read
from radsim.simulation.reduction import reduce_blocks

EXPERIMENT = "experiments/compare_strategies.toml"
FOUR = frozenset({"gtv", "ptv", "cord_prv", "thecal_sac"})
REGIMENS = ("sib-phase2", "24-in-2", "24x1", "reirradiation-30-in-5", "iort-8-at-13mm")
UNPLANNED = ("iort-8-at-13mm",)  # its doses are no compiled loops


def best(work: Callable[[], object], runs: int) -> float:
    """Seconds of the fastest of several runs."""
    work()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def plan_of(regimen: str, delivery: bool) -> Plan:
    settings = expand_plan({"regimen": regimen, "delivery": delivery})
    return TypeAdapter(Plan).validate_python(settings)


def with_numpy(
    plan: Plan, model: DoseModel, cohort: Patients, streams: Streams, wanted: Wanted
) -> object:
    """The same as `draw_dose` of a conformal plan, by numpy alone."""
    geometry = draw_geometry(model, cohort, streams)
    return conformal_dose(plan, model, cohort, geometry, streams, wanted, fill_plainly)


def pipeline(patients: int, runs: int) -> dict[str, float]:
    """Seconds of each step of the main comparison, all arms of one block of patients."""
    experiment, streams = radsim.load_experiment(EXPERIMENT), radsim.Streams(1)
    indices = range(patients)
    cohort = draw_cohort(experiment.cohort, indices, streams)
    endpoints = endpoints_of(experiment)

    def doses() -> None:
        for arm in experiment.arms.values():
            wanted = wanted_of(arm.plan, metrics_read(arm, endpoints))
            draw_dose(arm.plan, experiment.dose, cohort, streams, wanted)

    seconds = {
        "cohort": best(lambda: draw_cohort(experiment.cohort, indices, streams), runs),
        "doses": best(doses, runs),
    }
    whole = best(lambda: reduce_blocks([experiment], [indices], streams), runs)
    seconds["models, events and sums"] = whole - seconds["cohort"] - seconds["doses"]
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=4096, help="patients a block")
    parser.add_argument("--runs", type=int, default=15)
    arguments = parser.parse_args()
    patients, streams = arguments.patients, radsim.Streams(1)
    settings = radsim.load_experiment(EXPERIMENT).cohort
    model = default_dose_model()
    blocks = [
        draw_cohort(settings, range(start, start + patients), streams) for start in (0, patients)
    ]

    print("microseconds a patient")
    print(f"{'regimen':24}{'four':>10}{'numpy':>10}{'delivered':>12}{'plan only':>12}")
    for regimen in REGIMENS:
        structures = Wanted(FOUR - {"ptv"} if regimen in UNPLANNED else FOUR)
        row = []
        for delivery, wanted in ((False, structures), (True, structures), (False, Wanted())):
            plan = plan_of(regimen, delivery)
            work = partial(draw_dose, plan, model, blocks[0], streams, wanted)
            row.append(best(work, arguments.runs) / patients * 1e6)
            if not row[1:]:
                plainly = partial(with_numpy, plan, model, blocks[0], streams, wanted)
                planned = regimen not in UNPLANNED
                row.append(best(plainly, arguments.runs) / patients * 1e6 if planned else math.nan)
        print(f"{regimen:24}{row[0]:10.2f}{row[1]:10.2f}{row[2]:12.2f}{row[3]:12.2f}")

    print("\nmain comparison, all arms, microseconds a patient")
    for step, seconds in pipeline(patients, arguments.runs).items():
        print(f"{step:24}{seconds / patients * 1e6:10.2f}")

    plan = plan_of("sib-phase2", True)

    def block(number: int) -> float:
        dose = draw_dose(plan, model, blocks[number], streams, Wanted(FOUR))
        return float(dose.courses["gtv"].planned.sum())

    one = best(lambda: [block(0), block(1)], arguments.runs)
    with ThreadPoolExecutor(2) as pool:
        two = best(lambda: list(pool.map(block, (0, 1))), arguments.runs)
    print(f"two blocks of {patients} on 2 threads: {one / two:.2f} times as fast as on 1")


if __name__ == "__main__":
    main()
