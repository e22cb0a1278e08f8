"""How fast and how large the main job is: speed, memory, threads, and against bare uniforms.

Run it on a quiet machine: ``python benchmarks/throughput.py``. Ratios travel between machines,
seconds do not. Each measurement runs in a process of its own; the best of several counts.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

import radsim
from radsim.execution.pieces import CUTTING
from radsim.experiment.variants import stages_of

EXPERIMENT = Path(__file__).parent.parent / "experiments" / "compare_strategies.toml"


class CountingStreams:
    """Streams that remember how many numbers each name was asked for."""

    def __init__(self, seed: int) -> None:
        self.streams = radsim.Streams(seed)
        self.calls: list[tuple[str, range]] = []

    def uniforms(self, name: str, patients: range) -> np.ndarray:
        """Give the numbers of the plain streams."""
        self.calls.append((name, patients))
        return self.streams.uniforms(name, patients)


def measure(patients: int, workers: int, scheduler: str) -> dict[str, float]:
    """Run the main job once in this process."""
    experiment, _ = stages_of(radsim.load_experiment(EXPERIMENT))  # without its draws
    radsim.run(experiment.model_copy(update={"patients": 64}), scheduler="single")  # warm up
    experiment = experiment.model_copy(update={"patients": patients})
    started = time.perf_counter()
    radsim.run(experiment, workers=workers, scheduler=scheduler)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    return {"seconds": seconds, "peak_mib": peak}


def measure_uniforms() -> dict[str, float]:
    """Draw alone the uniforms that the main job draws for one block of patients."""
    experiment, _ = stages_of(radsim.load_experiment(EXPERIMENT))  # without its draws
    source = CountingStreams(experiment.seed)
    radsim.simulate(experiment, range(CUTTING.block), source)
    started = time.perf_counter()
    for name, patients in source.calls:
        source.streams.uniforms(name, patients)
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "uniforms": sum(len(p) for _, p in source.calls)}


def in_a_process(*arguments: str) -> dict[str, float]:
    """Measure in a fresh interpreter, so that memory and caches are its own."""
    call = [sys.executable, __file__, "--measure", *arguments]
    return json.loads(subprocess.run(call, check=True, capture_output=True, text=True).stdout)


def report(patients: int, large: int, repeats: int) -> None:
    """Measure and print."""

    def best(*arguments: str) -> dict[str, float]:
        runs = [in_a_process(*arguments) for _ in range(repeats)]
        return min(runs, key=lambda run: run["seconds"])

    one = best("single", str(patients), "1")
    two = best("threads", str(patients), "2")
    uniforms = best("uniforms")
    more = in_a_process("threads", str(large), "2")
    print(f"main job, {patients:,} patients, 4 arms, best of {repeats}")
    for name, run in (("1 thread", one), ("2 threads", two)):
        rate, peak = patients / run["seconds"], run["peak_mib"]
        print(f"  {name}: {rate:,.0f} patients/s, {1e6 / rate:.1f} us each, peak {peak:.0f} MiB")
    print(f"  speed-up from 1 to 2 threads: {one['seconds'] / two['seconds']:.2f}")
    ratio = one["seconds"] / patients / (uniforms["seconds"] / CUTTING.block)
    each = uniforms["uniforms"] / CUTTING.block
    print(f"  {each:.0f} uniforms a patient; the job costs {ratio:.1f} times drawing them alone")
    print(f"  peak at {large:,} patients: {more['peak_mib'] / two['peak_mib']:.2f} times that")


def main() -> None:
    """Parse the arguments, and report or measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=200_000)
    parser.add_argument("--large", type=int, default=1_000_000, help="patients of the memory test")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--measure", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.measure:
        report(options.patients, options.large, options.repeats)
    elif options.measure == ["uniforms"]:
        print(json.dumps(measure_uniforms()))
    else:
        scheduler, patients, workers = options.measure
        print(json.dumps(measure(int(patients), int(workers), scheduler)))


if __name__ == "__main__":
    main()
