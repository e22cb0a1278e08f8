"""What an import gives: structures with their dose at the nodes of `radsim.radiobiology.dvh`."""

from dataclasses import dataclass

import numpy as np

from radsim.planfiles.curve import Curve, joined
from radsim.planfiles.dicom.dose_grid import PLAUSIBLE_DOSE
from radsim.radiobiology.dvh import generalized_eud, volume_nodes
from radsim.vocabulary.dose_metrics import Metric
from radsim.vocabulary.structures import HOT_SPOT, NEURAL, TARGETS

WELL_BELOW = 0.75  # of a dose; where a cut is colder, the part beyond it holds none as high
TOLERATED_MISSING = 0.005  # share of a target outside the dose grid; more would falsify its D98


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
        structure is smaller, its DVH breaks off before, or hotter parts may lie outside the dose
        grid.
    missing
        Volume outside the dose grid [cm3]. It is no part of `volume`, `dose` and `d003cc`.
    cut_dose
        Highest dose where the dose grid cuts the structure [Gy]; NaN where unknown or uncut.
    curve
        The whole DVH; from the nodes alone where it is left out.
    """

    name: str
    structure: str | None
    volume: float
    dose: np.ndarray
    d003cc: float
    missing: float = 0.0
    cut_dose: float = float("nan")
    curve: Curve | None = None

    def __post_init__(self) -> None:
        if self.dose.max() > PLAUSIBLE_DOSE:
            raise ValueError(f"{self.name}: dose of {self.dose.max():.6g} Gy: is it in cGy?")
        if self.structure in TARGETS and 1.0 - self.cover > TOLERATED_MISSING:
            raise ValueError(
                f"{self.name}: {1.0 - self.cover:.1%} of this target lies outside the dose grid, "
                "so its coverage is unknown"
            )
        if self.structure in NEURAL and self.missing >= HOT_SPOT and np.isnan(self.d003cc):
            raise ValueError(
                f"{self.name}: {self.missing:.3g} cm3 lie outside the dose grid, and may be hotter "
                "than the rest, so its D0.03cc is unknown: export a dose grid that covers it"
            )

    @property
    def cover(self) -> float:
        """Share of the structure with a known dose."""
        return self.volume / (self.volume + self.missing)

    @property
    def dvh(self) -> Curve:
        """The whole DVH."""
        if self.curve is not None:
            return self.curve
        share, dose = volume_nodes(self.dose.size)[0], self.dose
        if np.isfinite(self.d003cc):
            share, dose = np.append(share, HOT_SPOT / self.volume), np.append(dose, self.d003cc)
        return joined(np.sort(share), np.sort(dose)[::-1], np.empty(0))

    def read(self, metric: Metric) -> float:
        """Metric of the whole DVH: dose [Gy], share of the volume or volume [cm3].

        NaN where it is unknown: a structure is smaller than the volume that is asked for, its DVH
        breaks off before, or hotter parts may lie outside the dose grid. Dx, a share, the mean and
        gEUD are those of the part inside.

        Examples
        --------
        >>> from radsim.planfiles.assembly import from_samples
        >>> from radsim.vocabulary.dose_metrics import parse_metric
        >>> gtv = from_samples("GTV", "gtv", np.full(9, 30.0), np.full(9, 1e3), nodes=8)
        >>> [gtv.read(parse_metric(text)) for text in ("D2.5cc", "D10cc", "V30Gy", "V30Gy_cc")]
        [30.0, nan, 1.0, 9.0]
        """
        match metric.kind:
            case "dose_at_share":
                dose = self.dvh.at(metric.number)
                return dose if metric.number > 0.0 else self._if_seen(dose, dose)
            case "dose_at_volume" if metric.is_hot_spot:
                return self.d003cc
            case "dose_at_volume":
                if metric.number > self.volume:
                    return float("nan")
                dose = self.dvh.at(metric.number / self.volume)
                return self._if_seen(dose, dose)
            case "share_above":
                share = self.dvh.share_above(metric.number)
                return float("nan") if self._breaks_off_below(metric.number) else share
            case "volume_above":
                above = self.dvh.share_above(metric.number) * self.volume
                return self._if_seen(metric.number, above)
        return float(generalized_eud(*self.dvh.parts(), metric.number))

    def _if_seen(self, dose: float, value: float) -> float:
        """Return a value if all that is hotter than a dose [Gy] is in the DVH, or else NaN."""
        outside = self.missing >= HOT_SPOT and not self.cut_dose <= WELL_BELOW * dose
        return float("nan") if outside or self._breaks_off_below(dose) else value

    def _breaks_off_below(self, dose: float) -> bool:
        """Say whether the DVH ends below a dose [Gy], or at it, with more than 0.03 cm3 left."""
        hottest_unknown = self.volume >= HOT_SPOT and np.isnan(self.d003cc)
        return bool(hottest_unknown and dose >= self.dvh.dose[0])

    @property
    def hottest(self) -> float:
        """D0.03cc where it is known, or else the highest dose [Gy]."""
        return float(self.dvh.dose[0] if np.isnan(self.d003cc) else self.d003cc)


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
        The kind of file: `dicom`, `dicom-dvh`, `eclipse`, `csv`, ...
    warnings
        One line each: what the user should know before trusting the numbers.
    questions
        What can hardly be meant so; see `radsim.planfiles.questions`.
    """

    structures: tuple[ImportedStructure, ...]
    prescription: float | None
    fractions: int | None
    source: str
    warnings: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.structures:
            raise ValueError("no structure of the plan could be read")
        if self.fractions is not None and self.fractions < 1:
            raise ValueError(f"fractions must be above 0, got {self.fractions}")
        if self.prescription is not None and not 0.0 < self.prescription <= PLAUSIBLE_DOSE:
            raise ValueError(f"prescription of {self.prescription:.6g} Gy: is it in cGy?")

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
