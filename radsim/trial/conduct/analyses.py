"""The analyses of a trial by name, each with what it estimates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from radsim.trial.conduct.observe import Trials
from radsim.trial.proportions.binary_tests import (
    NORMAL_TESTS,
    non_inferiority_test,
    proportion_test,
)
from radsim.trial.proportions.exact_tests import BINARY_TESTS, exact_p_value
from radsim.trial.proportions.restricted import score_z
from radsim.trial.survival.cox import HazardRatio, cox_ratio
from radsim.trial.survival.cox_covariates import cox_regression
from radsim.trial.survival.fine_gray import fine_gray_ratio
from radsim.trial.survival.gray import gray_score
from radsim.trial.survival.incidence import VARIANCES, cumulative_incidence
from radsim.trial.survival.landmark import (
    Difference,
    incidence_difference,
    restricted_mean_difference,
    survival_difference,
    time_lost_difference,
)
from radsim.trial.survival.landmarks import incidence_differences
from radsim.trial.survival.log_rank import logrank_score
from radsim.trial.survival.subjects import EVENT, RiskTable
from radsim.trial.survival.survival_curve import ANY, kaplan_meier
from radsim.trial.survival.transforms import TRANSFORMS
from radsim.trial.survival.verdict import Verdict, normal_test
from radsim.trial.survival.weighted_log_rank import max_combo, weighted_scores
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Real
from radsim.vocabulary.words import nearest


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the analyses need to be told.

    Attributes
    ----------
    landmark
        When incidences and survival are compared [months].
    horizon
        Up to when mean times are compared [months].
    landmarks
        Where incidences are compared at several times at once [months]; empty for the landmark.
    weights
        Rho and gamma of the weighted log-rank test, see
        `radsim.trial.survival.weighted_log_rank.fleming_harrington`.
    variance, transform
        Of the difference of incidences, see `radsim.trial.survival.incidence`.
    worst
        For tests against a margin: the effect (log for ratios) at which the experimental arm is
        just not acceptable, on the side where it is the worse one.
    """

    landmark: Real = 24.0
    horizon: Real = 24.0
    landmarks: tuple[Real, ...] = ()
    weights: tuple[Real, Real] = (0.0, 1.0)
    variance: str = "aalen"
    transform: str = "plain"
    worst: Real | None = None

    def __post_init__(self) -> None:
        for name in ("landmark", "horizon"):
            value = getattr(self, name)
            require(0.0 < value < np.inf, f"{name} must be above 0, got {value}")
        marks = self.landmarks
        require(
            all(0.0 < t < np.inf for t in marks) and len(set(marks)) == len(marks),
            f"landmarks must be above 0 and each named once, got {list(marks)}",
        )
        require(
            min(self.weights) >= 0.0 and max(self.weights) < np.inf,
            f"weights must be rho and gamma of 0 or more, got {list(self.weights)}",
        )
        for name, known in (("variance", VARIANCES), ("transform", TRANSFORMS)):
            value = getattr(self, name)
            require(value in known, f"{name}: no {name} {value!r}; {nearest(value, known)}")


@dataclass(frozen=True)
class Outcome:
    """Result of one analysis in each trial, shapes (trial,).

    Attributes
    ----------
    z
        Above 0 if the experimental arm has more events, or lives longer where times are compared.
    effect
        The estimate (log for ratios), 0 where it is not estimable.
    estimable
        Whether the data give the effect.
    tested
        Whether the data allow the test. Where they do not, z is 0 and the p value 1, which are
        no results: such a trial rejects nothing, and stops for nothing.
    information
        Of the test, in units of its own: 1 over the variance of what it is about; 0 where that
        is not estimable, or not reckoned.
    """

    z: np.ndarray
    p_value: np.ndarray
    effect: np.ndarray
    estimable: np.ndarray
    tested: np.ndarray
    information: np.ndarray

    @property
    def statistic(self) -> np.ndarray:
        """z, and no number where there is no test."""
        return np.where(self.tested, self.z, np.nan)


@dataclass(frozen=True)
class Analysis:
    """One way to analyse a trial.

    Attributes
    ----------
    estimates
        What its effect is, in words.
    null
        What it tests.
    is_ratio
        Whether the effect is the logarithm of a ratio.
    more_is_worse
        Whether a positive z speaks against the experimental arm.
    only_hazard
        Whether its null is about the hazard of the event alone, whatever death does.
    counts_death
        Whether death is an event of it, too.
    knows_clusters
        Whether its variance knows which lesions share a patient.
    counts_events
        Whether its information grows with the events of interest, whenever they are seen.
    has_information
        Whether it has information that limits at interim looks can be spent on.
    first_of
        For one of the first event of each patient, whatever the other lesions do: the analysis
        that it is; empty else.
    needs_strata
        Whether it is made within the strata of the design.
    reads
        The setting at which its effect is read, ``landmark``, ``landmarks`` or ``horizon``; empty
        for none.
    of
        For a test against a margin: the analysis whose effect it is about; empty else.
    """

    estimates: str
    null: str
    is_ratio: bool
    run: Callable[[RiskTable, Settings], Outcome]
    more_is_worse: bool = True
    only_hazard: bool = False
    counts_death: bool = False
    knows_clusters: bool = False
    counts_events: bool = False
    has_information: bool = True
    first_of: str = ""
    needs_strata: bool = False
    reads: str = ""
    of: str = ""

    def read_at(self, settings: Settings) -> tuple[float, ...]:
        """When its effect is read [months]; at no time where it is of whole curves."""
        if not self.reads:
            return ()
        months = getattr(settings, self.reads)
        return tuple(months) if isinstance(months, tuple) else (float(months),)


def _log_rank(**options: object) -> Callable[[RiskTable, Settings], Outcome]:
    def run(table: RiskTable, settings: Settings) -> Outcome:
        score, variance = logrank_score(table, **options)  # type: ignore[arg-type]
        plain = variance
        if options.get("robust"):
            _, plain = logrank_score(table, **{**options, "robust": False})  # type: ignore[arg-type]
        some = plain > 0.0
        ratio = score / np.where(some, plain, 1.0)
        information = plain**2 / np.where(variance > 0.0, variance, np.inf)
        verdict = normal_test(score, variance)
        return _tested(verdict, ratio, verdict.estimable, information)

    return run


def _tested(
    verdict: Verdict, effect: np.ndarray, estimable: np.ndarray, information: np.ndarray
) -> Outcome:
    return Outcome(
        verdict.z,
        verdict.p_value,
        np.where(estimable, effect, 0.0),
        estimable,
        verdict.estimable,
        np.where(verdict.estimable, information, 0.0),
    )


def _ratio(estimate: HazardRatio) -> Outcome:
    estimable = estimate.estimable
    effect = np.where(estimable, estimate.log_ratio, 0.0)
    information = estimate.standard_error**-2.0  # 0 where the error is infinite
    z = effect / estimate.standard_error
    return Outcome(z, estimate.p_value, effect, estimable, estimable, information)


def _gap(difference: Difference) -> Outcome:
    variance = difference.estimate.standard_error**2
    information = 1.0 / np.where(variance > 0.0, variance, np.inf)
    estimate = difference.estimate
    return _tested(difference.test, estimate.value, estimate.estimable, information)


def _gray(**options: bool) -> Callable[[RiskTable, Settings], Outcome]:
    """Gray's test of whole curves; its effect is read at the landmark, where that is reached."""

    def run(table: RiskTable, settings: Settings) -> Outcome:
        estimate = incidence_difference(table, settings.landmark).estimate
        score, variance = gray_score(table, **options)
        verdict = normal_test(score, variance)
        return _tested(verdict, estimate.value, verdict.estimable & estimate.estimable, variance)

    return run


def _weighted(table: RiskTable, settings: Settings) -> Outcome:
    """Weighted log-rank test; its effect is a mean of the log ratio, weighted as the events are."""
    rho, gamma = settings.weights
    score, variance = weighted_scores(table, ((rho, gamma), (rho / 2.0, gamma / 2.0)))
    verdict = normal_test(score[..., 0], variance[..., 0, 0])
    weighted_events = variance[..., 1, 1]  # half the powers, squared
    some = weighted_events > 0.0
    effect = score[..., 0] / np.where(some, weighted_events, 1.0)
    return _tested(verdict, effect, verdict.estimable & some, variance[..., 0, 0])


def _max_combo(table: RiskTable, settings: Settings) -> Outcome:
    """The largest of four weighted tests; its effect is that of the log-rank test."""
    score, variance = logrank_score(table)
    some = variance > 0.0
    return _tested(
        max_combo(table), score / np.where(some, variance, 1.0), some, np.zeros(score.shape)
    )


def _adjusted(table: RiskTable, settings: Settings) -> Outcome:
    """Cox's regression on the arm and the strata."""
    if table.stratum is None:
        raise ValueError("an adjusted ratio needs strata; give risk_table a stratum")
    strata = np.unique(table.stratum)[1:]
    given = np.empty(table.stratum.shape, int)
    np.put_along_axis(given, table.order, table.stratum, axis=-1)
    covariates = (given[..., np.newaxis] == strata) * 1.0
    if covariates.shape[-1] == 0:
        return _ratio(cox_ratio(table))
    return _ratio(cox_regression(table, covariates).arm)


def _at_landmarks(table: RiskTable, settings: Settings) -> Outcome:
    """All landmarks at once; the effect is the mean of the differences at them."""
    found = incidence_differences(table, settings.landmarks or (settings.landmark,))
    none = np.zeros(found.test.z.shape)
    return _tested(found.test, found.values.mean(axis=-1), found.test.estimable, none)


HAZARD = "cause-specific hazard ratio"
SUBDISTRIBUTION = "subdistribution hazard ratio"
ANALYSES = {
    "logrank": Analysis(
        f"{HAZARD} (one-step, Peto)",
        "equal cause-specific hazards",
        True,
        _log_rank(),
        only_hazard=True,
        counts_events=True,
    ),
    "logrank_stratified": Analysis(
        f"{HAZARD} within strata (one-step, Peto)",
        "equal cause-specific hazards in each stratum",
        True,
        _log_rank(stratified=True),
        only_hazard=True,
        counts_events=True,
        needs_strata=True,
    ),
    "logrank_cluster_robust": Analysis(
        f"{HAZARD} of lesions (one-step, Peto)",
        "equal cause-specific hazards, lesions of a patient alike",
        True,
        _log_rank(robust=True),
        only_hazard=True,
        knows_clusters=True,
        counts_events=True,
    ),
    "logrank_any_event": Analysis(
        "hazard ratio of event or death (one-step, Peto)",
        "equal hazards of event or death",
        True,
        _log_rank(causes=ANY),
        counts_death=True,
    ),
    "logrank_weighted": Analysis(
        f"{HAZARD} (one-step), weighted over the events",
        "equal cause-specific hazards",
        True,
        _weighted,
        only_hazard=True,
    ),
    "maxcombo": Analysis(
        f"{HAZARD} (one-step, Peto; the test is the largest of four weighted ones)",
        "equal cause-specific hazards",
        True,
        _max_combo,
        only_hazard=True,
        has_information=False,
    ),
    "gray": Analysis(
        "difference of cumulative incidences at the landmark (the test is of whole curves)",
        "equal cumulative incidences",
        False,
        _gray(),
        counts_events=True,
        reads="landmark",
    ),
    "gray_cluster_robust": Analysis(
        "difference of cumulative incidences of lesions at the landmark (the test is of curves)",
        "equal cumulative incidences, lesions of a patient alike",
        False,
        _gray(robust=True),
        knows_clusters=True,
        counts_events=True,
        reads="landmark",
    ),
    "cox": Analysis(
        HAZARD,
        "equal cause-specific hazards",
        True,
        lambda table, settings: _ratio(cox_ratio(table, cause=EVENT)),
        only_hazard=True,
        counts_events=True,
    ),
    "cox_robust": Analysis(
        f"{HAZARD}, robust variance",
        "equal cause-specific hazards",
        True,
        lambda table, settings: _ratio(cox_ratio(table, cause=EVENT, robust=True)),
        only_hazard=True,
        knows_clusters=True,
        counts_events=True,
    ),
    "cox_stratified": Analysis(
        f"{HAZARD} within strata",
        "equal cause-specific hazards in each stratum",
        True,
        lambda table, settings: _ratio(cox_ratio(table, stratified=True)),
        only_hazard=True,
        counts_events=True,
        needs_strata=True,
    ),
    "cox_adjusted": Analysis(
        f"{HAZARD}, adjusted for strata",
        "equal cause-specific hazards of patients of a stratum",
        True,
        _adjusted,
        only_hazard=True,
        counts_events=True,
        needs_strata=True,
    ),
    "fine_gray": Analysis(
        SUBDISTRIBUTION,
        "equal subdistribution hazards",
        True,
        lambda table, settings: _ratio(fine_gray_ratio(table)),
        counts_events=True,
    ),
    "fine_gray_cluster_robust": Analysis(
        f"{SUBDISTRIBUTION} of lesions",
        "equal subdistribution hazards, lesions of a patient alike",
        True,
        lambda table, settings: _ratio(fine_gray_ratio(table)),
        knows_clusters=True,
        counts_events=True,
    ),
    "fine_gray_stratified": Analysis(
        f"{SUBDISTRIBUTION} within strata",
        "equal subdistribution hazards in each stratum",
        True,
        lambda table, settings: _ratio(fine_gray_ratio(table, stratified=True)),
        counts_events=True,
        needs_strata=True,
    ),
    "incidence_difference": Analysis(
        "difference of cumulative incidences at the landmark",
        "equal cumulative incidences at the landmark",
        False,
        lambda table, s: _gap(
            incidence_difference(table, s.landmark, variance=s.variance, transform=s.transform)
        ),
        reads="landmark",
    ),
    "incidence_differences": Analysis(
        "mean difference of cumulative incidences at the landmarks (the test is of all at once)",
        "equal cumulative incidences at every landmark",
        False,
        _at_landmarks,
        knows_clusters=True,
        has_information=False,
        reads="landmarks",
    ),
    "survival_difference": Analysis(
        "difference of net freedom from the event at the landmark (Kaplan-Meier, death censored)",
        "equal net freedom from the event at the landmark",
        False,
        lambda table, s: _gap(survival_difference(table, s.landmark, causes=(EVENT,))),
        more_is_worse=False,
        only_hazard=True,
        reads="landmark",
    ),
    "restricted_mean_difference": Analysis(
        "difference of mean event-free survival up to the horizon [months]",
        "equal mean event-free survival",
        False,
        lambda table, s: _gap(restricted_mean_difference(table, s.horizon)),
        more_is_worse=False,
        counts_death=True,
        reads="horizon",
    ),
    "time_lost_difference": Analysis(
        "difference of mean time lost to the event up to the horizon [months]",
        "equal mean time lost",
        False,
        lambda table, s: _gap(time_lost_difference(table, s.horizon)),
        reads="horizon",
    ),
}
FIRST = {  # of each patient's first event, whatever the other lesions do
    f"{name}_first_event": replace(
        ANALYSES[name],
        estimates=f"{ANALYSES[name].estimates}; first event of a patient",
        first_of=name,
        counts_events=False,  # the events that looks wait for are those of lesions
    )
    for name in ("logrank", "gray", "cox", "fine_gray", "incidence_difference")
}
ANALYSES |= FIRST
SCORED = {  # against a margin by the score at it; the others by Wald's statistic
    "logrank": {},
    "logrank_stratified": {"stratified": True},
    "logrank_any_event": {"causes": ANY},
}
WITH_PATIENTS = ("logrank_cluster_robust", "gray_cluster_robust")  # need a table that knows them
READ_AT_LANDMARK = ("incidence_difference", "survival_difference")
WITH_MARGIN = (
    *SCORED, "cox", "cox_robust", "cox_stratified", "cox_adjusted", "fine_gray",
    "incidence_difference", "survival_difference",
    "restricted_mean_difference", "time_lost_difference",
)  # fmt: skip
BINARY_WITH_MARGIN = {"pearson": "farrington-manning", "unpooled_z": "wald"}
AGAINST_MARGIN = {
    name: f"{name}_against_margin" for name in (*WITH_MARGIN, *BINARY_WITH_MARGIN)
}  # the test against a margin that goes with an analysis


def _one_sided(z: np.ndarray, worst: float, base: Outcome, tested: np.ndarray) -> Outcome:
    """Test that the effect is better than the worst one, at half of a two-sided level.

    Parameters
    ----------
    z
        Above 0 where it is better.
    """
    z = np.where(tested, z, 0.0)
    p = np.where(tested & (z > 0.0), 2.0 * special.ndtr(-np.abs(z)), 1.0)
    return replace(base, z=-z if worst > 0.0 else z, p_value=p, tested=tested)


def _score_at_landmark(table: RiskTable, settings: Settings, name: str) -> np.ndarray:
    """Farrington and Manning's score at the margin, in groups as large as the variances say.

    Wald's statistic rejects too often where few have the event. The size of a group is the one
    whose binomial variance is that of the estimate; where that is 0, who is left at risk.
    """
    months, groups = settings.landmark, []
    for arm in (1, 0):
        if name == "survival_difference":
            estimate = kaplan_meier(table, months, arm=arm, causes=(EVENT,))
        else:
            estimate = cumulative_incidence(table, months, arm=arm, variance=settings.variance)
        share, variance = estimate.value, estimate.standard_error**2
        left = np.count_nonzero(table.members(arm) & (table.time >= months), axis=-1)
        varies = (variance > 0.0) & (share > 0.0) & (share < 1.0)
        size = np.where(varies, share * (1.0 - share) / np.where(varies, variance, 1.0), left)
        groups += [share * size, size]
    some = (groups[1] > 0.0) & (groups[3] > 0.0)
    x1, n1, x0, n0 = (np.where(some, values, 1.0) for values in groups)
    return np.where(some, score_z(x1, n1, x0, n0, np.asarray(settings.worst, float)), np.nan)


def _against_margin(name: str) -> Analysis:
    base = ANALYSES[name]

    def run(table: RiskTable, settings: Settings) -> Outcome:
        worst = float(settings.worst or 0.0)
        outcome = base.run(table, settings)
        if name in SCORED:
            score, variance = logrank_score(table, ratio=float(np.exp(worst)), **SCORED[name])  # type: ignore[arg-type]
            verdict = normal_test(score, variance)
            return _one_sided(-np.sign(worst) * verdict.z, worst, outcome, verdict.estimable)
        if name in READ_AT_LANDMARK:
            z = _score_at_landmark(table, settings, name) * np.sign(-worst)
            known = outcome.estimable & np.isfinite(z)
            return _one_sided(np.where(known, z, 0.0), worst, outcome, known)
        away = (worst - outcome.effect) * np.sign(worst)
        known = outcome.estimable & (outcome.information > 0.0)
        return _one_sided(away * np.sqrt(outcome.information), worst, outcome, known)

    return replace(base, null="worse by the margin or more", run=run, only_hazard=False, of=name)


EVERY_ANALYSIS = {
    **ANALYSES,
    **{AGAINST_MARGIN[name]: _against_margin(name) for name in WITH_MARGIN},
}
DEFAULT = (
    "logrank", "gray", "cox", "fine_gray", "incidence_difference", "survival_difference",
    "restricted_mean_difference", "time_lost_difference",
)  # fmt: skip


def check_analyses(names: Sequence[str], *, binary: bool) -> None:
    """Raise ValueError for an analysis that is unknown, named twice, or not for the endpoint."""
    known = tuple(EVERY_ANALYSIS)
    if binary:
        known = (*BINARY_TESTS, *(AGAINST_MARGIN[name] for name in BINARY_WITH_MARGIN))
    require(len(names) > 0, "analyses: name at least one")
    for place, name in enumerate(names):
        endpoint = "binary endpoint" if binary else "time to an event"
        require(
            name in known,
            f"analyses: no analysis {name!r} of a {endpoint}; {nearest(name, known)}",
        )
        require(name not in names[:place], f"analyses: {name} is named twice")


def analyse(trials: Trials, names: Sequence[str], settings: Settings) -> dict[str, Outcome]:
    """Run analyses of the time to the event, side by side on the same trials.

    Only the analyses that are robust to clusters know which lesions share a patient.
    """
    analyses = {name: EVERY_ANALYSIS[name] for name in names}
    knows = trials.table()
    plain = knows if trials.patient is None else trials.table(patients=False)
    first = plain
    if trials.patient is None and any(name in analyses for name in WITH_PATIENTS):
        each = np.broadcast_to(np.arange(trials.time.shape[-1]), trials.time.shape)
        knows = replace(trials, patient=each).table()
    if trials.patient is not None and any(a.first_of for a in analyses.values()):
        first = knows.first_events()
    tables = {
        name: first if a.first_of else knows if a.knows_clusters else plain
        for name, a in analyses.items()
    }
    return {name: a.run(tables[name], settings) for name, a in analyses.items()}


def analyse_binary(
    x1: np.ndarray,
    n1: np.ndarray,
    x0: np.ndarray,
    n0: np.ndarray,
    names: Sequence[str],
    worst: float | None = None,
) -> dict[str, Outcome]:
    """Compare the proportions of the experimental (1) and the control arm (0), shapes (trial,).

    Trials in which an arm has nobody to analyse are not estimable.

    Parameters
    ----------
    worst
        For tests against a margin, see `Settings`.
    """
    tests = {AGAINST_MARGIN[name]: test for name, test in BINARY_WITH_MARGIN.items()}
    usable = (n1 > 0) & (n0 > 0)
    p1, p0 = x1 / np.maximum(n1, 1), x0 / np.maximum(n0, 1)
    effect = np.where(usable, p1 - p0, 0.0)
    none = np.zeros(len(x1))
    results = {}
    for name in names:
        p, tested = np.ones(len(x1)), usable.copy()
        if name in tests:
            base = Outcome(np.sign(effect), p, effect, usable, tested, none)
            limit, z = float(worst or 0.0), np.zeros(len(x1))
            if usable.any():
                verdict = non_inferiority_test(
                    x1[usable], n1[usable], x0[usable], n0[usable], limit, test=tests[name]
                )
                z[usable], tested[usable] = verdict.z, verdict.estimable
            results[name] = _one_sided(z, limit, base, tested)
            continue
        if name in NORMAL_TESTS and usable.any():
            verdict = proportion_test(x1[usable], n1[usable], x0[usable], n0[usable], test=name)
            p[usable], tested[usable] = verdict.p_value, verdict.estimable
        elif usable.any():
            p[usable] = exact_p_value(x1[usable], n1[usable], x0[usable], n0[usable], test=name)
        results[name] = Outcome(np.sign(effect), p, effect, usable, tested, none)
    return results
