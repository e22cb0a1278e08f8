"""A table of doses and outcomes that a model is fitted to."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from radsim.vocabulary.mistakes import require
from radsim.vocabulary.words import nearest

KNOWN = ("dose", "fractions", "dvh", "event", "events", "patients", "probability", "weight")
SUM_TOLERANCE = 1e-3  # by which the volumes of a DVH may miss 1 (or 100 %)


@dataclass(frozen=True, kw_only=True)
class OutcomeTable:
    """Doses and outcomes, one row a patient or a group.

    Attributes
    ----------
    dose
        Dose [Gy], shape (row,) of a metric or (row, part) of DVHs.
    volume
        Share of the volume of each part, shape (row, part), for DVHs.
    fractions
        Number of equal fractions, shape (row,).
    events, patients
        How many had the event, of how many; 0 or 1 of 1 for single patients.
    probability
        Published probabilities, in place of events.
    weight
        How often a row counts: 2 is the same as the row twice.
    covariates
        Other columns that were asked for.
    name
        Where the table came from.
    """

    dose: np.ndarray
    volume: np.ndarray | None = None
    fractions: np.ndarray | None = None
    events: np.ndarray | None = None
    patients: np.ndarray | None = None
    probability: np.ndarray | None = None
    weight: np.ndarray
    covariates: Mapping[str, np.ndarray] = field(default_factory=dict)
    name: str = "table"

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


def anchors_table(anchors: Sequence[Any]) -> OutcomeTable:
    """Make a table of a preset's anchors."""
    return OutcomeTable(
        dose=np.array([a.dose for a in anchors]),
        fractions=np.array([float(a.fractions) for a in anchors]),
        probability=np.array([a.probability for a in anchors]),
        weight=np.ones(len(anchors)),
        name="anchors",
    )


def read_outcomes(path: Path, covariates: Sequence[str] = ()) -> tuple[OutcomeTable, list[str]]:
    """Read a CSV of outcomes.

    It has ``dose`` [Gy], or ``dvh``, the name of a CSV of ``dose, volume`` bins beside it;
    ``fractions`` where fractionation counts; ``event`` (0 or 1), or ``events`` and ``patients``,
    or a published ``probability``; ``weight``; and the covariates that are asked for.

    Returns
    -------
    tuple
        The table, and the columns that were left out.

    Raises
    ------
    ValueError
        That names the column, and the line where there is one.
    """
    columns, rows = _read(path)
    for name in covariates:
        require(name in columns, f"{path.name} has no covariate {name!r}; {nearest(name, columns)}")
    require(
        ("dose" in columns) != ("dvh" in columns),
        f"{path.name} needs a column dose or a column dvh; {nearest('dose', columns)}",
    )
    outcomes = [n for n in ("event", "events", "probability") if n in columns]
    require(
        len(outcomes) == 1,
        f"{path.name} needs one of the columns event, events (with patients) and probability, "
        f"got {', '.join(outcomes) or 'none'}",
    )
    number = {name: _numbers(path, rows, name) for name in columns if name in KNOWN[:1] + KNOWN[3:]}
    weight = number.get("weight", np.ones(len(rows)))
    _check(path, "weight", weight, weight >= 0, "must not be negative")
    fractions = _numbers(path, rows, "fractions") if "fractions" in columns else None
    if fractions is not None:
        good = (fractions >= 1) & (fractions == np.round(fractions))
        _check(path, "fractions", fractions, good, "must be a whole number, 1 or more")
    volume = None
    if "dvh" in columns:
        dose, volume = _histograms(path, [row["dvh"] for row in rows])
    else:
        dose = number["dose"]
        _check(path, "dose", dose, dose >= 0, "must not be negative")
    events = patients = probability = None
    if "event" in columns:
        events, patients = number["event"], np.ones(len(rows))
        _check(path, "event", events, (events == 0) | (events == 1), "must be 0 or 1")
    elif "events" in columns:
        require("patients" in columns, f"{path.name}: events needs a column patients beside it")
        events, patients = number["events"], number["patients"]
        good = (patients >= 1) & (patients == np.round(patients))
        _check(path, "patients", patients, good, "must be a whole number, 1 or more")
        good = (events >= 0) & (events <= patients) & (events == np.round(events))
        _check(path, "events", events, good, "must be a whole number from 0 to patients")
    else:
        probability = number["probability"]
        good = (probability > 0) & (probability < 1)
        _check(path, "probability", probability, good, "must lie between 0 and 1")
    table = OutcomeTable(
        dose=dose,
        volume=volume,
        fractions=fractions,
        events=events,
        patients=patients,
        probability=probability,
        weight=weight,
        covariates={name: _numbers(path, rows, name) for name in covariates},
        name=path.name,
    )
    return table, [name for name in columns if name not in (*KNOWN, *covariates)]


def _read(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:
            reader = csv.reader(row for row in lines if not row.startswith("#"))
            names, *cells = [row for row in reader if row] or [[]]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"can't read {path}: {error}") from error
    for name in names:
        require(names.count(name) == 1, f"{path.name} has two columns {name!r}")
        plain = name.strip().lower()
        require(
            name == plain or plain not in KNOWN,
            f"{path.name}: the column {name!r} must be called {plain!r}",
        )
    require(len(cells) > 0, f"{path.name} has no rows")
    for number, row in enumerate(cells, start=1):
        require(
            len(row) == len(names),
            f"{path.name}, row {number}: must have {len(names)} cells, got {len(row)}",
        )
    return names, [dict(zip(names, row, strict=True)) for row in cells]


def _numbers(path: Path, rows: list[dict[str, str]], name: str) -> np.ndarray:
    values = np.empty(len(rows))
    for i, row in enumerate(rows):
        text = (row.get(name) or "").strip()
        try:
            values[i] = float(text)
        except ValueError:
            values[i] = np.nan
        require(
            bool(np.isfinite(values[i])),
            f"{path.name}, row {i + 1}: {name} must be a number, got {text!r}",
        )
    return values


def _check(path: Path, name: str, values: np.ndarray, good: np.ndarray, rule: str) -> None:
    if not np.all(good):
        row = int(np.argmin(good))
        raise ValueError(f"{path.name}, row {row + 1}: {name} {rule}, got {values[row]:g}")


def _histograms(path: Path, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Read the DVHs of a table, in bins of dose and volume, padded to one length."""
    read = []
    for name in names:
        file = path.parent / name
        columns, rows = _read(file)
        for wanted in ("dose", "volume"):
            require(wanted in columns, f"{file.name} needs the columns dose and volume")
        dose, volume = _numbers(file, rows, "dose"), _numbers(file, rows, "volume")
        _check(file, "dose", dose, dose >= 0, "must not be negative")
        _check(file, "volume", volume, volume >= 0, "must not be negative")
        total = float(volume.sum())
        whole = next((w for w in (1.0, 100.0) if abs(total - w) <= SUM_TOLERANCE * w), None)
        require(
            whole is not None,
            f"{file.name}: the volumes of a DVH must add up to 1 or to 100 %, got {total:g}; "
            "give the share in each dose bin, not a cumulative curve",
        )
        read.append((dose, volume / total))
    longest = max(len(dose) for dose, _ in read)
    doses, volumes = np.zeros((len(read), longest)), np.zeros((len(read), longest))
    for i, (dose, volume) in enumerate(read):
        doses[i, : len(dose)], volumes[i, : len(dose)] = dose, volume
    return doses, volumes
