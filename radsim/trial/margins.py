"""Margins of non-inferiority: which analyses have one, between what it lies, and what it means."""

import numpy as np

from radsim.trial.conduct.analyses import BINARY_WITH_MARGIN, EVERY_ANALYSIS, WITH_MARGIN
from radsim.trial.questions.characteristics import OF_PROPORTIONS
from radsim.vocabulary.mistakes import require


def check_margin(
    margin: float, name: str, *, binary: bool, higher_is_better: bool | None, horizon: float
) -> None:
    """Raise ValueError for a margin of an analysis without one, or on the wrong side.

    Parameters
    ----------
    name
        The analysis whose effect it is of.
    """
    fits = BINARY_WITH_MARGIN if binary else WITH_MARGIN
    require(
        name in fits,
        f"margin: {name} has no effect that a margin is on; take one of {', '.join(fits)} as the "
        "analysis",
    )
    require(
        not binary or higher_is_better is not None,
        "margin: say by higher_is_better on which side the experimental arm is worse",
    )
    least, most, what = _range(name, horizon)
    where = f"lie between {least:g} and {most:g}" if np.isfinite(most) else f"be above {least:g}"
    require(
        least < margin < most,
        f"margin must {where}, for {what}, on the side where the experimental arm is worse; got "
        f"{margin:g}",
    )


def worst_effect(margin: float, name: str, *, good: bool | None) -> float:
    """Effect (log for ratios) that is just not acceptable, on the side where it is worse.

    Parameters
    ----------
    good
        Whether more of the endpoint is good.

    Examples
    --------
    >>> worst_effect(0.1, "survival_difference", good=False)
    -0.1
    """
    analysis = EVERY_ANALYSIS.get(name)
    is_ratio = analysis is not None and analysis.is_ratio
    size = float(np.log(margin)) if is_ratio else float(margin)
    more_is_worse = analysis is None or analysis.more_is_worse
    return size if more_is_worse != bool(good) else -size


def _range(name: str, horizon: float) -> tuple[float, float, str]:
    """Between what a margin lies, and what it is of."""
    analysis = EVERY_ANALYSIS.get(name)
    if analysis is None:
        return 0.0, 1.0, OF_PROPORTIONS
    what = f"the {analysis.estimates}"
    if analysis.is_ratio:
        return 1.0, np.inf, what
    return 0.0, horizon if analysis.reads == "horizon" else 1.0, what
