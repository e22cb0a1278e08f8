"""Sources of uniform numbers that give less noise for the same work than plain random ones.

Patients come in slices of `SLICE`, dealt out in turn to `REPLICATES` independent replicates, so
that a smaller cohort is the beginning of a larger one. The spread between the replicates is an
honest Monte Carlo error; the spread between patients is not, because they are no longer
independent.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from scipy.stats import qmc

from radsim.randomness.streams import Streams, UniformSource

SLICE = 2048  # consecutive patients of one replicate
REPLICATES = 16
WHOLE = SLICE * REPLICATES  # patients come in multiples of this
HALF_STEP = 2.0**-31  # the points have 30 bits; the middle of a step is never 0
LARGEST = 1.0 - 2.0**-53  # stands in for a one, whose inverse CDF is infinite
MOST_DIMENSIONS = 1024  # decisions that get a dimension of their own; the others stay plain


def replicate_of(patient: int, size: int = SLICE) -> int:
    """Say which replicate a patient belongs to, of slices of some size.

    Examples
    --------
    >>> replicate_of(0), replicate_of(SLICE), replicate_of(WHOLE)
    (0, 1, 0)
    """
    return patient // size % REPLICATES


@dataclass(frozen=True)
class Antithetic:
    """Patients in pairs: where one has u, the other has 1 - u.

    Examples
    --------
    >>> u = Antithetic(seed=1).uniforms("cohort/age", range(0, 4))
    >>> (u[0::2] + u[1::2]).tolist()
    [1.0, 1.0]

    References
    ----------
    Hammersley and Morton (1956), Proc. Camb. Philos. Soc. 52, 449-475.
    """

    seed: int

    def uniforms(self, name: str, patients: range) -> np.ndarray:
        first, last = patients.start // 2, (patients.stop + 1) // 2
        half = Streams(self.seed).uniforms(name, range(first, last))
        pairs = np.stack([half, 1.0 - half], axis=1).ravel()
        skip = patients.start - 2 * first
        return np.minimum(pairs[skip : skip + len(patients)], LARGEST)


@dataclass(frozen=True)
class Twin:
    """The luck of a patient's twin: other numbers for every decision.

    Examples
    --------
    >>> streams = Streams(seed=1)
    >>> own, other = (s.uniforms("dose/shift", range(1)) for s in (streams, Twin(streams)))
    >>> bool(own == other)
    False
    """

    streams: UniformSource

    def uniforms(self, name: str, patients: range) -> np.ndarray:
        return self.streams.uniforms(f"twin/{name}", patients)


@dataclass(frozen=True)
class Sobol:
    """Scrambled Sobol points: a decision is a dimension, and each replicate has its own scramble.

    Attributes
    ----------
    seed
        Fixes the scrambles.
    names
        Decisions in the order of their dimensions; any other is plain pseudo-random.
    size
        Consecutive patients of one replicate.

    References
    ----------
    Sobol (1967), USSR Comput. Math. Math. Phys. 7, 86-112; Owen (1998), ACM Trans. Model. Comput.
    Simul. 8, 71-102; direction numbers of Joe and Kuo (2008), SIAM J. Sci. Comput. 30, 2635-2654.
    """

    seed: int
    names: tuple[str, ...]
    size: int = SLICE

    def uniforms(self, name: str, patients: range) -> np.ndarray:
        if name not in self.names:
            return Streams(self.seed).uniforms(name, patients)
        column = self.names.index(name)
        parts = []
        for first in range(patients.start // self.size, -(-patients.stop // self.size)):
            points = _points(self.seed, len(self.names), first, self.size)[:, column]
            low = max(patients.start - first * self.size, 0)
            parts.append(points[low : patients.stop - first * self.size])
        return np.concatenate(parts) if parts else np.empty(0)


@lru_cache(maxsize=16)  # the slices of the blocks that are being worked on
def _points(seed: int, dimensions: int, index: int, size: int) -> np.ndarray:
    """Points of one slice of patients, shape (patient, dimension)."""
    replicate = index % REPLICATES
    digest = blake2b(f"{seed}/sobol/{replicate}".encode(), digest_size=8).digest()
    rng = np.random.default_rng(int.from_bytes(digest, "little"))
    engine = qmc.Sobol(dimensions, scramble=True, rng=rng)
    if index >= REPLICATES:  # forward by nothing is an error
        engine.fast_forward(index // REPLICATES * size)
    return engine.random(size) + HALF_STEP


@dataclass
class Recorder:
    """Plain streams that remember the names they were asked for."""

    seed: int
    names: dict[str, None] = field(default_factory=dict, init=False)

    def uniforms(self, name: str, patients: range) -> np.ndarray:
        self.names[name] = None
        return Streams(self.seed).uniforms(name, patients)
