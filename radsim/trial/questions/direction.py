"""Which arm is the better one, by what the trials say."""

from radsim.trial.conduct.analyses import AGAINST_MARGIN
from radsim.trial.protocol.arms import ROLES
from radsim.trial.questions.characteristics import Power, Share

CONTROL, EXPERIMENTAL = ROLES
NEITHER = "neither"
SURE = 2.0  # standard errors beyond which the arms are told apart


def better_arm(rejected: Share, favorable: Share | None) -> str:
    """Name the arm that the trials which reject are in favor of; empty if nobody said what is good.

    Examples
    --------
    >>> all_reject, few_in_favor = Share(0.9, 0.01, 0.88, 0.92), Share(0.1, 0.01, 0.08, 0.12)
    >>> better_arm(all_reject, few_in_favor)
    'control'
    """
    if favorable is None:
        return ""
    gap = 2.0 * favorable.value - rejected.value  # in favor of the experimental arm, or against it
    error = max(rejected.mc_standard_error, favorable.mc_standard_error)
    if abs(gap) <= SURE * error:
        return NEITHER
    return EXPERIMENTAL if gap > 0.0 else CONTROL


def better_by(power: Power) -> str:
    """Name the arm that an analysis is in favor of; empty for a test against a margin, too."""
    if power.analysis in AGAINST_MARGIN.values() or not power.is_tested:
        return ""
    return better_arm(power.rejected, power.favorable)


def better_of(control: float, experimental: float, *, more_is_better: bool | None) -> str:
    """Name the better of two numbers; empty if nobody said whether more is good.

    Examples
    --------
    >>> better_of(0.2, 0.1, more_is_better=False), better_of(0.2, 0.1, more_is_better=True)
    ('experimental', 'control')
    """
    if more_is_better is None:
        return ""
    if control == experimental:
        return NEITHER
    return EXPERIMENTAL if (experimental > control) == more_is_better else CONTROL
