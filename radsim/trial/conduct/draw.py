"""Draw trials: every random number is looked up by decision, trial and patient."""

from dataclasses import dataclass, field

import numpy as np
from scipy import special

from radsim.randomness.streams import UniformSource
from radsim.trial.conduct.minimize import minimized
from radsim.trial.protocol.arms import PatientPool, StatedArm
from radsim.trial.protocol.design import TrialDesign
from radsim.trial.protocol.laws import Law, same_law
from radsim.trial.protocol.minimization import Minimization
from radsim.trial.protocol.subgroup import MixedArms
from radsim.vocabulary.mistakes import require

GROUP = 32  # patients whose numbers lie side by side in a stream, so that trials are nested
Arms = tuple[StatedArm, ...] | MixedArms | PatientPool
FAILURE, PROPORTION = "failure", "proportion"  # streams of the trial's own endpoint


@dataclass(frozen=True)
class Enrolled:
    """Who entered when and in which arm, shapes (trial, patient).

    Attributes
    ----------
    stratum
        Number of the stratum, or of the combination of levels of minimization; None without.
    inside
        Who is in the subgroup; None without one.
    """

    entry: np.ndarray
    arm: np.ndarray
    stratum: np.ndarray | None
    evaluable: np.ndarray
    inside: np.ndarray | None = None


@dataclass(frozen=True)
class Fate:
    """What would happen to each patient if watched for ever.

    Attributes
    ----------
    failure
        Shape (trial, patient, lesion), infinite for never and for a lesion that is not there.
    death, drop_out
        Shape (trial, patient) [months].
    lesions
        Lesions of each patient, shape (trial, patient).
    harms
        Times of harms by name, shape (trial, patient).
    responses
        Times of what is good for simulated patients.
    among
        Whom a harm or a response concerns, by name; everyone unless given.
    """

    failure: np.ndarray
    death: np.ndarray
    drop_out: np.ndarray
    lesions: np.ndarray
    harms: dict[str, np.ndarray]
    responses: dict[str, np.ndarray] = field(default_factory=dict)
    among: dict[str, np.ndarray] = field(default_factory=dict)


def draw_numbers(streams: UniformSource, name: str, trials: range, patients: int) -> np.ndarray:
    """Give each patient of each trial one number in (0, 1), shape (trial, patient).

    The first patients of a trial are the same however many there are, and a trial is the same
    in whatever range it is asked for.

    Examples
    --------
    >>> from radsim.randomness.streams import Streams
    >>> many = draw_numbers(Streams(1), "entry", range(0, 8), 100)
    >>> few = draw_numbers(Streams(1), "entry", range(5, 6), 40)
    >>> bool((many[5, :40] == few[0]).all())
    True
    """
    numbers = np.empty((len(trials), patients))
    places = range(trials.start * GROUP, trials.stop * GROUP)
    for first in range(0, patients, GROUP):
        group = streams.uniforms(f"trial/{name}/{first // GROUP}", places)
        width = min(GROUP, patients - first)
        numbers[:, first : first + width] = group.reshape(len(trials), GROUP)[:, :width]
    return numbers


def draw_exponential(streams: UniformSource, name: str, trials: range, patients: int) -> np.ndarray:
    """Give each patient a standard exponential, shape (trial, patient)."""
    return -np.log(draw_numbers(streams, name, trials, patients))


def draw_enrolment(
    design: TrialDesign, arms: Arms, trials: range, streams: UniformSource
) -> Enrolled:
    """Draw entry, stratum, arm, evaluability, and who is in the subgroup."""
    n = design.patients
    entry = design.entering.entry(draw_numbers(streams, "entry", trials, n))
    stratum = None
    if design.minimization is not None:
        levels = _draw_levels(design.minimization, design, arms, trials, streams)
        luck = np.stack([draw_numbers(streams, f"minimization/{i}", trials, n) for i in range(2)])
        chance = float(design.minimization.probability)
        arm = minimized(levels, len(design.allocation), chance, luck)
        sizes = _numbers_of_levels(design.minimization, arms)
        stratum = np.ravel_multi_index(tuple(levels), sizes)
    elif design.strata:
        shares = np.cumsum([float(s.share) for s in design.strata])
        u = draw_numbers(streams, "stratum", trials, n)
        stratum = np.searchsorted(shares / shares[-1], u, side="right")
        arm = np.zeros((len(trials), n), np.int8)
        for number in range(len(design.strata)):
            mine = stratum == number
            place = np.maximum(np.cumsum(mine, axis=-1) - 1, 0)
            sequence = _draw_arms(design, f"allocation/{number}", trials, streams)
            arm = np.where(mine, np.take_along_axis(sequence, place, axis=-1), arm)
    else:
        arm = _draw_arms(design, "allocation", trials, streams)
    evaluable = np.ones((len(trials), n), bool)
    if design.not_evaluable > 0.0:
        evaluable = draw_numbers(streams, "evaluable", trials, n) >= design.not_evaluable
    inside = None
    if isinstance(arms, MixedArms):
        inside = draw_numbers(streams, "subgroup", trials, n) < arms.share
    elif isinstance(arms, PatientPool) and arms.inside is not None:
        inside = arms.inside[_draw_rows(arms, n, trials, streams)]
    return Enrolled(entry, arm, stratum, evaluable, inside)


def _draw_rows(
    pool: PatientPool, patients: int, trials: range, streams: UniformSource
) -> np.ndarray:
    """Place in the pool of each patient, shape (trial, patient)."""
    u = draw_numbers(streams, "pool", trials, patients)
    size = pool.death.shape[1] // pool.pools
    row = np.minimum((u * size).astype(int), size - 1)
    return row + size * (np.array(trials) % pool.pools)[:, np.newaxis]


def _draw_levels(
    minimization: Minimization,
    design: TrialDesign,
    arms: Arms,
    trials: range,
    streams: UniformSource,
) -> np.ndarray:
    """Level of each patient in each factor, shape (factor, trial, patient)."""
    if isinstance(arms, PatientPool):
        row = _draw_rows(arms, design.patients, trials, streams)
        return np.stack([arms.factors[name][row] for name in minimization.factors])
    levels = []
    for name, factor in minimization.factors.items():
        shares = np.cumsum([share for share, _ in factor.levels])
        u = draw_numbers(streams, f"factor/{name}", trials, design.patients)
        levels.append(np.searchsorted(shares / shares[-1], u, side="right"))
    return np.stack(levels)


def _numbers_of_levels(minimization: Minimization, arms: Arms) -> tuple[int, ...]:
    if isinstance(arms, PatientPool):
        return tuple(int(arms.factors[name].max()) + 1 for name in minimization.factors)
    return tuple(len(factor.levels) for factor in minimization.factors.values())


def draw_fate(
    design: TrialDesign,
    arms: Arms,
    enrolled: Enrolled,
    trials: range,
    streams: UniformSource,
) -> Fate:
    """Draw failure, death, drop-out and harms of every patient."""
    n = design.patients
    lesions = np.ones((len(trials), n), int)
    drop_out = np.full((len(trials), n), np.inf)
    if design.drop_out_hazard > 0.0:
        drop_out = draw_exponential(streams, "drop_out", trials, n) / design.drop_out_hazard
    if isinstance(arms, PatientPool):
        row = _draw_rows(arms, n, trials, streams)
        failure = arms.failure[enrolled.arm, row][..., np.newaxis]
        harms, responses = (
            {name: times[enrolled.arm, row] for name, times in group.items()}
            for group in (arms.harms, arms.responses)
        )
        among = {name: concerned[row] for name, concerned in arms.among.items()}
        death = arms.death[enrolled.arm, row]
        return Fate(failure, death, drop_out, lesions, harms, responses, among)
    laws = [tuple(arm.death for arm in group) for group in groups_of(arms)]
    death = _by_arm(enrolled, laws, draw_exponential(streams, "death", trials, n))
    if len(design.lesions) > 1:
        shares = np.cumsum([float(s) for s in design.lesions])
        u = draw_numbers(streams, "lesions", trials, n)
        lesions = 1 + np.searchsorted(shares / shares[-1], u, side="right")
    divisor = _draw_hazard_ratio(design, enrolled, trials, streams)
    laws = [tuple(arm.failure for arm in group) for group in groups_of(arms)]
    failure = np.full((len(trials), n, len(design.lesions)), np.inf)
    for lesion in range(len(design.lesions)):
        exponential = draw_exponential(streams, f"{FAILURE}/{lesion}", trials, n)
        if divisor is not None:
            exponential = exponential / divisor
        times = _by_arm(enrolled, laws, exponential)
        failure[..., lesion] = times if lesion == 0 else np.where(lesions > lesion, times, np.inf)
    return Fate(failure, death, drop_out, lesions, {})


def _draw_arms(design: TrialDesign, name: str, trials: range, streams: UniformSource) -> np.ndarray:
    """Arms in the order of randomization, in permuted blocks, shape (trial, patient)."""
    turn, size = sum(design.allocation), design.blocks
    upto = np.cumsum(design.allocation[1:])  # of a turn, the first arm's, the second's ...
    if size == 0:
        u = draw_numbers(streams, name, trials, design.patients)
        return _numbered([u < share for share in upto / turn])
    blocks = -(-design.patients // size)
    keys = draw_numbers(streams, name, trials, blocks * size).reshape(len(trials), blocks, size)
    places = upto * (size // turn) - 1
    limits = np.partition(keys, places, axis=-1)
    arm = _numbered([keys <= limits[..., place : place + 1] for place in places])
    return arm.reshape(len(trials), -1)[:, : design.patients]


def _numbered(inside: list[np.ndarray]) -> np.ndarray:
    """Number of the first of some growing sets that holds each patient, from 1; 0 for none."""
    arm = np.zeros(inside[0].shape, np.int8)
    for number in range(len(inside), 0, -1):
        arm[inside[number - 1]] = number
    return arm


def _draw_hazard_ratio(
    design: TrialDesign, enrolled: Enrolled, trials: range, streams: UniformSource
) -> np.ndarray | None:
    """Hazard of failure of each patient over the arm's, from stratum and frailty."""
    ratio = None
    if design.is_uneven:
        ratio = np.array([ratio for _, ratio in design.mixture])[enrolled.stratum]
    if design.frailty > 0.0:
        u = draw_numbers(streams, "frailty", trials, design.patients)
        frailty = design.frailty * special.gammaincinv(1.0 / design.frailty, u)
        frailty = np.maximum(frailty, 1e-300)
        ratio = frailty if ratio is None else ratio * frailty
    return ratio


def groups_of(arms: Arms) -> tuple[tuple[StatedArm, ...], ...]:
    """Stated arms of those outside the subgroup, and of those in it where there is one."""
    require(not isinstance(arms, PatientPool), "simulated patients have no stated arms")
    if isinstance(arms, MixedArms):
        return arms.outside, arms.inside
    return (arms,)  # type: ignore[return-value]


def _by_arm(enrolled: Enrolled, laws: list[tuple[Law, ...]], exponential: np.ndarray) -> np.ndarray:
    """Times by the law of each patient's group and arm, which are worked out once where alike."""
    first = laws[0][0]
    times = first.time_of(exponential)
    for group, by_arm in enumerate(laws):
        for arm, law in enumerate(by_arm):
            if law is not first and not same_law(law, first):
                mine = enrolled.arm == arm
                if enrolled.inside is not None:
                    mine &= enrolled.inside == bool(group)
                times = np.where(mine, law.time_of(exponential), times)
    return times
