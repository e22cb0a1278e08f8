"""What the models of each estimate are called, at each point of a sweep."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from radsim.experiment.designs.keys import section_of
from radsim.experiment.endpoints import Modelled, endpoints_of, estimates_of
from radsim.experiment.model import Arm, Experiment
from radsim.experiment.published import published_name
from radsim.experiment.variants import VariantMaker
from radsim.vocabulary.endpoints import Estimate, Joint


class ModelNames:
    """Names of the models at some points of a sweep."""

    def __init__(self, variant: Experiment, varied: frozenset[str] = frozenset()) -> None:
        self.variant = variant
        self.varied = varied

    @cached_property
    def _endpoints(self) -> dict[str, Modelled]:
        return {modelled.endpoint.event: modelled for modelled in endpoints_of(self.variant)}

    @cached_property
    def _estimates(self) -> tuple[Estimate, ...]:
        return estimates_of(self.variant)

    def of(self, arm: str, reference: str | None = None) -> Iterator[tuple[Estimate, int, str]]:
        """Each estimate that an arm reports: the estimate, its place among models, its model.

        Compared with a reference the arm that had an earlier course names the model.
        """
        either = [self.variant.arms[a] for a in (arm, reference) if a is not None]
        owner = next((a for a in either if a.has_prior), either[0])
        for estimate in self._estimates:
            if isinstance(estimate.of, Joint):
                yield estimate, 0, self._joint(estimate.of, self.variant.arms[arm])
                continue
            for place, reported in enumerate(self._endpoints[estimate.of.event].models):
                if reported.is_told_in(owner):
                    name = self._marked(reported.name_in(owner), reported.section)
                    yield estimate, place, name

    def _joint(self, joint: Joint, arm: Arm) -> str:
        if not joint.free_of:
            law = arm.survival
            told = (
                f"stated by the arm: {law.preset or 'custom'}"
                if law
                else published_name("survival", self.variant.survival)
            )
            return self._marked(told, "survival")
        models = (self._endpoints[event].models[0] for event in joint.free_of)
        return " + ".join(self._marked(own.name_in(arm), own.section) for own in models)

    def _marked(self, name: str, section: str) -> str:
        varied = section in self.varied and "(modified)" not in name
        return f"{name} (varied)" if varied else name


class NamesOverSweep:
    """Which points of a sweep have the same model names, and what those are."""

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        swept = [key for axis in experiment.study.design.axes for key in axis.table.columns]
        numbers = (key for key in swept if not _names_a_model(key))
        self.varied = frozenset(map(section_of, numbers))
        self.renaming = {key for key in swept if _names_a_model(key)}

    def groups(self) -> Iterator[tuple[ModelNames, list[int]]]:
        """Runs of points with the same names, in their order."""
        design = self.experiment.study.design
        if not self.renaming:
            yield ModelNames(self.experiment, self.varied), list(range(design.points))
            return
        maker = VariantMaker(self.experiment)
        run: list[int] = []
        named: dict[str, Any] = {}
        for index in range(design.points):
            changes = {k: v for k, v in design.point(index).items() if k in self.renaming}
            if run and changes != named:
                yield ModelNames(maker.make(named), self.varied), run
                run = []
            named = changes
            run.append(index)
        yield ModelNames(maker.make(named), self.varied), run


def _names_a_model(key: str) -> bool:
    return key.rpartition(".")[2] == "preset"
