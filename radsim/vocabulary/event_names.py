"""Which names an endpoint of one's own may have."""

import re
from collections.abc import Iterable

from radsim.vocabulary.cohort_variables import COHORT, is_own_name
from radsim.vocabulary.endpoints import (
    ALIVE,
    CONTROL_WITHOUT_COMPLICATION,
    DEATH,
    INCIDENCE,
    LOCAL_FAILURE,
    NET,
    PREVALENCE,
    SURVIVAL,
)
from radsim.vocabulary.structures import STRUCTURES

NAME = re.compile(r"[a-z]([a-z0-9_]*[a-z0-9])?")
TAKEN = (  # by something else that a result reports
    LOCAL_FAILURE.event, LOCAL_FAILURE.reported, DEATH, SURVIVAL.reported,
    CONTROL_WITHOUT_COMPLICATION.reported, NET.name, INCIDENCE.name, ALIVE.name, "best",
    "pain_response", "control", "file", "model", "doses", "source", *STRUCTURES,
)  # fmt: skip
FIELDS = (  # what results and files write behind the name of an endpoint
    NET.name, INCIDENCE.name, ALIVE.name, "difference", "ratio", "best", "best_probability",
    "model", "models", "alternatives", "parameters", "eqd2", "outside", "curve", "histogram",
    "half", "lower", "upper", "standard_error", PREVALENCE.name, "end",
)  # fmt: skip


def check_event_name(name: str, others: Iterable[str] = ()) -> None:
    """Raise ValueError for a name that an endpoint can't have beside others; it says why.

    Examples
    --------
    >>> check_event_name("esophagitis")
    >>> check_event_name("survival")
    Traceback (most recent call last):
        ...
    ValueError: the name is taken by something else that a result reports; use another
    """
    if not NAME.fullmatch(name):
        raise ValueError(
            "the name of an endpoint is of small letters, digits and _, two or more, and starts "
            "with a letter"
        )
    if name in TAKEN or name in COHORT or is_own_name(name):
        raise ValueError("the name is taken by something else that a result reports; use another")
    for other in (LOCAL_FAILURE.event, LOCAL_FAILURE.freedom, *others):
        if name in (f"{other}_{field}" for field in FIELDS):
            raise ValueError(f"the name reads like a field of {other}'s results; use another")
