"""Variables of a cohort: names, units, meanings, ranges."""

import re

from radsim.vocabulary.endpoints import SHIPPED
from radsim.vocabulary.words import Variable

COHORT = {
    "age": Variable("years", "age at treatment"),
    "sex": Variable("1", "sex"),
    "female": Variable("1", "the patient is a woman"),
    "ecog": Variable("1", "ECOG performance status"),
    "kps_upper": Variable("1", "of its two Karnofsky scores an ECOG status has the higher one"),
    "kps": Variable("1", "Karnofsky performance score"),
    "kps_above_60": Variable("1", "Karnofsky score above 60, in tens of points"),
    "primary": Variable("1", "primary tumor"),
    "histology": Variable("1", "group of the primary tumor"),
    "visceral_disease": Variable("1", "visceral metastases"),
    "further_organ": Variable("1", "visceral metastases are in two organ systems, not in one"),
    "organ_systems": Variable("1", "organ systems outside bone that have metastases"),
    "bone_solitary": Variable("1", "without visceral metastases there is no other site either"),
    "only_metastasis": Variable("1", "the treated site is the only metastasis"),
    "systemic_control": Variable("1", "systemic disease is controlled"),
    "late_metastasis": Variable("1", "more than 5 years from diagnosis to spine metastasis"),
    "previous_surgery": Variable("1", "earlier surgery at the treated site"),
    "previous_radiation": Variable("1", "earlier radiotherapy at the treated site"),
    "rpa_class": Variable("1", "prognostic class of the recursive partitioning analysis"),
    "region": Variable("1", "spinal region of the treated segment"),
    "cervical_level": Variable("1", "level of a cervical segment"),
    "thoracic_level": Variable("1", "level of a thoracic segment"),
    "lumbar_level": Variable("1", "level of a lumbar segment"),
    "sacral_level": Variable("1", "level of a sacral segment"),
    "cord_present": Variable("1", "the spinal cord reaches the treated level"),
    "sins": Variable("1", "spinal instability neoplastic score"),
    "sins_class": Variable("1", "spinal instability neoplastic score, in classes"),
    "sins_location": Variable("1", "location as the instability score counts it"),
    "sins_pain": Variable("1", "pain as the instability score counts it"),
    "lesion_type": Variable("1", "radiographic type of the lesion"),
    "baseline_fracture": Variable("1", "vertebral fracture before treatment, by loss of height"),
    "half_body_volume": Variable("cm3", "GTV of more than this takes over half of the body"),
    "body_involved_over_half": Variable("1", "more than half of the vertebral body involved"),
    "malalignment": Variable("1", "spinal malalignment"),
    "subluxation": Variable("1", "malalignment is subluxation or translation"),
    "posterolateral": Variable("1", "posterolateral elements involved"),
    "bilsky": Variable("1", "epidural extension, Bilsky grade"),
    "paraspinal": Variable("1", "the tumor extends beside the spine"),
    "gtv_volume": Variable("cm3", "gross tumor volume"),
    "ptv_volume": Variable("cm3", "volume of PTV_Eval"),
    "sites": Variable("1", "number of treated sites"),
    "in_pain": Variable("1", "in pain at the start"),
    "pain_medication": Variable("1", "takes pain medication"),
    "prior_interval": Variable("months", "time since the first course"),
    "prior_technique": Variable("1", "technique of the first course"),
}
DESCRIPTIONS = ("units", "meaning", "source")  # of a variable in a file, which change no number

POSITIVE = ("gtv_volume", "ptv_volume", "half_body_volume")
NOT_NEGATIVE = ("age", "prior_interval", "kps", "kps_above_60", "organ_systems", "sins")
YES_OR_NO = (
    "cord_present", "body_involved_over_half", "malalignment", "subluxation", "in_pain",
    "pain_medication", "female", "kps_upper", "visceral_disease", "further_organ", "bone_solitary",
    "only_metastasis", "systemic_control", "late_metastasis", "previous_surgery",
    "previous_radiation",
)  # fmt: skip

COMPUTED = (  # names of dimensions and of what is computed; a cohort can't have variables so named
    "patient", "arm", "months", *(endpoint.model_dim for endpoint in SHIPPED), "prescription",
    "gtv_distance", "source_distance", "plans_tried", "plan_eligible", "limits_met",
    "prior_recovery",
)  # fmt: skip
READS_COMPUTED = re.compile(r".*_(planned|delivered|eqd2|net|alive)|(time_to|meets)_.*")

LABELS: dict[str, tuple[str, ...]] = {  # what the models and the dose step know how to read
    "region": ("cervical", "thoracic", "lumbar", "sacrum"),
    "cervical_level": ("C1", "C2", "C3", "C4", "C5", "C6", "C7"),
    "thoracic_level": (
        "T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "T9", "T10", "T11", "T12",
    ),
    "lumbar_level": ("L1", "L2", "L3", "L4", "L5"),
    "sacral_level": ("S1", "S2", "S3", "S4", "S5"),
    "sins_location": ("rigid", "semirigid", "mobile", "junctional"),
    "sins_pain": ("none", "occasional", "mechanical"),
    "posterolateral": ("none", "unilateral", "bilateral"),
    "rpa_class": ("1", "2", "3"),
    "lesion_type": ("lytic", "mixed", "blastic"),
    "baseline_fracture": ("none", "below_half", "half_or_more"),
    "bilsky": ("0", "1a", "1b", "1c", "2", "3"),
}  # fmt: skip


def is_own_name(name: str) -> bool:
    """Say whether the package gives this name to something that it computes.

    Examples
    --------
    >>> is_own_name("time_to_death"), is_own_name("age")
    (True, False)
    """
    return name in COMPUTED or READS_COMPUTED.fullmatch(name) is not None
