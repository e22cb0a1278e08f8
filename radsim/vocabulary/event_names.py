"""Which names an endpoint of one's own may have."""

import re

from radsim.vocabulary.cohort_variables import COHORT, is_own_name
from radsim.vocabulary.endpoints import (
    ALIVE,
    CONTROL_WITHOUT_COMPLICATION,
    DEATH,
    INCIDENCE,
    LOCAL_FAILURE,
    NET,
    SURVIVAL,
)
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.structures import STRUCTURES

NAME = re.compile(r"[a-z][a-z0-9_]*[a-z0-9]")
TAKEN = (  # by something else that a result reports
    LOCAL_FAILURE.event, LOCAL_FAILURE.reported, DEATH, SURVIVAL.reported,
    CONTROL_WITHOUT_COMPLICATION.reported, NET.name, INCIDENCE.name, ALIVE.name, "best",
    "pain_response", "control", "file", "model", "doses", "source", *STRUCTURES,
)  # fmt: skip
FIELD = re.compile(  # what is written behind the name of an endpoint, or before it
    r".*_(net|cumulative_incidence|alive|difference|ratio|best|best_probability|model|models"
    r"|alternatives|parameters|eqd2|outside|curve|histogram|half|lower|upper|standard_error)"
    r"|(time_to|meets|drawn)_.*"
)


def check_event_name(name: str) -> None:
    """Raise ValueError for a name that an endpoint can't have; the message says why.

    Examples
    --------
    >>> check_event_name("esophagitis")
    >>> check_event_name("survival")
    Traceback (most recent call last):
        ...
    ValueError: the name is taken by something else that a result reports; use another
    """
    require(
        NAME.fullmatch(name) is not None,
        "the name of an endpoint is of small letters, digits and _, and starts with a letter",
    )
    require(
        name not in TAKEN and name not in COHORT and not is_own_name(name),
        "the name is taken by something else that a result reports; use another",
    )
    require(
        FIELD.fullmatch(name) is None,
        "the name reads like a field of another endpoint's result; use another",
    )
