"""What a design can be expected to show: power, effects, events, each with its error."""

from dataclasses import dataclass

import numpy as np

from radsim.sums.intervals import Z95, wilson_interval
from radsim.trial.conduct.analyses import EVERY_ANALYSIS, Outcome
from radsim.trial.conduct.run import Shown
from radsim.trial.protocol.design import TrialDesign
from radsim.vocabulary.arguments import count, positive, probability

IN_ALL = ("screened", "screening_failures", "duration")  # what has no number for each arm
OF_PROPORTIONS = "difference of proportions"  # what every analysis of a binary endpoint estimates


@dataclass(frozen=True)
class Share:
    """A share of trials with its Monte Carlo error and 95 % interval."""

    value: float
    mc_standard_error: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Power:
    """One analysis over all trials.

    Attributes
    ----------
    rejected
        Share of all trials that reject, two-sided; a trial that allows no test does not.
    favorable
        Share that reject in favor of the experimental arm; None for a binary endpoint of which
        nobody said whether more is better.
    effect, effect_sd, effect_lower, effect_upper
        Mean, standard deviation and central 95 % of the effect over the trials in which it is
        estimable; for ratios the mean of logarithms, turned back; 0 where none is. The standard
        deviation stays that of logarithms.
    effect_error
        Monte Carlo standard error of the mean effect, of the logarithm for ratios.
    not_estimable
        Share of trials in which it is not.
    not_tested
        Share of trials whose data do not allow the test.
    """

    analysis: str
    estimates: str
    rejected: Share
    favorable: Share | None
    effect: float
    effect_sd: float
    effect_error: float
    effect_lower: float
    effect_upper: float
    not_estimable: Share
    not_tested: Share

    @property
    def is_estimable(self) -> bool:
        """Whether any trial gives the effect."""
        return self.not_estimable.value < 1.0

    @property
    def is_tested(self) -> bool:
        """Whether any trial allows the test; where none does there is no power to state."""
        return self.not_tested.value < 1.0


@dataclass(frozen=True)
class Expectation:
    """Mean of something over all trials, with its spread between trials."""

    name: str
    control: float
    experimental: float
    total: float
    total_sd: float
    mc_standard_error: float


def share_of(happened: np.ndarray, pools: int = 1) -> Share:
    """Count a share with its Monte Carlo error, sqrt(p (1 - p) / n).

    Parameters
    ----------
    happened
        Shape (trial,).
    pools
        Pools of simulated patients that the trials took turns at; the error is then the one
        between them, which knows the chance in who is in a pool, and never below that of trials.

    Examples
    --------
    >>> share_of(np.arange(1000) < 800).mc_standard_error  # of a power of 0.8 in 1000 trials
    0.012649110640673518
    """
    n = len(happened)
    p = float(np.count_nonzero(happened) / n)
    error = mc_error(p, n)
    between = error_of_mean(happened.astype(float), pools) if pools > 1 else 0.0
    if between > error:
        reach = Z95 * between
        return Share(p, between, max(p - reach, 0.0), min(p + reach, 1.0))
    lower, upper = wilson_interval(np.array(p), n)
    return Share(p, error, float(lower), float(upper))


def error_of_mean(values: np.ndarray, pools: int = 1) -> float:
    """Standard error of a mean over trials that take turns at so many pools of patients.

    Examples
    --------
    >>> error_of_mean(np.array([0.0, 2.0, 0.0, 2.0]), pools=2)  # trials of a pool are all alike
    1.0
    """
    pools = min(pools, len(values))
    if pools < 2:
        return float(values.std() / np.sqrt(len(values)))
    means = np.array([values[pool::pools].mean() for pool in range(pools)])
    return float(means.std(ddof=1) / np.sqrt(pools))


def mc_error(p: float, trials: int) -> float:
    """Monte Carlo standard error of a share.

    Examples
    --------
    >>> mc_error(0.05, 10_000)
    0.0021794494717703367
    """
    p, trials = probability("p", p), count("trials", trials, least=1)
    return float(np.sqrt(p * (1.0 - p) / trials))


def trials_needed(p: float, error: float) -> int:
    """Trials that bring the Monte Carlo error of a share down to a size.

    Examples
    --------
    >>> trials_needed(0.95, 0.005)
    1900
    """
    p, error = probability("p", p), positive("error", error)
    return int(np.ceil(p * (1.0 - p) / error**2 - 1e-9))


def power_of(
    name: str, shown: Shown, alpha: float, *, higher_is_better: bool | None = None
) -> Power:
    """Summarize one analysis over all trials.

    Parameters
    ----------
    higher_is_better
        Whether more of a binary endpoint is good, if that is known.

    Examples
    --------
    >>> from radsim.trial import StatedArm, TrialDesign, TrialPlan, run_trials
    >>> arms = StatedArm(proportion=0.2), StatedArm(proportion=0.9)
    >>> plan = TrialPlan(
    ...     design=TrialDesign(patients=40), arms=arms, analyses=("pearson",), binary=True
    ... )
    >>> shown = run_trials(plan, 100, seed=1)
    >>> power_of("pearson", shown, 0.05, higher_is_better=True).favorable.value
    1.0
    """
    analysis, outcome, pools = EVERY_ANALYSIS.get(name), shown.outcomes[name], shown.pools
    rejected = rejections(outcome, alpha)
    favors = in_favor(name, outcome, alpha, higher_is_better=higher_is_better)
    favorable = None if favors is None else share_of(favors, pools)
    effects = outcome.effect[outcome.estimable]
    mean = sd = error = lower = upper = 0.0
    if len(effects):
        mean, sd = float(effects.mean()), float(effects.std())
        error = error_of_effect(outcome, pools)
        lower, upper = (float(q) for q in np.quantile(effects, (0.025, 0.975)))
    if analysis is not None and analysis.is_ratio:
        mean, lower, upper = (float(np.exp(v)) for v in (mean, lower, upper))
    return Power(
        name,
        OF_PROPORTIONS if analysis is None else analysis.estimates,
        share_of(rejected, pools),
        favorable,
        mean,
        sd,
        error,
        lower,
        upper,
        share_of(~outcome.estimable, pools),
        share_of(~outcome.tested, pools),
    )


def error_of_effect(outcome: Outcome, pools: int) -> float:
    """Error of the mean effect: of so many trials, and between pools if that is larger.

    Over the trials in which the effect is estimable at all.
    """
    effects = outcome.effect[outcome.estimable]
    error = float(effects.std() / np.sqrt(len(effects))) if len(effects) else 0.0
    pools = min(pools, len(outcome.effect))
    if pools < 2:
        return error
    kept = [outcome.effect[i::pools][outcome.estimable[i::pools]] for i in range(pools)]
    means = np.array([effects.mean() for effects in kept if len(effects)])
    return max(error, float(means.std(ddof=1) / np.sqrt(len(means))) if len(means) > 1 else 0.0)


def rejections(outcome: Outcome, alpha: float) -> np.ndarray:
    """Trials that reject, shape (trial,)."""
    return outcome.tested & (outcome.p_value <= alpha)


def in_favor(
    name: str, outcome: Outcome, alpha: float, *, higher_is_better: bool | None = None
) -> np.ndarray | None:
    """Trials that reject in favor of the experimental arm; None if nobody said what is good."""
    analysis = EVERY_ANALYSIS.get(name)
    good = higher_is_better if analysis is None else not analysis.more_is_worse
    if good is None:
        return None
    return rejections(outcome, alpha) & ((outcome.z > 0.0) if good else (outcome.z < 0.0))


def expectations(shown: Shown) -> list[Expectation]:
    """Mean counts by arm, and the duration."""
    rows = []
    harms = {f"harm/{name}": counts for name, counts in shown.harms.items()}
    for name, counts in (shown.counts | harms).items():
        rows.append(_expectation(name, counts.mean(axis=0), counts.sum(axis=1), shown.pools))
    both = (float(shown.duration.mean()),) * 2
    return [*rows, _expectation("duration", both, shown.duration, shown.pools)]


def screening(design: TrialDesign) -> list[Expectation]:
    """Patients to be screened, and those who fail, until the last one is randomized.

    Their spread is that of a negative binomial: who is eligible is independent of the others.

    Examples
    --------
    >>> row = screening(TrialDesign(patients=100, eligible=0.8))[0]
    >>> row.name, row.total, round(row.total_sd, 6)
    ('screened', 125.0, 5.59017)
    """
    share = float(design.eligible)
    if share == 1.0:
        return []
    sd = float(np.sqrt(design.patients * (1.0 - share))) / share
    failed = design.screened - design.patients
    return [
        Expectation(name, total, total, total, sd, 0.0)
        for name, total in (("screened", design.screened), ("screening_failures", failed))
    ]


def no_event_shares(shown: Shown) -> dict[str, Share]:
    """Share of trials with no event in an arm, or in neither."""
    none = shown.counts["events"] == 0
    return {
        "control": share_of(none[:, 0], shown.pools),
        "experimental": share_of(none[:, 1], shown.pools),
        "either": share_of(none.any(axis=1), shown.pools),
        "both": share_of(none.all(axis=1), shown.pools),
    }


def _expectation(
    name: str, arms: np.ndarray | tuple[float, float], total: np.ndarray, pools: int
) -> Expectation:
    sd = float(total.std())
    error = max(sd / float(np.sqrt(len(total))), error_of_mean(total, pools))
    return Expectation(name, float(arms[0]), float(arms[1]), float(total.mean()), sd, error)
