"""Structures: delineated volumes, by the names that a file uses."""

import re
from typing import Literal

from radsim.vocabulary.mistakes import require

TARGETS = ("gtv", "ptv")
ORGANS = ("cord_prv", "spinal_cord", "thecal_sac")
STRUCTURES = TARGETS + ORGANS
HIGHEST_DOSE = 150.0  # [Gy] above this a physical dose is almost certainly in cGy
HOT_SPOT = 0.03  # [cm3] the volume behind D0.03cc, the customary stand-in for a maximum

# cohort variable that is above 0 in who has it; everyone has the others
EXISTS = {"cord_prv": "cord_present", "spinal_cord": "cord_present"}

Target = Literal["gtv", "ptv"]
Structure = Literal["gtv", "ptv", "cord_prv", "spinal_cord", "thecal_sac"]


def cold_share(metric: str) -> float:
    """Share of the volume that may lie below the dose named Dx, a percentage between 0 and 100.

    Examples
    --------
    >>> round(cold_share("D98"), 6)
    0.02
    """
    match = re.fullmatch(r"D(\d+(?:\.\d+)?)%?", metric)
    percent = float(match[1]) if match else -1.0
    require(0.0 < percent < 100.0, f"wanted a metric such as D98, got {metric!r}")
    return 1.0 - percent / 100.0
