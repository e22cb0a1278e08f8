"""Sums of all pieces, joined in the order of the pieces."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import reduce

from radsim.execution.journal import Journal
from radsim.execution.pieces import Piece, Scheduler, Work, packs_of, tasks_of
from radsim.experiment.endpoints import endpoints_of
from radsim.randomness.sources import REPLICATES
from radsim.simulation.series import series_figures
from radsim.sums.aggregations import SERIES
from radsim.sums.run_sums import PieceSums, RunSums, run_sums, side_by_side

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
        packs = [list(pack) for pack in packs_of(experiment.study.design, self.work.cutting)]
        replicates = [
            side_by_side([self.joined[pack, index] for pack in range(len(packs))], packs)
            for index in range(1 if experiment.uniforms == "plain" else REPLICATES)
        ]
        finished = run_sums(replicates)
        if experiment.predictive is None or experiment.has_design:
            return finished
        joined = reduce(SERIES.join, (sums.states[SERIES.name, ""] for sums in replicates))
        endpoints = [modelled.endpoint for modelled in endpoints_of(experiment)]
        state = {name: array[0] for name, array in joined.items()}
        return replace(finished, series=series_figures(experiment.predictive, endpoints, state))


def all_pieces(
    work: Work,
    pieces: Sequence[Piece],
    scheduler: Scheduler,
    chunk_size: int,
    journal: Journal | None,
    report: Progress,
) -> Iterator[tuple[Piece, PieceSums]]:
    """Give every piece once: those in the journal, then the others as they finish."""

    def told(piece: Piece, sums: PieceSums) -> tuple[Piece, PieceSums]:
        report(len(piece.patients) * len(piece.variants))
        return piece, sums

    wanted = {piece.number: piece for piece in pieces}
    for number, sums in journal.blocks() if journal else ():
        piece = wanted.get(number)
        if piece is not None and len(piece.patients) == sums.patients:
            yield told(wanted.pop(number), sums)
    for task, results in scheduler(work, tasks_of(list(wanted.values()), chunk_size)):
        for piece, sums in zip(task, results, strict=True):
            if journal is not None:
                journal.append(piece.number, sums)
            yield told(piece, sums)


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
