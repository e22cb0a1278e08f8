"""Questions to a plan: doses that can hardly be meant against prescription and fractions.

A question is not a refusal: whoever says that it is meant (``confirmed``) goes on.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from radsim.planfiles.imported import ImportedPlan, ImportedStructure
from radsim.vocabulary.structures import KNOWN, TARGETS, structure_named
from radsim.vocabulary.units import COURSE_DOSE, MEAN_FRACTION_DOSE, TARGET_VOLUME, VOLUME, Quantity

COLDEST_TARGET = 0.95  # of the lowest prescription; no target lies wholly below its prescription
HOTTEST_TARGET = 2.0  # of the highest prescription; half the dose at the edge is the custom's end
HOTTEST_ORGAN = 1.5  # of the highest prescription
OF_ONE_FRACTION = (0.999, 1.5)  # course dose over prescription where the dose is of one fraction
CENTI = (50.0, 200.0)  # ratio of two figures for one dose, one of them in cGy
RELATIVE = {1.0, 100.0}  # wholes of relative volumes
NEURAL_LOOKING = re.compile("cord|medulla|myelon|canal|thecal")  # what no name is given to
DISEASED = re.compile("gtv|ctv|itv|ptv")


class Questioned(ValueError):
    """A plan that can hardly be meant so, until it is confirmed."""


def answered(plan: ImportedPlan, name: str, confirmed: bool) -> ImportedPlan:
    """Return a plan without open questions: what was asked and is confirmed becomes a warning."""
    if plan.questions and not confirmed:
        raise Questioned(f"{name}: {'; '.join(plan.questions)}")
    return replace(
        plan, warnings=tuple(dict.fromkeys([*plan.warnings, *plan.questions])), questions=()
    )


def questions_of(
    structures: Sequence[ImportedStructure], levels: Sequence[float], fractions: int | None
) -> list[str]:
    """Ask about doses that do not fit the prescribed levels [Gy], a sentence for each structure.

    Targets and organs are known by radsim's names, and what may be a cord by that in the plan. An
    organ that radsim does not know may hold the target, as a vertebra does: it is compared with the
    hottest target too. Where nothing has a target's name, the hottest that looks like one is it.

    Examples
    --------
    >>> import numpy as np
    >>> from radsim.planfiles.assembly import from_samples
    >>> session = from_samples("GTV", "gtv", np.full(9, 12.5), np.full(9, 1e3), nodes=8)
    >>> questions_of([session], [24.0], 2)
    ['GTV: D50 is 12.5 Gy, 52 % of its prescription of 24 Gy: looks like one of 2 fractions']
    """
    targets = [s for s in structures if s.structure in TARGETS] or _like_a_target(structures)
    within = max((target.hottest for target in targets), default=0.0)
    lowest, highest = (min(levels), max(levels)) if levels else (0.0, 0.0)
    asked = []
    for structure in structures:
        name = structure.name
        median, hottest = structure.dvh.at(0.5), structure.hottest
        if structure in targets:
            if not levels:
                continue
            if median < COLDEST_TARGET * lowest:
                asked.append(
                    f"{name}: D50 is {median:.4g} Gy, {100 * median / lowest:.2g} % of its "
                    f"prescription of {lowest:g} Gy: {_why_cold(median / lowest, fractions)}"
                )
            elif guess := _why_hot(median / highest, fractions):
                asked.append(
                    f"{name}: D50 is {median:.4g} Gy, {median / highest:.3g} times the "
                    f"prescription of {highest:g} Gy: {guess}"
                )
        elif not _is_organ(structure):
            continue
        elif levels and hottest > HOTTEST_ORGAN * max(highest, _may_be(structure, within)):
            asked.append(
                f"{name}: an organ of {hottest:.4g} Gy, {hottest / highest:.3g} times the highest "
                f"prescription of {highest:g} Gy: is it in cGy, or is the prescription that of one "
                "fraction?"
            )
        elif hottest > structure_named(structure.structure or "").questioned_above:
            asked.append(f"{name}: an organ of {hottest:.4g} Gy: is it in cGy?")
    if not asked:
        asked = _of_one_fraction(targets, highest, fractions)
    return asked + _of_volumes(structures)


def _of_one_fraction(
    targets: Sequence[ImportedStructure], highest: float, fractions: int | None
) -> list[str]:
    """Ask whether prescription and doses are both those of one of several fractions."""
    if fractions is None or fractions < 2 or not (highest or targets):
        return []
    hottest = max(targets, key=lambda target: target.dvh.at(0.5), default=None)
    dose = highest or (hottest.dvh.at(0.5) if hottest else 0.0)
    what = "prescription" if highest or not hottest else f"{hottest.name}: D50"
    question = MEAN_FRACTION_DOSE.question(dose / fractions)
    whole = fractions * dose
    meant = f"; {fractions} fractions of {dose:.4g} Gy are {whole:.4g} Gy"
    asked = f"{what} of {dose:.4g} Gy in {fractions} fractions: {question}"
    if not question:
        return []
    return [asked + (meant if COURSE_DOSE.is_plausible(whole) else "")]


def _of_volumes(structures: Sequence[ImportedStructure]) -> list[str]:
    """Ask about volumes [cm3] that can hardly be meant, or are shares of the whole."""
    volumes = {structure.volume for structure in structures}
    if len(structures) > 1 and len(volumes) == 1 and volumes <= RELATIVE:
        whole = volumes.pop()
        return [f"every structure has {whole:g} cm3: are these shares of the volumes?"]
    return [
        f"{structure.name}: {question}"
        for structure in structures
        if (question := _kind_of(structure).question(structure.volume))
    ]


def _kind_of(structure: ImportedStructure) -> Quantity:
    return TARGET_VOLUME if structure.structure in TARGETS else VOLUME


def _like_a_target(structures: Sequence[ImportedStructure]) -> list[ImportedStructure]:
    """Structure with the highest median of those whose names look like a target's; none without."""
    alike = [s for s in structures if DISEASED.search(s.name.lower())]
    return sorted(alike, key=lambda structure: structure.dvh.at(0.5))[-1:]


def _why_cold(ratio: float, fractions: int | None) -> str:
    low, high = OF_ONE_FRACTION
    if fractions is not None and fractions > 1 and low <= ratio * fractions <= high:
        return f"looks like one of {fractions} fractions"
    if CENTI[0] <= 1.0 / max(ratio, 1e-9) <= CENTI[1]:
        return "is one of them in cGy, or for one fraction?"
    return "are both of the whole course?"


def _why_hot(ratio: float, fractions: int | None) -> str:
    """Return what is probably meant, or nothing where the dose can be meant."""
    if (
        fractions is not None
        and fractions > 1
        and (COLDEST_TARGET <= ratio / fractions <= OF_ONE_FRACTION[1] and ratio > HOTTEST_ORGAN)
    ):
        return f"the prescription looks like that of one of {fractions} fractions"
    if ratio <= HOTTEST_TARGET:
        return ""
    if CENTI[0] <= ratio <= CENTI[1]:
        return "is one of them in cGy, or for one fraction?"
    return "are both of the whole course?"


def _may_be(structure: ImportedStructure, within: float) -> float:
    """Dose [Gy] of targets that an organ may hold; none where radsim knows the organ."""
    return 0.0 if structure.structure is None or structure.structure in KNOWN else within


def _is_organ(structure: ImportedStructure) -> bool:
    name = structure.name.lower()
    return structure.structure is not None or (
        NEURAL_LOOKING.search(name) is not None and DISEASED.search(name) is None
    )
