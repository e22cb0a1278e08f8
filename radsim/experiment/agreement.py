"""What no section of a file sees alone: whether the sections agree."""

from collections.abc import Collection, Iterator
from dataclasses import fields, replace
from itertools import product
from typing import Any

from radsim.dose.anatomy.geometry import smallest_volumes
from radsim.dose.metrics import DoseMetric
from radsim.dose.plans.limits import Limit
from radsim.experiment.endpoints import endpoints_of
from radsim.experiment.grouping import MOST_GROUPS, Split
from radsim.experiment.model import Experiment, cohort_of, rows_taken
from radsim.experiment.questions import unanswered
from radsim.experiment.rules import wrong_rules
from radsim.fitting.calibration import changes_of
from radsim.ntcp.technique import TechniqueLevel
from radsim.patients.cohort import Cohort, draw_cohort
from radsim.patients.following import BY_NAME, CORD_REGIONS
from radsim.presets import preset_names
from radsim.randomness.sources import WHOLE
from radsim.randomness.streams import Streams
from radsim.response.survival import SurvivalByClass
from radsim.trial.section import TrialSection
from radsim.vocabulary.cohort_variables import COHORT, YES_OR_NO, is_own_name
from radsim.vocabulary.dose_metrics import Metric
from radsim.vocabulary.numbers import named_parameters
from radsim.vocabulary.settings import quantity_at
from radsim.vocabulary.structures import STRUCTURES, TARGETS, structure_named
from radsim.vocabulary.texts import wrong_array_name
from radsim.vocabulary.units import MONTHS
from radsim.vocabulary.words import listed, nearest

MOST_NAMED = 3  # parameters of a dose model in one line


FIRST = 4096  # patients whose targets are looked at; a lognormal has no smallest one


def unknown_reference(settings: dict[str, Any]) -> Iterator[str]:
    """Say whether the reference is an arm of the file."""
    compare, arms = settings.get("compare"), settings.get("arms")
    if isinstance(compare, dict) and isinstance(arms, dict) and arms:
        reference = compare.get("reference", "")
        if isinstance(reference, str) and reference and reference not in arms:
            yield f"compare.reference: no arm {reference!r}; {nearest(reference, arms)}"


def disagreements(experiment: Experiment, refused: Collection[str] = ()) -> Iterator[str]:
    """Find what no section can see alone; complications that are ``refused`` are not missed."""
    yield from unknown_reference({"compare": vars(experiment.compare), "arms": experiment.arms})
    for key in ("arms", "eligibility"):
        for name in getattr(experiment, key):
            if "/" in name:
                yield f"{key}.{name}: a name must not hold '/', because files are named by it"
    for key, cohort, _ in _cohorts(experiment):
        yield from _cohort_disagreements(key, cohort, experiment)
    if problem := patients_problem(experiment):
        yield problem
    if experiment.tcp is None and not experiment.ntcp and not refused:
        yield "tcp: give a [tcp] or an [ntcp] section; without a model there is nothing to report"
    yield from _model_disagreements(experiment)
    without = [name for name, arm in experiment.arms.items() if arm.survival is None]
    if experiment.survival is None and 0 < len(without) < len(experiment.arms):
        yield (
            "survival: an arm states its own, so the others need a [survival] section: "
            f"{', '.join(without)}"
        )
    if experiment.survival is not None and not without:
        yield "survival: every arm states its own; leave this one out"
    yield from wrong_rules(experiment)
    yield from _missing_doses(experiment)
    yield from _without_a_plan(experiment)
    yield from _organs_that_can_not_be(experiment)
    yield from _miscalibrated(experiment)
    yield from _unsolved_ratios(experiment)
    yield from _small_structures(experiment)
    yield from _impossible_trial(experiment)
    yield from _impossible_groups(experiment)
    yield from unanswered(experiment, refused)


def _cohort_disagreements(key: str, cohort: Cohort, experiment: Experiment) -> Iterator[str]:
    """Find what is wrong with a cohort, which the file states at a key."""
    table = cohort.table
    if table is not None and table.is_taken:
        yield from _untakable(f"{key}.table", len(table), experiment)
    for name in sorted(filter(is_own_name, cohort.names)):
        yield f"{key}.{name}: the name is taken by something that is computed; use another"
    for name in sorted(cohort.names):
        if wrong := wrong_array_name(name):
            yield f"{key}.{name}: a name {wrong}"
    if "lesions" in cohort.names:
        yield f"{key}.lesions: several lesions a patient are not supported; one is simulated"
    if experiment.eligibility and table is not None:
        yield f"eligibility: leave out of {key}.table whoever is not eligible"


def _untakable(key: str, rows: int, experiment: Experiment) -> Iterator[str]:
    """Find why the rows of a table can't be taken as they are."""
    taken = f"{key} is taken as it is and has {rows} rows"
    patients, most = experiment.patients, rows_taken(experiment)
    if patients > rows and patients % rows and experiment.precision is None:
        below = patients // rows * rows
        yield (
            f"patients: {patients} wanted, but {taken}; take a multiple of them, such as "
            f"{below} or {below + rows}, or fewer"
        )
    if experiment.uniforms != "plain":
        yield f'uniforms: must be "plain", got "{experiment.uniforms}", because {taken}'
    if rows != most:
        yield f"{key}: has {rows} rows, and another table that is taken as it is {most}"


def _cohorts(experiment: Experiment) -> Iterator[tuple[str, Cohort, list[str]]]:
    """Give every cohort, where the file states it, and the arms that treat it."""
    shared = [name for name, arm in experiment.arms.items() if arm.cohort is None]
    yield "cohort", experiment.cohort, shared
    for name, arm in experiment.arms.items():
        if arm.cohort is not None:
            yield f"arms.{name}.cohort", arm.cohort, [name]


def patients_problem(experiment: Experiment) -> str:
    """Say what is wrong with the number of patients for the source of uniforms, or nothing."""
    patients, source = experiment.patients, experiment.uniforms
    if source == "plain" or patients % WHOLE == 0 or experiment.precision is not None:
        return ""
    below = patients // WHOLE * WHOLE
    near = f"{below} or {below + WHOLE}" if below else f"{WHOLE}"
    return (
        f"patients: must be a multiple of {WHOLE} with uniforms = {source!r}, got {patients}; "
        f"take {near}"
    )


def _model_disagreements(experiment: Experiment) -> Iterator[str]:
    deaths = [] if experiment.survival is None else ["survival"]
    deaths += [section for section, _ in _arm_survivals(experiment)]
    for section, model in _models(experiment):
        if deaths and getattr(model, "estimates", "net") == "crude":
            yield (
                f"{section}: {model.preset or 'this model'} was fitted to cumulative incidences "
                "that death had already lowered, so death would count twice: leave out "
                f"{', '.join(deaths)}, or take a preset of net control (spine-cross-strategy)"
            )
        for name, arm in experiment.arms.items():
            if isinstance(model, TechniqueLevel) and (problem := model.missing_in(arm.plan)):
                yield f"{section}: {problem}, and arms.{name} is one"
            unequal = len(set(arm.plan.fraction_doses)) > 1
            if (arm.has_prior or unequal) and getattr(model, "effect", "") == "physical":
                what = (
                    "a prior course, and two courses are"
                    if arm.has_prior
                    else ("courses of unequal fractions, which are")
                )
                yield (
                    f"{section}.effect: arms.{name} has {what} never added as Gy; take eqd2 or bed"
                )
            if (refuses := getattr(model, "refuses", None)) and refuses(arm.plan.fractions):
                yield (
                    f"{section}: {model.preset or 'this model'} is of the physical "
                    f"{model.effect_name}, and arms.{name} gives {arm.plan.fractions}; "
                    "effect = 'equivalent' with an alpha_beta reads others"
                )
            highest = getattr(model, "highest_fraction_dose", None)
            each = max(arm.plan.fraction_doses)
            if highest is not None and each > highest:
                yield (
                    f"{section}: {model.preset or 'this model'} is for at most {highest:g} Gy a "
                    f"fraction, and arms.{name} gives {each:g} Gy"
                )


def missing_variables(experiment: Experiment) -> Iterator[str]:
    """Give a line for each cohort variable that something reads and a cohort lacks."""
    for key, cohort, arms in _cohorts(experiment):
        if not cohort.names:
            presets = ", ".join(preset_names("cohort"))
            yield f"{key}: has no variables; give a preset: {presets}"
        else:
            yield from _missing_variables(experiment, key, cohort, arms)


def _missing_variables(
    experiment: Experiment, key: str, cohort: Cohort, arms: list[str]
) -> Iterator[str]:
    """Give a line for each variable that something reads of these arms and their cohort lacks."""
    names, labels = cohort.names, _labels(cohort)
    for section, model in [*_models(experiment), *_arm_survivals(experiment, arms)]:
        for variable in getattr(model, "reference_values", ()):
            if variable in labels:
                yield f"{section}: {variable!r} holds labels; a covariate needs numbers"
        for variable in named_parameters(model):
            if variable in labels:
                yield f"{section}: {variable!r} holds labels; a parameter needs numbers"
            elif variable in names:
                other = list(_other_units(section, model, variable, cohort))
                yield from other or _impossible_values(section, model, variable, cohort)
    for section, model in [*_models(experiment), *_arm_survivals(experiment, arms)]:
        for kind in ("odds_ratios", "hazard_ratios"):
            for variable in sorted(labels.intersection(getattr(model, kind, ()))):
                yield (
                    f"{section}.{kind}: {variable!r} holds labels; a ratio for each unit needs "
                    "numbers"
                )
    for name, arm in ((name, experiment.arms[name]) for name in arms):
        for course_key, course in arm.plan.earlier_by_key.items():
            if not isinstance(interval := course.interval, str):
                continue
            where = f"arms.{name}.{course_key}.interval"
            lowest = min(cohort.ends(interval), default=0)
            units = _units_of(interval, cohort)
            if interval in labels:
                yield f"{where}: {interval!r} holds labels; it needs months"
            elif units not in ("", MONTHS.units):
                yield f"{where}: {_in_others(MONTHS.units, interval, units)}"
            elif lowest < 0:
                yield f"{where}: {interval!r} must not be negative, got {lowest:.3g}"
    yield from _unread_survival(experiment, cohort, arms)
    yield from _nobody_among(experiment, key, cohort)
    first_reader: dict[str, str] = {}
    for section, variable in _read(experiment, arms):
        first_reader.setdefault(variable, section)
    where = "" if key == "cohort" else f" in {key}"
    whom = {modelled.endpoint.among for modelled in endpoints_of(experiment)}
    for variable, section in sorted(first_reader.items()):
        if variable not in names:
            meant = nearest(variable, sorted(names))
            if cohort.table is not None and variable in cohort.table.lacking:
                meant = "the table has a value of it for some of its patients only"
            if variable in whom and variable not in labels:
                meant = f'the share {variable} = {{ kind = "bernoulli", probability = ... }}'
            yield f"{section}: needs the cohort variable {variable!r}{where}; {meant}"


def _read(experiment: Experiment, arms: list[str]) -> Iterator[tuple[str, str]]:
    """Give each cohort variable that something reads, after the section that reads it."""
    for name, arm in ((name, experiment.arms[name]) for name in arms):
        yield from ((f"arms.{name}", variable) for variable in arm.plan.required_variables)
        yield from ((f"arms.{name}.survival", v) for v in named_parameters(arm.survival))
    for name, rule in experiment.eligibility.items():
        yield from ((f"eligibility.{name}", variable) for variable in rule.where)
    for modelled in filter(lambda m: m.endpoint.among, endpoints_of(experiment)):
        yield modelled.section, modelled.endpoint.among
    for section, model in _models(experiment):
        required = getattr(model, "required_variables", ())
        yield from ((section, variable) for variable in (*required, *named_parameters(model)))


def _unread_survival(experiment: Experiment, cohort: Cohort, arms: list[str]) -> Iterator[str]:
    """Give a line for each law of survival that a cohort lacks covariates of."""
    laws = {"survival": experiment.survival} if experiment.survival is not None else {}
    if arms and all(experiment.arms[name].survival is not None for name in arms):
        laws = {}
    for section, law in {**laws, **dict(_arm_survivals(experiment, arms))}.items():
        called, names = law.preset or law.kind, cohort.names
        lacking = [
            root
            for name in law.covariates
            if name not in names
            for root in (BY_NAME[name].reads if name in BY_NAME else (name,))
            if root not in names
        ]
        whom = cohort.preset or "the cohort"
        if lacking:
            several = ", ".join(map(repr, dict.fromkeys(lacking)))
            yield f"{section}: {called} needs the cohort variables {several}; {whom} lacks them"
        elif unread := [name for name in law.covariates if name not in names]:
            yield f"{section}: {called} needs {unread[0]!r}, which does not follow in {whom}"
        elif isinstance(law, SurvivalByClass):
            labels = cohort.labels(law.variable)
            others = [label for label in labels if label not in law.medians]
            if not labels:
                yield f"{section}: {called} needs labels, and {law.variable!r} holds numbers"
            elif others:
                yield f"{section}.medians: none for {others[0]!r} of {law.variable!r}"


def _nobody_among(experiment: Experiment, key: str, cohort: Cohort) -> Iterator[str]:
    """Find variables that do not say of each patient whether an endpoint concerns it."""
    for variable in dict.fromkeys(m.endpoint.among for m in endpoints_of(experiment)):
        where = f"{key}.{variable}"
        if variable in _labels(cohort):
            yield f"{where}: holds labels; it must be 1 in those whom an endpoint concerns, else 0"
        elif variable in cohort.names and (ends := cohort.ends(variable)):
            if not {*ends} <= {0.0, 1.0}:
                yield (
                    f"{where}: must be 0 or 1 in each patient, got {ends[0]:g} to {ends[1]:g}; "
                    f'a share of the patients is {{ kind = "bernoulli", probability = ... }}'
                )
            elif max(ends) == 0.0:
                yield f"{where}: is 0 in everyone, so that an endpoint concerns nobody"


def _labels(cohort: Cohort) -> set[str]:
    """Name the cohort variables that hold labels."""
    return {name for name in cohort.names if cohort.labels(name)}


def _impossible_values(section: str, model: Any, variable: str, cohort: Cohort) -> Iterator[str]:
    """Ask the model itself about the lowest and highest value that a cohort variable takes."""
    names = [f.name for f in fields(model) if getattr(model, f.name) == variable]
    for value in cohort.ends(variable):
        try:
            replace(model, **dict.fromkeys(names, value))
        except ValueError as error:
            yield f"{section}: {error} from the cohort variable {variable!r}"


def _other_units(section: str, model: Any, variable: str, cohort: Cohort) -> Iterator[str]:
    """Say which parameters of a model are in other units than the variable that they take."""
    units = _units_of(variable, cohort)
    dose = getattr(model, "dose", None)
    read = {section: dose.units} if isinstance(dose, DoseMetric) else {}
    for name in (f.name for f in fields(model) if getattr(model, f.name) == variable):
        wanted = quantity_at(f"{section}.{name}", read=read).units
        if units and wanted and units != wanted:
            yield f"{section}.{name}: {_in_others(wanted, variable, units)}"


def _in_others(wanted: str, variable: str, units: str) -> str:
    held = "has no units" if units == "1" else f"is in {units}"
    return f"is in {wanted}, and the cohort variable {variable!r} {held}"


def _units_of(variable: str, cohort: Cohort) -> str:
    """Units of a cohort variable, without what they are of; empty where none are stated."""
    stated = cohort.variables[variable].units if variable in cohort.variables else ""
    usual = COHORT[variable].units if variable in COHORT else ""
    return (stated or usual).partition(" (")[0]


def _arm_survivals(
    experiment: Experiment, arms: Collection[str] | None = None
) -> Iterator[tuple[str, Any]]:
    for name, arm in experiment.arms.items():
        if arm.survival is not None and (arms is None or name in arms):
            yield f"arms.{name}.survival", arm.survival


def _models(experiment: Experiment) -> Iterator[tuple[str, Any]]:
    for modelled in endpoints_of(experiment):
        yield from ((stated.section, stated.model) for stated in modelled.stated)
    if experiment.survival is not None:
        yield "survival", experiment.survival


def _without_a_plan(experiment: Experiment) -> Iterator[str]:
    """Find regions of patients whom an arm has no plan for, where all of them are treated."""
    if experiment.eligibility:
        return
    for _, cohort, arms in _cohorts(experiment):
        follows = any(each.name == "cord_present" for each in cohort.following)
        reaches = {
            *CORD_REGIONS,
            *(["lumbar"] if "L1" in _possible(cohort, "lumbar_level") else ()),
        }
        for region, name in product(_possible(cohort, "region"), arms):
            with_cord = follows and region in reaches
            if problem := experiment.arms[name].plan.without(region, with_cord):
                yield f"arms.{name}: {problem} (region = {region!r})"


def _possible(cohort: Cohort, variable: str) -> list[str]:
    """Labels of a variable that some patients have."""
    stated = cohort.variables.get(variable)
    shares = getattr(stated.distribution, "shares", {}) if stated else {}
    return [label for label in cohort.labels(variable) if shares.get(label, 1.0) > 0.0]


def _missing_doses(experiment: Experiment) -> Iterator[str]:
    for name, arm in experiment.arms.items():
        given = arm.plan.gives(experiment.dose.organs)
        if problem := arm.plan.lonely_limit:
            yield f"arms.{name}: {problem}"
        for key, course in arm.plan.earlier_by_key.items():
            for organ in sorted(set(course.organs).difference(given)):
                yield (
                    f"arms.{name}.{key}.organs.{organ}: the arm gives it no dose; "
                    f"{nearest(organ, given)}"
                )
        for place, limit in enumerate(getattr(arm.plan, "limits", ())):
            judged = not limit.only_reported or limit.structure not in STRUCTURES
            if judged and limit.structure not in given:
                yield (
                    f"arms.{name}.limits[{place}]: the arm gives no dose to {limit.structure!r}; "
                    f"{nearest(limit.structure, given)}"
                )
    for section, model in _models(experiment):
        for wanted in getattr(model, "reads", ()):
            for name, arm in experiment.arms.items():
                if problem := wanted.missing_in(arm.plan, experiment.dose.organs):
                    yield f"{section}.dose: {problem} in arm {name!r}"


def _miscalibrated(experiment: Experiment) -> Iterator[str]:
    """Say which curve reads another dose, or plans of another dose model, than its anchors do."""
    anew = 'calibrate = "plans" calibrates it anew'
    for section, model in _models(experiment):
        known = getattr(model, "calibration", None)
        if known is None or model.calibrate:
            continue
        called = model.preset or model.kind
        if str(model.dose) != known.reads:
            yield (
                f"{section}.dose: {called} was calibrated for the {known.reads}, got the "
                f"{model.dose}; {anew}"
            )
        changed = changes_of(experiment.dose, model.dose)
        others = [k for k in {**known.changed, **changed} if known.changed.get(k) != changed.get(k)]
        if others:
            more = f" and {len(others) - MOST_NAMED} more" if len(others) > MOST_NAMED else ""
            yield (
                f"{section}: {called} was calibrated through plans of the dose preset "
                f"{known.dose}, and [dose] has another {', '.join(others[:MOST_NAMED])}{more}; "
                f"{anew}"
            )


def _unsolved_ratios(experiment: Experiment) -> Iterator[str]:
    """Say for which model no ratio of hazards after an earlier course can be solved."""
    if any(arm.has_prior for arm in experiment.arms.values()):
        for section, model in _models(experiment):
            try:
                getattr(model, "ratio_after_earlier", None)  # of models of control
            except ValueError as error:
                yield f"{section}.{error}"


def _impossible_groups(experiment: Experiment) -> Iterator[str]:
    """Say which groups of ``[report] by`` can't be told apart, or of whom."""
    groupings = experiment.report.by
    if groupings and experiment.sweep:
        yield "report.by: groups are told of a run without [sweep]; leave one of the two out"
    if not groupings or experiment.reference not in experiment.arms:
        return
    names = [sorted(split.name for split in grouping.splits) for grouping in groupings]
    cohort, _ = cohort_of(experiment, experiment.reference)
    for place, grouping in enumerate(groupings):
        if names[place] in names[:place]:
            yield f"report.by[{place}]: {grouping.name!r} is named twice"
        problems = [p for split in grouping.splits for p in _split_problems(split, cohort)]
        metrics = (split.metric for split in grouping.splits if split.metric)
        plan = experiment.arms[experiment.reference].plan
        problems += [
            f"{lacking} in arm {experiment.reference!r}"
            for metric in metrics
            if (lacking := metric.missing_in(plan, experiment.dose.organs))
        ]
        yield from (f"report.by[{place}]: {problem}" for problem in problems)
        if not problems and (groups := len(grouping.labels(cohort))) > MOST_GROUPS:
            yield f"report.by[{place}]: makes {groups} groups; at most {MOST_GROUPS}"


def _split_problems(split: Split, cohort: Cohort) -> Iterator[str]:
    """Say what is wrong with one thing that patients are parted by, if anything is."""
    name, edges = split.name, split.edges
    if split.metric is not None:
        return
    if name not in cohort.names:
        meant = nearest(name, sorted(cohort.names))
        yield f"no cohort variable {name!r} ({meant}), nor a metric such as 'gtv D98 planned'"
        return
    labels, ends = cohort.labels(name), cohort.ends(name)
    if labels and edges:
        yield f"{name} holds labels, and takes no limits"
    elif len(labels) == 1 or (ends and ends[0] == ends[-1]):
        yield f"{name} has one value, so there is nothing to tell apart"
    elif edges and ends and not any(ends[0] < edge <= ends[-1] for edge in edges):
        yield f"{name} lies between {ends[0]:g} and {ends[-1]:g}, so {list(edges)} part nobody"
    elif not labels and not edges and name not in YES_OR_NO:
        yield f"{name} is a number; give the limits of its groups, {{ {name} = [..] }}"


def _organs_that_can_not_be(experiment: Experiment) -> Iterator[str]:
    """Say which organs of the dose model no arm gives, or have the name of something else."""
    organs = experiment.dose.organs
    for name in organs:
        if not any(name in arm.plan.gives(organs) for arm in experiment.arms.values()):
            yield f"dose.organs.{name}: no arm gives it a dose; external_beam arms would"
        if name in experiment.ntcp:
            yield f"dose.organs.{name}: the name is taken by an endpoint of the file; use another"


def _small_structures(experiment: Experiment) -> Iterator[str]:
    """Say where a structure may be smaller than the hot spot that is asked of it."""
    arms = {name: arm for name, arm in experiment.arms.items() if arm.plan.samples_anatomy}
    if not arms:
        return
    stated = {"gtv": "cohort.gtv_volume", "ptv": "cohort.ptv_volume"}
    stated |= {organ: f"dose.organs.{organ}.volume" for organ in experiment.dose.organs}
    ends = [end for _, cohort, _ in _cohorts(experiment) for end in cohort.ends("ptv_volume")]
    smallest = smallest_volumes(experiment.dose, max(min(ends, default=0.0), 0.0))
    read: list[tuple[str, str, Metric | None]] = [
        (f"{section}.dose", wanted.structure_in(arm.plan), wanted.parsed)
        for section, model in _models(experiment)
        if isinstance(wanted := getattr(model, "dose", None), DoseMetric)
        for arm in arms.values()
    ]
    read += [
        (f"report.by: {metric}", metric.structure, metric.parsed)
        for metric in experiment.report.metrics
    ]
    for name, arm in arms.items():
        for place, limit in enumerate(getattr(arm.plan, "limits", ())):
            if isinstance(limit, Limit):
                read.append((f"arms.{name}.limits[{place}]", limit.structure, limit.parsed))
    if any(place in TARGETS and m and m.kind == "dose_at_volume" for _, place, m in read):
        smallest |= _smallest_targets(experiment)
    for where, structure, metric in dict.fromkeys(read):
        volume = smallest.get(structure)
        if volume is None or metric is None or metric.kind != "dose_at_volume":
            continue
        if volume < metric.number:
            known = f" ({stated[structure]})" if structure in stated else ""
            yield (
                f"{where}: the {structure_named(structure).label} may have {volume:.3g} cm3"
                f"{known}, too little for its hottest {metric.number:g} cm3"
            )


def _smallest_targets(experiment: Experiment) -> dict[str, float]:
    """Volumes of the smallest targets among the first patients [cm3]."""
    first, streams = range(min(experiment.patients, FIRST)), Streams(experiment.seed)
    cohorts = [cohort for _, cohort, _ in _cohorts(experiment) if cohort.names]
    drawn = [draw_cohort(cohort, first, streams) for cohort in cohorts]
    return {
        target: min(float(people[name].min()) for people in drawn if name in people)
        for target, name in (("gtv", "gtv_volume"), ("ptv", "ptv_volume"))
        if any(name in people for people in drawn)
    }


def _unknown_people(section: TrialSection, cohort: Cohort) -> Iterator[str]:
    """Find a subgroup or a factor of a trial that the cohort does not know."""
    where = {} if section.subgroup is None else section.subgroup.where
    minimization = section.design.minimization
    keys = {f"trial.subgroup.where.{name}": (name, labels) for name, labels in where.items()}
    for name in minimization.factors if minimization else ():
        keys[f"trial.design.minimization.factors.{name}"] = name, ()
    for key, (name, wanted) in keys.items():
        if name not in cohort.names:
            yield f"{key}: the cohort has no such variable; {nearest(name, sorted(cohort.names))}"
            continue
        labels = cohort.labels(name) or (("0", "1") if name in YES_OR_NO else ())
        if not labels:
            yield f"{key}: {name} holds numbers; patients are told apart by labels here"
        for label in (label for label in wanted if labels and label not in labels):
            yield f"{key}: nobody has the label {label!r}; {nearest(label, labels)}"


def _impossible_trial(experiment: Experiment) -> Iterator[str]:
    """Say why a trial can't randomize between the people of its arms, or follow its endpoint."""
    section = experiment.trial
    if section is None:
        return
    arms = [arm for arm in section.arms if isinstance(arm, str)]
    cohorts = [experiment.arms[arm].cohort for arm in arms if arm in experiment.arms]
    if any(cohort != cohorts[0] for cohort in cohorts):
        yield (
            f"trial: {listed(arms)} treat different people (cohort), so nobody can be "
            "randomized between them"
        )
    elif cohorts:
        yield from _unknown_people(section, cohorts[0] or experiment.cohort)
    for modelled in endpoints_of(experiment):
        endpoint = modelled.endpoint
        if endpoint.among and section.endpoint in (endpoint.event, endpoint.reported):
            yield (
                f"trial.endpoint: {endpoint.event} concerns a part of the patients alone "
                f"({endpoint.among}), and a trial follows all of them"
            )
