"""The estimates of a design's rows, from its sums: by point of the sweep, whole and in halves."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from radsim.experiment.designs.keys import section_of
from radsim.experiment.designs.study import Study
from radsim.experiment.designs.tables import NOMINAL
from radsim.experiment.endpoints import ranked_arms
from radsim.experiment.model import Experiment
from radsim.experiment.variants import VariantMaker
from radsim.sums.moments import BlockSums, Moments
from radsim.vocabulary.endpoints import MODEL_DIMS

Found = Iterator[tuple[str, tuple[str, ...], np.ndarray, str, str]]  # of a variable of the result
CORD = "ntcp.myelopathy"  # keys of the file's own cord model


@dataclass(frozen=True)
class Rows:
    """Estimates of the rows of one part: shape (point, row, arm, ...), and those of each half."""

    whole: np.ndarray
    first: np.ndarray
    second: np.ndarray

    def changed(self, change: Callable[[np.ndarray], np.ndarray]) -> "Rows":
        """Do the same to all three."""
        return Rows(change(self.whole), change(self.first), change(self.second))

    def difference(self, reference: int) -> "Rows":
        """Subtract the reference arm's."""
        return self.changed(lambda values: values - values[:, :, [reference]])


@dataclass(frozen=True)
class DesignRows:
    """The sums of every variant, and where each stands in the design."""

    experiment: Experiment
    sums: BlockSums

    @cached_property
    def study(self) -> Study:
        """The design, and what its rows mean."""
        return self.experiment.study

    @property
    def axes(self) -> tuple[str, ...]:
        """Dimensions of the sweep."""
        return tuple(axis.name for axis in self.study.design.axes)

    @cached_property
    def reference(self) -> int:
        """Position of the reference arm."""
        return list(self.experiment.arms).index(self.experiment.reference)

    @cached_property
    def ranked(self) -> list[int]:
        """Positions of the arms that may be called best."""
        return ranked_arms(self.experiment)

    def has(self, part: str) -> bool:
        """Say whether the design has a part."""
        return part in self.study.design.parts

    def nominal(self, name: str) -> Moments:
        """Moments of the file's own values, arms first and points of the sweep second."""
        row = self.study.design.rows_of(NOMINAL).start
        return self.sums.moments[name].rearranged(
            lambda values: np.moveaxis(self._by_point(values)[:, row], 0, 1)
        )

    def means(self, name: str, part: str) -> np.ndarray:
        """Means of the rows of a part, shape (point, row, ...)."""
        rows = self.study.design.rows_of(part)
        return self._by_point(self.sums.moments[name].mean)[:, rows]

    def rows(self, name: str, part: str) -> Rows:
        """Estimates of a part, whole and from each half of the patients.

        A row that exchanges the file's own cord model also reports other models beside it; what
        stands in the place of another model is missing (NaN).
        """
        moments = self.sums.moments[name]
        whole, half = moments.mean, self.sums.counts[f"{name}_half"]
        size = self.sums.counts["half_patients"].reshape(-1, *(1,) * (whole.ndim - 1))
        with np.errstate(divide="ignore", invalid="ignore"):
            first = half / size
            second = (whole * moments.count - half) / (moments.count - size)
        rows = self.study.design.rows_of(part)
        found = Rows(*(self._by_point(values)[:, rows] for values in (whole, first, second)))
        if MODEL_DIMS.get(name) != "myelopathy_model" or not (others := self._other_cords(part)):
            return found

        def without_others(values: np.ndarray) -> np.ndarray:
            values = values.copy()
            values[:, others, :, 1:] = np.nan
            return values

        return found.changed(without_others)

    def placed(self, values: np.ndarray) -> np.ndarray:
        """From arms first, points second, to a dimension for each axis in front."""
        return self.spread_out(np.moveaxis(values, 1, 0))

    def spread_out(self, values: np.ndarray) -> np.ndarray:
        """From points first to a dimension for each axis in front."""
        return values.reshape(*self.study.design.shape, *values.shape[1:])

    def _by_point(self, values: np.ndarray) -> np.ndarray:
        design = self.study.design
        return values.reshape(design.points, design.inner, *values.shape[1:])

    def _other_cords(self, part: str) -> list[int]:
        """Rows that report other cord models beside the file's own than the file does."""
        table = self.study.design.parts[part]
        if not any(section_of(key) == CORD and key.endswith("preset") for key in table.columns):
            return []
        maker = VariantMaker(self.experiment)

        def beside(experiment: Experiment) -> list[str]:
            return [model.preset for model in experiment.models_of("myelopathy")[1:]]

        own = beside(maker.plain)
        return [i for i in range(len(table)) if beside(maker.make(table.row(i))) != own]
