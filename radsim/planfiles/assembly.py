"""From samples or a curve to a structure, and from structures to a plan, with their warnings."""

from collections.abc import Sequence

import numpy as np

from radsim.planfiles.curve import Curve, joined, shortened
from radsim.planfiles.imported import WELL_BELOW, ImportedPlan, ImportedStructure
from radsim.planfiles.questions import questions_of
from radsim.radiobiology.dvh import (
    TOLERATED_RISE,
    curve_from_cumulative,
    curve_from_samples,
    dose_at_volume,
    volume_nodes,
)
from radsim.vocabulary.structures import HOT_SPOT

NODES = 64  # volume nodes of a DVH
TOLERATED_TAIL = 0.01  # share of the volume at which a DVH may break off
FINE_BIN = 0.1  # [Gy] Dx is uncertain by a bin


def assemble(
    structures: Sequence[ImportedStructure],
    *,
    prescription: float | None,
    fractions: int | None,
    source: str,
    warnings: Sequence[str],
    levels: Sequence[float] = (),
) -> ImportedPlan:
    """Plan of these structures, with what is asked about its doses.

    Parameters
    ----------
    levels
        Prescribed doses [Gy] beside the prescription, such as those of a simultaneous boost.
    """
    if prescription is not None and not prescription > 0.0:
        raise ValueError(f"prescription must be above 0 Gy, got {prescription:g}")
    prescribed = [*levels] if prescription is None else [prescription, *levels]
    return ImportedPlan(
        structures=tuple(structures),
        prescription=prescription,
        fractions=fractions,
        source=source,
        warnings=tuple(dict.fromkeys(warnings)),
        questions=tuple(questions_of(structures, prescribed, fractions)),
    )


def agreed(given: float | None, stored: float | None, what: str) -> float | None:
    """Return what the user gave or else what the file says; they must not contradict.

    Examples
    --------
    >>> agreed(None, 30.0, "prescription")
    30.0
    """
    if given is not None and stored is not None and abs(given - stored) > 1e-3 * stored:
        raise ValueError(f"{what}: the file says {stored:g}, not {given:g}")
    return stored if given is None else given


def agreed_count(given: int | None, stored: int | None) -> int | None:
    """Return the number of fractions that the user gave or else that the file says."""
    if given is not None and (isinstance(given, bool) or not isinstance(given, int) or given < 1):
        raise ValueError(f"fractions must be a whole number above 0, got {given!r}")
    if given is not None and stored is not None and given != stored:
        raise ValueError(f"fractions: the file says {stored}, not {given}")
    return stored if given is None else given


def from_samples(
    name: str,
    structure: str | None,
    dose: np.ndarray,
    volume: np.ndarray,
    nodes: int,
    cut_dose: float = float("nan"),
) -> ImportedStructure:
    """Structure from sampled doses [Gy], NaN outside the grid, and the volume of each [mm3].

    `cut_dose` is the highest dose where the grid cuts the structure [Gy].
    """
    inside = ~np.isnan(dose)
    if not inside.any():
        raise ValueError(f"{name} lies wholly outside the dose grid")
    share, sampled = curve_from_samples(dose[inside], volume[inside])
    known = float(volume[inside].sum()) / 1000.0
    missing = float(volume[~inside].sum()) / 1000.0
    few = shortened(share, sampled)
    positions = _positions(nodes, known)
    exact = dose_at_volume(sampled, share, positions)
    order = np.argsort(np.concatenate([share[few], positions]), kind="stable")
    curve = joined(
        np.concatenate([share[few], positions])[order],
        np.concatenate([sampled[few], exact])[order],
        np.empty(0),
    )
    return _structure(name, structure, known, curve, nodes, missing, cut_dose)


def from_curve(
    name: str,
    structure: str | None,
    dose: np.ndarray,
    cumulative: np.ndarray,
    nodes: int,
    missing: float = 0.0,
    cut_dose: float = float("nan"),
) -> tuple[ImportedStructure, list[str]]:
    """Structure, and warnings, from a cumulative DVH: ascending dose [Gy] and volume [cm3]."""
    try:
        share, hottest_first = curve_from_cumulative(dose, cumulative)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    volume, tail = float(cumulative[0]), max(float(cumulative[-1]), 0.0)
    if tail > TOLERATED_TAIL * volume:
        raise ValueError(
            f"{name}: the DVH breaks off at {dose[-1]:.4g} Gy, where {tail / volume:.1%} of the "
            "volume still receives more"
        )
    curve = joined(share, hottest_first, _positions(nodes, volume))
    notes = []
    if tail > HOT_SPOT:
        notes.append(
            f"{name}: the DVH breaks off above 0.03 cm3 ({tail:.3g} cm3 at {dose[-1]:.4g} Gy): "
            "D0.03cc is unknown"
        )
    return _structure(name, structure, volume, curve, nodes, missing, cut_dose, tail), notes


def _positions(nodes: int, volume: float) -> np.ndarray:
    """Shares of the volume [cm3] whose doses are kept as they are: the nodes and 0.03 cm3."""
    return np.append(volume_nodes(nodes)[0], min(HOT_SPOT / volume, 1.0))


def _structure(
    name: str,
    structure: str | None,
    volume: float,
    curve: Curve,
    nodes: int,
    missing: float,
    cut_dose: float,
    tail: float = 0.0,
) -> ImportedStructure:
    """Structure with this DVH; its maximum stays unknown where it may lie in what is missing."""
    hottest = curve.at(min(HOT_SPOT / volume, 1.0))
    cut = missing >= HOT_SPOT and not cut_dose <= WELL_BELOW * hottest
    return ImportedStructure(
        name=name,
        structure=structure,
        volume=volume,
        dose=dose_at_volume(curve.dose, curve.share, volume_nodes(nodes)[0]),
        d003cc=hottest if volume >= HOT_SPOT > tail and not cut else float("nan"),
        missing=missing,
        cut_dose=cut_dose,
        curve=curve,
    )


def bin_warning(name: str, dose: np.ndarray, cumulative: np.ndarray) -> list[str]:
    """Warning that a binned DVH is too coarse, if it is.

    Examples
    --------
    >>> bin_warning("GTV", np.array([0.0, 0.5, 1.0]), np.array([9.0, 4.0, 0.0]))
    ['GTV: DVH bins of 0.5 Gy, so Dx is uncertain by as much; export 0.1 Gy or finer']
    """
    falls = -np.diff(cumulative) > TOLERATED_RISE * cumulative[0]
    widest = float(np.max(np.diff(dose), where=falls, initial=0.0))
    if widest <= FINE_BIN * (1.0 + 1e-6):
        return []
    return [
        f"{name}: DVH bins of {widest:.3g} Gy, so Dx is uncertain by as much; "
        f"export {FINE_BIN} Gy or finer"
    ]
