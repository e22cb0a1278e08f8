"""The variants of an experiment: an experiment each, checked like a file."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from radsim.experiment.designs.keys import apply_changes, names_of
from radsim.experiment.designs.tables import Design
from radsim.experiment.endpoints import endpoints_of
from radsim.experiment.model import Experiment, ExperimentError
from radsim.experiment.outcomes import ALTERNATIVES
from radsim.experiment.reading import Refits, make_experiment
from radsim.experiment.short_form import ARM_KEYS

SHARED = ("name", "question", "expect", "seed", "patients", "months", "compare", "uniforms")
MOST_LINES = 20  # mistakes that are worth listing


class VariantMaker:
    """Makes variants of one experiment; what is not a number is checked as a whole file once.

    Most variants only replace numbers of models that are checked already. Those are replaced in
    place, which runs the models' own checks; everything else goes through the whole file.
    """

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self.known = experiment.known
        self.written = {
            key: value
            for key, value in experiment.written.items()
            if key not in ("sweep", "uncertainty", "sensitivity", "precision")
        }
        sections = dict(_outcome_tables(self.written))
        # an alternative that names no model of its own is the file's, changed, and follows it
        self.followers = {
            key: {
                place: entry
                for place, entry in enumerate(section.get(ALTERNATIVES, ()))
                if isinstance(entry, Mapping) and not {"preset", "kind"} & entry.keys()
            }
            for key, section in sections.items()
        }
        # a model that is solved for follows its own parameters, so its variants are solved anew
        self.solved = tuple(
            f"{key}."
            for key, section in sections.items()
            if any(map(_is_solved, (section, *self.followers[key].values())))
        )
        # and a recalibrated one follows the cohort
        tables = [entry for section in sections.values() for entry in _models_in(section)]
        if any("recalibrate" in table for table in tables):
            self.solved += ("cohort.",)
        self.refits = Refits()
        self.plain = experiment.model_copy(
            update={"sweep": {}, "uncertainty": {}, "sensitivity": {}, "written": {}}
        )
        self._made: dict[str, Experiment] = {}
        self._never_in_place: set[str] = set()

    def make(self, changes: Mapping[str, Any]) -> Experiment:
        """Make the experiment that has these changes.

        Raises
        ------
        ExperimentError
            If the changed experiment has mistakes.
        """
        numbers = {k: float(v) for k, v in changes.items() if self._is_number(k, v)}
        base = self._checked({k: v for k, v in changes.items() if k not in numbers})
        try:
            for key, value in numbers.items():
                base = self._with_number(base, key, value)
        except _NotInPlace:
            return self.make(changes)  # that key is now known to need the whole file
        except ValueError as error:
            first = str(error).splitlines()[0]
            raise ExperimentError([f"{_said(numbers)}: {first}"]) from None
        return base

    def _with_number(self, base: Experiment, key: str, value: float) -> Experiment:
        try:
            return self._replaced(base, key, value)
        except _NotInPlace:
            self._never_in_place.add(key)
            raise

    def _is_number(self, key: str, value: Any) -> bool:
        if key.startswith(self.solved):
            return False
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return number and key not in self._never_in_place

    def _checked(self, changes: Mapping[str, Any]) -> Experiment:
        if not changes:
            return self.plain
        said = repr(sorted(changes.items()))
        if said not in self._made:
            settings = apply_changes(self.written, changes, self.known)
            try:
                made = make_experiment(settings, refits=self.refits)
            except ExperimentError as error:
                raise ExperimentError([f"{_said(changes)}: {m}" for m in error.mistakes]) from None
            shared = {name: getattr(self.experiment, name) for name in SHARED}
            if len(self._made) > 256:  # enough for a sweep over plans, little in memory
                self._made.clear()
            self._made[said] = made.model_copy(update=shared)
        return self._made[said]

    def _replaced(self, base: Experiment, key: str, value: float) -> Experiment:
        """Replace one number of a checked experiment; the models check it again."""
        section, *path = key.split(".")
        if section in ("survival", "dose"):
            return base.model_copy(update={section: _set(getattr(base, section), path, value)})
        if section == "tcp" and base.tcp is not None:
            return base.model_copy(update={"tcp": self._of_outcome("tcp", base.tcp, path, value)})
        if section == "ntcp" and path[0] in base.ntcp:
            name, *below = path
            changed = self._of_outcome(f"ntcp.{name}", base.ntcp[name], below, value)
            return base.model_copy(update={"ntcp": {**base.ntcp, name: changed}})
        if section == "arms" and len(path) > 1:
            name, *below = path
            arm = base.arms[name]
            beside_plan = below[0] in ARM_KEYS
            changed_arm = (
                _set(arm, below, value)
                if beside_plan
                else replace(arm, plan=_set(arm.plan, below, value))
            )
            return base.model_copy(update={"arms": {**base.arms, name: changed_arm}})
        if section == "cohort" and path[0] in base.cohort.variables:
            old = base.cohort.variables[path[0]]
            variable = replace(old, distribution=_set(old.distribution, path[1:], value))
            variables = {**base.cohort.variables, path[0]: variable}
            return base.model_copy(update={"cohort": replace(base.cohort, variables=variables)})
        raise _NotInPlace

    def _of_outcome(self, key: str, section: Any, path: list[str], value: float) -> Any:
        """Replace a number of a section's own model, and of the alternatives that follow it."""
        alternatives = list(section.alternatives)
        for place, entry in self.followers[key].items():
            if not _sets(entry, path):
                alternatives[place] = _set(alternatives[place], path, value)
        own = _set(section.model, path, value)
        return replace(section, model=own, alternatives=tuple(alternatives))


class _NotInPlace(Exception):
    """The value does not stand for a number that is there already."""


def _outcome_tables(written: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Give the outcome sections of a file, each with the key that reaches it."""
    if "tcp" in written:
        yield "tcp", written["tcp"]
    for name, section in written.get("ntcp", {}).items():
        yield f"ntcp.{name}", section


def _models_in(section: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    listed = section.get(ALTERNATIVES, ())
    return [section, *(entry for entry in listed if isinstance(entry, Mapping))]


def _is_solved(table: Mapping[str, Any]) -> bool:
    return bool(table.get("refit")) or "recalibrate" in table


def _sets(entry: Any, path: list[str]) -> bool:
    """Say whether a table sets a key itself."""
    for key in path:
        if not isinstance(entry, Mapping):
            return True  # something else stands where the key would be
        if key not in entry:
            return False
        entry = entry[key]
    return True


def _set(model: Any, path: list[str], value: float) -> Any:
    """Replace a number in a model, in a table of numbers, or in a list of modifiers."""
    if not path:
        raise _NotInPlace
    if isinstance(model, tuple):
        held = dict(zip(names_of(model), model, strict=True))
    elif isinstance(model, Mapping):
        held = dict(model)
    elif is_dataclass(model):
        held = {field.name: getattr(model, field.name) for field in fields(model)}
    else:
        raise _NotInPlace
    if path[0] not in held:
        raise _NotInPlace
    if len(path) > 1:
        changed = _set(held[path[0]], path[1:], value)
    elif type(held[path[0]]) is float:
        changed = value
    else:
        raise _NotInPlace
    if isinstance(model, tuple):
        return tuple({**held, path[0]: changed}.values())
    if isinstance(model, Mapping):
        return {**held, path[0]: changed}
    return replace(model, **{path[0]: changed})


def _said(changes: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} = {value!r}" for key, value in changes.items())


def check_variants(experiment: Experiment, most: int | None = None) -> None:
    """Make every variant once, so that a mistake in one shows before any patient is simulated.

    Parameters
    ----------
    most
        Of a design that is too large for that, make only so many along each axis.

    Raises
    ------
    ExperimentError
        With a line for each mistake, `MOST_LINES` at most.
    """
    maker, design = VariantMaker(experiment), experiment.study.design
    first: dict[tuple[str, ...], str] = {}  # the first mistake of variants that change these keys
    more: dict[tuple[str, ...], int] = {}
    shape = _shape(maker.plain)
    indices = range(len(design)) if most is None else _some(design, most)
    for index in indices:
        changes = design.variant(index)
        problem = ""
        try:
            if _shape(maker.make(changes)) != shape:
                problem = f"{_said(changes)}: changes what is reported; give it a run of its own"
        except ExperimentError as error:
            problem = error.mistakes[0]
        if problem:
            keys = tuple(changes)
            first.setdefault(keys, problem)
            more[keys] = more.get(keys, -1) + 1
    if first:
        raise ExperimentError(
            [
                line + (f" (and {more[keys]} more variants like it)" if more[keys] else "")
                for keys, line in list(first.items())[:MOST_LINES]
            ]
        )


def _some(design: Design, most: int) -> Iterator[int]:
    """Numbers of some variants: a few along each axis, and a few at the first point."""
    stride = len(design)
    for axis in design.axes:
        stride //= len(axis)
        yield from range(0, min(len(axis), most) * stride, stride)
    yield from range(min(design.inner, most))


def _shape(experiment: Experiment) -> tuple[Any, ...]:
    """What decides the size of the result."""
    return (
        tuple(experiment.arms),
        tuple(arm.has_prior for arm in experiment.arms.values()),
        tuple(
            (m.section, tuple(getattr(r.model, "valid_eqd2", None) is None for r in m.models))
            for m in endpoints_of(experiment)
        ),
        tuple((arm.survival or experiment.survival) is None for arm in experiment.arms.values()),
    )
