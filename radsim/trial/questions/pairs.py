"""Which endpoint decides between pairs of patients: shares won and lost by each of them."""

from dataclasses import dataclass

import numpy as np

from radsim.randomness.streams import Streams
from radsim.trial.conduct.hypotheses import OF_PAIRS, wins_of
from radsim.trial.conduct.run import TrialPlan, in_blocks, observe_block
from radsim.trial.questions.characteristics import error_of_mean


@dataclass(frozen=True)
class Decided:
    """Share of pairs that an endpoint decides, those before it having left them tied.

    Attributes
    ----------
    hypothesis, endpoint
        By name.
    won, lost
        Of all pairs, in favor of the patient of the experimental arm and of the control arm.
    won_error, lost_error
        Their Monte Carlo standard errors.
    """

    hypothesis: str
    endpoint: str
    won: float
    won_error: float
    lost: float
    lost_error: float


def decided_pairs(plan: TrialPlan, trials: int, *, seed: int, workers: int = 1) -> list[Decided]:
    """Average over trials by what the pairs of each win ratio or net benefit are decided."""
    family, streams, rows = plan.family, Streams(seed), []
    if family is None:
        return []
    pairs = {n: h for n, h in family.hypotheses.items() if h.analysis in OF_PAIRS}
    if not pairs:
        return []

    def compare(block: range) -> list[np.ndarray]:
        observed = observe_block(plan, block, streams)
        wins = (wins_of(family, hypothesis, observed) for hypothesis in pairs.values())
        return [np.stack([each.won_by, each.lost_by]) for each in wins]

    parts = in_blocks(compare, trials, workers)
    for place, (name, hypothesis) in enumerate(pairs.items()):
        shares = np.concatenate([part[place] for part in parts], axis=1)
        for at, endpoint in enumerate(hypothesis.wins):
            won, lost = shares[:, :, at]
            errors = (error_of_mean(each, plan.pools) for each in (won, lost))
            won_error, lost_error = errors
            rows.append(
                Decided(
                    name, endpoint, float(won.mean()), won_error, float(lost.mean()), lost_error
                )
            )
    return rows
