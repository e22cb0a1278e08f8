"""What models of control and of complication share."""

from typing import Literal

from radsim.dose.metrics import DoseMetric
from radsim.radiobiology.cell_kill import CellKill
from radsim.vocabulary.mistakes import require

LARGEST = 1e150  # stands in for an infinite dose

Effect = Literal["physical", "eqd2", "bed"]


def check_structure(dose: DoseMetric, fitted_on: str, accept_other: bool) -> None:
    """Refuse a structure that a model's figures were not stated for."""
    require(
        not fitted_on or accept_other or dose.structure == fitted_on,
        f"dose.structure: these figures were stated for the {fitted_on}, "
        f"got {dose.structure}; set accept_other_structure = true to use it all the same",
    )
    require(
        (dose.structure, dose.course) != ("cord_prv", "delivered"),
        "dose: a delivered cord PRV is not an organ; take the delivered spinal_cord",
    )


def check_law(law: CellKill, fitted_under: str, preset: str) -> None:
    """Refuse a law of cell kill that changes the doses a model's figures were fitted on."""
    require(
        not fitted_under or not law.changes_high_doses or law.kind == fitted_under,
        f"cell_kill: the parameters of {preset or 'this model'} were fitted under "
        f"{fitted_under}, and already hold how the fitted data behave at high doses; "
        f"{law.kind} would change the effect of the very schedules they were fitted on. "
        f"Give parameters that were fitted under {law.kind}",
    )
