"""What models say of one imported plan: the dose they read, its effect, the probability."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from radsim.dose.metrics import DoseMetric
from radsim.ntcp import load_ntcp
from radsim.ntcp.technique import TechniqueLevel
from radsim.patients.patients import NOBODY
from radsim.planfiles import ImportedPlan, ImportedStructure
from radsim.presets import preset_names
from radsim.presets.models import bound_of
from radsim.radiobiology.dvh import generalized_eud, mean_dose
from radsim.tcp import load_tcp
from radsim.vocabulary.mistakes import Mistake
from radsim.vocabulary.words import nearest

OF = {"tcp": "control", "ntcp": "complication"}  # what presets of a family tell
NO_ANSWER = dict.fromkeys(
    ("structure", "reads", "dose", "effect", "effect_is", "units", "probability")
)
PRESCRIBED = ("ptv", "gtv")  # what a prescription is to, the first that a plan has


def model_answers(
    plan: ImportedPlan, names: Sequence[str], fractions: int | None, *, of_several: bool = False
) -> list[dict]:
    """Answers of presets of tumor control and complications to a plan, each as a record.

    Parameters
    ----------
    names
        Of presets. Their models answer for a patient in whom every ratio is 1.
    fractions
        Number of equal fractions; the plan's where it states it.
    of_several
        Whether a model without an answer leaves a record with a note, so that a plan without a cord
        is no end of a table.

    Returns
    -------
    list
        For each model ``model``, ``of`` (control or complication), ``structure``, ``reads`` (a
        metric, or DVH), ``dose``, ``effect`` (EQD2, BED or physical dose; of a DVH the gEUD of it
        in a model that has one, else the mean), ``effect_is``, ``units`` of both (of a part of the
        volume 1 or cm3), ``probability``, ``note``.

    Raises
    ------
    Mistake
        If there is no such preset, it reads no dose, or, of a single plan, the plan lacks what it
        reads or its fractions.
    """
    loaded = [_loaded(name) for name in names]
    if plan.fractions is not None:
        fractions = plan.fractions
    records = []
    for name, (family, model) in zip(names, loaded, strict=True):
        try:
            records.append(_answer(plan, name, family, model, fractions))
        except Mistake as mistake:
            if not of_several:
                raise
            records.append({"model": name, "of": OF[family], **NO_ANSWER, "note": str(mistake)})
    return records


def describe_answers(answers: Sequence[dict]) -> str:
    """Lines of `model_answers`.

    Examples
    --------
    >>> describe_answers([{"model": "hytec-spine-2021", "of": "control", "structure": "ptv",
    ...     "reads": "D90", "dose": 24.0, "effect": 54.0, "effect_is": "EQD2 (alpha/beta 6)",
    ...     "units": "Gy", "probability": 0.8103, "note": ""}])
    'hytec-spine-2021: control 81.03 %; D90 of the ptv 24.00 Gy, EQD2 (alpha/beta 6) 54.00 Gy'
    """
    return "\n".join(map(_described, answers))


def _described(answer: dict) -> str:
    if answer["probability"] is None:
        return f"{answer['model']}: no {answer['of']} ({answer['note']})"
    units = {"1": ""}.get(answer["units"], f" {answer['units']}")
    return (
        f"{answer['model']}: {answer['of']} {answer['probability']:.2%}".replace("%", " %")
        + f"; {answer['reads']} of the {answer['structure']} {answer['dose']:.2f}{units}"
        + (f", {answer['effect_is']} {answer['effect']:.2f}{units}" if answer["effect_is"] else "")
        + (f" ({answer['note']})" if answer["note"] else "")
    )


def _loaded(name: str) -> tuple[str, Any]:
    """Family and model of a preset."""
    known = {preset: family for family in OF for preset in preset_names(family)}
    if name not in known:
        raise Mistake(f"--model: no preset {name!r}; {nearest(name, sorted(known))}")
    model = {"tcp": load_tcp, "ntcp": load_ntcp}[known[name]](name)
    if isinstance(model, TechniqueLevel):
        raise Mistake(f"--model: {name} reads no dose, so a plan says nothing to it")
    return known[name], model


def _answer(
    plan: ImportedPlan, name: str, family: str, model: Any, fractions: int | None
) -> dict[str, Any]:
    if fractions is None:
        raise Mistake("--model needs the number of fractions: --fractions")
    metric = getattr(model, "dose", DoseMetric(metric="prescription"))
    structure = _structure(plan, metric, name)
    read, *_ = getattr(model, "reads", (metric,))
    dose, weight = _read(plan, structure, read, name)
    try:
        probability = float(model.net_probability(dose, fractions=fractions, weight=weight))
        effect, effect_is = _effect(model, dose, weight, fractions)
        outside = model.outside_fit(dose, fractions=fractions, weight=weight)
        notes = (outside, bound_of(family, model))
    except (ValueError, KeyError) as error:
        raise Mistake(f"--model {name}: {error}") from None
    return {
        "model": name,
        "of": OF[family],
        "structure": structure.structure,
        "reads": "mean" if metric.is_dvh else metric.metric,
        "dose": _physical(structure, metric, dose, weight),
        "effect": effect,
        "effect_is": effect_is,
        "units": metric.units,
        "probability": probability,
        "note": ", ".join(filter(None, notes)),
    }


def _structure(plan: ImportedPlan, metric: DoseMetric, name: str) -> ImportedStructure:
    wanted = PRESCRIBED if metric.structure == "prescribed" else (metric.structure,)
    for structure in wanted:
        if structure in plan:
            return plan[structure]
    raise Mistake(
        f"--model {name} reads the {' or '.join(wanted)}, which the plan lacks: "
        f"--name NAME={wanted[0]}"
    )


def _read(
    plan: ImportedPlan, structure: ImportedStructure, metric: DoseMetric, name: str
) -> tuple[Any, np.ndarray | None]:
    """Dose that a model reads [Gy], and the shares of the volume if it is a DVH."""
    dvh = structure.dvh
    if metric.is_dvh:
        return dvh.parts()
    wanted = metric.parsed
    if wanted is None:
        if plan.prescription is None:
            raise Mistake(f"--model {name} reads the prescription: --prescription")
        return plan.prescription, None
    dose = structure.read(wanted)
    if np.isnan(dose):
        raise Mistake(f"--model {name} reads {metric.metric} of {structure.name}, which is unknown")
    return dose, None


def _physical(
    structure: ImportedStructure, metric: DoseMetric, dose: Any, weight: np.ndarray | None
) -> float:
    """What a model reads, of the physical dose; of a DVH its mean."""
    if weight is None:
        return float(dose)
    part = metric.parsed  # above a dose, where there is one
    return float(mean_dose(dose, weight)) if part is None else structure.read(part)


def _effect(
    model: Any, dose: Any, weight: np.ndarray | None, fractions: int
) -> tuple[float | None, str]:
    """Effect that the curve is over [Gy], and what it is called; nothing for a model without."""
    if not hasattr(model, "effect_of"):
        return None, ""
    kind = getattr(model, "effect", "eqd2")
    name = "physical dose" if kind == "physical" else model.effect_name
    if kind != "physical":
        name += f" (alpha/beta {model.alpha_beta:g})"
    effect = model.effect_of(dose, fractions=fractions, weight=weight)
    if model.dose.units != "Gy":
        name = f"above it as {name}" if kind != "physical" else ""
    elif weight is not None:
        exponent = model.exponent(NOBODY)
        name = f"{'mean' if exponent == 1.0 else f'gEUD (a = {exponent:.3g})'} of {name}"
    return _reduced(model, effect, weight), name


def _reduced(model: Any, effect: Any, weight: np.ndarray | None) -> float:
    """One effect of a DVH, as the model reduces it; that of a metric is one already."""
    if weight is None or np.ndim(effect) == 0:
        return float(effect)
    return float(generalized_eud(effect, weight, model.exponent(NOBODY)))
