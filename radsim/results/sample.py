"""Doses of the first patients of a run, kept in its result so that figures can show them."""

from collections.abc import Iterator, Mapping

import numpy as np

from radsim.results.fields import Field
from radsim.simulation.patients import VOCABULARY

SINGLE = 6  # patients whose whole DVH is kept
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
STRUCTURES = ("gtv", "ptv", "spinal_cord", "cord_prv", "thecal_sac")
COURSES = {
    "planned": "planned dose at volume nodes, quantiles between patients",
    "delivered": "delivered dose at volume nodes, quantiles",
}


def sample_fields(sample: Mapping[str, np.ndarray]) -> Iterator[Field]:
    """Dose-volume histograms and dose metrics of the sampled patients.

    Parameters
    ----------
    sample
        Of shape (variant, arm, node, patient): a structure's dose at volume nodes, such as
        ``gtv_planned`` [Gy]. Of shape (variant, arm, patient): a metric, such as
        ``gtv_d98_planned`` [Gy], or a distance [mm]. Missing (NaN) where an arm, or a patient, has
        no such structure.

    Returns
    -------
    Iterator
        ``dvh_planned`` and ``dvh_delivered``: quantiles between patients, dims (arm, structure,
        quantile, node); ``dvh_single``: planned dose of single patients. Patients without a
        structure are left out of its quantiles. ``sample_...``: each metric, dims (arm, sample).
    """
    if not sample:
        return
    curves = {name: values[0] for name, values in sample.items() if values.ndim == 4}
    arms, nodes, _ = next(iter(curves.values())).shape
    bands = {c: np.full((arms, len(STRUCTURES), len(QUANTILES), nodes), np.nan) for c in COURSES}
    single = np.full((arms, len(STRUCTURES), SINGLE, nodes), np.nan)
    for column, structure in enumerate(STRUCTURES):
        for course, band in bands.items():
            for row, dose in enumerate(curves.get(f"{structure}_{course}", ())):
                present = dose.T[~np.isnan(dose).any(axis=0)].astype(float)
                if len(present):
                    band[row, column] = np.quantile(present, QUANTILES, axis=0)
                if course == "planned":
                    some = present[:SINGLE]
                    single[row, column, : len(some)] = some
    for course, meaning in COURSES.items():
        yield _dvh(course, ("arm", "structure", "quantile", "node"), bands[course], meaning)
    meaning = "planned dose at volume nodes of single patients"
    yield _dvh("single", ("arm", "structure", "single", "node"), single, meaning)
    for name, values in sample.items():
        if values.ndim == 3:
            said = VOCABULARY[name]
            yield Field(
                of=name, role="sample", name=f"sample_{name}", dims=("arm", "sample"),
                values=values[0].astype(np.float32), units=said.units, meaning=said.meaning,
            )  # fmt: skip


def _dvh(of: str, dims: tuple[str, ...], values: np.ndarray, meaning: str) -> Field:
    return Field(
        of=of, role="dvh", name=f"dvh_{of}", dims=dims, values=values.astype(np.float32),
        units="Gy", meaning=meaning,
    )  # fmt: skip
