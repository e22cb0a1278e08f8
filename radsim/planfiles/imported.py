"""What an import gives: structures with their dose at the nodes of `radsim.radiobiology.dvh`."""

from dataclasses import dataclass

import numpy as np

from radsim.planfiles.dose_grid import PLAUSIBLE_DOSE
from radsim.radiobiology.dvh import dose_at_volume, volume_nodes

TARGETS = ("gtv", "ptv")
TOLERATED_MISSING = 0.005  # share of a target outside the dose grid; more would falsify its D98
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
        Course dose at the volume nodes, hottest first, shape (K,) [Gy].
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
        return volume_nodes(self.structures[0].dose.size)[0]

    @property
    def weight(self) -> np.ndarray:
        """Weights of the nodes."""
        return volume_nodes(self.structures[0].dose.size)[1]

    def __getitem__(self, structure: str) -> ImportedStructure:
        """Return the structure with this radsim name."""
        for candidate in self.structures:
            if candidate.structure == structure:
                return candidate
        known = ", ".join(s.structure for s in self.structures if s.structure) or "none"
        raise KeyError(f"the plan has no {structure}; it has: {known}")

    def __contains__(self, structure: str) -> bool:
        return any(candidate.structure == structure for candidate in self.structures)
