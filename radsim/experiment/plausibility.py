"""Numbers that can hardly be meant as they are typed, each a question until it is confirmed."""

from collections.abc import Iterator, Mapping
from typing import Any

from radsim.experiment.designs.draws import RARE, BootstrapGroup, Factor
from radsim.experiment.designs.groups import is_shipped_table
from radsim.experiment.designs.study import Study
from radsim.experiment.designs.tables import ALTERNATIVES as OTHER_MODELS
from radsim.experiment.designs.tables import DESIGN_SECTIONS
from radsim.experiment.endpoints import endpoints_of
from radsim.experiment.model import Experiment
from radsim.patients.cohort import Cohort
from radsim.vocabulary.dose_metrics import parse_metric
from radsim.vocabulary.numbers import is_number
from radsim.vocabulary.settings import quantity_at
from radsim.vocabulary.units import COURSE_DOSE, MEAN_FRACTION_DOSE
from radsim.vocabulary.words import nearest

DOSES = ("prescription", "dose")  # of a course, beside its fractions
NOT_TYPED = ("calibration", "plans", "written")  # what was solved or read elsewhere
RELATIVE = ("cv", "sigma")  # spreads of a distribution, without units

MANY = 20  # numbers of a list, of which only the lowest and the highest are looked at

Doubt = tuple[str, str]  # a key, and what is asked about its number


def unconfirmed(experiment: Experiment, study: Study) -> list[str]:
    """Give a line for each number that is hardly meant and that the file does not confirm.

    Everything typed counts: the sections themselves with the presets that they name, the values of
    a sweep, and the highest and lowest that an uncertain parameter takes in 10^9 draws.
    """
    models = (reported for modelled in endpoints_of(experiment) for reported in modelled.models)
    read = {r.section: r.model.dose.units for r in models if hasattr(r.model, "dose")}
    tables = {key: table for key, table in experiment.known.items() if key not in DESIGN_SECTIONS}
    cohort = tables["cohort"]
    values = [*_numbers(tables), *_varied(experiment, study)]
    asked = [(key, quantity_at(key, cohort, read).question(value)) for key, value in values]
    asked += [
        *_of_fractions(tables),
        *_of_metrics(tables),
        *_of_variables(tables, experiment.cohort, read),
    ]
    return _lines(asked, values, experiment)


def unconfirmed_in_trial(trial: Any) -> list[str]:
    """Give a line for each number of a file with a trial alone that it does not confirm."""
    values = list(_numbers(trial.model_dump(mode="json")))
    return _lines([(key, quantity_at(key).question(v)) for key, v in values], values, trial)


def _lines(asked: list[Doubt], values: list[tuple[str, float]], source: Any) -> list[str]:
    keys = dict.fromkeys(key for key, _ in [*values, *asked])
    lines = [
        f"confirmed: no number {name!r}; {nearest(name, keys)}"
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
        if key in NOT_TYPED:
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


def _varied(experiment: Experiment, study: Study) -> Iterator[tuple[str, float]]:
    """Every number that a design puts in a key's place, the ends of what is drawn among them."""
    design = study.design
    tables = [axis.table for axis in design.axes]
    tables += [part for name, part in design.parts.items() if name == OTHER_MODELS]
    for row in (table.row(index) for table in tables for index in range(len(table))):
        yield from ((key, float(value)) for key, value in row.items() if is_number(value))
    shipped = {
        tuple(group.get("keys", ()))
        for name in DESIGN_SECTIONS
        for group in getattr(experiment, name).get("groups", ())
        if is_shipped_table(group.get("table"))
    }
    for factor in dict.fromkeys([*study.factors, *study.screened]):
        if factor.keys not in shipped:
            yield from _ends(factor)


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


def _of_variables(
    tables: Mapping[str, Any], cohort: Cohort, read: Mapping[str, str]
) -> Iterator[Doubt]:
    """Ask about parameters that name a cohort variable of which no value is plausible."""
    for path, table in _tables(tables):
        for key, name in table.items():
            ends = cohort.ends(name) if isinstance(name, str) and name in cohort.names else ()
            quantity = quantity_at(f"{path}.{key}", tables["cohort"], read)
            if ends and not any(map(quantity.is_plausible, ends)):
                said = f"the cohort variable {name!r} is from {ends[0]:g} to {ends[-1]:g}"
                yield f"{path}.{key}", f"{said}: {quantity.question(ends[0])}"


def _of_fractions(tables: Mapping[str, Any]) -> Iterator[Doubt]:
    """Ask where a course's dose is rather that of one of its fractions."""
    for path, table in _tables(tables):
        fractions = table.get("fractions")
        for name in DOSES:
            dose = table.get(name)
            if not (is_number(dose) and is_number(fractions) and fractions > 1):
                continue
            each, whole = dose / fractions, dose * fractions
            if COURSE_DOSE.is_plausible(dose) and not MEAN_FRACTION_DOSE.is_plausible(each):
                meant = f"; {fractions} fractions of {dose:g} Gy are {whole:g} Gy"
                question = MEAN_FRACTION_DOSE.question(each)
                yield f"{path}.{name}", f"{dose:g} Gy in {fractions} fractions: {question}{meant}"


def _of_metrics(tables: Mapping[str, Any]) -> Iterator[Doubt]:
    """Ask about doses in the names of metrics, such as V2000Gy_cc."""
    for path, table in _tables(tables):
        text = table.get("metric")
        metric = parse_metric(text) if isinstance(text, str) else None
        if metric is not None and not metric.is_dose:
            yield f"{path}.metric", COURSE_DOSE.question(metric.number)
