"""What an experiment would do, in words and as plain data."""

from collections.abc import Iterator, Sequence
from typing import Any

from radsim.execution.cost import cost_of
from radsim.experiment.designs.tables import ALTERNATIVES, DRAWS, NOMINAL, SALTELLI, TORNADO
from radsim.experiment.designs.uncertainty import MODEL_DRAWS
from radsim.experiment.endpoints import endpoints_of, joint_of
from radsim.experiment.model import Experiment, rows_taken
from radsim.experiment.pedigree import (
    apart_from_table,
    cautions,
    exponents,
    model_labels,
    other_laws,
    outside_fractionation,
    presets_used,
)
from radsim.fitting.refit import anchor_residuals, parameters_at_edge
from radsim.patients.cohort import Cohort
from radsim.presets import load_preset
from radsim.presets.cohorts import cohort_settings
from radsim.report.view import value_text
from radsim.tcp.anchors import anchors_behind, is_anchored, reads_its_anchors
from radsim.vocabulary.endpoints import CONTROL_WITHOUT_COMPLICATION

PARTS = {
    DRAWS: "joint draws",
    ALTERNATIVES: "other models",
    MODEL_DRAWS: "joint draws with another model",
    SALTELLI: "rows of a Saltelli design",
    TORNADO: "rows, one at a time,",
}


def description_of(experiment: Experiment) -> dict[str, Any]:
    """Describe an experiment as plain data, for `radsim check --json`."""
    return {
        "name": experiment.name,
        "question": experiment.question,
        "expect": experiment.expect,
        "patients": experiment.patients,
        "seed": experiment.seed,
        "months": list(experiment.months),
        "arms": {name: arm.plan.words for name, arm in experiment.arms.items()},
        "reference": experiment.reference,
        "models": model_labels(experiment),
        "presets": presets_used(experiment),
        "cohort": sorted(experiment.cohort.names),
        "cohort_from": origins_of(experiment.cohort),
        "design": design_lines(experiment),
        "notes": notes(experiment),
    }


def describe(experiment: Experiment) -> str:
    """Describe an experiment in a few lines."""
    months = ", ".join(f"{month:g}" for month in experiment.months)
    width = max(len(name) for name in experiment.arms)
    labels = model_labels(experiment)
    lines = [
        f"{experiment.name}: {experiment.patients:,} patients, seed {experiment.seed}, "
        f"reported at {months} months",
        *cohort_lines("cohort", experiment.cohort),
        *(
            f"  {line}"
            for name, arm in experiment.arms.items()
            if arm.cohort is not None
            for line in cohort_lines(f"of {experiment.called(name)}", arm.cohort)
        ),
        "arms:",
        *(
            f"  {name:<{width}}  {arm.plan.words}"
            + (f", called {arm.label}" if arm.label else "")
            + (" (reference)" if name == experiment.reference else "")
            for name, arm in experiment.arms.items()
        ),
        "models:",
        *(
            f"  {endpoint}: {', '.join(name) if isinstance(name, list) else name}"
            for endpoint, name in labels.items()
            if name
        ),
        *design_lines(experiment),
        *(f"note: {note}" for note in notes(experiment)),
        "no mistakes found",
    ]
    return "\n".join(lines)


def cohort_lines(called: str, cohort: Cohort) -> list[str]:
    """Say how many variables a cohort has and, of one with a table, where each comes from."""
    lines = [f"{called}: {cohort.preset or 'custom'}, {len(cohort.names)} variables"]
    if cohort.table is not None:
        lines += [
            f"  {of}: {', '.join(names)}" for of, names in origins_of(cohort).items() if names
        ]
    return lines


def origins_of(cohort: Cohort) -> dict[str, list[str]]:
    """Name the variables of a cohort by where they come from.

    Examples
    --------
    >>> from radsim.patients.cohort import PatientTable
    >>> table = PatientTable(columns={"region": ("thoracic", "lumbar")})
    >>> {of: names for of, names in origins_of(Cohort(table=table)).items() if names}
    {'from the table': ['region'], 'follow from these': ['cord_present']}
    """
    preset = cohort_settings(cohort.preset)["variables"] if cohort.preset else {}
    stated = cohort.variables
    of_preset = [n for n in stated if n in preset and stated[n].source == preset[n]["source"]]
    of_table = [] if cohort.table is None else [n for n in cohort.table.columns if n not in stated]
    return {
        "from the table": of_table,
        "from the preset": of_preset,
        "from the file": [name for name in stated if name not in of_preset],
        "follow from these": [each.name for each in cohort.following],
    }


def design_lines(experiment: Experiment) -> list[str]:
    """Say what an experiment varies, in a line for each axis and part, and what it would take."""
    if not experiment.has_design:
        return []
    design = experiment.study.design
    lines = ["design:"]
    for axis in design.axes:
        labels = [value_text(value) for value in axis.labels]
        some = labels if len(labels) <= 8 else [*labels[:3], "...", labels[-1]]
        lines.append(f"  {axis.name} ({', '.join(axis.table.columns)}): {', '.join(some)}")
    for part, rows in design.parts.items():
        if part != NOMINAL:
            lines.append(f"  {len(rows)} {PARTS[part]} of {', '.join(rows.columns)}")
    return [*lines, f"  {cost_of(experiment)}"]


def people_of(experiment: Experiment, name: str) -> str:
    """Say how the people of an arm are others than those of the reference."""
    arm, reference = experiment.arms[name], experiment.arms[experiment.reference]
    said = f"other people than {experiment.called(experiment.reference)}"
    cohort = arm.cohort or experiment.cohort
    if cohort != (reference.cohort or experiment.cohort):
        said += f", those of {cohort.preset}" if cohort.preset else ", a cohort of its own"
    if arm.has_prior != reference.has_prior:
        said += ", with" + ("" if arm.has_prior else "out") + " a prior course"
    return said


def _organs_elsewhere(experiment: Experiment) -> Iterator[str]:
    """Say which doses of organs are taken over from what was stated of something else."""
    organs = experiment.dose.organs
    if not organs:
        return
    for name, arm in experiment.arms.items():
        if arm.plan.is_conventional:
            yield (
                f"{experiment.called(name)}: a conventional field gives {', '.join(organs)} its "
                "dose along the target, however far off; wrong for what lies beside the field"
            )
        for place, prior in enumerate(arm.plan.earlier):
            of_all = [organ for organ in organs if organ not in getattr(prior, "organs", {})]
            if of_all:
                which = f"priors[{place}]" if len(arm.plan.earlier) > 1 else "prior"
                yield (
                    f"{experiment.called(name)}: the earlier course gave {', '.join(of_all)} its "
                    "full dose, recovered as the cord does, an assumption; "
                    f"{which}.organs states doses of their own"
                )


def taken_lines(experiment: Experiment) -> list[str]:
    """Say what the errors and intervals of patients are who are taken as they are."""
    rows = rows_taken(experiment)
    if not rows:
        return []
    times = experiment.patients // rows
    said = f"each {times:,} times" if times > 1 else "each once"
    patients = (
        f"the {min(rows, experiment.patients):,} rows of the table, taken as they are, {said}"
    )
    return [
        f"Patients are {patients}: a Monte Carlo error is what another seed would change, and 0 "
        "where nothing is drawn. Intervals of these patients as a sample are a bootstrap of rows."
    ]


def after_earlier(experiment: Experiment) -> Iterator[str]:
    """Say what an earlier course does to control, and on what that rests."""
    if experiment.tcp is None or not any(arm.has_prior for arm in experiment.arms.values()):
        return
    model = experiment.tcp.model
    ratio = (
        "control after a prior course is reported with the hazard x "
        f"{model.ratio_after_earlier:.3g}"
    )
    control, record = model.reirradiation_control, model.calibration
    plans = record.reirradiated if record else None
    if model.reirradiation_hazard_ratio is None and control is not None and plans is not None:
        yield (
            f"{ratio}, and without: solved so that plans of {plans.regimen} in {plans.cohort} have "
            f"{100 * control:.3g} % at {plans.months:g} months (anchored, not predicted)"
        )
    else:
        yield f"{ratio}, as stated, and without"


def notes(experiment: Experiment) -> list[str]:
    """List what a reader of the result should know beforehand."""
    return list(_notes(experiment))


def _notes(experiment: Experiment) -> Iterator[str]:
    for name in filter(experiment.treats_others, experiment.arms):
        yield (
            f"{experiment.called(name)} treats {people_of(experiment, name)}: it is set apart, "
            "compared with no other arm and never called best"
        )
    yield from (f"{line[0].lower()}{line[1:-1]}" for line in taken_lines(experiment))
    yield from after_earlier(experiment)
    yield from anchored(experiment)
    yield from _control_notes(experiment)
    yield from _judged_by(experiment)
    for name, organ in experiment.dose.organs.items():
        of = f"of the preset {organ.preset}" if organ.preset else "as it names no source"
        source = f"from {organ.source}" if organ.source else f"an assumption, {of}"
        yield f"dose.organs.{name}: where it lies and how dose reaches it is {source}"
    yield from _organs_elsewhere(experiment)
    yield from cautions(experiment)
    yield from apart_from_table(experiment)
    yield from exponents(experiment)
    yield from other_laws(experiment)
    yield from outside_fractionation(experiment)
    if experiment.survival is None and not all(a.survival for a in experiment.arms.values()):
        yield "no [survival]: nobody dies, so only net probabilities are reported"
    for name, arm in experiment.arms.items():
        beside = experiment.compared and not experiment.treats_others(name)
        if arm.survival is not None and beside:
            yield f"arms.{name} states its own survival; comparisons mix it with the dose"
    if joint_of(experiment) is None:
        needed = ["tcp", *(f"ntcp.{event}" for event in CONTROL_WITHOUT_COMPLICATION.free_of[1:])]
        modelled = {m.section for m in endpoints_of(experiment)}
        missing = [section for section in needed if section not in modelled]
        yield (
            f"complication-free control needs {', '.join(needed[:-1])} and {needed[-1]}; "
            f"{', '.join(missing)} is not given, so it is not reported"
        )


def anchored(experiment: Experiment) -> list[str]:
    """Say in which arms control is not predicted: those whose schedule is an anchor of a curve."""
    lines = []
    for stated in (s for m in endpoints_of(experiment) if m.endpoint.freedom for s in m.stated):
        arms = [
            experiment.called(name)
            for name, arm in experiment.arms.items()
            if is_anchored(stated.model, arm.plan)
        ]
        if arms:
            lines.append(
                f"anchored, not predicted: control of {', '.join(arms)}; {stated.name} was "
                "fitted to these schedules"
            )
    return list(dict.fromkeys(lines))


def _control_notes(experiment: Experiment) -> Iterator[str]:
    arms = experiment.arms.items()
    conventional = [experiment.called(name) for name, arm in arms if arm.plan.is_conventional]
    control = (m for m in endpoints_of(experiment) if m.endpoint.freedom)
    for name, model in ((stated.name, stated.model) for m in control for stated in m.stated):
        if model.estimates == "crude":
            yield f"{name}: control as death has already lowered it; nobody dies in this run"
        if conventional and (model.preset == "hytec-spine-2021" or model.calibration):
            yield (
                f"{name} must not be used for conventional radiotherapy "
                f"({', '.join(conventional)}); spine-cross-strategy is for such comparisons"
            )
        boosted = [experiment.called(n) for n, arm in arms if getattr(arm.plan, "boost", None)]
        if model.dose.structure == "prescribed" and 0 < len(boosted) < len(arms):
            yield (
                f"{name}: control reads the GTV in {', '.join(boosted)} and the PTV in the other "
                "arms; hytec-spine-gtv-d90 reads one dose in all"
            )
        if anchors_behind(model) and not reads_its_anchors(model):
            yield (
                f"{name} was fitted to prescribed doses and reads the {model.dose}: the curve is "
                'not calibrated for it; calibrate = "plans" or a preset for that dose is'
            )
        law = model.cell_kill
        if law.changes_high_doses and model.preset and model.fitted_under == law.kind:
            yield from _misfit(model, load_preset("tcp", model.preset).anchors)
        epidural = any("bilsky" in modifier.variables for modifier in model.modifiers)
        if epidural and experiment.dose.preset == "distance":
            yield (
                "modifiers: the distance-dose model already lowers the dose of epidural lesions, "
                "so a hazard ratio for them counts part of it twice"
            )


def _judged_by(experiment: Experiment) -> Iterator[str]:
    """Say which dose a fraction each arm has for a model that reads no other dose."""
    reading = [
        stated.name
        for modelled in endpoints_of(experiment)
        for stated in modelled.stated
        if getattr(stated.model, "reads_fraction_dose", False)
    ]
    if not reading:
        return
    arms = []
    for name, arm in experiment.arms.items():
        low, high = (f"{dose:.3g}" for dose in arm.plan.highest_fraction_doses)
        boost = " (the boost's)" if arm.plan.highest_level == "gtv" else ""
        between = low if low == high else f"{low} to {high}"
        arms.append(f"{experiment.called(name)} {between} Gy{boost}")
    yield (
        f"judged by the dose a fraction ({', '.join(reading)}): {', '.join(arms)}; it is the "
        "highest planned level over the fractions, an assumption, for the strata of the series "
        "are of prescriptions"
    )


def _misfit(model: Any, anchors: Sequence[Any]) -> Iterator[str]:
    """Say by how much a preset that was fitted again misses its anchors, where it has any."""
    if not anchors:
        return
    missed = 100.0 * anchor_residuals(model, anchors)
    worst = int(abs(missed).argmax())
    edge = ", ".join(parameters_at_edge(model))
    yield (
        f"{model.preset} refitted under {model.cell_kill.kind} misses its {len(anchors)} anchors "
        f"by {(missed**2).mean() ** 0.5:.1f} points (root mean square), most at "
        f"{anchors[worst].dose:g} Gy in {anchors[worst].fractions}: {missed[worst]:+.1f}; "
        f"alpha/beta {model.alpha_beta:.3g} Gy, control without any dose "
        f"{100 * float(model.curve_over_effect(0.0)):.0f} %"
        + (f"; {edge} at the edge of the search, so the fit is degenerate" if edge else "")
    )
