"""Structures: delineated volumes, by the names that a file uses."""

from typing import Literal

TARGETS = ("gtv", "ptv")
ORGANS = ("cord_prv", "spinal_cord", "thecal_sac")
STRUCTURES = TARGETS + ORGANS
HIGHEST_DOSE = 150.0  # [Gy] above this a physical dose is almost certainly in cGy
HOT_SPOT = 0.03  # [cm3] the volume behind D0.03cc, the customary stand-in for a maximum

# cohort variable that is above 0 in who has it; everyone has the others
EXISTS = {"cord_prv": "cord_present", "spinal_cord": "cord_present"}

Target = Literal["gtv", "ptv"]
Structure = Literal["gtv", "ptv", "cord_prv", "spinal_cord", "thecal_sac"]
