"""Power of a single-arm trial that compares times to an event with those of historical patients."""

import numpy as np
from scipy import special

from radsim.randomness.streams import Streams
from radsim.trial.conduct.observe import draw_trials
from radsim.trial.conduct.run import in_blocks
from radsim.trial.protocol.arms import StatedArm
from radsim.trial.protocol.design import TrialDesign
from radsim.trial.questions.characteristics import Share, share_of
from radsim.trial.survival.one_sample import one_sample_logrank
from radsim.vocabulary.arguments import count, open_probability


def one_arm_power(
    design: TrialDesign,
    arm: StatedArm,
    historical: StatedArm,
    *,
    alpha: float = 0.05,
    variance: str = "mean",
    trials: int = 10_000,
    seed: int = 1,
) -> Share:
    """Share of single-arm trials with fewer events than the historical hazard of the event expects.

    Every patient of the design is in the arm. Where the arm is the historical one, this is the
    one-sided error.

    Parameters
    ----------
    arm
        What the patients of the trial do.
    historical
        The arm whose law of failure the test compares with; its deaths do not matter.
    alpha
        One-sided.
    variance
        See `radsim.trial.survival.one_sample.one_sample_logrank`.

    Raises
    ------
    ValueError
        If alpha is not between 0 and 1, there are no trials, or the variance is unknown.

    Examples
    --------
    >>> from radsim.trial import StatedArm, TrialDesign
    >>> design = TrialDesign(patients=40, minimum_follow_up=24.0)
    >>> before, now = StatedArm(control=0.6), StatedArm(control=0.85)
    >>> one_arm_power(design, now, before, trials=200).value > 0.8
    True
    """
    limit = float(special.ndtri(open_probability("alpha", alpha)))
    streams = Streams(seed)

    def rejected(block: range) -> np.ndarray:
        table = draw_trials(design, (arm, arm), block, streams).table(patients=False)
        found = one_sample_logrank(table, historical.failure.cumulative, variance=variance)
        return found.estimable & (found.z <= limit)

    parts = in_blocks(rejected, count("trials", trials, least=1))
    return share_of(np.concatenate(parts))
