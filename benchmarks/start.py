"""What starting costs, in CPU seconds of a process of its own, beside the aims.

Run ``python benchmarks/start.py``. User and system time count, the least of several runs; what an
empty Python and typer alone cost stands below. Exit code 1 where an aim is missed.
"""

import argparse
import resource
import subprocess
import sys

AIMS = {  # CPU seconds
    "import radsim": (["-c", "import radsim"], 0.15),
    "radsim --help": (["-m", "radsim", "--help"], 0.4),
}
BESIDE = {
    "radsim run --help": ["-m", "radsim", "run", "--help"],
    "import typer": ["-c", "import typer"],
    "an empty Python": ["-c", "pass"],
}


def seconds(arguments: list[str], runs: int) -> float:
    """CPU seconds of the cheapest of several runs."""
    return min(_once(arguments) for _ in range(runs))


def _once(arguments: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    runs = parser.parse_args().runs
    print(f"{'CPU seconds':<20}{'least':>8}{'aim':>8}")
    missed = False
    for name, (arguments, aim) in AIMS.items():
        least = seconds(arguments, runs)
        missed |= least > aim
        print(f"{name:<20}{least:>8.3f}{aim:>8.2f}")
    for name, arguments in BESIDE.items():
        print(f"{name:<20}{seconds(arguments, runs):>8.3f}")
    sys.exit(missed)


if __name__ == "__main__":
    main()
