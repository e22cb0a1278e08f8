"""Sums of all pieces, joined in the order of the pieces."""

from collections.abc import Callable, Iterator

import numpy as np

from radsim.execution.journal import Journal
from radsim.execution.pieces import Piece, packs_of, replicate, tasks_of
from radsim.execution.schedulers import default_workers, run_tasks
from radsim.experiment.model import Experiment
from radsim.randomness.sources import REPLICATES
from radsim.sums.moments import BlockSums, Moments, replicated

Progress = Callable[[int], None]  # told how many patients have been added


class Totals:
    """The sums so far, by pack of variants and by replicate, joined in the order of the pieces."""

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self.joined: dict[tuple[int, int], BlockSums] = {}

    def add(self, piece: Piece, sums: BlockSums) -> None:
        key = piece.pack, replicate(self.experiment, piece)
        earlier = self.joined.get(key)
        self.joined[key] = sums if earlier is None else earlier.combine(sums)

    def sums(self) -> BlockSums:
        """Join replicates, and put the variants of a design in its order."""
        size = 1 if self.experiment.uniforms == "plain" else REPLICATES
        packs = sorted({pack for pack, _ in self.joined})
        whole = []
        for pack in packs:
            each = [self.joined[pack, index] for index in range(size)]
            whole.append(each[0] if size == 1 else replicated(each))
        if not self.experiment.has_design:
            return whole[0]
        order = np.argsort(np.concatenate(packs_of(self.experiment.study.design)))
        return _side_by_side(whole, order)


def _side_by_side(packs: list[BlockSums], order: np.ndarray) -> BlockSums:
    """Join packs along their first axis, the variants; what one does not have is missing."""
    sizes = [len(next(iter(pack.moments.values())).mean) for pack in packs]
    names = dict.fromkeys(name for pack in packs for name in pack.moments)
    moments = {}
    for name in names:
        known = next(pack.moments[name] for pack in packs if name in pack.moments)
        parts = [
            pack.moments[name] if name in pack.moments else known.missing(size)
            for pack, size in zip(packs, sizes, strict=True)
        ]
        moments[name] = Moments.one_after_another(parts).rearranged(lambda v: v[order])
    counts = {
        name: np.concatenate([pack.counts[name] for pack in packs])[order]
        for name in packs[0].counts
    }
    return BlockSums(moments, counts)


def all_pieces(
    experiment: Experiment,
    pieces: list[Piece],
    workers: int | None,
    chunk_size: int | None,
    scheduler: str,
    journal: Journal | None,
    report: Progress,
) -> Iterator[tuple[Piece, BlockSums]]:
    """Give every piece once: those in the journal, then the others as they finish."""
    wanted = {piece.number: piece for piece in pieces}
    for number, sums in journal.blocks() if journal else ():
        piece = wanted.get(number)
        if piece is not None and len(piece.patients) == _patients(sums):
            del wanted[number]
            report(_size(piece))
            yield piece, sums
    tasks = tasks_of(list(wanted.values()), chunk_size or 1)
    for task, results in run_tasks(experiment, tasks, scheduler, workers or default_workers()):
        for piece, sums in zip(task, results, strict=True):
            if journal is not None:
                journal.append(piece.number, sums)
            report(_size(piece))
            yield piece, sums


def in_order(
    pieces: list[Piece], finished: Iterator[tuple[Piece, BlockSums]]
) -> Iterator[tuple[Piece, BlockSums]]:
    """Give the sums in the order of the pieces, holding back those that come early."""
    early: dict[int, BlockSums] = {}
    for piece in pieces:
        while piece.number not in early:
            done, sums = next(finished)
            early[done.number] = sums
        yield piece, early.pop(piece.number)


def _patients(sums: BlockSums) -> int:
    return next(iter(sums.moments.values())).count


def _size(piece: Piece) -> int:
    return len(piece.patients) * max(1, len(piece.variants))
