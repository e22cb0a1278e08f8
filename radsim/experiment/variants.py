"""The variants of an experiment: an experiment each, checked like a file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import is_dataclass, replace
from typing import Any

from radsim.experiment.designs.draws import RARE, BootstrapGroup
from radsim.experiment.designs.keys import apply_changes, names_of, split_key
from radsim.experiment.designs.tables import ALTERNATIVES as ALTERNATIVE_ROWS
from radsim.experiment.designs.tables import DESIGN_SECTIONS, Design
from radsim.experiment.endpoints import endpoints_of
from radsim.experiment.grouping import Report
from radsim.experiment.model import Experiment, ExperimentError
from radsim.experiment.outcomes import ALTERNATIVES
from radsim.experiment.reading import Refits, make_experiment
from radsim.experiment.short_form import ARM_KEYS
from radsim.response.survival import ProportionalHazards
from radsim.vocabulary.numbers import is_number

SHARED = ("name", "question", "expect", "seed", "patients", "months", "compare", "uniforms")
EXCHANGING = ("preset", "kind")  # last parts of keys that put another model in a place
Change = tuple[str, list[str], float]  # of a number: its key, where it stands, and what it becomes
MOST_LINES = 20  # mistakes that are worth listing


class VariantMaker:
    """Makes variants of one experiment; what is not a number is checked as a whole file once.

    Most variants only replace numbers of models that are checked already. Those are replaced in
    place, which runs the models' own checks; everything else goes through the whole file. Models
    that were fitted again may be shared with other makers.
    """

    def __init__(
        self, experiment: Experiment, refits: Refits | None = None, *, solve: bool = True
    ) -> None:
        self.experiment = experiment
        self.solve = solve  # for what models ask to be solved for
        self.tables = experiment.known
        left_out = (*DESIGN_SECTIONS, "precision")
        self.written = {k: v for k, v in experiment.written.items() if k not in left_out}
        tables = {f"ntcp.{name}": table for name, table in self.written.get("ntcp", {}).items()}
        tables |= {"tcp": self.written["tcp"]} if "tcp" in self.written else {}
        listed = {key: _tables_in(table.get(ALTERNATIVES, ())) for key, table in tables.items()}
        # an alternative that names no model of its own is the file's, changed, and follows it
        self.followers = {
            key: {place: m for place, m in models.items() if not {"preset", "kind"} & m.keys()}
            for key, models in listed.items()
        }
        # a model that is solved for follows its own parameters, so its variants are solved anew
        self.solved = {
            key
            for key, table in tables.items()
            for model in (table, *self.followers[key].values())
            if model.get("refit") or model.get("calibrate") or "recalibrate" in model
        }
        # a curve that was calibrated through plans holds for their dose model alone
        control = experiment.tcp.models if experiment.tcp else ()
        if any(model.calibration is not None for model in control):
            self.solved.add("dose")
        # and a recalibrated one follows the cohort
        models = (
            model for key, table in tables.items() for model in (table, *listed[key].values())
        )
        if any("recalibrate" in model for model in models):
            self.solved.add("cohort")
        # a baseline of survival follows its ratios, what is stated, and the people
        laws = [experiment.survival, *(arm.survival for arm in experiment.arms.values())]
        if any(isinstance(law, ProportionalHazards) for law in laws):
            self.solved |= {"survival", "cohort", "arms", "eligibility"}
        self.refits: Refits = {} if refits is None else refits
        self.plain = experiment.model_copy(
            update={name: {} for name in (*DESIGN_SECTIONS, "written")}
        )
        self._made: dict[str, Experiment] = {}
        self._places: dict[str, tuple[str, list[str]]] = {}
        self._never_in_place: set[str] = set()

    def make(self, changes: Mapping[str, Any]) -> Experiment:
        """Make the experiment that has these changes; an ExperimentError has its mistakes."""
        whole = self.beside_numbers(changes)
        numbers = {key: float(v) for key, v in changes.items() if key not in whole}
        variant = self._checked(whole)
        try:
            return self._replaced(variant, numbers)
        except _NotInPlace as error:
            self._never_in_place.add(error.args[0])
            return self.make(changes)  # that key is now known to need the whole file
        except ValueError as error:
            first = str(error).splitlines()[0]
            raise ExperimentError([f"{_said(numbers)}: {first}"]) from None

    def beside_numbers(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Give the changes that are no plain numbers in a model's place."""
        return {key: v for key, v in changes.items() if not self._is_in_place(key, v)}

    def _is_in_place(self, key: str, value: Any) -> bool:
        as_a_whole = split_key(key)[0] in self.solved or key in self._never_in_place
        return is_number(value) and not as_a_whole

    def _checked(self, changes: Mapping[str, Any]) -> Experiment:
        if not changes:
            return self.plain
        said = repr(sorted(changes.items()))
        if said not in self._made:
            settings = apply_changes(self.written, changes, self.tables)
            try:
                made = make_experiment(settings, refits=self.refits, solve=self.solve)
            except ExperimentError as error:
                raise ExperimentError([f"{_said(changes)}: {m}" for m in error.mistakes]) from None
            shared = {name: getattr(self.experiment, name) for name in SHARED}
            if len(self._made) > 256:  # enough for a sweep over plans, little in memory
                self._made.clear()
            self._made[said] = made.model_copy(update=shared)
        return self._made[said]

    def _replaced(self, variant: Experiment, numbers: Mapping[str, float]) -> Experiment:
        """Replace numbers of a checked experiment; each model checks all of its own at once."""
        if not numbers:
            return variant
        by_section: dict[str, list[Change]] = {}
        for key, value in numbers.items():
            section, path = self._place_of(key)
            by_section.setdefault(section, []).append((key, path, value))
        update: dict[str, Any] = {}
        for section, changes in by_section.items():
            part, _, name = section.partition(".")
            old = getattr(variant, part)
            if part == "tcp" and old is not None:
                update[part] = self._of_outcome(section, old, changes)
            elif part == "ntcp" and name in old:
                new = self._of_outcome(section, old[name], changes)
                update[part] = {**update.get(part, old), name: new}
            else:
                update[part] = _set(old, changes)
        return variant.model_copy(update=update)

    def _place_of(self, key: str) -> tuple[str, list[str]]:
        """Section and path of a number in an experiment, where its key puts it."""
        if key not in self._places:
            section, path = split_key(key)
            part = section.partition(".")[0]
            if part == "eligibility" or (part == "dose" and path[0] == "organs"):
                raise _NotInPlace(key)  # an organ may be too small for what is read of it
            if part == "arms" and path[1:] and path[1] not in ARM_KEYS:
                path.insert(1, "plan")
            if part == "cohort":
                path = ["variables", path[0], "distribution", *path[1:]]
            if part == "arms" and path[1:2] == ["cohort"]:
                path = [*path[:2], "variables", path[2], "distribution", *path[3:]]
            self._places[key] = section, path
        return self._places[key]

    def _of_outcome(self, key: str, section: Any, changes: list[Change]) -> Any:
        """Replace numbers of a section's own model, and of the alternatives that follow it."""
        alternatives = list(section.alternatives)
        for place, entry in self.followers[key].items():
            followed = [change for change in changes if not _sets(entry, change[1])]
            if followed:
                alternatives[place] = _set(alternatives[place], followed)
        model = _set(section.model, changes)
        return replace(section, model=model, alternatives=tuple(alternatives))


class _NotInPlace(Exception):
    """The value of this key does not stand for a number that is there already."""


def _tables_in(entries: Sequence[Any]) -> dict[int, Mapping[str, Any]]:
    return {place: entry for place, entry in enumerate(entries) if isinstance(entry, Mapping)}


def _sets(entry: Any, path: list[str]) -> bool:
    """Say whether a table sets a key itself."""
    for key in path:
        if not isinstance(entry, Mapping):
            return True  # something else stands where the key would be
        if key not in entry:
            return False
        entry = entry[key]
    return True


def _set(model: Any, changes: Sequence[Change], depth: int = 0) -> Any:
    """Replace numbers in a model, in a table of numbers, or in a list of modifiers."""
    key, path, value = changes[0]
    if depth == len(path):
        if type(model) is not float:
            raise _NotInPlace(key)
        return value
    below: dict[str, list[Change]] = {}
    for change in changes:
        if depth == len(change[1]):
            raise _NotInPlace(change[0])
        below.setdefault(change[1][depth], []).append(change)
    if isinstance(model, tuple):
        entries, names = list(model), names_of(model)
        for name, inside in below.items():
            if name not in names:
                raise _NotInPlace(inside[0][0])
            place = names.index(name)
            entries[place] = _set(entries[place], inside, depth + 1)
        return tuple(entries)
    held = _held(model)
    for name, inside in below.items():
        if name not in held:
            raise _NotInPlace(inside[0][0])
    new = {name: _set(held[name], inside, depth + 1) for name, inside in below.items()}
    return {**model, **new} if isinstance(model, Mapping) else replace(model, **new)


def _held(model: Any) -> Mapping[str, Any]:
    """What a table or a model holds, by name; nothing of anything else."""
    if isinstance(model, Mapping):
        return model
    return vars(model) if is_dataclass(model) else {}


def _said(changes: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} = {value!r}" for key, value in changes.items())


def stages_of(experiment: Experiment) -> tuple[Experiment, Experiment | None]:
    """Give what is run on all patients, and what on the first of them alone, if anything is.

    Where ``[uncertainty]`` states patients of its own, all patients are simulated under the file's
    own values, and the first of them under every variant.
    """
    first = experiment.drawn_patients
    if first is None:
        return experiment, None
    plain = experiment.model_copy(update={"uncertainty": {}, "written": {}})
    return plain, experiment.model_copy(update={"patients": first, "report": Report()})


def with_other_models(experiment: Experiment) -> Iterator[Experiment]:
    """Give an experiment, and a variant for each model that its design puts in another's place."""
    yield experiment
    design = experiment.study.design
    tables = [axis.table for axis in design.axes]
    tables += [part for name, part in design.parts.items() if name == ALTERNATIVE_ROWS]
    maker, first = VariantMaker(experiment), design.point(0)
    for table in tables:
        if any(key.rpartition(".")[2] in EXCHANGING for key in table.columns):
            for index in range(len(table)):
                yield maker.make({**first, **table.row(index)})


def check_variants(experiment: Experiment, most: int | None = None) -> None:
    """Make every variant once, so that a mistake in one shows before any patient is simulated.

    Of a design that is too large for that, make only so many along each axis. What is drawn is also
    set to its ends, so that no seed decides what is refused. An ExperimentError has a line for each
    kind of mistake, `MOST_LINES` at most.
    """
    maker, design = VariantMaker(experiment), experiment.study.design
    if lines := list(_impossible_draws(experiment)):
        raise ExperimentError(lines[:MOST_LINES])
    problems: dict[tuple[str, ...], list[str]] = {}  # of variants that change the same keys
    shape = _shape(maker.plain)
    for index in range(len(design)) if most is None else _some(design, most):
        changes = design.variant(index)
        problem = ""
        try:
            variant = maker.make(changes)  # a number in its place changes no size
            if maker.beside_numbers(changes) and _shape(variant) != shape:
                problem = f"{_said(changes)}: changes what is reported; give it a run of its own"
        except ExperimentError as error:
            problem = error.mistakes[0]
        if problem:
            problems.setdefault(tuple(changes), []).append(problem)
    lines = [
        first + (f" (and {len(more)} more variants like it)" if more else "")
        for first, *more in list(problems.values())[:MOST_LINES]
    ]
    if lines:
        raise ExperimentError(lines)


def _impossible_draws(experiment: Experiment) -> Iterator[str]:
    """Find uncertain parameters whose distribution has values that can't be, however rare."""
    maker, study = VariantMaker(experiment, solve=False), experiment.study
    for factor in dict.fromkeys([*study.factors, *study.screened]):
        if isinstance(factor, BootstrapGroup):  # every row of its table is one of the draws
            continue
        for share, side in ((RARE, "below that"), (1.0 - RARE, "above that")):
            for key, entry in zip(factor.keys, factor.ends(share), strict=True):
                try:
                    maker.make({**study.design.point(0), **entry})
                except ExperimentError as error:
                    rare = f"one draw of {key} in 10^9 lies {side}; lower and upper cut it off"
                    yield f"{error.mistakes[0]}; {rare}"
                    break


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
        tuple(experiment.treats_others(arm) for arm in experiment.arms),
        tuple(
            (
                m.section,
                m.endpoint.ends,
                tuple(getattr(r.model, "valid_eqd2", None) is None for r in m.models),
            )
            for m in endpoints_of(experiment)
        ),
        tuple((arm.survival or experiment.survival) is None for arm in experiment.arms.values()),
    )
