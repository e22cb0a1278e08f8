"""Which group of a grouping each patient belongs to."""

import numpy as np

from radsim.dose.dose import Dose
from radsim.experiment.grouping import Grouping, Split
from radsim.patients.patients import Patients
from radsim.sums.aggregations import Groups


def groups_of(grouping: Grouping, sizes: tuple[int, ...], patients: Patients, dose: Dose) -> Groups:
    """Groups of some patients; those by several things have the codes of their product.

    ``sizes`` are how many groups each thing makes; the dose is that of the reference arm. Who has
    no value, for want of a structure, is in no group.
    """
    codes = np.zeros(len(patients), dtype=np.intp)
    nowhere = np.zeros(len(patients), dtype=bool)
    for split, size in zip(grouping.splits, sizes, strict=True):
        code, missing = _codes(split, patients, dose)
        codes = codes * size + code
        nowhere |= missing
    codes[nowhere] = -1
    return Groups(codes, int(np.prod(sizes)))


def _codes(split: Split, patients: Patients, dose: Dose) -> tuple[np.ndarray, np.ndarray]:
    """Code of each patient's group by one thing, and who has none."""
    values = dose.sums(split.metric).total if split.metric else patients[split.name]
    if not split.edges:
        return values.astype(np.intp), np.zeros(len(patients), dtype=bool)
    return np.searchsorted(np.array(split.edges), values, side="right"), np.isnan(values)
