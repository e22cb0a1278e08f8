"""Which patients get a dose outside the range that a model was fitted on."""

from typing import Any

import numpy as np

from radsim.dose.dose import Dose
from radsim.patients.patients import Patients


def outside_range(
    model: Any, patients: Patients, dose: Dose
) -> tuple[np.ndarray, np.ndarray] | None:
    """Say who lies below and who above ``valid_eqd2``; None for a model that states no range.

    The EQD2 is taken at the alpha/beta that the range was stated for: a range of EQD2 stands for
    the schedules that were fitted, and these do not change where the model's own alpha/beta is
    varied.
    """
    if model is None or model.valid_eqd2 is None:
        return None
    low, high = model.valid_eqd2
    eqd2 = model.eqd2(patients, dose, model.valid_eqd2_alpha_beta)
    return eqd2 < low, eqd2 > high


def own_range(model: Any) -> tuple[float, float] | None:
    """Give the range where it may be shown on an axis of the EQD2 that the model reads."""
    stated = model.valid_eqd2_alpha_beta
    return model.valid_eqd2 if stated in (None, model.alpha_beta) else None
