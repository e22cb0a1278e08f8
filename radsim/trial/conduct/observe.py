"""What a trial gets to see: fates cut by the end of the trial, drop-out, death and visits."""

from dataclasses import dataclass, replace

import numpy as np

from radsim.randomness.streams import UniformSource
from radsim.trial.conduct.draw import Arms, Enrolled, Fate, draw_enrolment, draw_fate
from radsim.trial.protocol.comparison import EVERYBODY, INSIDE, Comparison
from radsim.trial.protocol.design import TrialDesign
from radsim.trial.survival.subjects import ABSENT, CENSORED, DEATH, EVENT, RiskTable, risk_table
from radsim.vocabulary.mistakes import require

ROUNDING = 1e-12  # what adding and taking away the time of entry may lose


@dataclass(frozen=True)
class Trials:
    """Some trials as they are analysed.

    Attributes
    ----------
    time, cause, arm
        As `radsim.trial.survival.subjects.risk_table` takes them, shape (trial, subject); a
        subject is a lesion, and the lesions of a patient stand side by side.
    patient, stratum
        Number of the patient and of the stratum, or None where each subject is a patient and
        where there are no strata.
    enrolled
        Patients as they were randomized.
    cut
        Calendar time of the analysis, shape (trial,) [months].
    lost
        Patients who dropped out before anything else was seen, shape (trial, patient).
    harms
        Whether each harm was seen, by name, shape (trial, patient).
    """

    time: np.ndarray
    cause: np.ndarray
    arm: np.ndarray
    patient: np.ndarray | None
    stratum: np.ndarray | None
    enrolled: Enrolled
    cut: np.ndarray
    lost: np.ndarray
    harms: dict[str, np.ndarray]

    @property
    def entered_arm(self) -> np.ndarray:
        """Arm of each patient who entered before the analysis, shape (trial, patient)."""
        late = self.enrolled.entry > self.cut[:, np.newaxis]
        return np.where(late, ABSENT, self.enrolled.arm)

    @property
    def failed(self) -> np.ndarray:
        """Patients with the event in a lesion at least, shape (trial, patient)."""
        return self._patients_with(EVENT)

    @property
    def died(self) -> np.ndarray:
        """Patients who died with no event in any lesion, shape (trial, patient)."""
        return self._patients_with(DEATH) & ~self.failed

    def _patients_with(self, cause: int) -> np.ndarray:
        has = (self.cause == cause) & (self.arm != ABSENT)
        return has.reshape(*self.enrolled.arm.shape, -1).any(axis=-1)

    def compared(self, comparison: Comparison) -> "Trials":
        """Keep who is compared: control becomes arm 0 and the experimental arm 1.

        Places that nobody takes are left out, as far as all trials allow.
        """
        enrolled = self.enrolled
        number, inside = enrolled.arm, enrolled.inside
        mine = (number == 0) | (number == comparison.arm)
        if comparison.population != EVERYBODY:
            require(inside is not None, f"there is no subgroup, got {comparison.population!r}")
            mine &= inside == (comparison.population == INSIDE)
        if comparison.arm == 1 and mine.all():
            return self
        width = max(int(mine.sum(axis=-1).max()), 1)
        order = np.argsort(~mine, axis=-1, kind="stable")[:, :width]
        there = np.take_along_axis(mine, order, axis=-1)

        def kept(values: np.ndarray) -> np.ndarray:
            """Of patients, or of their lesions, which stand side by side."""
            each = values.reshape(*number.shape, -1)
            taken = np.take_along_axis(each, order[..., np.newaxis], axis=1)
            return taken.reshape(len(values), -1)

        def arms(values: np.ndarray) -> np.ndarray:
            taken = kept(values)
            here = np.repeat(there, taken.shape[1] // width, axis=-1)
            taken = np.where(taken == comparison.arm, 1, taken)
            return np.where(here, taken, ABSENT).astype(np.int8)

        def some(values: np.ndarray | None) -> np.ndarray | None:
            return None if values is None else kept(values)

        entered = replace(
            enrolled, entry=kept(enrolled.entry), arm=arms(number), stratum=some(enrolled.stratum),
            evaluable=kept(enrolled.evaluable), inside=some(inside),
        )  # fmt: skip
        return replace(
            self, time=kept(self.time), cause=kept(self.cause), arm=arms(self.arm),
            patient=some(self.patient), stratum=some(self.stratum), enrolled=entered,
            lost=kept(self.lost), harms={name: kept(seen) for name, seen in self.harms.items()},
        )  # fmt: skip

    def table(self, *, patients: bool = True) -> RiskTable:
        """Sort the subjects; without their patients, if a variance is not to know them."""
        return risk_table(
            self.time,
            self.cause,
            self.arm,
            patient=self.patient if patients else None,
            stratum=self.stratum,
        )


def draw_trials(design: TrialDesign, arms: Arms, trials: range, streams: UniformSource) -> Trials:
    """Draw some trials of a design; each is the same in whatever range it is asked for.

    Parameters
    ----------
    arms
        Control and experimental arm as stated, or a pool of simulated patients.
    trials
        Which ones.

    Examples
    --------
    >>> from radsim.randomness.streams import Streams
    >>> from radsim.trial import StatedArm, TrialDesign, draw_trials
    >>> design = TrialDesign(patients=40, minimum_follow_up=24.0)
    >>> arms = StatedArm(control=0.8), StatedArm(control=0.9)
    >>> draw_trials(design, arms, range(3), Streams(1)).time.shape
    (3, 40)
    """
    enrolled = draw_enrolment(design, arms, trials, streams)
    return observe(design, enrolled, draw_fate(design, arms, enrolled, trials, streams))


def observe(design: TrialDesign, enrolled: Enrolled, fate: Fate) -> Trials:
    """Cut the fates by what the trial can see.

    With visits a failure is seen at the first one at or after it, if the patient is then alive
    and still watched. Deaths are known when they happen, so who is censored stays at risk to the
    end of observation: between visits no failure can be seen, and a patient who is pulled back to
    the last visit would leave the deaths after it with too few to compare with.
    """
    seen = seen_at(design, fate.failure)
    cut = _cut(design, enrolled, fate, seen)
    watched = _watched(design, enrolled, cut)
    end = np.minimum(watched, fate.drop_out)
    alive_end = np.minimum(end, fate.death)
    first_end = alive_end[..., np.newaxis]
    failed = seen <= first_end
    died = (fate.death <= end)[..., np.newaxis]
    time = np.where(failed, seen, first_end)
    cause = np.where(failed, EVENT, np.where(died, DEATH, CENSORED)).astype(np.int8)
    harms = {name: times <= alive_end for name, times in fate.harms.items()}
    lost = (fate.drop_out < watched) & (fate.drop_out < fate.death) & ~failed.any(axis=-1)
    arm = np.where(enrolled.evaluable, enrolled.arm, ABSENT)
    never_entered = watched <= 0.0
    if design.event_target is not None:  # who has not entered by then is not in the trial
        arm = np.where(never_entered & (enrolled.entry > cut[:, np.newaxis]), ABSENT, arm)
    trials = Trials(
        time[..., 0], cause[..., 0], arm.astype(np.int8), None, enrolled.stratum,
        enrolled, cut, lost, harms,
    )  # fmt: skip
    return trials if seen.shape[-1] == 1 else _per_lesion(trials, time, cause, fate.lesions)


def _per_lesion(trials: Trials, time: np.ndarray, cause: np.ndarray, lesions: np.ndarray) -> Trials:
    count, n, most = time.shape
    there = np.arange(most) < lesions[..., np.newaxis]
    arm = np.where(there, trials.arm[..., np.newaxis], ABSENT).reshape(count, -1)
    patient = np.broadcast_to(np.repeat(np.arange(n), most), arm.shape)
    stratum = None if trials.stratum is None else np.repeat(trials.stratum, most, axis=-1)
    return replace(
        trials, time=time.reshape(count, -1), cause=cause.reshape(count, -1), arm=arm,
        patient=patient, stratum=stratum,
    )  # fmt: skip


def seen_at(design: TrialDesign, times: np.ndarray) -> np.ndarray:
    """When each event would be seen."""
    if design.visits is None:
        return times
    visits = np.append(design.visits.upto(design.cut), np.inf)
    return visits[np.searchsorted(visits, times, side="left")]


def of_times(
    design: TrialDesign, trials: Trials, fate: Fate, times: np.ndarray | None, among: np.ndarray
) -> Trials:
    """The same trials, of other times of their patients; None for those of death.

    Parameters
    ----------
    times
        When the event would be seen, shape (trial, patient).
    among
        Whom it concerns; the others are not analysed.
    """
    enrolled = trials.enrolled
    end = np.minimum(_watched(design, enrolled, trials.cut), fate.drop_out)
    died = fate.death <= end
    alive_end = np.minimum(end, fate.death)
    if times is None:
        time, cause = alive_end, np.where(died, EVENT, CENSORED)
    else:
        came = times <= alive_end
        time = np.where(came, times, alive_end)
        cause = np.where(came, EVENT, np.where(died, DEATH, CENSORED))
    arm = np.where(enrolled.evaluable & among, trials.entered_arm, ABSENT)
    return replace(
        trials, time=time, cause=cause.astype(np.int8), arm=arm.astype(np.int8), patient=None,
        stratum=enrolled.stratum,
    )  # fmt: skip


def _watched(design: TrialDesign, enrolled: Enrolled, cut: np.ndarray) -> np.ndarray:
    """How long each patient is watched, if alive and not lost, shape (trial, patient)."""
    watched = np.maximum(cut[:, np.newaxis] - enrolled.entry, 0.0)
    if design.longest_follow_up is not None:
        watched = np.minimum(watched, design.longest_follow_up)
    return watched


def _cut(design: TrialDesign, enrolled: Enrolled, fate: Fate, seen: np.ndarray) -> np.ndarray:
    """Calendar time of the analysis, shape (trial,)."""
    latest = np.full(len(enrolled.entry), design.cut)
    if design.event_target is None:
        return latest
    end = np.minimum(fate.drop_out, fate.death)
    if design.longest_follow_up is not None:
        end = np.minimum(end, design.longest_follow_up)
    counted = (seen <= end[..., np.newaxis]) & enrolled.evaluable[..., np.newaxis]
    when = np.where(counted, enrolled.entry[..., np.newaxis] + seen, np.inf)
    when = when.reshape(len(when), -1)
    if design.event_target > when.shape[-1]:
        return latest
    place = design.event_target - 1
    last = np.partition(when, place, axis=-1)[:, place] * (1.0 + ROUNDING)  # it is to be seen
    return np.minimum(last, latest)
