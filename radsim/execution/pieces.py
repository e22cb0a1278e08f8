"""Fixed blocks of patients and packs of variants, in which sums are formed whatever the workers."""

from collections.abc import Sequence
from dataclasses import dataclass

from radsim.experiment.designs.tables import Design
from radsim.experiment.model import Experiment
from radsim.experiment.variants import VariantMaker
from radsim.randomness.sources import SLICE, replicate_of
from radsim.simulation.kept import reduce_patients
from radsim.simulation.patients import simulate, source_of
from radsim.simulation.pipeline import reduce_variants
from radsim.sums.moments import BlockSums

BLOCK = 8192  # patients; changing it changes the last bits of every summary
PACK = 512  # most variants that are simulated together
PLANS = 16  # most combinations of cohort and plans among them
PLAN_SECTIONS = ("cohort", "eligibility", "dose", "arms")  # what decides a dose
PATIENT_BITS = 40  # of a piece's number; the others are the pack's


@dataclass(frozen=True)
class Piece:
    """The unit of work: some patients, under some variants of a design, or of no design.

    Attributes
    ----------
    patients
        A block of them.
    pack
        Number of the pack of variants.
    variants
        Their numbers in the design; empty without a design.
    """

    patients: range
    pack: int = 0
    variants: tuple[int, ...] = ()

    @property
    def number(self) -> int:
        """What the piece is filed under."""
        return (self.pack << PATIENT_BITS) + self.patients.start


def block_size(experiment: Experiment) -> int:
    """Patients a block: all of one replicate where there are replicates."""
    return BLOCK if experiment.uniforms == "plain" else SLICE


def replicate(experiment: Experiment, piece: Piece) -> int:
    """Say which replicate a piece belongs to; plain random numbers have but one."""
    return 0 if experiment.uniforms == "plain" else replicate_of(piece.patients.start)


def blocks_of(patients: int, size: int = BLOCK) -> list[range]:
    """Cut a cohort into blocks; only the last may be shorter.

    Examples
    --------
    >>> [len(block) for block in blocks_of(10_000)]
    [8192, 1808]
    """
    return [range(start, min(start + size, patients)) for start in range(0, patients, size)]


def packs_of(design: Design) -> list[tuple[int, ...]]:
    """Cut a design into packs, variants with the same cohort and plans side by side.

    Examples
    --------
    >>> from radsim.experiment.designs.tables import Axis, Design, Table
    >>> models = Axis("d50", Table({"tcp.d50": (18.0, 20.0)}), (18.0, 20.0))
    >>> plans = Axis("boost", Table({"arms.a.boost": (40.0, 45.0)}), (40.0, 45.0))
    >>> packs_of(Design((models, plans)))
    [(0, 2, 1, 3)]
    """
    if not any(key.startswith(PLAN_SECTIONS) for key in design.keys):  # models alone
        return [tuple(chunk) for chunk in blocks_of(len(design), PACK)]
    order: dict[str, dict[str, list[int]]] = {}  # by cohort, then by plan, as they first come
    for index in range(len(design)):
        changes = design.variant(index)
        plans = {k: v for k, v in changes.items() if k.startswith(PLAN_SECTIONS)}
        cohort = {k: v for k, v in plans.items() if k.startswith(("cohort", "eligibility"))}
        order.setdefault(repr(cohort), {}).setdefault(repr(plans), []).append(index)
    packs: list[tuple[int, ...]] = []
    pack: list[int] = []
    seen = 0
    for by_plan in order.values():
        for indices in by_plan.values():
            for first in range(0, len(indices), PACK):
                group = indices[first : first + PACK]
                if pack and (len(pack) + len(group) > PACK or seen == PLANS):
                    packs.append(tuple(pack))
                    pack, seen = [], 0
                pack.extend(group)
                seen += 1
    return [*packs, tuple(pack)]


def pieces_of(experiment: Experiment, first: int, patients: int) -> list[Piece]:
    """Cut a run into pieces, from some patient on; the order in which their sums are joined."""
    packs = packs_of(experiment.study.design) if experiment.has_design else [()]
    return [
        Piece(block, number, pack)
        for block in blocks_of(patients, block_size(experiment))
        if block.start >= first
        for number, pack in enumerate(packs)
    ]


def tasks_of(pieces: Sequence[Piece], chunk_size: int) -> list[list[Piece]]:
    """Group pieces into tasks of about ``chunk_size`` patients, whole blocks each."""
    if not pieces:
        return []
    step = max(1, -(-chunk_size // max(len(piece.patients) for piece in pieces)))
    return [list(pieces[first : first + step]) for first in range(0, len(pieces), step)]


def run_pieces(experiment: Experiment, pieces: Sequence[Piece]) -> list[BlockSums]:
    """Simulate and reduce some pieces: the unit of work that travels to a worker."""
    source = source_of(experiment)
    if not experiment.has_design:
        return [
            reduce_patients(experiment, simulate(experiment, piece.patients, source))
            for piece in pieces
        ]
    maker, design = VariantMaker(experiment), experiment.study.design
    done = []
    for piece in pieces:
        variants = [maker.make(design.variant(index)) for index in piece.variants]
        done.append(reduce_variants(variants, piece.patients, source))
    return done
