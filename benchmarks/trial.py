"""How long 10,000 trials of 200 patients take on one core, drawing included.

With three arms there are as many patients in all (67, 67 and 66), and each experimental arm is
compared with control.

Run beside the alternatives in one go: ``--loop`` adds a loop over trials with the same
functions, and lifelines, where it is installed, on a few trials scaled up.
"""

import argparse
import platform
import time
from dataclasses import replace

import numpy as np
import scipy

from radsim.randomness.streams import Streams
from radsim.trial import (
    StatedArm,
    TrialDesign,
    UniformAccrual,
    cumulative_incidence,
    draw_trials,
    gray_test,
    logrank,
    restricted_mean,
)
from radsim.trial.conduct.observe import Trials
from radsim.trial.conduct.run import BLOCK
from radsim.trial.protocol.comparison import Comparison

CONTROL = float(np.log(2.0) / 12.0)
DESIGN = TrialDesign(
    patients=200, accrual=UniformAccrual(months=12.0), calendar_cut=36.0, drop_out_hazard=0.01
)
ARMS = (
    StatedArm(failure_hazard=CONTROL, death_hazard=0.02),
    StatedArm(failure_hazard=0.65 * CONTROL, death_hazard=0.02),
)
THREE = replace(DESIGN, allocation=(1, 1, 1))
THREE_ARMS = (*ARMS, StatedArm(failure_hazard=0.8 * CONTROL, death_hazard=0.02))
AGAINST_CONTROL = (Comparison(1), Comparison(2))
OF_THREE = "the same of three arms"
HORIZON = 24.0
SOME = 200  # trials that a slow alternative is timed on


def draw(trials: range):
    return draw_trials(DESIGN, ARMS, trials, Streams(1))


def log_rank_only(trials: range) -> None:
    logrank(draw(trials).table())


def log_rank_of_three(trials: range) -> None:
    seen = draw_trials(THREE, THREE_ARMS, trials, Streams(1))
    for comparison in AGAINST_CONTROL:
        logrank(seen.compared(comparison).table())


def side_by_side(trials: range) -> None:
    analyse(draw(trials))


def side_by_side_of_three(trials: range) -> None:
    seen = draw_trials(THREE, THREE_ARMS, trials, Streams(1))
    for comparison in AGAINST_CONTROL:
        analyse(seen.compared(comparison))


def analyse(seen: Trials) -> None:
    table = seen.table()
    logrank(table)
    gray_test(table)
    for arm in (0, 1):
        cumulative_incidence(table, HORIZON, arm=arm)
        restricted_mean(table, HORIZON, arm=arm)


def lifelines_log_rank(trials: range) -> None:
    from lifelines.statistics import logrank_test

    seen = draw(trials)
    for time_, cause, arm in zip(seen.time, seen.cause, seen.arm, strict=True):
        one = arm == 1
        logrank_test(time_[one], time_[~one], cause[one] == 1, cause[~one] == 1)


def seconds(work, trials: int, block: int) -> float:
    start = time.perf_counter()
    for first in range(0, trials, block):
        work(range(first, min(first + block, trials)))
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--loop", action="store_true")
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, SciPy {scipy.__version__}")
    side_by_side(range(2))  # so that imports are not timed
    jobs = [
        ("draw", draw, BLOCK, options.trials),
        ("draw + log-rank", log_rank_only, BLOCK, options.trials),
        (OF_THREE, log_rank_of_three, BLOCK, options.trials),
        ("draw + log-rank + Gray + 2 CIFs + 2 RMSTs", side_by_side, BLOCK, options.trials),
        (OF_THREE, side_by_side_of_three, BLOCK, options.trials),
    ]
    if options.loop:
        jobs.append(("the same log-rank, one trial at a time", log_rank_only, 1, SOME * 5))
        try:
            import lifelines

            print(f"lifelines {lifelines.__version__}")
            jobs.append(
                ("lifelines' log-rank, one trial at a time", lifelines_log_rank, SOME, SOME)
            )
        except ImportError:
            print("lifelines is not installed")
    before = 0.0
    for name, work, block, trials in jobs:
        best = min(seconds(work, trials, block) for _ in range(options.repeats))
        times = f", {best / before:.2f} times" if name == OF_THREE else ""
        seconds_each = best * options.trials / trials
        print(f"{name:45}{seconds_each:8.2f} s for {options.trials:,} trials{times}")
        before = best


if __name__ == "__main__":
    main()
