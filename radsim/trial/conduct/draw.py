"""Draw trials: every random number is looked up by decision, trial and patient."""

from dataclasses import dataclass, field

import numpy as np
from scipy import special

from radsim.randomness.streams import UniformSource
from radsim.trial.protocol.arms import PatientPool, StatedArm
from radsim.trial.protocol.design import TrialDesign
from radsim.trial.protocol.laws import Law, same_law

GROUP = 32  # patients whose numbers lie side by side in a stream, so that trials are nested
Arms = tuple[StatedArm, StatedArm] | PatientPool
FAILURE, PROPORTION = "failure", "proportion"  # streams of the trial's own endpoint


@dataclass(frozen=True)
class Enrolled:
    """Who entered when and in which arm, shapes (trial, patient)."""

    entry: np.ndarray
    arm: np.ndarray
    stratum: np.ndarray | None
    evaluable: np.ndarray


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


def draw_enrolment(design: TrialDesign, trials: range, streams: UniformSource) -> Enrolled:
    """Draw entry, stratum, arm and evaluability."""
    n = design.patients
    entry = design.entering.entry(draw_numbers(streams, "entry", trials, n))
    stratum = None
    if design.strata:
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
    return Enrolled(entry, arm, stratum, evaluable)


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
        u = draw_numbers(streams, "pool", trials, n)
        size = arms.death.shape[1] // arms.pools
        row = np.minimum((u * size).astype(int), size - 1)
        row += size * (np.array(trials) % arms.pools)[:, np.newaxis]
        failure = arms.failure[enrolled.arm, row][..., np.newaxis]
        harms, responses = (
            {name: times[enrolled.arm, row] for name, times in group.items()}
            for group in (arms.harms, arms.responses)
        )
        among = {name: concerned[row] for name, concerned in arms.among.items()}
        death = arms.death[enrolled.arm, row]
        return Fate(failure, death, drop_out, lesions, harms, responses, among)
    death = _by_arm(
        enrolled.arm, arms[0].death, arms[1].death, draw_exponential(streams, "death", trials, n)
    )
    if len(design.lesions) > 1:
        shares = np.cumsum([float(s) for s in design.lesions])
        u = draw_numbers(streams, "lesions", trials, n)
        lesions = 1 + np.searchsorted(shares / shares[-1], u, side="right")
    divisor = _draw_hazard_ratio(design, enrolled, trials, streams)
    failure = np.full((len(trials), n, len(design.lesions)), np.inf)
    for lesion in range(len(design.lesions)):
        exponential = draw_exponential(streams, f"{FAILURE}/{lesion}", trials, n)
        if divisor is not None:
            exponential = exponential / divisor
        times = _by_arm(enrolled.arm, arms[0].failure, arms[1].failure, exponential)
        failure[..., lesion] = times if lesion == 0 else np.where(lesions > lesion, times, np.inf)
    return Fate(failure, death, drop_out, lesions, {})


def _draw_arms(design: TrialDesign, name: str, trials: range, streams: UniformSource) -> np.ndarray:
    """Arms in the order of randomization, in permuted blocks, shape (trial, patient)."""
    control, experimental = design.allocation
    share = experimental / (control + experimental)
    if design.block == 0:
        return (draw_numbers(streams, name, trials, design.patients) < share).astype(np.int8)
    blocks = -(-design.patients // design.block)
    keys = draw_numbers(streams, name, trials, blocks * design.block)
    keys = keys.reshape(len(trials), blocks, design.block)
    smallest = design.block * experimental // (control + experimental)
    limit = np.partition(keys, smallest - 1, axis=-1)[..., smallest - 1 : smallest]
    arm = (keys <= limit).astype(np.int8)
    return arm.reshape(len(trials), -1)[:, : design.patients]


def _draw_hazard_ratio(
    design: TrialDesign, enrolled: Enrolled, trials: range, streams: UniformSource
) -> np.ndarray | None:
    """Hazard of failure of each patient over the arm's, from stratum and frailty."""
    ratio = None
    if design.strata and any(s.hazard_ratio != 1.0 for s in design.strata):
        ratio = np.array([float(s.hazard_ratio) for s in design.strata])[enrolled.stratum]
    if design.frailty > 0.0:
        u = draw_numbers(streams, "frailty", trials, design.patients)
        frailty = design.frailty * special.gammaincinv(1.0 / design.frailty, u)
        frailty = np.maximum(frailty, 1e-300)
        ratio = frailty if ratio is None else ratio * frailty
    return ratio


def _by_arm(
    arm: np.ndarray,
    control: Law,
    experimental: Law,
    exponential: np.ndarray,
) -> np.ndarray:
    if same_law(control, experimental):
        return control.time_of(exponential)
    return np.where(arm == 1, experimental.time_of(exponential), control.time_of(exponential))
