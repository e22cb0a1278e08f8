"""Time of the LKB model against the same equation in plain numpy, as ratios.

Run ``python benchmarks/models.py``: two cases, DVHs in dose bins that all patients share, and each
patient's own doses at 64 nodes of volume. Limits: 0.25 microseconds a patient on one core in the
first, 1.5 times plain numpy in the second.
"""

import time
from collections.abc import Callable

import numpy as np
from scipy import special

from radsim.ntcp.lkb import lyman_probability
from radsim.radiobiology.dvh import reduced_dose

PATIENTS, BINS, NODES, REPEATS = 100_000, 100, 64, 9
TD50, M, N = 40.0, 0.2, 0.1


def plain(dose: np.ndarray, weight: np.ndarray) -> np.ndarray:
    powers = dose ** (1.0 / N)
    eud = np.einsum("...j,...j->...", powers, weight) ** N
    return special.ndtr((eud - TD50) / (M * TD50))


def ours(dose: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return lyman_probability(reduced_dose(dose, weight, 1.0 / N), TD50, M)


def best(work: Callable[[], object]) -> float:
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    random = np.random.default_rng(1)
    shared = np.linspace(0.25, 49.75, BINS)
    volumes = random.dirichlet(np.ones(BINS), PATIENTS)
    own = random.uniform(0.1, 60.0, (PATIENTS, NODES))
    weight = np.full(NODES, 1.0 / NODES)
    print(f"{'case':<28}{'plain':>10}{'radsim':>10}{'ratio':>8}   microseconds a patient")
    for name, dose, volume in (
        (f"{BINS} shared dose bins", shared, volumes),
        (f"{NODES} nodes of their own", own, weight),
    ):
        assert np.allclose(plain(dose, volume), ours(dose, volume), atol=1e-12)
        base = best(lambda d=dose, v=volume: plain(d, v)) / PATIENTS * 1e6
        mine = best(lambda d=dose, v=volume: ours(d, v)) / PATIENTS * 1e6
        print(f"{name:<28}{base:>10.3f}{mine:>10.3f}{mine / base:>8.2f}")


if __name__ == "__main__":
    main()
