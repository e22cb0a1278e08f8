"""Variables of a cohort: names, units, meanings, labels, ranges."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from radsim.vocabulary.endpoints import SHIPPED
from radsim.vocabulary.words import Variable, listed

NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Where:
    """Which patients a variable has a meaning in: those with one of some values of another one.

    With ``says_so``, having no value says by itself that it has none.
    """

    variable: str
    values: tuple[str | float, ...]
    says_so: bool = False

    def __str__(self) -> str:
        return f"{self.variable} is {listed([*map(_said, self.values)], 'or')}"


def _said(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:g}"


@dataclass(frozen=True)
class KnownVariable(Variable):
    """What one variable of a cohort holds.

    Attributes
    ----------
    labels
        Of one that holds labels.
    others
        Where other labels may stand as well: nowhere, in an experiment file but not in a table of
        patients, or everywhere.
    spellings
        Other ways to write a label, in small letters.
    above, lowest, highest
        Range of one that holds numbers.
    is_yes_or_no
        Whether it is 1 or 0.
    where
        In whom it has a meaning; in everybody unless given.
    reader
        What reads it, for the page about tables of patients.
    """

    labels: tuple[str, ...] = ()
    others: Literal["no", "in files", "yes"] = "no"
    spellings: Mapping[str, str] = field(default_factory=lambda: NONE)
    above: float | None = None
    lowest: float | None = None
    highest: float | None = None
    is_yes_or_no: bool = False
    where: Where | None = None
    reader: str = ""

    @property
    def is_number(self) -> bool:
        """Say whether it holds numbers of a known range."""
        return self.is_yes_or_no or self.above is not None or self.lowest is not None

    @property
    def wanted(self) -> str:
        """Say what its values are, nothing where any may stand.

        Examples
        --------
        >>> COHORT["gtv_volume"].wanted, COHORT["kps"].wanted, COHORT["malalignment"].wanted
        ('a number above 0 [cm3]', 'a number from 0 to 100', '0 or 1')
        >>> COHORT["lesion_type"].wanted
        'lytic, mixed or blastic'
        """
        if self.others == "yes":
            return ""
        if self.labels:
            return listed(self.labels, "or")
        if self.is_yes_or_no:
            return "0 or 1"
        if not self.is_number:
            return ""
        units = "" if self.units == "1" else f" [{self.units}]"
        if self.above is not None:
            return f"a number above {self.above:g}{units}"
        if self.highest is None:
            return f"a number of {self.lowest:g} or more{units}"
        return f"a number from {self.lowest:g} to {self.highest:g}{units}"

    def holds(self, value: float) -> bool:
        """Say whether a number lies in the range."""
        return (
            (self.above is None or value > self.above)
            and (self.lowest is None or value >= self.lowest)
            and (self.highest is None or value <= self.highest)
        )


def _yes_no(meaning: str, reader: str = "", where: Where | None = None) -> KnownVariable:
    return KnownVariable("1", meaning, is_yes_or_no=True, reader=reader, where=where)


def _levels(letter: str, count: int) -> tuple[str, ...]:
    return tuple(f"{letter}{number}" for number in range(1, count + 1))


IRRADIATED = Where(variable="previous_radiation", values=(1.0,), says_so=True)
ABOVE_SACRUM = Where(variable="region", values=("cervical", "thoracic", "lumbar"))
NO_FRACTURE, SMALL_FRACTURE, LARGE_FRACTURE = FRACTURES = ("none", "below_half", "half_or_more")
COHORT = {
    "age": KnownVariable(
        "years", "age at treatment", lowest=0.0, highest=150.0, reader="survival (RPA)"
    ),
    "sex": KnownVariable(
        "1", "sex", labels=("female", "male"), others="in files", reader="survival (PRISM)",
        spellings={"f": "female", "w": "female", "woman": "female", "m": "male", "man": "male"},
    ),
    "female": _yes_no("the patient is a woman", "survival (PRISM)"),
    "ecog": KnownVariable(
        "1", "ECOG performance status", labels=("0", "1", "2", "3", "4"), others="in files",
        reader="survival",
    ),
    "kps_upper": _yes_no("of its two Karnofsky scores an ECOG status has the higher one"),
    "kps": KnownVariable(
        "1", "Karnofsky performance score", lowest=0.0, highest=100.0, reader="survival"
    ),
    "kps_above_60": KnownVariable("1", "Karnofsky score above 60, in tens of points", lowest=0.0),
    "primary": KnownVariable(
        "1", "primary tumor", others="yes", reader="modifiers, survival",
        labels=("breast", "prostate", "lung", "nsclc", "renal", "gastrointestinal", "melanoma",
                "sarcoma", "other"),
    ),
    "histology": KnownVariable(
        "1", "group of the primary tumor", others="yes",
        labels=("breast_prostate", "renal_melanoma_sarcoma", "other"),
    ),
    "visceral_disease": _yes_no("visceral metastases", "survival"),
    "further_organ": _yes_no(
        "visceral metastases are in two organ systems, not in one", "survival (PRISM)",
        Where(variable="visceral_disease", values=(1.0,)),
    ),
    "organ_systems": KnownVariable(
        "1", "organ systems outside bone that have metastases", lowest=0.0,
        reader="survival (PRISM)",
    ),
    "bone_solitary": _yes_no(
        "without visceral metastases there is no other site either", "survival (PRISM)",
        Where(variable="visceral_disease", values=(0.0,)),
    ),
    "only_metastasis": _yes_no("the treated site is the only metastasis", "survival (PRISM)"),
    "systemic_control": _yes_no("systemic disease is controlled", "survival (RPA)"),
    "late_metastasis": _yes_no(
        "more than 5 years from diagnosis to spine metastasis", "survival (PRISM)"
    ),
    "previous_surgery": _yes_no("earlier surgery at the treated site", "survival (PRISM)"),
    "previous_radiation": _yes_no("earlier radiotherapy at the treated site", "survival (PRISM)"),
    "rpa_class": KnownVariable(
        "1", "prognostic class of the recursive partitioning analysis", labels=("1", "2", "3"),
        reader="survival (RPA)", spellings={"i": "1", "ii": "2", "iii": "3"},
    ),
    "region": KnownVariable(
        "1", "spinal region of the treated segment", reader="dose",
        labels=("cervical", "thoracic", "lumbar", "sacrum"),
        spellings={"c": "cervical", "t": "thoracic", "th": "thoracic", "dorsal": "thoracic",
                   "l": "lumbar", "s": "sacrum", "sacral": "sacrum"},
    ),
    "cervical_level": KnownVariable(
        "1", "level of a cervical segment", labels=_levels("C", 7), reader="SINS",
        where=Where(variable="region", values=("cervical",)),
    ),
    "thoracic_level": KnownVariable(
        "1", "level of a thoracic segment", labels=_levels("T", 12), reader="SINS",
        where=Where(variable="region", values=("thoracic",)),
    ),
    "lumbar_level": KnownVariable(
        "1", "level of a lumbar segment", labels=_levels("L", 5),
        reader="dose, myelopathy, SINS", where=Where(variable="region", values=("lumbar",)),
    ),
    "sacral_level": KnownVariable(
        "1", "level of a sacral segment", labels=_levels("S", 5), reader="SINS",
        where=Where(variable="region", values=("sacrum",)),
    ),
    "cord_present": _yes_no("the spinal cord reaches the treated level", "dose, myelopathy"),
    "sins": KnownVariable(
        "1", "spinal instability neoplastic score", lowest=0.0, highest=18.0, reader="groups"
    ),
    "sins_class": KnownVariable(
        "1", "spinal instability neoplastic score, in classes", labels=("0-6", "7-12", "13-18"),
        others="in files", reader="groups",
    ),
    "sins_location": KnownVariable(
        "1", "location as the instability score counts it", reader="SINS",
        labels=("rigid", "semirigid", "mobile", "junctional"),
    ),
    "sins_pain": KnownVariable(
        "1", "pain as the instability score counts it", reader="SINS",
        labels=("none", "occasional", "mechanical"),
    ),
    "lesion_type": KnownVariable(
        "1", "radiographic type of the lesion", reader="fracture, SINS",
        labels=("lytic", "mixed", "blastic"),
        spellings={"osteolytic": "lytic", "osteoblastic": "blastic", "sclerotic": "blastic"},
    ),
    "baseline_fracture": KnownVariable(
        "1", "vertebral fracture before treatment, by loss of height", reader="fracture, SINS",
        labels=FRACTURES,
        spellings={"no": NO_FRACTURE, "<50%": SMALL_FRACTURE, ">=50%": LARGE_FRACTURE,
                   "≥50%": LARGE_FRACTURE, ">50%": LARGE_FRACTURE},
    ),
    "half_body_volume": KnownVariable(
        "cm3", "GTV of more than this takes over half of the body", above=0.0,
        reader="fracture, SINS",
    ),
    "body_involved_over_half": _yes_no("more than half of the vertebral body involved",
                                       "fracture, SINS"),
    "malalignment": _yes_no("spinal malalignment", "fracture, SINS"),
    "subluxation": _yes_no(
        "malalignment is subluxation or translation", "SINS",
        Where(variable="malalignment", values=(1.0,)),
    ),
    "posterolateral": KnownVariable(
        "1", "posterolateral elements involved", labels=("none", "unilateral", "bilateral"),
        reader="SINS",
    ),
    "bilsky": KnownVariable(
        "1", "epidural extension, Bilsky grade", labels=("0", "1a", "1b", "1c", "2", "3"),
        reader="dose, modifiers", where=ABOVE_SACRUM,
    ),
    "paraspinal": _yes_no("the tumor extends beside the spine", "modifiers"),
    "gtv_volume": KnownVariable("cm3", "gross tumor volume", above=0.0, reader="dose"),
    "ptv_volume": KnownVariable("cm3", "volume of PTV_Eval", above=0.0, reader="dose"),
    "sites": KnownVariable("1", "number of treated sites", others="yes"),
    "in_pain": _yes_no("in pain at the start", "pain, SINS"),
    "pain_medication": _yes_no("takes pain medication"),
    "prior_interval": KnownVariable(
        "months", "time since the first course", lowest=0.0, reader="arms that name it",
        where=IRRADIATED,
    ),
    "prior_technique": KnownVariable(
        "1", "technique of the first course", labels=("conventional", "sbrt", "imrt"),
        others="yes", where=IRRADIATED,
    ),
}  # fmt: skip
DESCRIPTIONS = ("units", "meaning", "source")  # of a variable in a file, which change no number

COMPUTED = (  # names of dimensions and of what is computed; a cohort can't have variables so named
    "patient", "arm", "ranked_arm", "months", *(endpoint.model_dim for endpoint in SHIPPED),
    "time", "dose", "structure", "quantile", "single", "node", "volume", "sample", "figure",
    "variant", "draw", "alternative", "factor", "key", "end", "source", "prescription",
    "gtv_distance", "source_distance", "plans_tried", "plan_eligible", "limits_met",
    "prior_recovery",
)  # fmt: skip
READS_COMPUTED = re.compile(r".*_(planned|delivered|eqd2|net|alive)|(time_to|meets)_.*")

LABELS = {  # what the models and the dose step know how to read
    name: known.labels for name, known in COHORT.items() if known.labels and known.others == "no"
}
YES_OR_NO = tuple(name for name, known in COHORT.items() if known.is_yes_or_no)


def is_own_name(name: str) -> bool:
    """Say whether the package gives this name to something that it computes.

    Examples
    --------
    >>> is_own_name("time_to_death"), is_own_name("age")
    (True, False)
    """
    return name in COMPUTED or READS_COMPUTED.fullmatch(name) is not None
