"""One-sample log-rank test: the events of a single arm against those that a law expects."""

from collections.abc import Callable, Sequence

import numpy as np

from radsim.trial.survival.subjects import EVENT, RiskTable, check_causes
from radsim.trial.survival.verdict import Verdict, normal_test
from radsim.vocabulary.arguments import member

VARIANCES = ("expected", "mean")


def one_sample_logrank(
    table: RiskTable,
    cumulative_hazard: Callable[[np.ndarray], np.ndarray],
    *,
    causes: Sequence[int] = (EVENT,),
    variance: str = "mean",
) -> Verdict:
    r"""Compare the hazard of all subjects with that of a law, such as of historical patients.

    .. math:: Z = \frac{O - E}{\sqrt{V}}, \qquad E = \sum_i \Lambda_0(T_i)

    Parameters
    ----------
    cumulative_hazard
        :math:`\Lambda_0` of the law [1] at some times [months], such as a law's ``cumulative``.
    causes
        What counts as the event; the others censor.
    variance
        ``expected``: V = E, as the test was proposed, which is too strict in a small trial if an
        improvement is looked for; ``mean``: V = (O + E)/2, whose error is nearer to its level.

    Returns
    -------
    Verdict
        Above 0 if there are more events than expected. Not estimable where none are expected.

    Raises
    ------
    ValueError
        If a cause or the variance is unknown.

    References
    ----------
    Breslow (1975), Int Stat Rev 43, 45-57; Finkelstein, Muzikansky and Schoenfeld (2003), JNCI 95,
    1434-1439; Wu (2014), Pharm Stat 13, 26-33, for the mean of observed and expected events.

    Examples
    --------
    >>> from radsim.trial import risk_table
    >>> table = risk_table([10.0, 20.0, 30.0, 40.0], [1, 0, 0, 0])
    >>> verdict = one_sample_logrank(table, lambda months: 0.04 * months, variance="expected")
    >>> float(verdict.z)  # one event where 4 are expected
    -1.5
    """
    causes = check_causes(causes)
    member("variance", variance, VARIANCES)
    members = table.members()
    observed = np.count_nonzero(members & table.has(causes), axis=-1)
    expected = np.where(members, cumulative_hazard(table.time), 0.0).sum(axis=-1)
    spread = expected if variance == "expected" else 0.5 * (observed + expected)
    return normal_test(observed - expected, spread, expected > 0.0)
