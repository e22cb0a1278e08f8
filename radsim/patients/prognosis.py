"""Covariates of survival that follow from what else is known of a patient."""

import numpy as np

from radsim.patients.patients import Patients

HIGHEST_KPS, POINTS_OF_ECOG, POINTS_OF_LOWER = 100.0, 20.0, 10.0
GOOD_KPS = 70.0  # class 1 has more than this
YOUNG = 54.0  # years; with a KPS of up to 70 they are in class 3
CLASSES = ("1", "2", "3")
PRISM_KPS, TEN_POINTS = 60.0, 10.0  # the ratio of PRISM is for each ten points above 60
HISTOLOGIES = ("breast_prostate", "renal_melanoma_sarcoma", "other")
GROUPED = {"breast_prostate": ("breast", "prostate"),
           "renal_melanoma_sarcoma": ("renal", "melanoma", "sarcoma")}  # fmt: skip


def karnofsky(patients: Patients) -> np.ndarray:
    """Karnofsky score of an ECOG status, shape (patient,).

    Each status has two of them, 100 and 90, 80 and 70, and so on; ``kps_upper`` says which.

    Examples
    --------
    >>> karnofsky(Patients.of({"ecog": [0, 1, 1], "kps_upper": [1, 1, 0]})).tolist()
    [100.0, 80.0, 70.0]
    """
    ecog = patients["ecog"]
    if labels := patients.labels.get("ecog"):
        ecog = np.array([float(label) for label in labels])[ecog]
    lower = np.where(patients["kps_upper"] > 0, 0.0, POINTS_OF_LOWER)
    return np.maximum(HIGHEST_KPS - POINTS_OF_ECOG * ecog - lower, 0.0)


def karnofsky_above_60(patients: Patients) -> np.ndarray:
    """Tens of points of the Karnofsky score above 60, shape (patient,).

    Examples
    --------
    >>> karnofsky_above_60(Patients.of({"kps": [50.0, 90.0]})).tolist()
    [0.0, 3.0]
    """
    return np.maximum(patients["kps"] - PRISM_KPS, 0.0) / TEN_POINTS


def rpa_class(patients: Patients) -> np.ndarray:
    """Prognostic class as a code of `CLASSES`, shape (patient,).

    Class 1 has a KPS above 70 and controlled systemic disease; class 3 a KPS of up to 70 and
    visceral metastases or an age below 54; class 2 are the others.

    Examples
    --------
    >>> of = {"kps": [90, 90, 70, 70], "systemic_control": [1, 0, 1, 0]}
    >>> of |= {"age": [60, 60, 60, 50], "visceral_disease": [1, 1, 0, 0]}
    >>> [CLASSES[code] for code in rpa_class(Patients.of(of))]
    ['1', '2', '2', '3']

    References
    ----------
    Balagamwala et al. (2018), J. Neurooncol. 137, 289-293, doi 10.1007/s11060-017-2716-1.
    """
    good = patients["kps"] > GOOD_KPS
    first = good & (patients["systemic_control"] > 0)
    last = ~good & ((patients["age"] < YOUNG) | (patients["visceral_disease"] > 0))
    return np.where(first, 0, np.where(last, 2, 1)).astype(np.int8)


def is_female(patients: Patients) -> np.ndarray:
    """Say who is a woman, 0 or 1, shape (patient,)."""
    return patients.has("sex", "female").astype(float)


def organ_systems(patients: Patients) -> np.ndarray:
    """Organ systems outside bone that have metastases, 0 to 2, shape (patient,)."""
    return patients["visceral_disease"] * (1.0 + patients["further_organ"])


def only_metastasis(patients: Patients) -> np.ndarray:
    """Say in whom the treated site is the only metastasis, 0 or 1, shape (patient,)."""
    return patients["bone_solitary"] * (patients["visceral_disease"] == 0)


def histology(patients: Patients) -> np.ndarray:
    """Group of the primary tumor as a code of `HISTOLOGIES`, shape (patient,).

    The groups are those by which survival differed in Chao et al. (2012), Int. J. Radiat. Oncol.
    Biol. Phys., doi 10.1016/j.ijrobp.2011.02.019.
    """
    code = np.full(len(patients), HISTOLOGIES.index("other"), dtype=np.int8)
    for group, primaries in GROUPED.items():
        code[patients.have({"primary": primaries})] = HISTOLOGIES.index(group)
    return code
