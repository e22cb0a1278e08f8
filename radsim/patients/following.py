"""Cohort variables that follow from others: which, from what, and in which order."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from radsim.patients import instability, prognosis
from radsim.patients.patients import Patients

CORD_REGIONS = ("cervical", "thoracic")  # and lumbar at L1: the cord ends at the conus


@dataclass(frozen=True)
class Following:
    """A variable that follows from others, in a cohort that has those and does not state it.

    Attributes
    ----------
    name
        The variable.
    reads
        What it follows from; a cohort that lacks one of them lacks this one too.
    work_out
        How, shape (patient,): numbers, or codes of the labels.
    labels
        What the codes stand for.
    ends
        Lowest and highest number.
    among
        Of variables that are read: the labels that can be read. With another one it does not
        follow.
    """

    name: str
    reads: tuple[str, ...]
    work_out: Callable[[Patients], np.ndarray]
    labels: tuple[str, ...] = ()
    ends: tuple[float, ...] = ()
    among: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def follows(self, names: set[str], labels_of: Callable[[str], tuple[str, ...]]) -> bool:
        """Say whether a cohort with these variables has this one by it."""
        if self.name in names or not names.issuperset(self.reads):
            return False
        return all(set(labels_of(name)) <= set(listed) for name, listed in self.among.items())


def reaches_cord(patients: Patients) -> np.ndarray:
    """Say in whom the cord reaches the treated level, 0 or 1, shape (patient,)."""
    cord = patients.have({"region": CORD_REGIONS})
    if "lumbar_level" in patients:
        cord |= patients.have({"region": ("lumbar",), "lumbar_level": ("L1",)})
    return cord.astype(float)


def involves_over_half(patients: Patients) -> np.ndarray:
    r"""Say in whom more than half of the vertebral body is involved, 0 or 1, shape (patient,).

    The GTV is larger than the volume at which that is so in this patient. With a lognormal one it
    is a curve of the GTV, :math:`P = \Phi(\ln(V / median) / \sigma)`.
    """
    return (patients["gtv_volume"] > patients["half_body_volume"]).astype(float)


ECOG = ("0", "1", "2", "3", "4")
YES = (0.0, 1.0)
FOLLOWING = (  # whatever reads another one comes after it
    Following("cord_present", ("region",), reaches_cord, ends=YES),
    Following(
        "body_involved_over_half", ("gtv_volume", "half_body_volume"), involves_over_half, ends=YES
    ),
    Following(
        "sins_location", ("region", *instability.LEVELS.values()), instability.location,
        labels=instability.LOCATIONS,
    ),
    Following(
        "sins",
        (*instability.POINTS, "malalignment", "subluxation", "baseline_fracture",
         "body_involved_over_half"),
        instability.score, ends=(0.0, instability.HIGHEST),
    ),
    Following("sins_class", ("sins",), instability.score_class, labels=instability.CLASSES),
    Following("histology", ("primary",), prognosis.histology, labels=prognosis.HISTOLOGIES),
    Following(
        "female", ("sex",), prognosis.is_female, ends=YES, among={"sex": ("female", "male")}
    ),
    Following(
        "kps", ("ecog", "kps_upper"), prognosis.karnofsky, ends=(0.0, prognosis.HIGHEST_KPS),
        among={"ecog": ECOG},
    ),
    Following("kps_above_60", ("kps",), prognosis.karnofsky_above_60, ends=(0.0, 4.0)),
    Following(
        "organ_systems", ("visceral_disease", "further_organ"), prognosis.organ_systems,
        ends=(0.0, 2.0),
    ),
    Following(
        "only_metastasis", ("visceral_disease", "bone_solitary"), prognosis.only_metastasis,
        ends=YES,
    ),
    Following(
        "rpa_class", ("kps", "systemic_control", "age", "visceral_disease"), prognosis.rpa_class,
        labels=prognosis.CLASSES,
    ),
)  # fmt: skip
BY_NAME = {each.name: each for each in FOLLOWING}


def following_in(
    stated: set[str], labels_of: Callable[[str], tuple[str, ...]]
) -> tuple[Following, ...]:
    """Variables that follow in a cohort that states some, in their order.

    Examples
    --------
    >>> [each.name for each in following_in({"region", "primary"}, lambda name: ())]
    ['cord_present', 'histology']
    """
    names, all_of_them = set(stated), []
    for each in FOLLOWING:
        if each.follows(names, labels_of):
            names.add(each.name)
            all_of_them.append(each)
    return tuple(all_of_them)


def with_following(patients: Patients, following: tuple[Following, ...]) -> Patients:
    """Return the same patients with the variables that follow."""
    for each in following:
        labels = {each.name: each.labels} if each.labels else {}
        patients = patients.with_columns({each.name: each.work_out(patients)}, labels)
    return patients
