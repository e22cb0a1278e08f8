"""Fixed blocks of patients, in which sums are formed whatever the chunks and workers."""

from collections.abc import Sequence

from radsim.config import Experiment
from radsim.reduce import reduce_patients
from radsim.simulation import simulate
from radsim.summary import BlockSums

BLOCK = 8192  # patients; changing it changes the last bits of every summary


def blocks_of(patients: int) -> list[range]:
    """Cut a cohort into blocks; only the last may be shorter.

    Examples
    --------
    >>> [len(block) for block in blocks_of(10_000)]
    [8192, 1808]
    """
    return [range(start, min(start + BLOCK, patients)) for start in range(0, patients, BLOCK)]


def tasks_of(blocks: Sequence[range], chunk_size: int) -> list[list[range]]:
    """Group blocks into tasks of about ``chunk_size`` patients, whole blocks each."""
    step = max(1, -(-chunk_size // BLOCK))
    return [list(blocks[first : first + step]) for first in range(0, len(blocks), step)]


def run_blocks(experiment: Experiment, blocks: Sequence[range]) -> list[BlockSums]:
    """Simulate and reduce some blocks: the unit of work that travels to a worker."""
    return [reduce_patients(experiment, simulate(experiment, block)) for block in blocks]
