"""Uniform numbers arranged for Sobol indices."""

import numpy as np

from radsim.vocabulary.mistakes import require


def saltelli_uniforms(points: np.ndarray, sizes: tuple[int, ...]) -> np.ndarray:
    """Rows of a Saltelli design: A, then B, then A with each factor's columns taken from B.

    Parameters
    ----------
    points
        Uniforms, shape (base, 2 x dimension): A beside B, of low-discrepancy sequences, one
        scramble after the other.
    sizes
        Number of columns of each factor; columns that belong together are exchanged together.

    Returns
    -------
    np.ndarray
        Shape (base x (factors + 2), dimension).

    Examples
    --------
    >>> saltelli_uniforms(np.array([[0.1, 0.2, 0.3, 0.4]]), (1, 1)).tolist()
    [[0.1, 0.2], [0.3, 0.4], [0.3, 0.2], [0.1, 0.4]]

    References
    ----------
    Saltelli et al. (2010), Comput. Phys. Commun. 181, 259-270.
    """
    dimension = sum(sizes)
    require(points.shape[1] == 2 * dimension, "points must hold A and B side by side")
    a, b = points[:, :dimension], points[:, dimension:]
    rows = [a, b]
    start = 0
    for size in sizes:
        mixed = a.copy()
        mixed[:, start : start + size] = b[:, start : start + size]
        rows.append(mixed)
        start += size
    return np.concatenate(rows)
