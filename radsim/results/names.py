"""What the models of each estimate are called at each point of a sweep."""

from collections.abc import Iterator
from typing import Any

import xarray as xr

from radsim.experiment.designs.keys import section_of
from radsim.experiment.model import Arm, Experiment
from radsim.experiment.pedigree import control_label, model_labels
from radsim.experiment.variants import VariantMaker
from radsim.vocabulary.endpoints import ESTIMATES, MODEL_DIMS

WITHOUT_RATIO = "without_reirradiation_hazard"


class ModelNames:
    """Names of the models at some points of a sweep."""

    def __init__(self, variant: Experiment, varied: set[str]) -> None:
        self.variant = variant
        self.varied = varied
        self.labels = model_labels(variant)

    def of(
        self, result: xr.Dataset, arm: str, reference: str | None = None
    ) -> Iterator[tuple[str, int | None, str]]:
        """Each estimate that an arm reports: its name, its place among models, its model."""
        either = [self.variant.arms[a] for a in (arm, reference) if a is not None]
        owner = next((one for one in either if one.has_prior), either[0])
        for name in ESTIMATES:
            if name not in result:
                continue
            dim = MODEL_DIMS.get(name)
            if dim == "control_model":
                assert self.variant.tcp is not None
                ratio = getattr(self.variant.tcp.model, "reirradiation_hazard_ratio", 1.0)
                first = len(result[dim]) - len(self.variant.tcp.alternatives)
                for place, shown in enumerate(result[dim].values):
                    without = str(shown) == WITHOUT_RATIO
                    if not without or (owner.has_prior and ratio != 1.0):
                        label = control_label(self.variant, owner, place)
                        own = "tcp" if place < first else f"tcp.alternatives[{place - first}]"
                        yield name, place, self._marked(label, own)
            elif dim == "myelopathy_model":
                for place, label in enumerate(self.labels["myelopathy"]):
                    other = f"ntcp.myelopathy.alternatives[{place - 1}]"
                    yield name, place, self._marked(label, other if place else "ntcp.myelopathy")
            else:
                yield name, None, self._joint(name, self.variant.arms[arm])

    def _joint(self, name: str, arm: Arm) -> str:
        if name == "survival_alive":
            own = arm.survival
            label = (
                f"stated by the arm: {own.preset or 'custom'}" if own else self.labels["survival"]
            )
            return self._marked(label, "survival")
        vcf = self._marked(self.labels.get("vcf", ""), "ntcp.vcf")
        if name.startswith("vcf"):
            return vcf
        control = self._marked(control_label(self.variant, arm, 0), "tcp")
        cord = self._marked(self.labels["myelopathy"][0], "ntcp.myelopathy")
        return f"{control} + {vcf} + {cord}"

    def _marked(self, label: str, section: str) -> str:
        varied = section in self.varied and "(modified)" not in label
        return f"{label} (varied)" if varied else label


class NamesOverSweep:
    """Which points of a sweep have the same model names, and what those are."""

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        design = experiment.study.design
        swept = [key for axis in design.axes for key in axis.table.columns]
        self.varied = {section_of(key) for key in swept if not key.endswith(".preset")}
        self.renaming = {key for key in swept if key.endswith(".preset")}

    def groups(self) -> Iterator[tuple[ModelNames, list[int]]]:
        """Runs of points with the same names, in their order."""
        design, maker = self.experiment.study.design, VariantMaker(self.experiment)
        if not self.renaming:
            yield ModelNames(maker.plain, self.varied), list(range(design.points))
            return
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
