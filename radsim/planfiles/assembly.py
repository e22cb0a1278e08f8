"""From samples or a curve to a structure, and from structures to a plan, with their warnings."""

from dataclasses import replace

import numpy as np

from radsim.planfiles.imported import TARGETS, ImportedPlan, ImportedStructure
from radsim.radiobiology.dvh import (
    HOTTEST,
    TOLERATED_RISE,
    dose_at_volume,
    nodes_from_cumulative,
    nodes_from_samples,
    volume_nodes,
)

NODES = 64  # volume nodes of a DVH
TOLERATED_TAIL = 0.01  # share of the volume at which a DVH may break off
FINE_BIN = 0.1  # [Gy] Dx is uncertain by a bin
UNUSUAL = 2.0  # a target's median dose this far from the prescription is worth a question


def assemble(
    structures: list[ImportedStructure],
    *,
    prescription: float | None,
    fractions: int | None,
    source: str,
    warnings: list[str],
) -> ImportedPlan:
    """Plan of these structures, with a warning for a target far off its prescription."""
    plan = ImportedPlan(
        structures=tuple(structures),
        prescription=prescription,
        fractions=fractions,
        source=source,
    )
    for target in structures:
        if prescription is None or target.structure not in TARGETS:
            continue
        median = float(dose_at_volume(target.dose, plan.volume, 0.5))
        if not 1.0 / UNUSUAL < median / prescription < UNUSUAL:
            warnings = [
                *warnings,
                f"{target.name}: D50 is {median:.4g} Gy, the prescription {prescription:.4g} Gy: "
                "make sure that both are of the whole course",
            ]
    return replace(plan, warnings=tuple(dict.fromkeys(warnings)))


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
    name: str, structure: str | None, dose: np.ndarray, volume: np.ndarray, nodes: int
) -> ImportedStructure:
    """Structure from sampled doses [Gy], NaN outside the grid, and the volume of each [mm3]."""
    inside = ~np.isnan(dose)
    missing = float(volume[~inside].sum()) / 1000.0
    known = float(volume[inside].sum()) / 1000.0
    if not inside.any():
        raise ValueError(f"{name} lies wholly outside the dose grid")
    positions = volume_nodes(nodes)[0]
    hottest = min(HOTTEST / known, 1.0)
    sampled = nodes_from_samples(dose[inside], np.append(positions, hottest), volume[inside])
    return ImportedStructure(
        name=name,
        structure=structure,
        volume=known,
        dose=sampled[:-1],
        d003cc=float(sampled[-1]) if known >= HOTTEST else float("nan"),
        missing=missing,
    )


def from_curve(
    name: str,
    structure: str | None,
    dose: np.ndarray,
    cumulative: np.ndarray,
    nodes: int,
    missing: float = 0.0,
) -> tuple[ImportedStructure, list[str]]:
    """Structure, and warnings, from a cumulative DVH: ascending dose [Gy] and volume [cm3]."""
    notes = []
    try:
        volume = float(cumulative[0])
        tail = max(float(cumulative[-1]), 0.0)
        positions = volume_nodes(nodes)[0]
        hottest = min(HOTTEST / volume, 1.0) if volume > 0.0 else 1.0
        values = nodes_from_cumulative(dose, cumulative, np.append(positions, hottest))
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    if tail > TOLERATED_TAIL * volume:
        raise ValueError(
            f"{name}: the DVH breaks off at {dose[-1]:.4g} Gy, where {tail / volume:.1%} of the "
            "volume still receives more"
        )
    known = volume >= HOTTEST > tail
    if tail > HOTTEST:
        notes.append(
            f"{name}: the DVH breaks off above 0.03 cm3 ({tail:.3g} cm3 at {dose[-1]:.4g} Gy): "
            "D0.03cc is unknown"
        )
    return ImportedStructure(
        name=name,
        structure=structure,
        volume=volume,
        dose=values[:-1],
        d003cc=float(values[-1]) if known else float("nan"),
        missing=missing,
    ), notes


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
