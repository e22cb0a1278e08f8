"""Results of versions whose variables did not say what they are: from names to roles."""

import json

import numpy as np
import xarray as xr
from pydantic import ValidationError

from radsim.experiment.endpoints import endpoints_of, estimates_of
from radsim.experiment.model import Experiment
from radsim.experiment.older_spellings import present_record
from radsim.results.fields import COMPARED, ESTIMATE, INTERVAL
from radsim.results.kept import EXCESSES
from radsim.results.reading import MODEL, OF, ROLE
from radsim.results.result import experiment_of
from radsim.sums.best_over_draws import CORRECTED
from radsim.vocabulary.mistakes import Mistake, mistakes_of
from radsim.vocabulary.versions import __version__

SPREAD = tuple(f"parameters{end}" for end in (
    "", "_mc_standard_error", "_lower", "_upper", "_lower_error", "_upper_error", "_noise_share",
    "_state",
))  # fmt: skip
OVER_DRAWS = (*SPREAD, "alternatives", "uncertainty", "tornado")
SOBOL = tuple(f"{i}{end}" for i in ("first_order", "total") for end in ("", "_lower", "_upper"))
ROLES = (  # of an estimate
    ESTIMATE, *INTERVAL, *COMPARED, "draws", *OVER_DRAWS, *SOBOL,
    *(f"difference_{role}" for role in (*OVER_DRAWS, *SOBOL)),
    *(f"ratio_parameters{end}" for end in ("", "_lower", "_upper")),
    "best", *(f"best_{role}" for role in (*INTERVAL, *SPREAD)),
    *(
        f"best_probability{other}{end}"
        for other in ("", "_with")
        for end in ("", "_lower", "_upper", "_as_drawn", "_state")
    ),
)  # fmt: skip
ENDS = ("share", *(f"share_{role}" for role in INTERVAL), *EXCESSES, "curve", "histogram")
BEGINNINGS = {"sample_": "sample", "predictive_": "predictive", "drawn ": "drawn"}
DVH = "dvh"


def with_roles(result: xr.Dataset) -> xr.Dataset:
    """Say of every variable what it is, where a result of an older version does not.

    Raises
    ------
    Mistake
        If its experiment can't be read any more; the line says which version wrote it.
    """
    try:
        experiment = experiment_of(result)
    except (KeyError, ValueError) as error:
        version = json.loads(result.attrs.get("versions", "{}")).get("radsim", "unknown")
        raise Mistake(
            f"its experiment, written by radsim {version}, can't be read by this state of radsim "
            f"{__version__}: {_reason(error, result)}"
        ) from None
    if any(ROLE in values.attrs for values in result.data_vars.values()):
        return _with_what_is_new(result)
    names = {
        str(estimate) if role == ESTIMATE else f"{estimate}_{role}": (str(estimate), role)
        for estimate in estimates_of(experiment)
        for role in ROLES
    }
    for name, values in result.data_vars.items():
        of, role = names.get(str(name)) or _by_spelling(str(name))
        values.attrs.update({ROLE: role, OF: of})
    for modelled in endpoints_of(experiment):
        if (dim := modelled.endpoint.model_dim) in result.dims:
            result[dim].attrs[ROLE] = MODEL
    return _with_what_is_new(result)


def _with_what_is_new(result: xr.Dataset) -> xr.Dataset:
    """Add errors of ends of intervals and shares as drawn, unknown, where a version had none."""
    ends = ("parameters_lower", "parameters_upper")
    lacking = {
        f"{name}_error": xr.full_like(values, np.nan).assign_attrs(
            {ROLE: f"{values.attrs[ROLE]}_error", OF: values.attrs[OF]}
        )
        for name, values in result.data_vars.items()
        if str(values.attrs.get(ROLE)).removeprefix("difference_") in ends
    }
    shares = ("best_probability", "best_probability_with")
    lacking |= {
        f"{name}{end}": xr.full_like(values, unknown).assign_attrs(
            {ROLE: f"{values.attrs[ROLE]}{end}", OF: values.attrs[OF]}
        )
        for name, values in result.data_vars.items()
        for end, unknown in (("_as_drawn", np.nan), ("_state", CORRECTED))
        if values.attrs.get(ROLE) in shares
    }
    return result.assign({n: values for n, values in lacking.items() if n not in result})


def _reason(error: Exception, result: xr.Dataset) -> str:
    """Say in one line which key could not be read, and how many more."""
    if isinstance(error, ValidationError):
        record = present_record(json.loads(result.attrs["experiment"]))
        first, *more = mistakes_of(error, record, Experiment.model_json_schema())
        return f"{first} (and {len(more)} more)" if more else first
    return "there is none in it" if isinstance(error, KeyError) else str(error).splitlines()[0]


def _by_spelling(name: str) -> tuple[str, str]:
    for beginning, role in BEGINNINGS.items():
        if name.startswith(beginning):
            return name.removeprefix(beginning), role
    if name.startswith(f"{DVH}_"):
        return name, DVH
    for role in ENDS:
        if name.endswith(f"_{role}"):
            return name.removesuffix(f"_{role}"), role
    return name, ""
