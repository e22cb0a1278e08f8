"""What readers see of a result: the last time, the middle of a sweep, names for arms and values."""

from functools import cached_property
from typing import Any

import xarray as xr

from radsim.experiment.endpoints import estimates_of
from radsim.results.fields import ESTIMATE, name_of
from radsim.results.reading import select_estimate
from radsim.results.result import experiment_of
from radsim.vocabulary.endpoints import NET, Estimate

OTHERS = " (other patients)"  # behind the name of an arm that treats other people


def reader_name(name: str, arm: Any = None) -> str:
    """Name an arm by its own label, or by its name in the file.

    Examples
    --------
    >>> reader_name("sib_five")
    'sib five'
    """
    return (arm.label if arm is not None else "") or name.replace("_", " ")


def value_text(value: object) -> str:
    """Write a value of a swept key."""
    return f"{value:g}" if isinstance(value, float) else str(value)


class View:
    """A result at its last time, at the middle value of swept keys.

    Attributes
    ----------
    here
        The result there; the keys that are ``kept`` stay dimensions.
    middle
        The swept keys that stand at their middle value.
    arms
        Names of the arms for readers, by their names in the file.
    compared
        Arms that are compared with the reference; none where no other treats the same people.
    """

    def __init__(self, result: xr.Dataset, *kept: str) -> None:
        self.result, self.experiment = result, experiment_of(result)
        self.axes = [axis.name for axis in self.experiment.study.design.axes]
        self.middle = [axis for axis in self.axes if axis not in kept]
        places = {axis: result.sizes[axis] // 2 for axis in self.middle}
        self.here = result.isel({"months": -1, **places})
        self.arms = {
            name: reader_name(name, arm) + OTHERS * self.experiment.treats_others(name)
            for name, arm in self.experiment.arms.items()
        }
        self.reference = self.experiment.reference
        self.compared = self.experiment.compared

    @cached_property
    def estimates(self) -> list[Estimate]:
        """Everything that the result estimates, in the order of the tables."""
        return [e for e in estimates_of(self.experiment) if str(e) in self.result]

    @cached_property
    def nets(self) -> list[Estimate]:
        """Its net estimates, each of which gets a panel of a figure."""
        return [estimate for estimate in self.estimates if estimate.estimator is NET]

    def contrast(self, estimate: Estimate) -> Estimate:
        """Give the difference from the reference; of a single arm the estimate itself."""
        return estimate.difference if self.compared else estimate

    def has(self, estimate: Estimate, role: str) -> bool:
        """Say whether the result has a variable of this role."""
        return name_of(estimate, role) in self.result

    def percent(self, estimate: Estimate, role: str = ESTIMATE, **where: Any) -> xr.DataArray:
        """Numbers of an estimate under the file's own model [%, points]."""
        return 100.0 * self.numbers(estimate, role, **where)

    def numbers(self, estimate: Estimate, role: str = ESTIMATE, **where: Any) -> xr.DataArray:
        """Numbers of an estimate under the file's own model."""
        return select_estimate(self.here, name_of(estimate, role)).sel(where)
