"""What an import gives: a plan's structures with their dose at the nodes of `radsim.dvh`."""

from dataclasses import dataclass, replace

import numpy as np

from radsim.dvh import (
    HOTTEST,
    TOLERATED_RISE,
    dose_at_volume,
    gauss_legendre,
    nodes_from_cumulative,
    nodes_from_samples,
)
from radsim.planfiles.dose_grid import PLAUSIBLE_DOSE

NODES = 64  # Gauss-Legendre nodes of a DVH
TARGETS = ("gtv", "ptv")
TOLERATED_MISSING = 0.005  # share of a target outside the dose grid; more would falsify its D98
TOLERATED_TAIL = 0.01  # share of the volume at which a DVH may break off
FINE_BIN = 0.1  # [Gy] Dx is uncertain by a bin
UNUSUAL = 2.0  # a target's median dose this far from the prescription is worth a question
UNIT_MISTAKE = 5.0  # a target's median dose this far from the prescription is in another unit


@dataclass(frozen=True, kw_only=True, eq=False)
class ImportedStructure:
    """One structure's dose.

    Attributes
    ----------
    name
        As in the plan.
    structure
        radsim's name for it (`gtv`, `spinal_cord`, ...), or None if it has none.
    volume
        Of the part with a known dose [cm3].
    dose
        Course dose at the Gauss-Legendre nodes, hottest first, shape (K,) [Gy].
    d003cc
        Lowest dose in the hottest 0.03 cm3 [Gy]; NaN where that is undefined, because the
        structure is smaller or its DVH breaks off before.
    missing
        Volume outside the dose grid [cm3]. It is no part of `volume`, `dose` and `d003cc`.
    """

    name: str
    structure: str | None
    volume: float
    dose: np.ndarray
    d003cc: float
    missing: float = 0.0

    def __post_init__(self) -> None:
        if self.dose.max() > PLAUSIBLE_DOSE:
            raise ValueError(f"{self.name}: dose of {self.dose.max():.6g} Gy: is it in cGy?")
        share = self.missing / (self.missing + self.volume)
        if self.structure in TARGETS and share > TOLERATED_MISSING:
            raise ValueError(
                f"{self.name}: {share:.1%} of this target lies outside the dose grid, "
                "so its coverage is unknown"
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class ImportedPlan:
    """A plan without its patient: nothing here says who it was made for, when or where.

    Attributes
    ----------
    structures
        In the order of the file.
    prescription
        To the target, for the course [Gy]; None if the file does not say.
    fractions
        None if the file does not say; never guessed from dose.
    source
        The kind of file: `dicom`, `dicom-dvh`, `eclipse` or `csv`.
    warnings
        One line each: what the user should know before trusting the numbers.
    """

    structures: tuple[ImportedStructure, ...]
    prescription: float | None
    fractions: int | None
    source: str
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.structures:
            raise ValueError("no structure of the plan could be read")
        if self.fractions is not None and self.fractions < 1:
            raise ValueError(f"fractions must be above 0, got {self.fractions}")
        if self.prescription is None:
            return
        if not 0.0 < self.prescription <= PLAUSIBLE_DOSE:
            raise ValueError(f"prescription of {self.prescription:.6g} Gy: is it in cGy?")
        for target in self.structures:
            median = float(dose_at_volume(target.dose, self.volume, 0.5))
            ratio = median / self.prescription
            if target.structure in TARGETS and not 1.0 / UNIT_MISTAKE < ratio < UNIT_MISTAKE:
                raise ValueError(
                    f"{target.name}: D50 is {median:.4g} Gy of a prescription of "
                    f"{self.prescription:.4g} Gy: is one of them in cGy, or for one fraction?"
                )

    @property
    def volume(self) -> np.ndarray:
        """Volume fractions of the nodes."""
        return gauss_legendre(self.structures[0].dose.size)[0]

    @property
    def weight(self) -> np.ndarray:
        """Weights of the nodes."""
        return gauss_legendre(self.structures[0].dose.size)[1]

    def __getitem__(self, structure: str) -> ImportedStructure:
        """Return the structure with this radsim name."""
        for candidate in self.structures:
            if candidate.structure == structure:
                return candidate
        known = ", ".join(s.structure for s in self.structures if s.structure) or "none"
        raise KeyError(f"the plan has no {structure}; it has: {known}")

    def __contains__(self, structure: str) -> bool:
        return any(candidate.structure == structure for candidate in self.structures)


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
    positions = gauss_legendre(nodes)[0]
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
        positions = gauss_legendre(nodes)[0]
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
