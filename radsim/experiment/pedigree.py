"""Which presets an experiment stands on, and where it uses their models as no fit did."""

from collections.abc import Iterator
from typing import Any

from radsim.experiment.endpoints import Reported, endpoints_of
from radsim.experiment.model import Experiment
from radsim.experiment.plausibility import numbers_drawn, numbers_varied
from radsim.ntcp.lkb import inverse_exponent
from radsim.patients.following import BY_NAME
from radsim.presets import load_preset
from radsim.presets.models import published_name
from radsim.vocabulary.numbers import is_number
from radsim.vocabulary.words import listed


def model_labels(experiment: Experiment) -> dict[str, Any]:
    """Name the models as results name them, all of an endpoint that has several."""
    labels: dict[str, Any] = {}
    for modelled in endpoints_of(experiment):
        names = [stated.name for stated in modelled.stated]
        several = len(names) > 1 or (modelled.by_model and not modelled.endpoint.freedom)
        labels[modelled.endpoint.reported] = names if several else names[0]
    if experiment.survival is not None:
        labels["survival"] = published_name("survival", experiment.survival)
    return labels


def outside_fractionation(experiment: Experiment) -> list[str]:
    """Say which arms are fractionated as no course was that a model was fitted on."""
    lines = []
    for name, arm in experiment.arms.items():
        conventional = arm.plan.is_conventional
        for said, stated in _spoken_of(experiment):
            most = getattr(stated.model, "most_fractions", None)
            fewest = getattr(stated.model, "fewest_fractions", None)
            if fewest is not None and arm.plan.fractions < fewest:
                lines.append(
                    f"{experiment.called(name)}: {arm.plan.fractions} fraction(s); 100% of the "
                    f"patients lie outside the range of the {said} model {stated.name}, which is "
                    f"of courses in {fewest} fractions or more"
                )
            if most is not None and (conventional or arm.plan.fractions > most):
                what = "a conventional field" if conventional else f"{arm.plan.fractions} fractions"
                lines.append(
                    f"{experiment.called(name)}: {what}; 100% of the patients lie outside the "
                    f"range of the {said} model {stated.name}, which was fitted on conformal "
                    f"courses in {f'up to {most} fractions' if most > 1 else 'one fraction'}"
                )
    return list(dict.fromkeys(lines))


def _spoken_of(experiment: Experiment) -> Iterator[tuple[str, Reported]]:
    for modelled in endpoints_of(experiment):
        said = "control" if modelled.endpoint.freedom else modelled.endpoint.short
        yield from ((said, stated) for stated in modelled.stated)


def other_laws(experiment: Experiment) -> list[str]:
    """Say which models are used with repopulation or repair that their fit did not have."""
    return [
        f"{stated.name} was fitted under LQ alone, without what {model.cell_kill.kind} adds to it"
        for model, stated in ((stated.model, stated) for _, stated in _spoken_of(experiment))
        if getattr(model, "fitted_under", "") == "lq"
        and model.cell_kill.kind != "lq"
        and not model.cell_kill.changes_high_doses
    ]


def exponents(experiment: Experiment) -> list[str]:
    """Say where the n of a DVH's mean, also one that is varied, is probably the other's a = 1/n."""
    stated = {
        f"{stated.section}.n": stated.model.n
        for _, stated in _spoken_of(experiment)
        if is_number(getattr(stated.model, "n", None))
    }
    varied = [*numbers_varied(experiment.study), *numbers_drawn(experiment, experiment.study)]
    highest: dict[str, float] = {}
    for key, n in [*stated.items(), *varied]:
        section, _, last = key.rpartition(".")
        if last == "n" and n > 1.0:
            highest[section] = max(n, highest.get(section, n))
    return [f"{section}: {inverse_exponent(n)}" for section, n in highest.items()]


def apart_from_table(experiment: Experiment) -> list[str]:
    """Say which variables of a table others are drawn beside that they would follow from."""
    lines = []
    cohorts = {"cohort": experiment.cohort} | {
        f"arms.{name}.cohort": arm.cohort for name, arm in experiment.arms.items() if arm.cohort
    }
    for key, cohort in cohorts.items():
        columns = {} if cohort.table is None else cohort.table.columns
        for name in filter(BY_NAME.__contains__, columns):
            drawn = [n for n in BY_NAME[name].reads if n in cohort.variables and n not in columns]
            if drawn:
                lines.append(
                    f"{key}.table: {name} is from the table, and {listed(drawn)} drawn without it, "
                    f"so that they can contradict each other in a patient; give {listed(drawn)} in "
                    "the table, too, if a model reads both"
                )
    return lines


def cautions(*experiments: Experiment) -> list[str]:
    """Say what a reader of results has to know of the presets behind them, each thing once."""
    told: dict[str, list[str]] = {}
    used = dict.fromkeys(preset for each in experiments for preset in presets_used(each))
    for family, _, name in (preset.partition("/") for preset in used):
        if caution := load_preset(family, name).caution:
            told.setdefault(caution, []).append(name)
    return [f"{' and '.join(names)}: {caution}" for caution, names in told.items()]


def presets_used(experiment: Experiment) -> list[str]:
    """List the presets of an experiment as ``family/name``."""
    arms = experiment.arms.values()
    models = [
        ("tcp" if modelled.endpoint.freedom else "ntcp", stated.model)
        for modelled in endpoints_of(experiment)
        for stated in modelled.stated
    ]
    parts: list[tuple[str, Any]] = [("cohort", experiment.cohort), *models]
    for _, model in models:
        parts.append(("cell_kill", getattr(model, "cell_kill", None)))
        parts += [("modifier", modifier) for modifier in getattr(model, "modifiers", ())]
    laws = [law for law in (experiment.survival, *(arm.survival for arm in arms)) if law]
    parts += [("survival", law) for law in laws]
    parts += [("survival", getattr(law, "stated", None)) for law in laws]
    named = [(family, getattr(part, "preset", "")) for family, part in parts]
    named += [("organ", organ.preset) for organ in experiment.dose.organs.values()]
    named += [("dose", experiment.dose.preset), *(("regimen", arm.plan.regimen) for arm in arms)]
    return list(dict.fromkeys(f"{family}/{name}" for family, name in named if name))
