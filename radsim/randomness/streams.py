"""Random numbers looked up by seed, name and patient, so nothing can change their order."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

import numpy as np

SMALLEST = 2.0**-54  # stands in for an exact zero, whose inverse CDF is infinite


class UniformSource(Protocol):
    """Anything that gives each (name, patient) one number in (0, 1)."""

    def uniforms(self, name: str, patients: range) -> np.ndarray:
        """Return one number in (0, 1) for each of these patients."""
        ...


@dataclass(frozen=True)
class Streams:
    """A uniform number for every (name, patient), all fixed by one seed.

    A name is the path of one decision, such as ``cohort/age``. Each name has a generator of
    its own (PCG64 DXSM, seeded by a hash of seed and name), and patient ``i`` is its ``i``-th
    number, reached by jumping. So patients ``a`` to ``b`` are the same whether they are asked
    for alone, in any chunks, in any order, or as part of a larger cohort.

    Examples
    --------
    >>> streams = Streams(seed=1)
    >>> whole = streams.uniforms("cohort/age", range(0, 10))
    >>> bool((streams.uniforms("cohort/age", range(7, 10)) == whole[7:]).all())
    True

    References
    ----------
    O'Neill (2014), PCG, Harvey Mudd College HMC-CS-2014-0905; numpy's ``PCG64DXSM``.
    """

    seed: int

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise ValueError(f"seed must not be negative, got {self.seed}")

    def uniforms(self, name: str, patients: range) -> np.ndarray:
        """Return one number in (0, 1) for each of these patients.

        Raises
        ------
        ValueError
            If ``patients`` starts below 0 or does not go up in steps of 1.
        """
        if patients.start < 0 or patients.step != 1:
            raise ValueError(f"patients must go up by 1 from 0 or more, got {patients}")
        generator = np.random.PCG64DXSM(self._key(name))
        generator.advance(patients.start)
        draws = np.random.Generator(generator).random(len(patients))
        return np.maximum(draws, SMALLEST, out=draws)

    def _key(self, name: str) -> int:
        digest = blake2b(f"{self.seed}/{name}".encode(), digest_size=16).digest()
        return int.from_bytes(digest, "little")
