"""Which plans of a library break which limit, and by how much."""

from collections.abc import Iterator, Mapping, Sequence
from math import isnan
from typing import Any

from radsim.dose.plans.limits import ROUNDING, Limit
from radsim.planfiles import ImportedPlan

LISTED = 20  # names of plans in a line, the worst first


def broken_limits(plans: Mapping[str, ImportedPlan], limits: Sequence[Any]) -> list[str]:
    """Lines on mandatory limits that plans break by themselves, and on how many keep all.

    Limits over two courses depend on the patient, and are not told of here.

    Examples
    --------
    >>> import numpy as np
    >>> from radsim.planfiles.assembly import from_samples
    >>> ptv = from_samples("PTV", "ptv", np.full(9, 22.8), np.full(9, 1e3), nodes=8)
    >>> plan = ImportedPlan(structures=(ptv,), prescription=24.0, fractions=2, source="csv")
    >>> limit = Limit(structure="ptv", metric="D98", at_least=24.0)
    >>> for line in broken_limits({"a.csv": plan}, [limit]):
    ...     print(line)
    1 of 1 plans break ptv D98 at least 24 Gy: a.csv by 1.2 Gy (5 %)
    no plan keeps every limit, so nobody's is drawn again for one: each patient's is the first drawn
    """
    lines = []
    breaking: set[str] = set()
    for limit in limits:
        if not isinstance(limit, Limit) or limit.optimal:
            continue
        for bound, highest, sign in _bounds(limit):
            missed_by = {
                name: sign * (dose - highest)
                for name, dose in _doses(plans, limit)
                if sign * (dose - highest) > ROUNDING * highest
            }
            if not missed_by:
                continue
            breaking |= missed_by.keys()
            worst = sorted(missed_by, key=lambda name: -missed_by[name])
            told = [
                f"{name} by {missed_by[name]:.2g} Gy ({100 * missed_by[name] / highest:.2g} %)"
                for name in worst[:LISTED]
            ]
            lines.append(
                f"{len(missed_by)} of {len(plans)} plans break {limit.structure} {limit.metric} "
                f"{bound} {highest:g} Gy: {', '.join(told)}{', ...' * (len(worst) > LISTED)}"
            )
    if not lines:
        return []
    left = len(plans) - len(breaking)
    return [
        *lines,
        f"{left} of {len(plans)} plans keep every limit; draws that break one are drawn again"
        if left
        else "no plan keeps every limit, so nobody's is drawn again for one: each patient's is the "
        "first drawn",
    ]


def _bounds(limit: Limit) -> Iterator[tuple[str, float, int]]:
    """Words of each bound, its dose [Gy], and the sign of what breaks it."""
    if limit.at_least is not None:
        yield "at least", limit.at_least, -1
    if limit.at_most is not None:
        yield "at most", limit.at_most, 1


def _doses(plans: Mapping[str, ImportedPlan], limit: Limit) -> Iterator[tuple[str, float]]:
    """Dose [Gy] that a limit is on, of each plan that has one."""
    for name, plan in plans.items():
        if limit.structure in plan and not isnan(dose := plan[limit.structure].read(limit.parsed)):
            yield name, dose
