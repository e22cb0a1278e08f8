"""The parameters of the distance-dose model, each a number or a distribution between patients."""

from dataclasses import dataclass, field
from functools import cache
from typing import Literal

import numpy as np
from pydantic import TypeAdapter

from radsim.dose.anatomy.organ import SampledOrgan, Spread, check_names, ends_of
from radsim.presets import load_preset
from radsim.randomness.distributions.continuous import Fixed
from radsim.randomness.streams import UniformSource
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Count
from radsim.vocabulary.structures import Structure


@dataclass(frozen=True, kw_only=True)
class DoseModel:
    """How geometry, planning and delivery shape the dose; see ``docs/dose-model.md``.

    Lengths are in mm. Defaults, sources and flags are in the preset ``distance`` of the family
    ``dose``, which :func:`default_dose_model` reads.

    Attributes
    ----------
    cord_radius, prv_margin, cord_sac_gap, sac_wall_gap, sac_radius, clearance
        Radii and distances of the neural structures, and of a tumor without epidural extension
        from the wall of the canal.
    gtv_shape, ring_shape
        First shape of the Beta(a, 2) depth of the GTV and of the rest of PTV_Eval.
    wrap, contour_margin, rolloff, tail
        Arc that faces the target [degree], contoured length beyond the target, loss of neural
        dose along the target's length, and length of its tail beyond.
    falloff, valley, utilization, utilization_closeness, closeness_center, closeness_scale
        The dose profile at the neural structure, and how much of its limit is used.
    spill, coverage_goal, plateau, in_target_spread
        Boost edge [falloff], planned coverage and highest plateau [prescription], spread inside.
    missed_goal_accepted, plans
        Replanning: probability of accepting a missed optimal goal, most plans tried.
    uniform_spread
        Relative spread of dose in a uniform field.
    systematic_shift, random_shift, output_error
        Delivery, each axis of the transverse plane; output as a relative error.
    nodes
        Nodes of volume at which dose is kept.
    organs
        Organs beyond the target, by name.

    Examples
    --------
    >>> default_dose_model().prv_margin
    2.0
    """

    kind: Literal["distance"] = "distance"
    preset: str = ""
    cord_radius: Spread
    prv_margin: Spread
    cord_sac_gap: Spread
    sac_wall_gap: Spread
    sac_radius: Spread
    clearance: Spread
    gtv_shape: Spread
    ring_shape: Spread
    wrap: Spread
    contour_margin: Spread
    rolloff: Spread
    tail: Spread
    falloff: Spread
    valley: Spread
    utilization: Spread
    utilization_closeness: Spread
    closeness_center: Spread
    closeness_scale: Spread
    spill: Spread
    coverage_goal: Spread
    plateau: Spread
    in_target_spread: Spread
    missed_goal_accepted: Spread
    uniform_spread: Spread
    systematic_shift: Spread
    random_shift: Spread
    output_error: Spread
    plans: Count
    nodes: Count
    organs: dict[str, SampledOrgan] = field(default_factory=dict)

    @property
    def structures(self) -> dict[str, Structure]:
        """The organs beyond the target as structures."""
        return {name: organ.structure(name) for name, organ in self.organs.items()}

    def __post_init__(self) -> None:
        check_names(self.organs)
        for name, (lowest, highest) in ALLOWED.items():
            for end in ends_of(getattr(self, name)):
                require(
                    lowest <= end <= highest,
                    f"{name} must lie between {lowest} and {highest}, got {end:.6g}",
                )
        require(1 <= self.plans <= 256, f"plans must lie between 1 and 256, got {self.plans}")
        require(4 <= self.nodes <= 8192, f"nodes must lie between 4 and 8192, got {self.nodes}")


ALLOWED = {  # where the equations hold; wider than anything plausible
    "cord_radius": (1.0, 10.0),
    "prv_margin": (0.0, 10.0),
    "cord_sac_gap": (0.0, 15.0),
    "sac_wall_gap": (0.0, 15.0),
    "sac_radius": (1.0, 20.0),
    "clearance": (0.0, 1000.0),
    "gtv_shape": (1.0, 3.0),
    "ring_shape": (1.0, 3.0),
    "wrap": (0.0, 180.0),
    "contour_margin": (0.0, 400.0),
    "rolloff": (0.0, 0.9),
    "tail": (0.1, 1000.0),
    "falloff": (0.2, 20.0),
    "valley": (0.0, 0.99),
    "utilization": (0.0, 1.0),
    "utilization_closeness": (-0.999, 0.999),
    "closeness_scale": (0.01, 1000.0),
    "coverage_goal": (0.5, 1.5),
    "plateau": (1.0, 3.0),
    "in_target_spread": (0.0, 0.1),
    "missed_goal_accepted": (0.0, 1.0),
    "uniform_spread": (0.0, 0.1),
    "output_error": (-1.0, 1.0),
}


def draw_parameter(value: Spread, name: str, patients: range, streams: UniformSource) -> np.ndarray:
    """Value of one parameter for each patient, shape (patient,); ``name`` is its stream."""
    number = value.value if isinstance(value, Fixed) else value
    if isinstance(number, int | float):
        return np.full(len(patients), float(number))
    return number.ppf(streams.uniforms(name, patients))


@cache
def default_dose_model() -> DoseModel:
    """Read the model with its published and assumed parameters."""
    return TypeAdapter(DoseModel).validate_python(load_preset("dose", "distance").settings())
