"""Fixed blocks of patients and packs of variants, in which sums are formed whatever the workers."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from radsim.experiment.designs.keys import section_of, split_key
from radsim.experiment.designs.tables import ALTERNATIVES, NOMINAL, Design
from radsim.experiment.designs.uncertainty import MODEL_DRAWS
from radsim.experiment.grouping import Report
from radsim.experiment.model import Experiment, rows_taken
from radsim.experiment.reading import Refits
from radsim.experiment.variants import VariantMaker
from radsim.randomness.sources import REPLICATES, SLICE, replicate_of
from radsim.simulation.reduction import reduce_blocks
from radsim.simulation.sources import source_of
from radsim.simulation.walk import Extent
from radsim.sums.run_sums import PieceSums

COHORT_SECTIONS = ("cohort", "eligibility")  # what decides who is treated
PLAN_SECTIONS = (*COHORT_SECTIONS, "dose", "arms")  # what decides a dose
EXTENTS = {  # of the parts of a design; of others estimates
    NOMINAL: Extent.CHECKED,
    ALTERNATIVES: Extent.CHECKED,
    MODEL_DRAWS: Extent.NETS,
}
IN_NO_PLAN = (["survival"], ["pain_response"])  # what an arm states beside its plan
PATIENT_BITS, PACK_BITS = 40, 20  # of a piece's number; the others are the stage's
WINDOW = 16  # tasks a worker that are handed over at once, so that no graph holds a whole run


@dataclass(frozen=True)
class Cutting:
    """How a run is cut into pieces; it decides the last bits of every sum, and nothing else."""

    block: int = 8192  # patients
    pack: int = 512  # most variants that are simulated together
    plans: int = 16  # most combinations of cohort and plans among them
    slice: int = SLICE  # patients of a block where random numbers come in replicates

    @property
    def of_draws(self) -> "Cutting":
        """How draws on fewer patients are cut: so that 20,000 are two blocks alike."""
        return replace(self, block=self.block * 5 // 4)

    def size(self, experiment: Experiment) -> int:
        """Patients a block; of a table that is taken as it is whole passes, or a part of one."""
        if experiment.uniforms != "plain":
            return self.slice
        rows = rows_taken(experiment)
        return self.block // rows * rows if 0 < rows <= self.block else self.block

    def whole(self, experiment: Experiment) -> int:
        """Patients that a run may be extended by: a block, a pass, or a slice a replicate."""
        if experiment.uniforms != "plain":
            return self.slice * REPLICATES
        return max(self.size(experiment), rows_taken(experiment))


CUTTING = Cutting()


@dataclass(frozen=True)
class Piece:
    """The unit of work: a block of patients, under the variants of one pack of a design."""

    patients: range
    pack: int = 0
    variants: tuple[int, ...] = (0,)
    stage: int = 0  # of a run that takes more than one

    @property
    def number(self) -> int:
        """What the piece is filed under."""
        return (((self.stage << PACK_BITS) + self.pack) << PATIENT_BITS) + self.patients.start


Task = Sequence[Piece]


def blocks_of(patients: int, size: int = CUTTING.block, whole: int = 0) -> list[range]:
    """Cut a cohort into blocks; only the last may be shorter, and the last of each ``whole``.

    Examples
    --------
    >>> [len(block) for block in blocks_of(10_000)]
    [8192, 1808]
    >>> [len(block) for block in blocks_of(20, 4, whole=10)]
    [4, 4, 2, 4, 4, 2]
    """
    ends = [min(start + (whole or size), patients) for start in range(0, patients, whole or size)]
    return [
        range(start, min(start + size, end))
        for begin, end in zip([0, *ends], ends, strict=False)
        for start in range(begin, end, size)
    ]


def changes_plans(key: str) -> bool:
    """Say whether a key of the file may change anybody's dose.

    Examples
    --------
    >>> changes_plans("arms.a.boost"), changes_plans("arms.a.survival.scale")
    (True, False)
    """
    return section_of(key) in PLAN_SECTIONS and split_key(key)[1][1:2] not in IN_NO_PLAN


def packs_of(design: Design, cutting: Cutting = CUTTING) -> list[tuple[int, ...]]:
    """Cut a design into packs, variants with the same cohort and plans side by side.

    Examples
    --------
    >>> from radsim.experiment.designs.tables import Axis, Design, Table
    >>> models = Axis("d50", Table({"tcp.d50": (18.0, 20.0)}), (18.0, 20.0))
    >>> plans = Axis("boost", Table({"arms.a.boost": (40.0, 45.0)}), (40.0, 45.0))
    >>> packs_of(Design((models, plans)))
    [(0, 2, 1, 3)]
    """
    if not any(map(changes_plans, design.keys)):  # models alone
        return [tuple(chunk) for chunk in blocks_of(len(design), cutting.pack)]
    order: dict[str, dict[str, list[int]]] = {}  # by cohort, then by plan, as they first come
    for index in range(len(design)):
        changes = design.variant(index)
        plans = {k: v for k, v in changes.items() if changes_plans(k)}
        cohort = {k: v for k, v in plans.items() if section_of(k) in COHORT_SECTIONS}
        order.setdefault(repr(cohort), {}).setdefault(repr(plans), []).append(index)
    packs: list[list[int]] = [[]]
    seen = 0
    for indices in (indices for by_plan in order.values() for indices in by_plan.values()):
        for first in range(0, len(indices), cutting.pack):
            group = indices[first : first + cutting.pack]
            if packs[-1] and (len(packs[-1]) + len(group) > cutting.pack or seen == cutting.plans):
                packs.append([])
                seen = 0
            packs[-1].extend(group)
            seen += 1
    return [tuple(pack) for pack in packs]


def pieces_of(
    experiment: Experiment, first: int, patients: int, cutting: Cutting = CUTTING, stage: int = 0
) -> list[Piece]:
    """Cut a run into pieces, from some patient on; the order in which their sums are joined."""
    packs = packs_of(experiment.study.design, cutting)
    return [
        Piece(block, number, pack, stage)
        for block in blocks_of(patients, cutting.size(experiment), cutting.whole(experiment))
        if block.start >= first
        for number, pack in enumerate(packs)
    ]


def tasks_of(pieces: Sequence[Piece], chunk_size: int) -> list[Task]:
    """Group pieces into tasks of about ``chunk_size`` patients, whole blocks each."""
    step = max(1, -(-chunk_size // max((len(piece.patients) for piece in pieces), default=1)))
    return [pieces[first : first + step] for first in range(0, len(pieces), step)]


@dataclass(frozen=True)
class Work:
    """What is to be done with pieces: simulate them and keep sums; it travels to the workers."""

    experiment: Experiment
    cutting: Cutting = CUTTING
    refits: Refits = field(default_factory=dict, compare=False)  # the same whoever fits them

    def __call__(self, pieces: Sequence[Piece]) -> list[PieceSums]:
        """Simulate and reduce some pieces, in their order."""
        source = source_of(self.experiment, self.cutting.slice)
        maker, design = VariantMaker(self.experiment, self.refits), self.experiment.study.design
        nominal = design.rows_of(NOMINAL).start
        sums = []
        for piece in pieces:
            variants = [self._variant(maker, design, index) for index in piece.variants]
            extents = [self._extent(design, index) for index in piece.variants]
            own = [i for i, n in enumerate(piece.variants) if n % design.inner == nominal]
            sums += reduce_blocks(variants, [piece.patients], source, extents=extents, nominal=own)
        return sums

    def _variant(self, maker: VariantMaker, design: Design, index: int) -> Experiment:
        """Make a variant; groups of patients are told of under the file's own values alone."""
        variant = maker.make(design.variant(index))
        if not variant.report.by or index == design.rows_of(NOMINAL).start:
            return variant
        return variant.model_copy(update={"report": Report()})

    def _extent(self, design: Design, index: int) -> Extent:
        """Say how much is told of a variant, which is what results read of it."""
        if not self.experiment.has_design:
            return Extent.WHOLE
        inner = index % design.inner
        part = next(
            p for p in design.parts if inner in range(*design.rows_of(p).indices(design.inner))
        )
        return EXTENTS.get(part, Extent.ESTIMATES)

    def replicate(self, piece: Piece) -> int:
        """Say which replicate a piece belongs to; plain random numbers have but one."""
        if self.experiment.uniforms == "plain":
            return 0
        return replicate_of(piece.patients.start, self.cutting.slice)


Finished = Iterator[tuple[Task, list[PieceSums]]]  # tasks with the sums of each of their pieces
Scheduler = Callable[[Work, Sequence[Task]], Finished]  # gives each when it ends, in any order
