"""Delivery: how the patient lies in each fraction, and what the machine really gives."""

from dataclasses import dataclass

import numpy as np

from radsim.dose.anatomy.dose_model import DoseModel, draw_parameter
from radsim.randomness.streams import UniformSource


@dataclass(frozen=True)
class Delivery:
    """Errors of one course.

    Attributes
    ----------
    target_shift
        Shift along the axis from cord to GTV for each fraction [mm], shape (fraction, patient);
        outward, into the dose, is positive.
    organ_shift
        Shift in the direction in which the neural structure becomes hottest [mm], same shape.
    output
        Delivered over planned dose of the machine, shape (patient,).
    """

    target_shift: np.ndarray
    organ_shift: np.ndarray
    output: np.ndarray


def draw_delivery(
    model: DoseModel, fractions: int, wrap: np.ndarray, patients: range, streams: UniformSource
) -> Delivery:
    """Draw the errors of a course; fraction i is the same in every arm.

    A systematic shift for the course and a random one for each fraction act in the transverse
    plane. The target sees their component along the axis. The neural structure's maximum lies
    somewhere on the arc ``wrap`` [radian] to either side that faces the target, so its hottest
    point is in the direction of the mean shift, kept to that arc.
    """

    def draw(name: str, stream: str) -> np.ndarray:
        return draw_parameter(getattr(model, name), f"dose/delivery/{stream}", patients, streams)

    shifts = np.empty((2, fractions, len(patients)))
    for axis, direction in enumerate(("axial", "lateral")):
        shifts[axis] = draw("systematic_shift", f"systematic/{direction}")
        for fraction in range(fractions):
            shifts[axis, fraction] += draw("random_shift", f"random/{direction}/{fraction}")
    total = np.zeros((2, len(patients)))
    for fraction in range(fractions):
        total += shifts[:, fraction]
    angle = np.clip(np.arctan2(total[1], total[0]), -wrap, wrap)
    return Delivery(
        target_shift=shifts[0],
        organ_shift=shifts[0] * np.cos(angle) + shifts[1] * np.sin(angle),
        output=1.0 + draw("output_error", "output"),
    )
