"""What designs cost: shared work, large sweeps, going on, storage, and work for equal error.

Run it on a quiet machine: ``python benchmarks/sweeps.py [NAME ...]``. Ratios travel between
machines, seconds do not. Each measurement runs in a process of its own.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import radsim
from radsim.execution.journal import Journal
from radsim.randomness.sources import WHOLE
from radsim.report.files.folder import claim_folder
from radsim.report.files.result_files import save_result

EXPERIMENT = Path(__file__).parent.parent / "experiments" / "compare_strategies.toml"
SEEDS = 8
MODELS = {  # every model of the experiment, so that no variant is spared any of them
    "tcp.d50": {"kind": "normal", "mean": 20.43, "sd": 0.5},
    "tcp.alpha_beta": {"kind": "uniform", "lower": 4.0, "upper": 8.0},
    "ntcp.myelopathy.intercept": {"kind": "uniform", "lower": -9.7, "upper": -6.85},
    "ntcp.vcf.reference_risk": {"kind": "uniform", "lower": 0.005, "upper": 0.015},
    "ntcp.vcf.hazard_ratio_lytic": {"kind": "lognormal", "median": 3.53, "sigma": 0.4},
    "survival.scale": {"kind": "uniform", "lower": 30.0, "upper": 60.0},
}


def experiment_with(**changes: Any) -> radsim.Experiment:
    """The main comparison with its three arms of first treatment, and other settings."""
    settings = tomllib.loads(EXPERIMENT.read_text(encoding="utf-8"))
    del settings["arms"]["reirradiation"], settings["uncertainty"]
    settings.update(changes)
    return radsim.make_experiment(settings)


def timed(step: Callable[[], Any]) -> dict[str, float]:
    """Run a step once; seconds, and the peak memory of this process."""
    started = time.perf_counter()
    step()
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0}


def one_run(patients: int) -> dict[str, float]:
    """One plain run."""
    experiment = experiment_with(patients=patients)
    return timed(lambda: radsim.run(experiment))


def design_run(patients: int, draws: int) -> dict[str, float]:
    """Many variants of every model."""
    experiment = experiment_with(patients=patients, uncertainty={"draws": draws, **MODELS})
    return timed(lambda: radsim.run(experiment))


def going_on(variants: int) -> dict[str, float]:
    """A sweep all of whose pieces but the last are done: what is left, until all is written."""
    values = np.linspace(15.0, 24.0, variants).tolist()
    settings = {"sweep": {"tcp.d50": values}, "months": [24], "patients": 64}
    experiment = experiment_with(**settings)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run"
        with claim_folder(path, experiment, overwrite=False) as journal:
            started = time.perf_counter()
            radsim.run(experiment, journal=journal)
            whole = time.perf_counter() - started
            size = journal.path.stat().st_size
            cut_last(journal.path)
        started = time.perf_counter()
        with claim_folder(path, experiment_with(**settings), overwrite=False) as journal:
            result = radsim.run(experiment_with(**settings), journal=journal)
            computed = time.perf_counter() - started
            save_result(result, path)
        written = time.perf_counter() - started
    return {"whole": whole, "computed": computed, "written": written, "journal_mib": size / 2**20}


def cut_last(path: Path) -> None:
    """Tear the last record of a journal."""
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 1)


def storage(patients: int, draws: int) -> dict[str, float]:
    """Share of a design's time that goes into recording its pieces."""
    experiment = experiment_with(patients=patients, uncertainty={"draws": draws, **MODELS})
    spent = 0.0
    append = Journal.append

    def counted(self: Journal, number: int, sums: Any) -> None:
        nonlocal spent
        started = time.perf_counter()
        append(self, number, sums)
        spent += time.perf_counter() - started

    Journal.append = counted  # type: ignore[method-assign]
    with (
        tempfile.TemporaryDirectory() as folder,
        claim_folder(Path(folder) / "run", experiment, overwrite=False) as journal,
    ):
        seconds = timed(lambda: radsim.run(experiment, journal=journal))["seconds"]
    return {"share": spent / seconds}


def equal_error(patients: int, seeds: int) -> dict[str, float]:
    """Variance a patient of the main comparison's difference, by how it is estimated.

    The difference is control without complication at 24 months, the boosted course minus one
    fraction, nobody dying of anything else. Work for equal error goes as this variance times the
    processor time a patient takes. Sixteen replicates tell a variance to 37 % of itself (one
    standard error), so variances are means over seeds; their own relative error is given.
    """
    names = ("plain", "antithetic", "sobol")
    each: dict[str, list[tuple[float, ...]]] = {name: [] for name in names}
    for seed in range(1, seeds + 1):
        for name in names:  # in turn, so that a busy machine is as busy for each of them
            experiment = experiment_with(
                patients=patients, uniforms=name, compare={"reference": "single_24"}, seed=seed
            )
            started = time.process_time()
            result = radsim.run(experiment)
            seconds = time.process_time() - started
            each[name].append((*_variances(result, patients), seconds))
    found = {}
    for name, rows in each.items():
        table = np.array(rows)
        mean, error = table.mean(axis=0), table.std(axis=0, ddof=1) / np.sqrt(seeds)
        found[name], found[f"{name}_error"] = float(mean[2]), float(error[2] / mean[2])
        found[f"{name}_seconds"] = float(np.median(table[:, 3]))
        if name == "plain":
            found["counting"], found["conditional"] = mean[:2].tolist()
    return found


def _variances(result: Any, patients: int) -> tuple[float, float, float]:
    """Variance a patient by counting unpaired events, by probabilities unpaired, and paired."""
    name, arms = "complication_free_control_net", ("sib_five", "single_24")
    here = result.sel(months=24.0)
    p = [float(here[name].sel(arm=arm)) for arm in arms]
    errors = [float(here[f"{name}_mc_standard_error"].sel(arm=arm)) for arm in arms]
    paired = float(here[f"{name}_difference_mc_standard_error"].sel(arm=arms[0]))
    return (
        sum(q * (1.0 - q) for q in p),
        sum(e**2 for e in errors) * patients,
        paired**2 * patients,
    )


MEASURES: dict[str, Callable[..., dict[str, float]]] = {
    f.__name__: f for f in (one_run, design_run, going_on, storage, equal_error)
}


def in_a_process(name: str, *arguments: int) -> dict[str, float]:
    """Measure in a fresh interpreter, so that memory and caches are its own."""
    call = [sys.executable, __file__, "--measure", name, *map(str, arguments)]
    done = subprocess.run(call, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def report(names: list[str]) -> None:
    """Measure what was asked for, and print it."""
    if "shared" in names:
        one, many = in_a_process("one_run", 100_000), in_a_process("design_run", 100_000, 99)
        print(
            f"100 variants x 100,000 patients x 3 arms: {many['seconds']:.1f} s against "
            f"{one['seconds']:.1f} s for one run, {many['seconds'] / one['seconds']:.1f} times"
        )
    if "large" in names:
        large = in_a_process("design_run", 20_000, 999)
        print(
            f"1,000 variants x 20,000 patients x 3 arms: {large['seconds']:.1f} s, "
            f"peak {large['mib']:.0f} MiB"
        )
    if "resume" in names:
        resumed = in_a_process("going_on", 10_000)
        print(
            f"10,000 variants, all but the last piece done: {resumed['computed']:.1f} s to go on "
            f"and sum, {resumed['written']:.1f} s with every table written "
            f"(whole run {resumed['whole']:.1f} s, journal {resumed['journal_mib']:.0f} MiB)"
        )
    if "storage" in names:
        print(f"recording: {in_a_process('storage', 20_000, 499)['share']:.1%} of a run's time")
    if "error" in names:
        error = in_a_process("equal_error", WHOLE, SEEDS)
        print(
            f"work for equal error of the main difference, {WHOLE:,} patients, {SEEDS} seeds, "
            "plain event counting unpaired = 1:"
        )
        for name in ("counting", "conditional", "plain", "antithetic", "sobol"):
            label = {"plain": "conditional + paired"}.get(name, name)
            label = f"conditional + paired + {name}" if name in ("antithetic", "sobol") else label
            work = error[name] / error["counting"]
            slower = error.get(f"{name}_seconds", error["plain_seconds"]) / error["plain_seconds"]
            known = f", +- {error[f'{name}_error']:.0%}" if f"{name}_error" in error else ""
            print(f"  {label}: 1/{1 / (work * slower):.0f}{known} (time a patient x {slower:.2f})")


def main() -> None:
    """Parse the arguments, and report or measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    known = ("shared", "large", "resume", "storage", "error")
    parser.add_argument("names", nargs="*", help=", ".join(known))
    parser.add_argument("--measure", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        name, *numbers = options.measure
        print(json.dumps(MEASURES[name](*map(int, numbers))))
    else:
        report(options.names or list(known))


if __name__ == "__main__":
    main()
