"""What a virtual trial shows in words: a summary to read, assumptions to paste."""

from radsim.trial.arms import StatedArm
from radsim.trial.benefit import Benefit
from radsim.trial.characteristics import Power, Share
from radsim.trial.design import TrialDesign
from radsim.trial.nulls import NULLS
from radsim.virtual_trial import TrialResult


def summary_text(results: dict[str, TrialResult]) -> str:
    """Say what each scenario shows, in a few lines for the terminal."""
    return "\n\n".join(_summary(name, result) for name, result in results.items())


def assumptions_text(results: dict[str, TrialResult], title: str, seed: int) -> str:
    """Write the assumptions and results as paragraphs for a statistics section."""
    parts = [f"{title}: sample size and assumptions", ""]
    for name, result in results.items():
        if len(results) > 1:
            parts += [f"Scenario {name}", ""]
        parts += [_assumptions(result, seed), "", _findings(result), ""]
    parts.append(
        "Simulated with radsim, a research tool; nothing in it is calibrated for one patient. "
        "Every share is given with its Monte Carlo standard error."
    )
    return "\n".join(parts) + "\n"


def _summary(name: str, result: TrialResult) -> str:
    section = result.section
    lines = [
        f"{name}: {result.plan.design.patients} patients, {section.trials:,} simulated trials, "
        f"two-sided alpha {section.alpha:g}",
        f"  {'analysis':28}{'power':>8}{'error':>8}{'effect':>10}{'type I':>8}  estimates",
    ]
    null = {p.analysis: p for p in result.type_one["no_difference"]}
    for p in result.powers:
        lines.append(
            f"  {p.analysis:28}{p.rejected.value:8.3f}{p.rejected.mc_standard_error:8.4f}"
            f"{p.effect:10.3f}{null[p.analysis].rejected.value:8.3f}  {p.estimates}"
        )
    for formula, power in result.formula_powers.items():
        lines.append(f"  {'formula ' + formula:28}{power:8.3f}")
    lines.append(f"  {_size(result)}")
    lines += [f"  {line}" for line in _formula_lines(result)]
    if result.assurance is not None:
        lines.append(f"  assurance of {section.primary_analysis}: {_percent(result.assurance)}")
    none = result.no_events["either"]
    if none.value > 0.0:
        lines.append(f"  trials with no event in an arm: {_share(none)}")
    for b in result.benefits:
        price = _price(b)
        lines.append(
            f"  {b.harm}: {100 * b.control:.2f} % control, {100 * b.experimental:.2f} % "
            f"experimental; {price}"
        )
    if result.looks is not None:
        looks = result.looks
        lines.append(
            f"  with looks: power {_share(looks.power)}, mean duration {looks.duration:.1f} "
            f"months, mean events {looks.events:.1f}"
        )
    return "\n".join(lines)


def _price(benefit: Benefit) -> str:
    if benefit.per_harm is None:
        return "one arm is better in both, so nothing is traded"
    if benefit.caused > 0.0:
        return f"{benefit.per_harm:.2f} events avoided for each harm caused"
    return f"{benefit.per_harm:.2f} more events for each harm avoided"


def _formula_lines(result: TrialResult) -> list[str]:
    found = result.size.patients if result.size is not None and result.size.reached else None
    lines = []
    for row in result.formulas:
        gap = "" if found is None else f", {row.patients - found:+.0f} from simulation"
        events = f", {row.events:.1f} events" if row.events else ""
        lines.append(f"{row.formula} ({row.takes}): {row.patients:.1f} patients{events}{gap}")
    return lines


def _size(result: TrialResult) -> str:
    size = result.size
    if size is None:
        return "no sample size was asked for"
    if not size.reached:
        return size.why
    return (
        f"{size.patients} patients in all reach a power of {result.section.power:g} by simulation "
        f"({result.section.primary_analysis}: {_share(size.power)}; Monte Carlo error allows "
        f"{size.lower} to {size.upper})"
    )


def _assumptions(result: TrialResult, seed: int) -> str:
    section, design = result.section, result.plan.design
    ratio = ":".join(str(part) for part in design.allocation)
    sentences = [
        f"{design.patients} patients are randomized {ratio} (control:experimental)"
        + (f" in permuted blocks of {design.block}" if design.block else " without blocks")
        + (f" within {len(design.strata)} strata" if design.strata else "")
        + ".",
        _accrual(design),
        _end(design),
    ]
    if design.drop_out_hazard:
        sentences.append(
            f"Patients are lost at a constant hazard of {design.drop_out_hazard:g} a month."
        )
    if design.not_evaluable:
        sentences.append(f"{100 * design.not_evaluable:g} % of patients are not evaluable.")
    if design.visits is not None:
        sentences.append("The event is seen only at visits.")
    if len(design.lesions) > 1:
        sentences.append(
            "Patients have several lesions that share a gamma frailty of variance "
            f"{design.frailty:g}; randomization is by patient."
        )
    for role in ("control", "experimental"):
        sentences.append(_arm(role, getattr(section, role)))
    sentences.append(
        f"{section.trials:,} trials were simulated (seed {seed}); the two-sided significance "
        f"level is {section.alpha:g}."
    )
    return " ".join(s for s in sentences if s)


def _findings(result: TrialResult) -> str:
    primary = result.primary
    sentences = [
        f"The primary analysis ({primary.analysis}: {primary.estimates}) has a power of "
        f"{_percent(primary)}; its mean effect is {primary.effect:.3f} (central 95 % of trials "
        f"{primary.effect_lower:.3f} to {primary.effect_upper:.3f})."
    ]
    for null, powers in result.type_one.items():
        found = next(p for p in powers if p.analysis == primary.analysis)
        sentences.append(f"Where {NULLS[null]} it rejects in {_percent(found)}.")
    events = next(e for e in result.expected if e.name == "events")
    sentences.append(
        f"{events.total:.1f} events are expected ({events.control:.1f} control, "
        f"{events.experimental:.1f} experimental)."
    )
    if not result.plan.binary:
        deaths = next(e for e in result.expected if e.name == "deaths")
        duration = next(e for e in result.expected if e.name == "duration")
        sentences.append(
            f"{deaths.total:.1f} patients are expected to die first; the trial lasts "
            f"{duration.total:.1f} months."
        )
    size = _size(result)
    sentences.append(size[0].upper() + size[1:] + ".")
    if result.assurance is not None:
        sentences.append(f"The assurance is {_percent(result.assurance)}.")
    return " ".join(sentences)


def _accrual(design: TrialDesign) -> str:
    if design.accrual.end == 0.0:
        return "All enter at once."
    return f"Accrual is {design.accrual.kind} over {design.accrual.end:g} months."


def _end(design: TrialDesign) -> str:
    if design.event_target is not None:
        return (
            f"The analysis is at {design.event_target} events, at {design.latest:g} months "
            "at the latest."
        )
    if design.cut == 0.0:
        return ""
    return f"The analysis is at month {design.cut:g}."


def _arm(role: str, arm: str | StatedArm) -> str:
    if isinstance(arm, str):
        return f"The {role} arm is the simulated arm {arm!r}."
    said = []
    if arm.proportion is not None:
        said.append(f"{100 * arm.proportion:g} % have the endpoint")
    if arm.control is not None:
        said.append(f"net control at {arm.control_months:g} months is {100 * arm.control:.4g} %")
    if arm.failure_hazard is not None:
        said.append(f"the hazard of the event is {arm.failure_hazard:g} a month")
    if arm.median_survival is not None:
        said.append(f"median survival is {arm.median_survival:g} months")
    elif arm.death_hazard is not None:
        said.append(f"the hazard of death is {arm.death_hazard:g} a month")
    elif arm.survival is not None:
        said.append(f"survival at {arm.survival_months:g} months is {100 * arm.survival:g} %")
    elif arm.proportion is None:
        said.append("nobody dies")
    return f"In the {role} arm {', '.join(said)}."


def _percent(power: Power) -> str:
    return _share(power.rejected)


def _share(share: Share) -> str:
    return f"{100 * share.value:.1f} % (error {100 * share.mc_standard_error:.2f})"
