"""A table of doses and outcomes that a model is fitted to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from radsim.vocabulary.csv_tables import CsvTable, plain_name, read_table
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.units import MEAN_FRACTION_DOSE, MODEL_DOSE, UNKNOWN, quantity_of
from radsim.vocabulary.words import nearest

KNOWN = ("dose", "fractions", "dvh", "event", "events", "patients", "probability", "weight")
SUM_TOLERANCE = 1e-3  # by which the volumes of a DVH may miss 1 (or 100 %)
UNITS = {  # that a heading or a cell may state: how many of the column's own
    "dose": {"gy": 1.0, "cgy": 0.01},
    "volume": {"%": 0.01},
    "probability": {"%": 0.01},
}
RULES: dict[str, tuple[str, Callable[[np.ndarray], np.ndarray]]] = {  # of a column's numbers
    "dose": ("must not be negative", lambda v: v >= 0),
    "volume": ("must not be negative", lambda v: v >= 0),
    "weight": ("must not be negative", lambda v: v >= 0),
    "fractions": ("must be a whole number, 1 or more", lambda v: (v >= 1) & (v == np.round(v))),
    "patients": ("must be a whole number, 1 or more", lambda v: (v >= 1) & (v == np.round(v))),
    "event": ("must be 0 or 1", lambda v: (v == 0) | (v == 1)),
    "probability": ("must lie between 0 and 1", lambda v: (v > 0) & (v < 1)),
}


@dataclass(frozen=True, kw_only=True)
class OutcomeTable:
    """Doses and outcomes, one row a patient or a group."""

    dose: np.ndarray  # [Gy], shape (row,) of a metric or (row, part) of DVHs
    volume: np.ndarray | None = None  # share of the volume of each part, shape (row, part), of DVHs
    fractions: np.ndarray | None = None  # how many equal ones
    events: np.ndarray | None = None  # how many had the event; 0 or 1 of single patients
    patients: np.ndarray | None = None  # of how many
    probability: np.ndarray | None = None  # published, in place of events
    weight: np.ndarray  # how often a row counts: 2 is the same as the row twice
    covariates: Mapping[str, np.ndarray] = field(default_factory=dict)  # asked for
    name: str = "table"  # where it came from

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.dose)

    @property
    def course(self) -> dict[str, Any]:
        """Course of each row, as models take it; physical doses do not ask for fractions."""
        fractions = 1.0 if self.fractions is None else self.fractions
        return {"dose": self.dose, "fractions": fractions, "weight": self.volume}

    @property
    def is_binary(self) -> bool:
        """Say whether every row is one patient."""
        return self.patients is not None and bool(np.all(self.patients == 1))

    @property
    def share(self) -> np.ndarray:
        """Observed share of events of each row."""
        if self.probability is not None:
            return self.probability
        assert self.events is not None and self.patients is not None
        return self.events / self.patients

    @property
    def has_both_outcomes(self) -> bool:
        """Say whether some have the event and some have not; published probabilities always do."""
        happened, possible = float((self.weight * self.share).sum()), float(self.weight.sum())
        return self.probability is not None or 0.0 < happened < possible


def anchors_table(anchors: Sequence[Any]) -> OutcomeTable:
    """Make a table of a preset's anchors."""
    return OutcomeTable(
        dose=np.array([a.dose for a in anchors]),
        fractions=np.array([float(a.fractions) for a in anchors]),
        probability=np.array([a.probability for a in anchors]),
        weight=np.ones(len(anchors)),
        name="anchors",
    )


def read_outcomes(
    path: Path | str, covariates: Sequence[str] = ()
) -> tuple[OutcomeTable, list[str]]:
    """Read a CSV of outcomes.

    It has ``dose`` [Gy], or ``dvh``, the name of a CSV of ``dose, volume`` bins beside it;
    ``fractions`` where fractionation counts; ``event`` (0 or 1), or ``events`` and ``patients``,
    or a published ``probability``; ``weight``; and the covariates that are asked for.

    It gives the table, and the columns that were left out. A ValueError names the column, and the
    row where there is one.
    """
    path = Path(path)
    read = _read(path)
    columns = {plain_name(heading): heading for heading in read.headings}
    for name in covariates:
        read.place(name)
    require(
        ("dose" in columns) != ("dvh" in columns),
        f"{path.name} needs a column dose or a column dvh; {nearest('dose', read.headings)}",
    )
    outcomes = [n for n in ("event", "events", "probability") if n in columns]
    require(
        len(outcomes) == 1,
        f"{path.name} needs one of the columns event, events (with patients) and probability, "
        f"got {', '.join(outcomes) or 'none'}",
    )
    given = {n: _numbers(read, n) for n in columns if n in KNOWN and n != "dvh"}
    given.setdefault("weight", np.ones(len(read.rows)))
    _check(read, given, "weight", "fractions", "dose", "event", "probability")
    dose, volume = given.get("dose"), None
    if dose is None:
        place = read.place("dvh")
        dose, volume = _histograms(path, [row[place] for row in read.rows])
    events, patients = given.get("event"), np.ones(len(read.rows)) if "event" in given else None
    if "events" in given:
        require("patients" in given, f"{path.name}: events needs a column patients beside it")
        _check(read, given, "patients")
        events, patients = given["events"], given["patients"]
        good = (events >= 0) & (events <= patients) & (events == np.round(events))
        _refuse(read, "events", events, good, "must be a whole number from 0 to patients")
    table = OutcomeTable(
        dose=dose,
        volume=volume,
        fractions=given.get("fractions"),
        events=events,
        patients=patients,
        probability=given.get("probability"),
        weight=given["weight"],
        covariates={name: _numbers(read, name) for name in covariates},
        name=path.name,
    )
    used = {*KNOWN, *map(plain_name, covariates)}
    return table, [heading for name, heading in columns.items() if name not in used and heading]


def doubts(table: OutcomeTable, units: str = "Gy", *, of_targets: bool = False) -> dict[str, str]:
    """Ask about columns whose numbers can hardly be in the units that radsim takes them in.

    A target gets more than 1 Gy a fraction in every row, an organ in some row.

    Parameters
    ----------
    units
        What the model reads in the column of doses.
    of_targets
        Whether these are doses that were prescribed.

    Examples
    --------
    >>> import numpy as np
    >>> doubts(OutcomeTable(dose=np.array([1800.0, 2400.0]), weight=np.ones(2)))["dose"]
    '2400 Gy is hardly meant (plausible: 0.1 to 500 Gy); 2400 cGy are 24 Gy'
    """
    kinds = {"dose": MODEL_DOSE} if units == "Gy" else {"dose": UNKNOWN}
    columns = {"dose": table.dose, "fractions": table.fractions, **table.covariates}
    asked = {}
    for name, values in columns.items():
        if values is not None:
            quantity = kinds.get(name, quantity_of([name]))
            ends = [np.max(values)] if name == "dose" else [np.max(values), np.min(values)]
            asked[name] = next(filter(None, (quantity.question(float(v)) for v in ends)), "")
    if units == "Gy":
        asked["dose"] = asked["dose"] or _of_one_fraction(table, of_targets)
    return {name: question for name, question in asked.items() if question}


def _of_one_fraction(table: OutcomeTable, of_targets: bool) -> str:
    """Ask whether doses are those of one of several fractions."""
    if table.fractions is None or not (several := table.fractions > 1).any():
        return ""
    dose = table.dose.reshape(table.rows, -1).max(axis=1)[several]
    each = dose / table.fractions[several]
    row = int(np.argmin(each) if of_targets else np.argmax(each))
    if each[row] == 0.0 or each[row] >= MEAN_FRACTION_DOSE.lowest:
        return ""
    course = f"{dose[row]:g} Gy in {table.fractions[several][row]:g} fractions"
    return f"{course}: {MEAN_FRACTION_DOSE.question(float(each[row]))}; are these of one fraction?"


def _read(path: Path) -> CsvTable:
    table = read_table(path)
    require(not table.mistakes, "\n".join(table.mistakes))
    names = [plain_name(heading) for heading in table.headings]
    for name in {*KNOWN, *UNITS}.intersection(names):
        require(names.count(name) == 1, f"{path.name} has two columns {name!r}")
    return table


def _numbers(table: CsvTable, name: str) -> np.ndarray:
    return np.array(table.numbers_in(name, UNITS.get(name, {})))


def _check(table: CsvTable, given: Mapping[str, np.ndarray], *names: str) -> None:
    """Refuse numbers that break the rule of their column."""
    for name in names:
        if name in given:
            rule, holds = RULES[name]
            _refuse(table, name, given[name], holds(given[name]), rule)


def _refuse(table: CsvTable, name: str, values: np.ndarray, good: np.ndarray, rule: str) -> None:
    wrong = [
        f"{table.where(i)}: {name} {rule}, got {values[i]:g}"
        for i in np.flatnonzero(~good).tolist()
    ]
    require(not wrong, "\n".join(wrong))


def _histograms(path: Path, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Read the DVHs of a table, in bins of dose and volume, padded to one length."""
    read = []
    for name in names:
        file = path.parent / name
        histogram = _read(file)
        columns = [plain_name(heading) for heading in histogram.headings]
        for wanted in ("dose", "volume"):
            require(wanted in columns, f"{file.name} needs the columns dose and volume")
        given = {name: _numbers(histogram, name) for name in ("dose", "volume")}
        _check(histogram, given, *given)
        dose, volume = given.values()
        total = float(volume.sum())
        whole = next((w for w in (1.0, 100.0) if abs(total - w) <= SUM_TOLERANCE * w), None)
        require(
            whole is not None,
            f"{file.name}: the volumes of a DVH must add up to 1 or to 100 %, got {total:g}; "
            "give the share in each dose bin, not a cumulative curve",
        )
        read.append((dose, volume / total))
    longest = max(len(dose) for dose, _ in read)
    padded = [[np.pad(values, (0, longest - len(values))) for values in dvh] for dvh in read]
    doses, volumes = (np.array(rows) for rows in zip(*padded, strict=True))
    return doses, volumes
