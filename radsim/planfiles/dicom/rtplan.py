"""RTPLAN: how many fractions, what was prescribed, which beams."""

from dataclasses import dataclass

from radsim.planfiles.dicom.tags import Tags


@dataclass(frozen=True)
class Course:
    """What an RTPLAN says about the course; None where it does not say."""

    fractions: int | None = None
    prescription: float | None = None  # [Gy]
    levels: tuple[float, ...] = ()  # [Gy] ascending; several with a simultaneous boost
    beams: frozenset[int] = frozenset()
    warnings: tuple[str, ...] = ()


def read_course(plan: Tags) -> Course:
    """Read fractions, prescription and treatment beams."""
    warnings = []
    groups = list(plan.items("FractionGroupSequence"))
    fractions = None
    if len(groups) == 1 and "NumberOfFractionsPlanned" in groups[0]:
        fractions = groups[0].whole("NumberOfFractionsPlanned")
        if fractions < 1:
            raise ValueError(f"{plan.where}: {fractions} fractions planned")
    elif len(groups) > 1:
        warnings.append(f"the plan has {len(groups)} fraction groups: give the fractions yourself")
    else:
        warnings.append("the plan does not say its number of fractions")
    levels = _prescribed(plan)
    if not levels:
        warnings.append("the plan does not say its prescription")
    if len(levels) > 1:
        listed = ", ".join(f"{level:g}" for level in levels)
        warnings.append(f"the plan prescribes {listed} Gy: give the prescription yourself")
    return Course(
        fractions=fractions,
        prescription=levels[0] if len(levels) == 1 else None,
        levels=tuple(levels),
        beams=_treatment_beams(plan, groups),
        warnings=tuple(warnings),
    )


def _prescribed(plan: Tags) -> list[float]:
    """Distinct doses prescribed to volumes; points carry calculated doses in some systems."""
    return sorted(
        {
            dose
            for reference in plan.items("DoseReferenceSequence")
            if reference.text("DoseReferenceType", "") == "TARGET"
            and reference.text("DoseReferenceStructureType", "") in ("SITE", "VOLUME")
            and "TargetPrescriptionDose" in reference
            and (dose := reference.number("TargetPrescriptionDose")) > 0.0
        }
    )


def _treatment_beams(plan: Tags, groups: list[Tags]) -> frozenset[int]:
    set_up = {
        beam.whole("BeamNumber")
        for beam in plan.items("BeamSequence")
        if beam.text("TreatmentDeliveryType", "TREATMENT") == "SETUP"
    }
    return frozenset(
        number
        for group in groups
        for beam in group.items("ReferencedBeamSequence")
        if (number := beam.whole("ReferencedBeamNumber")) not in set_up
    )
