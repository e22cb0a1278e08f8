"""Sums over patients that can be scaled, so that many variants share one pass over them."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class RowSums:
    """Sums of rows over patients; arms on the first axis, and nothing of the patients left.

    Attributes
    ----------
    count
        Patients.
    mean
        Mean of each row.
    deviations
        Sum of squared deviations from the mean.
    products
        Sum of products of the deviations with those of the reference arm's row.
    half
        Sum over the first half of the patients; see `radsim.sums.parameter_spread`.
    """

    count: int
    mean: np.ndarray
    deviations: np.ndarray
    products: np.ndarray
    half: np.ndarray

    def scaled(self, factor: np.ndarray, reference: int) -> "RowSums":
        """Sums of the rows times a factor for each row, arms on its first axis."""
        return RowSums(
            self.count,
            self.mean * factor,
            self.deviations * factor**2,
            self.products * factor * factor[reference],
            self.half * factor,
        )

    def difference(self, reference: int) -> tuple[np.ndarray, np.ndarray]:
        """Mean, and sum of squared deviations, of each row minus the reference arm's."""
        spread = self.deviations + self.deviations[reference] - 2.0 * self.products
        spread[reference] = 0.0
        return self.mean - self.mean[reference], np.maximum(spread, 0.0)


def sums_of(rows: np.ndarray, reference: int) -> RowSums:
    """Sum rows over patients, their last axis.

    Examples
    --------
    >>> sums = sums_of(np.array([[0.0, 2.0], [1.0, 5.0]]), reference=0)
    >>> sums.mean.tolist(), sums.deviations.tolist(), sums.products.tolist()
    ([1.0, 3.0], [2.0, 8.0], [2.0, 4.0])
    """
    count = rows.shape[-1]
    first = rows[..., :1]
    centered = rows - first  # rows in which all are alike have that mean, exactly
    shift = centered.mean(axis=-1)
    centered -= shift[..., np.newaxis]
    mean = first[..., 0] + shift
    deviations = np.einsum("...p,...p->...", centered, centered)
    products = np.einsum("...p,...p->...", centered, centered[reference][np.newaxis])
    half = count // 2
    first_half = centered[..., :half].sum(axis=-1) + half * mean
    return RowSums(count, mean, deviations, products, first_half)


def counts_of(times: np.ndarray, months: tuple[float, ...], reference: int) -> RowSums:
    """Sums of the rows that are 1 where a time has come by each month, and 0 elsewhere.

    Parameters
    ----------
    times
        Infinite for never, shape (arm, ..., patient).

    Returns
    -------
    RowSums
        Months on the last axis.
    """
    count = times.shape[-1]
    half = count // 2
    happened, both, early = [], [], []
    for month in months:
        by = times <= month
        happened.append(by.sum(axis=-1))
        both.append((by & by[reference]).sum(axis=-1))
        early.append(by[..., :half].sum(axis=-1))
    share = np.stack(happened, axis=-1) / count
    joint = np.stack(both, axis=-1) / count
    return RowSums(
        count,
        share,
        count * share * (1.0 - share),
        count * (joint - share * share[reference]),
        np.stack(early, axis=-1).astype(float),
    )


def stacked(sums: list[RowSums], axis: int) -> RowSums:
    """Put sums side by side along a new axis."""
    return RowSums(
        sums[0].count,
        *(
            np.stack([getattr(one, name) for one in sums], axis=axis)
            for name in ("mean", "deviations", "products", "half")
        ),
    )
