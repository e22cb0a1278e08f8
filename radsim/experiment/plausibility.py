"""Numbers that can hardly be meant as they are typed, each a question until it is confirmed."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np

from radsim.experiment.designs.draws import RARE, BootstrapGroup, Factor
from radsim.experiment.designs.groups import is_shipped_table
from radsim.experiment.designs.keys import split_key, table_at
from radsim.experiment.designs.study import Study
from radsim.experiment.designs.tables import ALTERNATIVES as OTHER_MODELS
from radsim.experiment.designs.tables import DESIGN_SECTIONS
from radsim.experiment.endpoints import endpoints_of
from radsim.experiment.model import Experiment
from radsim.planfiles.questions import COLDEST_TARGET
from radsim.trial.section import TrialSection
from radsim.vocabulary.cohort_variables import COHORT
from radsim.vocabulary.dose_metrics import parse_metric
from radsim.vocabulary.numbers import is_number
from radsim.vocabulary.settings import quantity_at
from radsim.vocabulary.units import (
    COURSE_DOSE,
    MEAN_FRACTION_DOSE,
    UNKNOWN,
    Quantity,
    of_distribution,
)
from radsim.vocabulary.words import closest, nearest

DOSES = ("prescription", "dose")  # of a course, beside its fractions
READERS = ("arms", "dose", "tcp", "ntcp", "survival")  # sections that take names of variables
NOT_TYPED = ("calibration", "plans", "written")  # what was solved or read elsewhere
DRAWN_IN_TRIALS = "uncertainty"  # of a trial, whose values are asked about by their ends
RELATIVE = ("cv", "sigma")  # spreads of a distribution, without units

MANY = 20  # numbers of a list, of which only the lowest and the highest are looked at

Doubt = tuple[str, str]  # a key, and what is asked about its number


def unconfirmed(experiment: Experiment, study: Study, *, is_variant: bool = False) -> list[str]:
    """Give a line for each number that is hardly meant and that the file does not confirm.

    A variant of a design may lack a number that the file confirms, which another one has.

    Everything typed counts: the sections themselves with the presets that they name, the values of
    a sweep, and the highest and lowest that an uncertain parameter takes in 10^9 draws.
    """
    models = (reported for modelled in endpoints_of(experiment) for reported in modelled.models)
    read = {r.section: r.model.dose.units for r in models if hasattr(r.model, "dose")}
    tables = {key: table for key, table in experiment.known.items() if key not in DESIGN_SECTIONS}
    cohort = tables["cohort"]
    typed = [*_numbers(tables), *numbers_varied(study)]
    drawn = [*numbers_drawn(experiment, study), *_drawn_in_trials(experiment.trial)]
    stands_for = dict(_in_place_of_parameters(tables, cohort, read))

    def quantity(key: str) -> Quantity:
        section, *parts = key.split(".")
        name, *below = parts[parts[:1] == ["table"] :] or [""]  # a column of it, too
        whole = stands_for.get(name) if section == "cohort" else None
        return of_distribution(below, whole) if whole else quantity_at(key, cohort, read)

    asked = [(key, quantity(key).question(value)) for key, value in typed]
    asked += [(key, _rarely(quantity(key).question(value))) for key, value in drawn]
    asked += [*_of_fractions(tables), *_of_fractions_varied(experiment, study, tables)]
    asked += [*_of_metrics(tables), *_of_groups(experiment), *_of_libraries(study, tables)]
    elsewhere = [(name, "") for name in experiment.confirmed if is_variant]
    return _lines([*asked, *elsewhere], [*typed, *drawn], experiment)


def unconfirmed_in_trial(source: Any) -> list[str]:
    """Give a line for each number of a file with a trial alone that it does not confirm."""
    typed = list(_numbers(source.model_dump(mode="json")))
    drawn = list(_drawn_in_trials(source.trial))
    asked = [(key, quantity_at(key).question(value)) for key, value in typed]
    asked += [(key, _rarely(quantity_at(key).question(value))) for key, value in drawn]
    return _lines(asked, [*typed, *drawn], source)


def _rarely(question: str) -> str:
    return question and f"{question}; of what is drawn, 1 in 10^9 lies beyond"


def _lines(asked: list[Doubt], values: list[tuple[str, float]], source: Any) -> list[str]:
    keys = dict.fromkeys(key for key, _ in [*values, *asked])
    lines = [
        f"confirmed: no number {name!r}; {_as_asked(name, list(keys))}"
        for name in source.confirmed
        if name not in keys
    ]
    first: dict[str, str] = {}
    for key, question in asked:
        if question and key not in source.confirmed:
            first.setdefault(key, question)
    return lines + [
        f'{key}: {question}; if it is meant, confirmed = ["{key}"]'
        for key, question in first.items()
    ]


def _as_asked(name: str, keys: list[str]) -> str:
    many = len(keys) > MANY and not closest(name, keys)
    return "give a key as the question about it does" if many else nearest(name, keys)


def _numbers(table: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Every number of some tables with its key; those of one list share the key of the list.

    Of a long list, such as a column of a table of patients, the lowest and the highest.
    """
    for path, here in _tables(table):
        for key, value in here.items():
            where = f"{path}.{key}" if path else key
            entries = value if isinstance(value, (list, tuple)) else [value]
            if key not in RELATIVE:
                numbers = [float(entry) for entry in entries if is_number(entry)]
                ends = numbers if len(numbers) < MANY else [min(numbers), max(numbers)]
                yield from ((where.replace(".columns.", "."), number) for number in ends)


def _tables(table: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Some tables, and each that stands in one, with its key."""
    yield path, table
    for key, value in table.items():
        if key in (*NOT_TYPED, DRAWN_IN_TRIALS):
            continue
        here = f"{path}.{key}" if path else key
        for where, entry in _entries(here, value):
            yield from _tables(entry, where)


def _entries(key: str, value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """A table, or those of a list: a limit is called by the structure that it is on."""
    if isinstance(value, Mapping):
        yield key, value
    elif isinstance(value, (list, tuple)):
        for place, entry in enumerate(value):
            if isinstance(entry, Mapping):
                name = f".{entry['structure']}" if "structure" in entry else f"[{place}]"
                yield key + name, entry


def _of_groups(experiment: Experiment) -> Iterator[Doubt]:
    """Ask about the limits of the groups that patients are parted in."""
    for split in (split for grouping in experiment.report.by for split in grouping.splits):
        metric = split.metric
        quantity = quantity_at(f"report.by.{split.name}")
        if metric is not None:
            quantity = COURSE_DOSE if metric.units == "Gy" else UNKNOWN
        yield from ((f"report.by.{split.name}", quantity.question(edge)) for edge in split.edges)


def _in_place_of_parameters(
    tables: Mapping[str, Any], cohort: Mapping[str, Any], read: Mapping[str, str]
) -> Iterator[tuple[str, Quantity]]:
    """Variables of the file's own whose names stand where a number of a model would."""
    for path, here in _tables({name: tables[name] for name in READERS if tables.get(name)}):
        for key, value in here.items():
            if isinstance(value, str) and value in cohort and value not in COHORT:
                quantity = quantity_at(f"{path}.{key}", cohort, read)
                if quantity != UNKNOWN:
                    yield value, quantity


def _rows_varied(study: Study) -> list[list[Mapping[str, Any]]]:
    """Values that a design puts in the place of keys, a list of rows for all that go together."""
    design = study.design
    tables = [axis.table for axis in design.axes]
    tables += [part for name, part in design.parts.items() if name == OTHER_MODELS]
    return [[table.row(index) for index in range(len(table))] for table in tables]


def numbers_varied(study: Study) -> Iterator[tuple[str, float]]:
    """Every number that a design puts in a key's place, those in a table that it puts there too."""
    for rows in _rows_varied(study):
        for row in rows:
            yield from _numbers(row)


def numbers_drawn(experiment: Experiment, study: Study) -> Iterator[tuple[str, float]]:
    """The lowest and highest values of what a design draws."""
    shipped = {
        tuple(group.get("keys", ()))
        for name in DESIGN_SECTIONS
        for group in getattr(experiment, name).get("groups", ())
        if is_shipped_table(group.get("table"))
    }
    for factor in dict.fromkeys([*study.factors, *study.screened]):
        if factor.keys not in shipped:
            yield from _ends(factor)


def _drawn_in_trials(trial: TrialSection | None) -> Iterator[tuple[str, float]]:
    """The lowest and highest values of what each trial draws of its arms."""
    for name, section in trial.variants().items() if trial is not None else ():
        for key, law in section.uncertainty.items():
            of_scenario = trial is not None and trial.uncertainty.get(key) != law
            place = f"trial.scenarios.{name}" if of_scenario else "trial"
            for end in law.ppf(np.array([RARE, 1.0 - RARE])):
                yield f"{place}.uncertainty.{key}", float(end)


def _ends(factor: Factor) -> Iterator[tuple[str, float]]:
    """The lowest and highest values of what is drawn."""
    if isinstance(factor, BootstrapGroup):
        for key, column in zip(factor.keys, factor.columns, strict=True):
            yield from ((key, min(column)), (key, max(column)))
        return
    for share in (RARE, 1.0 - RARE):
        for key, entry in zip(factor.keys, factor.ends(share), strict=True):
            if is_number(entry[key]):
                yield key, float(entry[key])


def _of_fractions(tables: Mapping[str, Any]) -> Iterator[Doubt]:
    """Ask where a course's dose is rather that of one of its fractions."""
    for path, table in _tables(tables):
        yield from _of_course(path, table)


def _of_fractions_varied(
    experiment: Experiment, study: Study, tables: Mapping[str, Any]
) -> Iterator[Doubt]:
    """Ask the same of each course whose dose or fractions a design changes."""
    rows_varied = _rows_varied(study)
    rows_varied += [[{key: value}] for key, value in numbers_drawn(experiment, study)]
    keys = {key for rows in rows_varied for row in rows for key in row}
    for path in sorted({key.rpartition(".")[0] for key in keys if split_key(key)[0] == "arms"}):
        course = table_at(tables, path.split("."))
        if not isinstance(course, Mapping):
            continue
        names = [f"{path}.{name}" for name in (*DOSES, "fractions")]
        changes = [
            {tuple((name, row[name]) for name in names if name in row) for row in rows}
            for rows in rows_varied
            if any(name in row for row in rows for name in names)
        ]
        for together in product(*changes):
            changed = {key.rpartition(".")[2]: value for part in together for key, value in part}
            yield from _of_course(path, {**course, **changed})


def _of_libraries(study: Study, tables: Mapping[str, Any]) -> Iterator[Doubt]:
    """Ask about prescriptions and boosts of a design that the plans of a library do not reach."""
    reached = {"prescription": ("ptv", "gtv"), "boost": ("gtv",)}  # the first that plans have
    for key, value in numbers_varied(study):
        path, _, name = key.rpartition(".")
        arm = table_at(tables, path.split(".")) if name in reached else None
        if not isinstance(arm, Mapping) or arm.get("kind") != "library":
            continue
        for target in reached[name]:
            medians = [np.median(plan[target]["dose"]) for plan in arm["plans"] if target in plan]
            if medians:
                if max(medians) < COLDEST_TARGET * value:
                    yield key, f"no plan has a {target} with a D50 near {value:g} Gy"
                break


def _of_course(path: str, table: Mapping[str, Any]) -> Iterator[Doubt]:
    fractions = table.get("fractions")
    for name in DOSES:
        dose = table.get(name)
        if not (is_number(dose) and is_number(fractions) and fractions > 1):
            continue
        each, whole = dose / fractions, dose * fractions
        if COURSE_DOSE.is_plausible(dose) and not MEAN_FRACTION_DOSE.is_plausible(each):
            meant = f"; {fractions:g} fractions of {dose:g} Gy are {whole:g} Gy"
            meant = meant if COURSE_DOSE.is_plausible(whole) else ""
            question = MEAN_FRACTION_DOSE.question(each)
            yield f"{path}.{name}", f"{dose:g} Gy in {fractions:g} fractions: {question}{meant}"


def _of_metrics(tables: Mapping[str, Any]) -> Iterator[Doubt]:
    """Ask about doses in the names of metrics, such as V2000Gy_cc."""
    for path, table in _tables(tables):
        text = table.get("metric")
        metric = parse_metric(text) if isinstance(text, str) else None
        if metric is not None and not metric.is_dose:
            yield f"{path}.metric", COURSE_DOSE.question(metric.number)
