"""Sums of all pieces, joined in the order of the pieces."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import reduce

import numpy as np

from radsim.execution.journal import Journal
from radsim.execution.pieces import Piece, Work, packs_of, tasks_of
from radsim.execution.scheduler import Scheduler
from radsim.experiment.endpoints import endpoints_of
from radsim.randomness.sources import REPLICATES
from radsim.simulation.series import series_figures
from radsim.sums.aggregations import SERIES
from radsim.sums.piece_sums import PieceSums, side_by_side
from radsim.sums.run_sums import RunSums, run_sums

Progress = Callable[[int], None]  # told how many patients have been added


class Totals:
    """The sums so far, by pack of variants and by replicate, joined in the order of the pieces."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.joined: dict[tuple[int, int], PieceSums] = {}

    def add(self, piece: Piece, sums: PieceSums) -> None:
        key = piece.pack, self.work.replicate(piece)
        earlier = self.joined.get(key)
        self.joined[key] = sums if earlier is None else earlier.join(sums)

    def sums(self) -> RunSums:
        """Join replicates, and put the variants of a design in its order."""
        experiment = self.work.experiment
        packs = packs_of(experiment.study.design, self.work.cutting)
        order = np.argsort(np.concatenate(packs))
        replicates = [
            side_by_side([self.joined[pack, index] for pack in range(len(packs))], order)
            for index in range(1 if experiment.uniforms == "plain" else REPLICATES)
        ]
        finished = run_sums(replicates)
        if experiment.predictive is None or experiment.has_design:
            return finished
        joined = reduce(SERIES.join, (sums.states[SERIES.name, ""] for sums in replicates))
        endpoints = [modelled.endpoint for modelled in endpoints_of(experiment)]
        state = {name: array[0] for name, array in joined.items()}
        figures = series_figures(experiment.predictive, endpoints, state)
        return replace(finished, series=figures)


def all_pieces(
    work: Work,
    pieces: Sequence[Piece],
    scheduler: Scheduler,
    chunk_size: int | None = None,
    journal: Journal | None = None,
    report: Progress = lambda patients: None,
) -> Iterator[tuple[Piece, PieceSums]]:
    """Give every piece once: those in the journal, then the others as they finish."""
    wanted = {piece.number: piece for piece in pieces}
    for number, sums in journal.blocks() if journal else ():
        piece = wanted.get(number)
        if piece is not None and len(piece.patients) == sums.patients:
            del wanted[number]
            report(_size(piece))
            yield piece, sums
    for task, results in scheduler(work, tasks_of(list(wanted.values()), chunk_size or 1)):
        for piece, sums in zip(task, results, strict=True):
            if journal is not None:
                journal.append(piece.number, sums)
            report(_size(piece))
            yield piece, sums


def in_order(
    pieces: Sequence[Piece], finished: Iterator[tuple[Piece, PieceSums]]
) -> Iterator[tuple[Piece, PieceSums]]:
    """Give the sums in the order of the pieces, holding back those that come early."""
    early: dict[int, PieceSums] = {}
    for piece in pieces:
        while piece.number not in early:
            done, sums = next(finished)
            early[done.number] = sums
        yield piece, early.pop(piece.number)


def _size(piece: Piece) -> int:
    return len(piece.patients) * len(piece.variants)
