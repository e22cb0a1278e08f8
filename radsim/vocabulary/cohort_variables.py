"""Variables of a cohort: names, units, meanings, ranges."""

import re

from radsim.vocabulary.endpoints import SHIPPED
from radsim.vocabulary.words import Variable

COHORT = {
    "age": Variable("years", "age at treatment"),
    "sex": Variable("1", "sex"),
    "ecog": Variable("1", "ECOG performance status"),
    "primary": Variable("1", "primary tumor"),
    "region": Variable("1", "spinal region of the treated segment"),
    "lumbar_level": Variable("1", "level of a lumbar segment"),
    "cord_present": Variable("1", "the spinal cord reaches the treated level"),
    "sins_class": Variable("1", "spinal instability neoplastic score, in classes"),
    "lesion_type": Variable("1", "radiographic type of the lesion"),
    "baseline_fracture": Variable("1", "vertebral fracture before treatment, by loss of height"),
    "body_involved_over_half": Variable("1", "more than half of the vertebral body involved"),
    "malalignment": Variable("1", "spinal malalignment"),
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

POSITIVE = ("gtv_volume", "ptv_volume")
NOT_NEGATIVE = ("age", "prior_interval")
YES_OR_NO = (
    "cord_present", "body_involved_over_half", "malalignment", "in_pain", "pain_medication",
)  # fmt: skip

COMPUTED = (  # names of dimensions and of what is computed; a cohort can't have variables so named
    "patient", "arm", "months", *(endpoint.model_dim for endpoint in SHIPPED), "prescription",
    "gtv_distance", "source_distance", "plans_tried", "plan_eligible", "limits_met",
    "prior_recovery",
)  # fmt: skip
READS_COMPUTED = re.compile(r".*_(planned|delivered|eqd2|net|alive)|(time_to|meets)_.*")

LABELS: dict[str, tuple[str, ...]] = {  # what the models and the dose step know how to read
    "region": ("cervical", "thoracic", "lumbar", "sacrum"),
    "lumbar_level": ("L1", "L2", "L3", "L4", "L5"),
    "lesion_type": ("lytic", "mixed", "blastic"),
    "baseline_fracture": ("none", "below_half", "half_or_more"),
    "bilsky": ("0", "1a", "1b", "1c", "2", "3"),
}


def is_own_name(name: str) -> bool:
    """Say whether the package gives this name to something that it computes.

    Examples
    --------
    >>> is_own_name("time_to_death"), is_own_name("age")
    (True, False)
    """
    return name in COMPUTED or READS_COMPUTED.fullmatch(name) is not None
