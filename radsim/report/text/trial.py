"""What a virtual trial shows in words: a summary to read, assumptions and results to paste."""

from collections.abc import Iterator
from dataclasses import replace

from radsim.experiment.model import Experiment
from radsim.experiment.trial_file import VirtualTrial
from radsim.trial.enrolment import name_of
from radsim.trial.protocol.arms import ROLES, PatientPool
from radsim.trial.protocol.comparison import EVERYBODY, INSIDE, OUTSIDE
from radsim.trial.questions.benefit import Benefit
from radsim.trial.questions.characteristics import Power, Share
from radsim.trial.questions.direction import CONTROL, EXPERIMENTAL, NEITHER
from radsim.trial.questions.nulls import AT_MARGIN, NULLS
from radsim.trial.questions.scenario import TrialResult, null_of
from radsim.trial.sizes.formula_size import FormulaSize
from radsim.trial.sizes.prevalence import ALL
from radsim.trial.wording import (
    analysis_sentences,
    asked_for,
    event_name,
    margin_text,
    notes_of,
    protocol_sentences,
    words_of,
)
from radsim.vocabulary.words import listed

NO_TEST = "allowing no test by itself"


def summary_text(results: dict[str, TrialResult]) -> str:
    """Say what each scenario shows, in a few lines for the terminal."""
    return "\n\n".join("\n".join(_summary(name, result)) for name, result in results.items())


def assumptions_text(results: dict[str, TrialResult], source: Experiment | VirtualTrial) -> str:
    """Write the assumptions and results as paragraphs for a statistics section."""
    arms = {}
    if isinstance(source, Experiment):
        arms = {
            name: f"{arm.label or name} ({arm.plan.words})" for name, arm in source.arms.items()
        }
    parts = [f"{source.name}: sample size and assumptions", ""]
    for name, result in results.items():
        if len(results) > 1:
            parts += [f"Scenario {name}", ""]
        assumptions = (
            *protocol_sentences(result.section, arms, result.plan.design),
            *analysis_sentences(result.section),
            f"{result.section.trials:,} trials were simulated (seed {source.seed}).",
        )
        if result.is_first:
            parts += [" ".join(assumptions), ""]
        parts += [" ".join(_findings(result)), ""]
    parts.append(
        "Simulated with radsim, a research tool; nothing in it is calibrated for one patient. "
        "The number after each ± is the Monte Carlo standard error."
    )
    return "\n".join(parts) + "\n"


def _summary(name: str, result: TrialResult) -> Iterator[str]:
    section = result.section
    level = _level(result)
    yield (
        f"{name}: {result.plan.design.patients} patients, {section.trials:,} simulated trials, "
        f"two-sided alpha {section.alpha:g}{level}"
    )
    if level:
        control, experimental = result.arm_names
        is_part = result.plan.comparison.population != EVERYBODY
        whom = f" in {name_of(section.subgroup)}" if is_part and section.subgroup else ""
        yield f"  {experimental} against {control}{whom}"
    if direction := _direction(result):
        yield f"  {direction}"
    width = max(28, *(len(p.analysis) + 1 for p in result.powers))
    yield f"  {'analysis':{width}}{'power':>8}{'error':>8}{'effect':>10}{'type I':>8}  estimates"
    null = {p.analysis: p for p in result.type_one["no_difference"]}
    at_margin = {p.analysis: p for p in result.type_one.get(AT_MARGIN, ())}
    for p in result.powers:
        effect = f"{p.effect:10.3f}" if p.is_estimable else f"{'-':>10}"
        power = f"{'-':>8}{'-':>8}"
        if p.is_tested:
            power = f"{p.rejected.value:8.3f}{p.rejected.mc_standard_error:8.4f}"
        against = result.section.margin is not None and p is result.primary
        alike = (at_margin if against else null)[p.analysis]
        type_one = f"{alike.rejected.value:8.3f}" if alike.is_tested else f"{'-':>8}"
        yield f"  {p.analysis:{width}}{power}{effect}{type_one}  {p.estimates}"
        yield from (f"  {'':{width}}{line}" for line in _missing(p))
    for formula in result.formulas.powers:
        by_formula = f"formula {formula.formula}"
        yield f"  {by_formula:{width}}{formula.power:8.3f}{'':26}  {formula.takes}"
    if section.margin is not None:
        yield (
            f"  {result.primary.analysis}: power to show that the experimental arm is not worse by "
            f"{margin_text(section)} or more; its type I error is where it just is"
        )
    if result.is_first:
        yield f"  {_size(result)}"
    yield from (f"  {_formula(row, result)}" for row in result.formulas.sizes)
    yield from (f"  {line}" for line in _more(result))
    yield from (f"  note: {note}" for note in notes_of(section, result.plan))


def _level(result: TrialResult) -> str:
    """Level of each comparison of the primary analysis, where there are several."""
    for joint in result.joint:
        if joint.analysis == result.section.primary_analysis:
            return f" over {len(joint.level.correlation)} comparisons, {joint.level.each:.4f} each"
    return ""


def _together(result: TrialResult) -> Iterator[str]:
    """Say what the comparisons show together."""
    for joint in result.joint:
        if joint.analysis == result.section.primary_analysis and result.is_first:
            yield (
                f"{joint.analysis} in any of {len(joint.level.correlation)} comparisons: power "
                f"{_share(joint.any)}, in all {_share(joint.all)}; familywise type I error "
                f"{_share(joint.type_one)}; each at a z of {joint.level.limit:.3f}"
            )


def _of_parts(result: TrialResult) -> Iterator[str]:
    """Say what the primary analysis shows in the subgroup, and by how much that differs."""
    group = result.section.subgroup
    for part in result.parts.get("alternative", ()):
        null = next(p for p in result.parts["no_difference"] if p.population == part.population)
        whom = {INSIDE: f"in {name_of(group)}" if group else "", OUTSIDE: "in the others"}
        if part.population == EVERYBODY:
            continue
        what = whom.get(part.population, "interaction of arm and subgroup")
        missing = part.power.not_tested
        if not part.power.is_tested:
            yield f"{what}: can't be tested in any trial"
            continue
        yield (
            f"{what}, at the full level ({part.power.analysis}): rejects in "
            f"{_share(part.power.rejected)}, effect {part.power.effect:.3f}; without a difference "
            f"in {_share(null.power.rejected)}"
            + (f"; no test in {_share(missing)} of trials" if missing.value > 0.0 else "")
        )
    for row in result.prevalence:
        who = "everybody enrolled" if row.enrolled == ALL else "only the subgroup enrolled"
        reach = f"{row.size.patients} patients ({row.size.lower} to {row.size.upper})"
        screened = f", {row.screened:.0f} screened" if row.screened > row.size.patients else ""
        yield (
            f"with {100 * row.prevalence:g} % in the subgroup and {who}: "
            + (f"{reach}{screened}" if row.size.reached else row.size.why)
        )


def _missing(power: Power) -> Iterator[str]:
    """Say in how many trials an analysis, or its effect, says nothing."""
    if power.not_tested.value > 0.0:
        yield f"no test in {_share(power.not_tested)} of trials"
    if power.not_estimable.value > 0.0:
        yield f"effect not estimable in {_share(power.not_estimable)} of trials"


def _arm(result: TrialResult, role: str) -> str:
    """An arm by its role and, where it has one, its name."""
    name = dict(zip(ROLES, result.arm_names, strict=True))[role]
    return f"the {role} arm" if name == role else f"the {role} arm ({name})"


def _direction(result: TrialResult) -> str:
    """Say which arm is the better one; that it is the control arm is a warning."""
    primary, better = result.compared, result.better
    if not primary.is_tested or not better:
        return ""
    if better == NEITHER:
        return f"by {primary.analysis} neither arm is shown to be the better one"
    favorable = primary.favorable.value if primary.favorable is not None else 0.0
    share = favorable / primary.rejected.value
    if better == CONTROL:
        return (
            f"warning: {_arm(result, EXPERIMENTAL)} is the WORSE one by {primary.analysis}: "
            f"{100 * (1.0 - share):.1f} % of the trials that reject are in favor of "
            f"{_arm(result, CONTROL)}"
        )
    return (
        f"the better arm by {primary.analysis} is {_arm(result, EXPERIMENTAL)}: in favor of it are "
        f"{100 * share:.1f} % of the trials that reject"
    )


def _favor(result: TrialResult, better: str) -> str:
    """In favor of which arm a size has its power, and in which of several comparisons."""
    if result.joint:
        return f" in {result.section.succeeds_in} of the comparisons"
    if result.section.procedure.power_of:
        return " to show it"
    if result.section.margin is not None:
        return f" to show {_arm(result, EXPERIMENTAL)} to be not worse by the margin"
    if better == CONTROL:
        return (
            f", in favor of {_arm(result, CONTROL)} (the control arm is the better one, the "
            "experimental arm the worse)"
        )
    if better == EXPERIMENTAL:
        return f", in favor of {_arm(result, EXPERIMENTAL)}"
    return f", in favor of {better} arm" if better else ""


def _more(result: TrialResult) -> Iterator[str]:
    """Lines that only some trials have."""
    section = result.section
    design = result.plan.design
    if design.eligible < 1.0 and result.is_first:
        yield (
            f"{design.screened:.0f} are to be screened for {design.patients} who are eligible "
            f"({100 * design.eligible:.3g} %)"
        )
    yield from _together(result)
    yield from _of_parts(result)
    if result.assurance is not None:
        yield f"assurance of {section.primary_analysis}: {_both_ways(result.assurance)}"
    none = result.no_events["either"]
    if none.value > 0.0:
        yield f"trials with no event in an arm: {_share(none)}"
    if result.misses_target is not None:
        design = result.plan.design
        target = f"{design.event_target} events by month {design.latest:g}"
        yield f"trials that never reach the {target}: {_share(result.misses_target)}"
    yield from _hypotheses(result)
    for benefit in result.benefits:
        yield _benefit(benefit, result)
    if result.section.looks is not None and result.looks is None:
        yield "with looks: no event is to be expected, so there is nothing to look at"
    if result.looks is not None:
        looks = result.looks
        for look in looks.looks[:-1]:
            if look.analysed.value < 1.0:
                yield (
                    f"the look at {100 * look.information:g} % of the events comes early and has "
                    f"its analysis in {_share(look.analysed)} of trials; in the others it stops "
                    "nothing"
                )
        yield (
            f"with looks: power {_share(looks.power)}, without {_share(looks.fixed_power)}; "
            f"stopped early for futility {_share(looks.early_futility)}; on average "
            f"{looks.duration:.1f} months (± {looks.duration_error:.2f}), "
            f"{looks.enrolled:.1f} patients entered (± {looks.enrolled_error:.2f}) and "
            f"{looks.events:.1f} events (± {looks.events_error:.2f})"
        )
    if result.looks_under_null is not None:
        null = NULLS[null_of(section.primary_analysis)]
        yield (
            f"with looks, where {null}: stopped for efficacy in favor of the experimental arm "
            f"{_share(result.looks_under_null.power)}"
        )
    yield from _resized(result)


def _resized(result: TrialResult) -> Iterator[str]:
    """What a size that is reckoned anew does to the trial and to its error."""
    resized, null = result.resized, result.resized_under_null
    if resized is None or null is None:
        return
    yield (
        f"with a size that is reckoned anew: {resized.patients:.1f} patients on average "
        f"(± {resized.patients_error:.2f}; {resized.lower:g} to {resized.upper:g} in 95 % of "
        f"trials), in favor of the experimental arm {_share(resized.favorable)}, with the planned "
        f"size {_share(resized.planned)}; more than the {result.section.resize.most_patients} "  # type: ignore[union-attr]
        f"patients allowed are wanted in {_share(resized.at_most)}"
    )
    where = NULLS[null_of(result.section.primary_analysis)]
    yield f"with a size that is reckoned anew, where {where}: it rejects in {_share(null.rejected)}"


def _hypotheses(result: TrialResult) -> Iterator[str]:
    """Say what each hypothesis shows alone and in the procedure, and how often falsely."""
    if not result.families:
        return
    design, *nulls = result.families
    for row in design.hypotheses:
        alone = f"shown by itself in {_share(row.alone)}" if row.not_tested.value < 1.0 else NO_TEST
        yield f"{row.name}: {alone}, in the procedure in {_share(row.within)} of trials"
    yield (
        f"every hypothesis is shown in {_share(design.all_shown)}, at least one in "
        f"{_share(design.any_shown)} of trials"
    )
    for name in dict.fromkeys(row.hypothesis for row in result.decided):
        by = [
            f"{words_of(result.section, row.endpoint)} {100 * row.won:.1f} and {100 * row.lost:.1f}"
            for row in result.decided
            if row.hypothesis == name
        ]
        yield f"{name}: of pairs of patients are won and lost by {listed(by)} %"
    false = [f for f in nulls if f.false_claim is not None]
    if false:
        worst = max(false, key=lambda family: family.false_claim.value)  # type: ignore[union-attr]
        assert worst.false_claim is not None
        yield (
            f"a false claim is made at most in {_share(worst.false_claim)} of trials, over "
            f"{len(false)} sets of true nulls (where that of {listed(worst.nulls)} is)"
        )


def _benefit(benefit: Benefit, result: TrialResult) -> str:
    control, experimental = result.arm_names
    arms = result.plan.arms
    words = arms.words if isinstance(arms, PatientPool) else {}
    return (
        f"{words.get(benefit.harm, benefit.harm)}, seen up to the analysis: "
        f"{100 * benefit.control:.2f} % with {control}, "
        f"{100 * benefit.experimental:.2f} % with {experimental}; "
        f"{_price(benefit, event_name(result.section))}"
    )


def _price(benefit: Benefit, event: str) -> str:
    if benefit.verdict == "unclear":
        caused, caused_error, avoided, avoided_error = (
            f"{100 * share:.2f}"
            for share in (
                benefit.caused, benefit.caused_error, benefit.avoided, benefit.avoided_error,
            )
        )  # fmt: skip
        return (
            f"the simulation can't tell what is traded ({caused} ± {caused_error} points of harm "
            f"caused, {avoided} ± {avoided_error} of {event} avoided)"
        )
    if benefit.per_harm is None:
        return f"the experimental arm is {benefit.verdict} in both, so nothing is traded"
    interval = f"{benefit.per_harm_lower:.2f} to {benefit.per_harm_upper:.2f}"
    number = f"{benefit.per_harm:.2f} ({interval})"
    if benefit.caused > 0.0:
        return f"{number} of {event} avoided for each harm caused"
    return f"{number} more of {event} for each harm avoided"


def _formula(row: FormulaSize, result: TrialResult) -> str:
    if row.patients is None:
        return f"{row.formula} ({row.takes}): no answer, {row.note}"
    size, text = result.size, f"{row.formula} ({row.takes}): {row.patients} patients"
    if row.events:
        text += f", {row.events:.1f} events"
    apart = result.joint or result.section.procedure.power_of
    if size is not None and size.reached and not apart:
        text += f", {row.patients - size.patients:+d} against simulation"
    if row.better == CONTROL:
        text += "; in favor of the control arm"
    return text + (f"; {row.note}" if row.note else "")


def _size(result: TrialResult) -> str:
    size = result.size
    if size is None:
        return "no sample size was asked for"
    if not size.reached:
        return size.why + (_favor(result, CONTROL) if size.better == CONTROL else "")
    others = f"{size.lower} to {size.upper} can't be told from it"
    if size.why:
        others = f"{size.why}, like every number tried up to {size.upper}"
    if size.lower == size.upper:
        others = "no other size is within its error"
    return (
        f"{size.patients} patients in all reach a power of {100 * result.section.power:g} % by "
        f"simulation{_favor(result, size.better)} ({asked_for(result.section)}: "
        f"{_share(size.power)}; {others}{_entering(result)})"
    )


def _entering(result: TrialResult) -> str:
    """How long the patients of the size take to enter, and what of it is held."""
    if result.size is None:
        return ""
    design = replace(result.plan.design, patients=max(result.size.patients, 2))
    screened = f"; {design.screened:.0f} are screened for them" if design.eligible < 1.0 else ""
    if design.entering.end == 0.0:
        return screened
    held = "rate" if design.accrual.holds_rate else "months"
    return (
        f"; they enter in {design.entering.end:.3g} months at {design.accrual_rate:.3g} a month, "
        f"the {held} being held{screened}"
    )


def _findings(result: TrialResult) -> Iterator[str]:
    primary = result.primary
    if not primary.is_tested:
        yield f"{primary.analysis} can't be made in any trial, so there is no power to state."
    else:
        yield f"The power of {primary.analysis} is {_both_ways(primary)}."
    if direction := _direction(result):
        yield _sentence(direction)
    if primary.is_estimable:
        yield (
            f"Its effect ({primary.estimates}) is {primary.effect:.3f} on average (central 95 % "
            f"of trials {primary.effect_lower:.3f} to {primary.effect_upper:.3f})."
        )
    for line in _missing(primary):
        yield f"It has {line.replace('effect', 'an effect that is')}."
    for null, powers in result.type_one.items():
        alike = next(p for p in powers if p.analysis == primary.analysis)
        if alike.is_tested:
            yield f"Where {NULLS[null]} it rejects in {_share(alike.rejected)}."
    yield from _counts(result)
    if result.is_first:
        yield _sentence(_size(result))
    if result.formulas.sizes:
        sizes = (_formula(row, result) for row in result.formulas.sizes)
        yield f"By formula: {'; '.join(sizes)}."
    if result.formulas.powers:
        said = (f"{p.formula} {p.power:.3f} ({p.takes})" for p in result.formulas.powers)
        yield f"Power of this size by formula: {'; '.join(said)}."
    for line in _more(result):
        yield _sentence(line)
    for note in notes_of(result.section, result.plan):
        yield f"Note: {note}."


def _counts(result: TrialResult) -> Iterator[str]:
    counts = {e.name: e for e in result.expected}

    def mean(name: str) -> str:
        e = counts[name]
        error = e.mc_standard_error
        return f"{e.total:.1f} ± {error:.2g}" if error > 0.0 else f"{e.total:.1f}"

    control, experimental = result.arm_names
    events = counts["events"]
    what = "lesions with the event" if "patients_with_event" in counts else "events"
    yield (
        f"{mean('events')} {what} are expected ({events.control:.1f} with {control}, "
        f"{events.experimental:.1f} with {experimental})"
        + (f", in {mean('patients_with_event')} patients." if what != "events" else ".")
    )
    if not result.plan.binary:
        deaths = counts["deaths"].total
        dead = f"{mean('deaths')} patients are expected to die first" if deaths else "Nobody dies"
        yield f"{dead}; the trial lasts {mean('duration')} months."


def _sentence(line: str) -> str:
    return f"{line[0].upper()}{line[1:]}."


def _both_ways(power: Power) -> str:
    """Share of trials that reject, and that do so in favor of the experimental arm."""
    if power.favorable is None:
        return _share(power.rejected)
    return f"{_share(power.rejected)}; in favor of the experimental arm {_share(power.favorable)}"


def _share(share: Share) -> str:
    return f"{100 * share.value:.1f} % (± {100 * share.mc_standard_error:.2f})"
