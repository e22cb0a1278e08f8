"""How a trial of several hypotheses keeps the chance of any false claim: its testing procedure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from radsim.trial.formulas.multiplicity import (
    ADDED_UP,
    fixed_sequence,
    gatekeeping,
    graphical,
    hochberg,
    holm,
)
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Real
from radsim.vocabulary.words import listed, nearest

PRIMARY = "primary"  # the hypothesis of the trial's own endpoint and primary analysis
ALL, ANY = "all", "any"  # of which hypotheses a power can be, beside one by name
KEYS = {  # what each procedure is told
    "fixed-sequence": ("order",),
    "holm": ("weights",),
    "hochberg": (),
    "gatekeeping": ("families",),
    "graph": ("weights", "transfer"),
}
NEEDED = {"gatekeeping": ("families",), "graph": ("weights", "transfer")}


@dataclass(frozen=True, kw_only=True)
class Procedure:
    """A testing procedure; every hypothesis is one-sided at half of the trial's two-sided level.

    Attributes
    ----------
    procedure
        ``fixed-sequence``: each at the full level, if all before it were shown. ``holm`` and
        ``hochberg``: step down, step up. ``gatekeeping``: families one after the other, each by
        Holm's procedure, if all of the families before it were shown. ``graph``: each at its
        share of the level, which it hands on when it is shown.
    order
        Of a fixed sequence; as the file has them unless given.
    families
        Of gatekeeping: lists of names.
    weights
        Share of the level that a hypothesis starts with; of Holm's procedure equal unless given.
    transfer
        Of a graph: for each hypothesis, the share of its weight that each other one gets.
    power_of
        Whose power the sample size is for: a name, ``all`` or ``any``. The primary analysis by
        itself unless given.

    Examples
    --------
    >>> p = np.array([[0.01, 0.04, 0.03]])
    >>> Procedure(procedure="hochberg").adjusted(p, ("primary", "fracture", "survival")).tolist()
    [[0.03, 0.04, 0.04]]
    """

    procedure: str = "fixed-sequence"
    order: tuple[str, ...] = ()
    families: tuple[tuple[str, ...], ...] = ()
    weights: Mapping[str, Real] = field(default_factory=dict)
    transfer: Mapping[str, Mapping[str, Real]] = field(default_factory=dict)
    power_of: str = ""

    def __post_init__(self) -> None:
        require(
            self.procedure in KEYS,
            f"procedure: no procedure {self.procedure!r}; {nearest(self.procedure, KEYS)}",
        )
        for key in ("order", "families", "weights", "transfer"):
            acts = key in KEYS[self.procedure]
            require(acts or not getattr(self, key), f"{key}: has no effect on {self.procedure}")
        for key in NEEDED.get(self.procedure, ()):
            require(bool(getattr(self, key)), f"{key}: is missing; {self.procedure} needs it")

    def check(self, names: Sequence[str]) -> None:
        """Raise ValueError where the procedure does not fit the trial's hypotheses."""
        if self.order:
            _check_each_once("order", self.order, names)
        if self.families:
            require(all(self.families), "families: one of them is empty")
            _check_each_once("families", [n for family in self.families for n in family], names)
        if self.weights:
            _check_known("weights", self.weights, names)
            _check_sum("weights", self.weights)
        for name, shares in self.transfer.items():
            _check_known("transfer", (name, *shares), names)
            require(name not in shares, f"transfer.{name}: hands on to itself, which is a circle")
            _check_sum(f"transfer.{name}", shares)
        if self.procedure == "holm" and self.weights:
            idle = [name for name in names if not self.weights.get(name)]
            require(not idle, f"weights: {listed(idle)} must have a share above 0")
        if self.procedure == "graph":
            self._check_reach(names)
        if self.power_of:
            every = (*names, ALL, ANY)
            require(
                self.power_of in every,
                f"power_of: no hypothesis {self.power_of!r}; {nearest(self.power_of, every)}",
            )

    def _check_reach(self, names: Sequence[str]) -> None:
        """Raise ValueError for a hypothesis of a graph that no share can come to."""
        reached = {name for name in names if self.weights.get(name)}
        for _ in names:
            handed = (self.transfer.get(name, {}) for name in tuple(reached))
            reached |= {to for shares in handed for to, share in shares.items() if share}
        never = [name for name in names if name not in reached]
        require(
            not never,
            f"transfer: {listed(never)} starts with nothing and no share ever comes to it",
        )

    def adjusted(self, p: np.ndarray, names: Sequence[str]) -> np.ndarray:
        """Adjust the p values of the named hypotheses, shapes (trial, hypothesis)."""
        adjust: dict[str, Callable[[], np.ndarray]] = {
            "fixed-sequence": lambda: self._in_order(p, names),
            "holm": lambda: holm(p, self._row(self.weights, names) if self.weights else None),
            "hochberg": lambda: hochberg(p),
            "gatekeeping": lambda: gatekeeping(
                p, [[names.index(name) for name in family] for family in self.families]
            ),
            "graph": lambda: graphical(p, self._row(self.weights, names), self._matrix(names)),
        }
        return adjust[self.procedure]()

    def shares(self, names: Sequence[str]) -> dict[str, float]:
        """Share of the level that each hypothesis starts with."""
        if self.procedure == "fixed-sequence":
            return {name: float(name == self.sequence(names)[0]) for name in names}
        if self.weights:
            return {name: float(self.weights.get(name, 0.0)) for name in names}
        first = self.families[0] if self.families else tuple(names)
        return {name: (name in first) / len(first) for name in names}

    def sequence(self, names: Sequence[str]) -> tuple[str, ...]:
        """Order in which a fixed sequence tests."""
        return self.order or tuple(names)

    def _in_order(self, p: np.ndarray, names: Sequence[str]) -> np.ndarray:
        places = [names.index(name) for name in self.sequence(names)]
        adjusted = np.empty_like(p)
        adjusted[..., places] = fixed_sequence(p[..., places])
        return adjusted

    def _row(self, shares: Mapping[str, Real], names: Sequence[str]) -> list[float]:
        return [float(shares.get(name, 0.0)) for name in names]

    def _matrix(self, names: Sequence[str]) -> list[list[float]]:
        return [self._row(self.transfer.get(name, {}), names) for name in names]


def _check_known(key: str, given: Sequence[str] | Mapping[str, Real], names: Sequence[str]) -> None:
    for name in given:
        require(name in names, f"{key}: no hypothesis {name!r}; {nearest(name, names)}")


def _check_each_once(key: str, given: Sequence[str], names: Sequence[str]) -> None:
    _check_known(key, given, names)
    twice = [name for place, name in enumerate(given) if name in given[:place]]
    require(
        not twice,
        f"{key}: {listed(twice)} stands there twice, and a hierarchy can't go in a circle",
    )
    missing = [name for name in names if name not in given]
    require(not missing, f"{key}: {listed(missing)} is missing; each hypothesis has its place")


def _check_sum(key: str, shares: Mapping[str, Real]) -> None:
    total = sum(float(share) for share in shares.values())
    require(
        all(share >= 0.0 for share in shares.values()) and abs(total - 1.0) <= ADDED_UP,
        f"{key}: shares must be 0 or more and add up to 1, got "
        f"{' + '.join(f'{share:g}' for share in shares.values())} = {total:g}",
    )
