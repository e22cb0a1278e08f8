"""Which arms have the schedule of an anchor: their control is put in, not predicted."""

from collections.abc import Sequence

from radsim.dose.plans.kind import PlanKind
from radsim.presets import Anchor, load_preset
from radsim.tcp.control import ControlModel

AS_PRESCRIBED = (("prescribed", "D90"), ("ptv", "D90"))  # what a prescription says of a plan


def anchors_behind(model: ControlModel) -> Sequence[Anchor]:
    """Give the anchors of a model: those it was calibrated to, else those of its preset."""
    if model.calibration is not None:
        return model.calibration.anchors
    return load_preset("tcp", model.preset).anchors if model.preset else ()


def reads_its_anchors(model: ControlModel) -> bool:
    """Say whether a model reads the dose that its curve was fitted to."""
    read = model.dose
    if model.calibration is not None:
        return str(read) == model.calibration.reads
    stated = read.metric == "prescription" or (read.structure, read.metric) in AS_PRESCRIBED
    return stated and read.course == "planned"


def is_anchored(model: ControlModel, plan: PlanKind) -> bool:
    """Say whether a plan's prescription, in one level and without a prior course, is an anchor's.

    Courses in sequence are no anchor's schedule unless all of their fractions are equal.

    Examples
    --------
    >>> from radsim.dose.plans.external_beam import ExternalBeam
    >>> from radsim.tcp import load_tcp
    >>> field = ExternalBeam(prescription=20.0, fractions=5, field="uniform")
    >>> is_anchored(load_tcp("spine-cross-strategy"), field)
    True
    >>> is_anchored(load_tcp("hytec-spine-2021"), field)
    False
    """
    if plan.earlier or plan.highest_level != "ptv" or not reads_its_anchors(model):
        return False
    if len(set(plan.fraction_doses)) > 1:
        return False
    prescribed = (getattr(plan, "prescription", None), getattr(plan, "fractions", None))
    return prescribed in [(anchor.dose, anchor.fractions) for anchor in anchors_behind(model)]
