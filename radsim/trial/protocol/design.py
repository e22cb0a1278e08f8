"""The design of a trial: who enters when, in which arm, and how long they are watched."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from radsim.trial.protocol.accrual import Accrual, UniformAccrual
from radsim.trial.protocol.minimization import Minimization
from radsim.vocabulary.field_types import check_fields
from radsim.vocabulary.mistakes import require, require_all
from radsim.vocabulary.numbers import Count, Real

MOST_PATIENTS = 100_000
MOST_LESIONS = 20
ROUNDING = 1e-9  # of a month
A_DAY = 0.03  # months, between visits that are at least a day apart
ALL_AT_ONCE = UniformAccrual(months=0.0)


@dataclass(frozen=True, kw_only=True)
class Stratum:
    """A stratum of randomization: its share of patients, and how its hazard of failure differs."""

    share: Real
    hazard_ratio: Real = 1.0

    def __post_init__(self) -> None:
        require_all(
            (self.share > 0.0, f"share must be above 0, got {self.share}"),
            (self.hazard_ratio > 0.0, f"hazard_ratio must be above 0, got {self.hazard_ratio}"),
        )


@dataclass(frozen=True, kw_only=True)
class Visits:
    """When the event is looked for: at these months, then at regular intervals."""

    at: tuple[Real, ...] = ()
    then_every: Real | None = None

    def __post_init__(self) -> None:
        growing = all(a < b for a, b in zip((0.0, *self.at), self.at, strict=False))
        require(growing, f"at must grow from above 0, got {list(self.at)}")
        require(
            self.then_every is None or self.then_every >= A_DAY,
            f"then_every must be at least {A_DAY:g} months, a day, got {self.then_every}",
        )
        require(len(self.at) > 0 or self.then_every is not None, "name at least one visit")

    def upto(self, latest: float) -> np.ndarray:
        """List the visits up to a time [months].

        Examples
        --------
        >>> Visits(at=(3, 6, 12), then_every=6).upto(25.0).tolist()
        [3.0, 6.0, 12.0, 18.0, 24.0]
        """
        first = np.array(self.at, float)
        last = first[-1] if len(first) else 0.0
        if self.then_every is not None and latest > last:
            more = np.arange(1, int((latest - last) / self.then_every + 1e-9) + 1)
            first = np.concatenate([first, last + self.then_every * more])
        return first[first <= latest * (1.0 + 1e-12)]


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How a trial of any size is run. Arm 0 is control, the others are experimental.

    Attributes
    ----------
    allocation
        Control and experimental patients in a block, such as (1, 2), a number for each arm.
    block
        Size of the permuted blocks, a multiple of the sum of ``allocation``, twice it unless
        given; 0 for none. Blocks run over the numbers of the patients of a stratum; when a
        patient enters does not depend on the number.
    minimization
        In the place of blocks and strata; it runs over the numbers of the patients, too.
    strata
        Strata of randomization.
    accrual
        When patients enter: by months, which are held whatever their number, or by a rate.
    minimum_follow_up, calendar_cut, event_target
        When the trial is analysed: so long after accrual ends, at a month of the calendar, or
        when so many events are seen (at ``latest`` at the latest). One of them.
    longest_follow_up
        No patient is watched longer [months].
    drop_out_hazard
        Constant hazard of being lost [1/month].
    eligible
        Share of those screened who are eligible and consent; the others are screening failures.
    not_evaluable
        Share of randomized patients who can't be analysed.
    visits
        When the event is looked for; continuously unless given.
    lesions
        Shares of patients with 1, 2, 3 ... lesions; each may fail, the patient dies.
    frailty
        Variance of the gamma frailty (mean 1) that a patient's lesions share.
    """

    allocation: tuple[Count, ...] = (1, 1)
    block: Count | None = None
    minimization: Minimization | None = None
    strata: tuple[Stratum, ...] = ()
    accrual: Accrual = ALL_AT_ONCE
    minimum_follow_up: Real | None = None
    calendar_cut: Real | None = None
    event_target: Count | None = None
    latest: Real | None = None
    longest_follow_up: Real | None = None
    drop_out_hazard: Real = 0.0
    eligible: Real = 1.0
    not_evaluable: Real = 0.0
    visits: Visits | None = None
    lesions: tuple[Real, ...] = (1.0,)
    frailty: Real = 0.0

    def __post_init__(self) -> None:
        check_fields(self)
        turn = sum(self.allocation)
        ends = (self.minimum_follow_up, self.calendar_cut, self.event_target)
        given = sum(end is not None for end in ends)
        after = [e for e in (self.minimum_follow_up, self.latest, self.longest_follow_up) if e]
        require_all(
            (
                len(self.allocation) > 1 and min(self.allocation) > 0,
                f"allocation must give every arm patients, got "
                f"{':'.join(map(str, self.allocation))}; without a second arm there is nothing to "
                "compare",
            ),
            (
                self.blocks >= 0 and (turn == 0 or self.blocks % max(turn, 1) == 0),
                f"block must be a multiple of {turn} (or 0 for no blocks), got {self.block}",
            ),
            *self._of_minimization(),
            (given <= 1, "give one of minimum_follow_up, calendar_cut, event_target"),
            (
                self.event_target is None or (self.event_target > 0 and self.latest is not None),
                "event_target must be above 0 and needs latest, when the trial ends anyway",
            ),
            (
                self.latest is None or self.event_target is not None,
                "latest must go with event_target, whose trial it ends",
            ),
            (all(e > 0.0 for e in after), "times of follow-up must be above 0"),
            (
                self.minimum_follow_up is None or self.minimum_follow_up >= 0.0,
                f"minimum_follow_up must be 0 or more, got {self.minimum_follow_up}",
            ),
            (
                self.calendar_cut is None or self.calendar_cut >= self.entering.end - ROUNDING,
                f"calendar_cut must not lie before the end of accrual ({self.entering.end:g}), "
                f"got {self.calendar_cut}",
            ),
            (
                self.latest is None or self.latest >= self.entering.end - ROUNDING,
                f"latest must not lie before the end of accrual ({self.entering.end:g}), "
                f"got {self.latest}",
            ),
            (
                self.drop_out_hazard >= 0.0,
                f"drop_out_hazard must be 0 or more, got {self.drop_out_hazard}",
            ),
            (
                0.0 < self.eligible <= 1.0,
                f"eligible must be above 0 and at most 1, got {self.eligible}",
            ),
            (
                0.0 <= self.not_evaluable < 1.0,
                f"not_evaluable must be at least 0 and below 1, got {self.not_evaluable}",
            ),
            (
                0 < len(self.lesions) <= MOST_LESIONS
                and min(self.lesions, default=-1.0) >= 0.0
                and sum(self.lesions) > 0.0,
                f"lesions must be shares for 1 to at most {MOST_LESIONS} lesions, "
                f"got {list(self.lesions)}",
            ),
            (self.frailty >= 0.0, f"frailty must be 0 or more, got {self.frailty}"),
        )

    @property
    def entering(self) -> Accrual:
        """Accrual by months, as far as it is known without the number of patients."""
        return self.accrual

    @property
    def cut(self) -> float:
        """Calendar time at which the trial is analysed at the latest [months]."""
        if self.calendar_cut is not None:
            return float(self.calendar_cut)
        if self.event_target is not None:
            return float(self.latest or np.inf)
        return self.entering.end + float(self.minimum_follow_up or 0.0)

    @property
    def last_follow_up(self) -> float:
        """How long a patient can be watched at most [months]."""
        longest = self.longest_follow_up
        return self.cut if longest is None else min(self.cut, float(longest))

    def _of_minimization(self) -> Iterator[tuple[bool, str]]:
        if self.minimization is None:
            return
        yield (
            not self.block and not self.strata,
            f"{'block' if self.block else 'strata'}: has no effect here: minimization takes its "
            "place",
        )
        yield (
            len(set(self.allocation)) == 1,
            "allocation must be equal for minimization, which makes arms alike, got "
            f"{':'.join(map(str, self.allocation))}",
        )
        least = 1.0 / max(len(self.allocation), 1)
        yield (
            self.minimization.probability >= least,
            f"minimization.probability must be at least {least:.3g}, that of every arm by chance: "
            f"below it the arms become unlike; got {self.minimization.probability}",
        )

    @property
    def blocks(self) -> int:
        """Size of the permuted blocks; 0 for none."""
        if self.minimization is not None:
            return 0
        return 2 * sum(self.allocation) if self.block is None else self.block

    @property
    def unit(self) -> int:
        """Patients by which the size of a trial grows: a block, or one turn of the allocation."""
        return self.blocks or sum(self.allocation)

    @property
    def mixture(self) -> tuple[tuple[float, float], ...]:
        """Share of the patients and hazard ratio of each stratum, or combination of factors."""
        if self.minimization is not None:
            return self.minimization.mixture
        total = sum(stratum.share for stratum in self.strata)
        return tuple((s.share / total, float(s.hazard_ratio)) for s in self.strata) or ((1.0, 1.0),)

    @property
    def is_uneven(self) -> bool:
        """Whether the hazard of the event differs between strata or levels of factors."""
        return any(ratio != 1.0 for _, ratio in self.mixture)


@dataclass(frozen=True, kw_only=True)
class TrialDesign(Protocol):
    """A protocol with its size.

    Attributes
    ----------
    patients
        Randomized in all.

    Raises
    ------
    ValueError
        If the size or anything in the protocol is impossible, a line for each.

    Examples
    --------
    >>> design = TrialDesign(patients=234, allocation=(1, 2), block=6, minimum_follow_up=12.0)
    >>> design.cut, design.unit
    (12.0, 6)
    """

    patients: Count

    def __post_init__(self) -> None:
        require(
            not isinstance(self.patients, int) or 2 <= self.patients <= MOST_PATIENTS,
            f"patients must lie between 2 and {MOST_PATIENTS}, got {self.patients}",
        )
        super().__post_init__()

    @property
    def entering(self) -> Accrual:
        """Accrual of the design's patients, by months."""
        return self._entering(self.patients)

    @property
    def screened(self) -> float:
        """Number of patients who are to be expected to be screened."""
        return self.patients / float(self.eligible)

    @property
    def accrual_rate(self) -> float:
        """Patients a month on average while they enter; infinite if all enter at once."""
        end = self.entering.end
        return self.patients / end if end > 0.0 else float("inf")

    def fits(self, patients: int) -> bool:
        """Whether so many patients have entered before the trial must end."""
        ends = [end for end in (self.calendar_cut, self.latest) if end is not None]
        return all(self._entering(patients).end <= end + ROUNDING for end in ends)

    def _entering(self, patients: int) -> Accrual:
        counted = patients / float(self.eligible) if self.accrual.screened else patients
        return self.accrual.of(counted)
