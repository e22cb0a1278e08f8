"""What the models of each estimate are called, at each point of a sweep."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from radsim.experiment.designs.keys import section_of
from radsim.experiment.endpoints import Reported, endpoints_of, estimates_of
from radsim.experiment.model import Arm, Experiment
from radsim.experiment.variants import VariantMaker
from radsim.presets.models import published_name
from radsim.vocabulary.endpoints import Estimate, Joint


class ModelNames:
    """Names of the models at some points of a sweep."""

    def __init__(self, variant: Experiment, varied: frozenset[str] = frozenset()) -> None:
        self.variant = variant
        self.varied = varied
        self._estimates = estimates_of(variant)
        self._models = {m.endpoint.event: m.models for m in endpoints_of(variant)}

    def of(self, arm: str, reference: str | None = None) -> Iterator[tuple[Estimate, int, str]]:
        """Each estimate that an arm reports: the estimate, its place among models, its model.

        Compared with a reference the arm that had an earlier course names the model.
        """
        either = [self.variant.arms[name] for name in (arm, reference) if name is not None]
        owner = next((a for a in either if a.has_prior), either[0])
        for estimate in self._estimates:
            if isinstance(estimate.of, Joint):
                yield estimate, 0, self._joint(estimate.of, self.variant.arms[arm])
                continue
            for place, reported in enumerate(self._models[estimate.of.event]):
                if reported.is_told_in(owner):
                    whose = f" ({estimate.of_whom})" if estimate.of_whom else ""
                    yield estimate, place, self._name(reported, owner) + whose

    def _joint(self, joint: Joint, arm: Arm) -> str:
        if joint.free_of:
            return " + ".join(self._name(self._models[event][0], arm) for event in joint.free_of)
        if law := arm.survival:
            return self._marked(f"stated by the arm: {law.preset or 'custom'}", "survival")
        return self._marked(published_name("survival", self.variant.survival), "survival")

    def _name(self, reported: Reported, arm: Arm) -> str:
        return self._marked(reported.name_in(arm), reported.section)

    def _marked(self, name: str, section: str) -> str:
        varied = section in self.varied and "(modified)" not in name
        return f"{name} (varied)" if varied else name


def names_over_sweep(experiment: Experiment) -> Iterator[tuple[ModelNames, list[int]]]:
    """Runs of points of a sweep with the same names of models, in their order."""
    design = experiment.study.design
    swept = [key for axis in design.axes for key in axis.table.columns]
    renaming = {key for key in swept if key.rpartition(".")[2] == "preset"}
    varied = frozenset(section_of(key) for key in swept if key not in renaming)
    if not renaming:
        yield ModelNames(experiment, varied), list(range(design.points))
        return
    maker = VariantMaker(experiment)

    def renamed(point: int) -> dict[str, Any]:
        return {key: value for key, value in design.point(point).items() if key in renaming}

    for changes, points in groupby(range(design.points), renamed):
        yield ModelNames(maker.make(changes), varied), list(points)
