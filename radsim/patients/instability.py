"""The spinal instability neoplastic score (SINS) of a patient: the sum of its six parts."""

import numpy as np

from radsim.patients.patients import Patients

# The points of each part, by the labels of the variable that says it.
POINTS = {
    "sins_location": {"rigid": 0, "semirigid": 1, "mobile": 2, "junctional": 3},
    "sins_pain": {"none": 0, "occasional": 1, "mechanical": 3},
    "lesion_type": {"blastic": 0, "mixed": 1, "lytic": 2},
    "posterolateral": {"none": 0, "unilateral": 1, "bilateral": 3},
}
DEFORMED, SUBLUXED = 2, 4  # alignment
INVOLVED, COLLAPSED_BELOW_HALF, COLLAPSED_HALF = 1, 2, 3  # collapse, or involvement without one
HIGHEST = 18
CLASSES = ("0-6", "7-12", "13-18")  # stable, potentially unstable, unstable
FIRST_OF_CLASS = (7, 13)

LEVELS = {"cervical": "cervical_level", "thoracic": "thoracic_level", "lumbar": "lumbar_level",
          "sacrum": "sacral_level"}  # fmt: skip
JUNCTIONAL = ("C1", "C2", "C7", "T1", "T2", "T11", "T12", "L1", "L5", "S1")
OTHERWISE = {"cervical": "mobile", "thoracic": "semirigid", "lumbar": "mobile", "sacrum": "rigid"}
LOCATIONS = tuple(POINTS["sins_location"])


def location(patients: Patients) -> np.ndarray:
    """Location as a code of `LOCATIONS`, from the region and the level in it, shape (patient,).

    Levels at a junction are occiput to C2, C7 to T2, T11 to L1 and L5 to S1.
    """
    code = np.zeros(len(patients), dtype=np.int8)
    for region, level in LEVELS.items():
        levels = [name for name in JUNCTIONAL if name in patients.labels[level]]
        at_junction = patients.have({level: levels}) if levels else False
        both = np.where(at_junction, LOCATIONS.index("junctional"), _otherwise(region))
        code = np.where(patients.has("region", region), both, code).astype(np.int8)
    return code


def _otherwise(region: str) -> int:
    return LOCATIONS.index(OTHERWISE[region])


def score(patients: Patients) -> np.ndarray:
    """Sum of the six parts, 0 to 18, shape (patient,).

    Pain is that of ``sins_pain``; where the patients also say whether they are ``in_pain``, who is
    not scores 0 and who is scores 1 at least.

    References
    ----------
    Fisher et al. (2010), Spine 35, E1221-E1229, doi 10.1097/BRS.0b013e3181e16ae2; the points as
    a page quotes them from Fourney et al. (2011), J. Clin. Oncol. 29, 3072-3077.
    """
    parts = {variable: _points(patients, variable) for variable in POINTS}
    if "in_pain" in patients:
        at_least = np.maximum(parts["sins_pain"], POINTS["sins_pain"]["occasional"])
        parts["sins_pain"] = np.where(patients["in_pain"] > 0, at_least, 0)
    crooked = np.where(patients["subluxation"] > 0, SUBLUXED, DEFORMED)
    alignment = np.where(patients["malalignment"] > 0, crooked, 0)
    collapse = np.where(patients["body_involved_over_half"] > 0, INVOLVED, 0)
    collapse = np.where(
        patients.has("baseline_fracture", "below_half"), COLLAPSED_BELOW_HALF, collapse
    )
    collapse = np.where(patients.has("baseline_fracture", "half_or_more"), COLLAPSED_HALF, collapse)
    total: np.ndarray = sum(parts.values()) + alignment + collapse
    return total.astype(float)


def _points(patients: Patients, variable: str) -> np.ndarray:
    """Points of a part that labels say."""
    by_code = [POINTS[variable][label] for label in patients.labels[variable]]
    return np.array(by_code)[patients[variable]]


def score_class(patients: Patients) -> np.ndarray:
    """Class of the score as a code of `CLASSES`, shape (patient,).

    Examples
    --------
    >>> score_class(Patients.of({"sins": [6.0, 7.0, 13.0]})).tolist()
    [0, 1, 2]
    """
    return np.searchsorted(FIRST_OF_CLASS, patients["sins"], side="right").astype(np.int8)
