"""The hypotheses of a trial: of which endpoint each is, how it is tested, and what was found."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from radsim.trial.conduct.analyses import (
    EVERY_ANALYSIS,
    Outcome,
    Settings,
    analyse,
    analyse_binary,
)
from radsim.trial.conduct.draw import Enrolled, Fate
from radsim.trial.conduct.observe import Trials, of_times, seen_at
from radsim.trial.conduct.others import Drawn, OtherEndpoint
from radsim.trial.protocol.design import TrialDesign
from radsim.trial.protocol.procedure import Procedure
from radsim.trial.survival.subjects import ABSENT, EVENT
from radsim.trial.survival.wins import Compared, Wins, compare_patients
from radsim.vocabulary.endpoints import DEATH

OWN = ""  # the trial's own endpoint


@dataclass(frozen=True)
class OfPairs:
    """A way to analyse several endpoints of pairs of patients: what it estimates."""

    estimates: str
    is_ratio: bool
    effect: Callable[[Wins], np.ndarray]


OF_PAIRS = {
    "win_ratio": OfPairs(
        "win ratio (pairs won over pairs lost)", True, lambda wins: wins.log_ratio
    ),
    "net_benefit": OfPairs(
        "net benefit (share of pairs won minus share lost)", False, lambda wins: wins.net_benefit
    ),
}


@dataclass(frozen=True, kw_only=True)
class Hypothesis:
    """That the experimental arm is better in one thing, or not worse by a margin.

    Attributes
    ----------
    endpoint
        The trial's own, death, or another by name.
    wins
        Of an analysis of pairs: the endpoints that they are compared by, the most important first.
    """

    endpoint: str = OWN
    analysis: str
    settings: Settings = field(default_factory=Settings)
    wins: tuple[str, ...] = ()

    @property
    def months(self) -> tuple[float, ...]:
        """When the analysis reads its effect [months]; none if it does not."""
        analysis = EVERY_ANALYSIS.get(self.analysis)
        if analysis is None or not analysis.reads:
            return ()
        return tuple(np.atleast_1d(getattr(self.settings, analysis.reads)).astype(float).tolist())


@dataclass(frozen=True, kw_only=True)
class Family:
    """The hypotheses that a trial tests, and how it keeps the chance of a false claim.

    Attributes
    ----------
    hypotheses
        By name.
    others
        Endpoints of stated arms beside the trial's own and death.
    goods
        Endpoints that are good for patients.
    """

    hypotheses: Mapping[str, Hypothesis]
    procedure: Procedure
    others: Mapping[str, OtherEndpoint] = field(default_factory=dict)
    goods: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Of the hypotheses."""
        return tuple(self.hypotheses)

    def p_values(self, outcomes: Mapping[str, Outcome]) -> np.ndarray:
        """P values in favor of the experimental arm, shape (trial, hypothesis)."""
        return np.stack([outcomes[name].p_value for name in self.names], axis=-1)

    def shown(self, outcomes: Mapping[str, Outcome], alpha: float) -> np.ndarray:
        """Which hypotheses the procedure shows in each trial, shape (trial, hypothesis)."""
        adjusted = self.procedure.adjusted(self.p_values(outcomes), self.names)
        tested = np.stack([outcomes[name].tested for name in self.names], axis=-1)
        return (adjusted <= alpha) & tested


@dataclass(frozen=True)
class Observed:
    """Some trials as their hypotheses see them.

    Attributes
    ----------
    trials, fate
        None where the trial's own endpoint is a proportion.
    entered
        Arm of each patient who is analysed, shape (trial, patient).
    had
        Who has an endpoint that is a proportion, by name.
    """

    design: TrialDesign
    enrolled: Enrolled
    entered: np.ndarray
    trials: Trials | None
    fate: Fate | None
    times: Mapping[str, np.ndarray]
    had: Mapping[str, np.ndarray]

    def of(self, endpoint: str) -> Trials:
        """The trials with the times of an endpoint."""
        assert self.trials is not None
        assert self.fate is not None
        if endpoint == OWN:
            return self.trials
        times = None if endpoint == DEATH else seen_at(self.design, self.times[endpoint])
        among = self.fate.among.get(endpoint, np.ones(self.entered.shape, bool))
        return of_times(self.design, self.trials, self.fate, times, among)

    def compared(self, endpoint: str, good: bool) -> Compared:
        """What pairs of patients are compared by."""
        if endpoint in self.had:
            has = self.had[endpoint]
            return Compared(np.zeros(has.shape), has, good)
        trials = self.of(endpoint)
        if endpoint == OWN and trials.patient is not None:  # the first of a patient's lesions
            assert self.fate is not None
            first = seen_at(self.design, self.fate.failure).min(axis=-1)
            everyone = np.ones(self.entered.shape, bool)
            trials = of_times(self.design, trials, self.fate, first, everyone)
        seen = (trials.cause == EVENT) & (trials.arm >= 0)
        return Compared(np.where(trials.arm >= 0, trials.time, 0.0), seen, good)


def observed_times(design: TrialDesign, trials: Trials, fate: Fate, drawn: Drawn) -> Observed:
    """See trials of a time to an event as their hypotheses do."""
    entered = np.where(trials.enrolled.evaluable, trials.entered_arm, ABSENT)
    times = {**fate.harms, **fate.responses, **drawn.times}
    return Observed(design, trials.enrolled, entered, trials, fate, times, drawn.had)


def examine(
    family: Family, observed: Observed, outcomes: Mapping[str, Outcome], analysed: Settings
) -> dict[str, Outcome]:
    """Test every hypothesis in each trial, in favor of the experimental arm.

    Parameters
    ----------
    outcomes
        Of the trial's own endpoint, by analysis, with what these were told.

    Returns
    -------
    dict
        Outcomes whose z is above 0 in favor of the experimental arm, and whose p value is 1 where
        it is not.
    """
    results = {}
    for name, hypothesis in family.hypotheses.items():
        done = hypothesis.endpoint == OWN and hypothesis.settings == analysed
        if done and hypothesis.analysis in outcomes:
            outcome = outcomes[hypothesis.analysis]
        else:
            outcome = _outcome(family, hypothesis, observed)
        results[name] = _in_favor(outcome, hypothesis, hypothesis.endpoint in family.goods)
    return results


def _outcome(family: Family, hypothesis: Hypothesis, observed: Observed) -> Outcome:
    name, endpoint = hypothesis.analysis, hypothesis.endpoint
    if name in OF_PAIRS:
        return _of_pairs(family, hypothesis, observed)
    if endpoint in observed.had:
        has, arm = observed.had[endpoint], observed.entered
        groups = [np.count_nonzero(arm == a, axis=-1) for a in (1, 0)]
        having = [np.count_nonzero(has & (arm == a), axis=-1) for a in (1, 0)]
        worst = hypothesis.settings.worst
        return analyse_binary(having[0], groups[0], having[1], groups[1], (name,), worst)[name]
    return analyse(observed.of(endpoint), (name,), hypothesis.settings)[name]


def wins_of(family: Family, hypothesis: Hypothesis, observed: Observed) -> Wins:
    """Compare the pairs of patients of some trials by the endpoints of a hypothesis."""
    compared = [observed.compared(each, each in family.goods) for each in hypothesis.wins]
    return compare_patients(compared, observed.entered)


def _of_pairs(family: Family, hypothesis: Hypothesis, observed: Observed) -> Outcome:
    wins, of_pairs = wins_of(family, hypothesis, observed), OF_PAIRS[hypothesis.analysis]
    estimable = wins.estimable if of_pairs.is_ratio else wins.test.estimable
    return Outcome(
        wins.test.z,
        wins.test.p_value,
        np.where(estimable, of_pairs.effect(wins), 0.0),
        estimable,
        wins.test.estimable,
        np.zeros(len(estimable)),
    )


def _in_favor(outcome: Outcome, hypothesis: Hypothesis, good: bool) -> Outcome:
    if hypothesis.analysis not in OF_PAIRS:  # which are in favor of the experimental arm already
        analysis = EVERY_ANALYSIS.get(hypothesis.analysis)
        more_is_worse = analysis is None or analysis.more_is_worse
        outcome = replace(outcome, z=outcome.z if more_is_worse == good else -outcome.z)
    in_favor = outcome.tested & (outcome.z > 0.0)
    return replace(outcome, p_value=np.where(in_favor, outcome.p_value, 1.0))
