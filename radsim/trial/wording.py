"""What a [trial] section plans, in sentences to read or paste."""

from collections.abc import Iterator, Mapping
from dataclasses import fields

from radsim.randomness.distributions.composed import Distribution
from radsim.trial import enrolment
from radsim.trial.conduct.analyses import EVERY_ANALYSIS
from radsim.trial.conduct.hypotheses import OWN
from radsim.trial.conduct.run import TrialPlan
from radsim.trial.formulas.group_sequential import DESIGN_POWER, NEVER
from radsim.trial.interim.resize import Resize
from radsim.trial.protocol.accrual import Accrual, PiecewiseAccrual, RampAccrual, SiteAccrual
from radsim.trial.protocol.arms import ROLES, StatedArm
from radsim.trial.protocol.design import Protocol, TrialDesign, Visits
from radsim.trial.protocol.laws import Pieces, same_law
from radsim.trial.protocol.procedure import ALL, ANY, PRIMARY
from radsim.trial.protocol.subgroup import MixedArms, Subgroup
from radsim.trial.questions.assumed import Assumed, alone
from radsim.trial.questions.testing import estimates_of, plan_of_one
from radsim.trial.section import Looks, TrialSection
from radsim.vocabulary.words import listed

FEW = 5  # patients to be expected at risk; with fewer some trials have nobody
PLACES = ("first", "second", "third", "fourth", "fifth", "sixth")
NOBODY = "; where nobody is, what is compared there can't be estimated"


def event_name(section: TrialSection) -> str:
    """What the event is called: as the section says, or just so."""
    if section.event:
        return section.event
    return "the endpoint" if section.binary else "event"


def protocol_sentences(
    section: TrialSection,
    arms: Mapping[str, str] | None = None,
    design: TrialDesign | None = None,
) -> Iterator[str]:
    """Say what is randomized, how it is followed up, and what the arms are assumed to do.

    Parameters
    ----------
    arms
        What each arm of the experiment is called, and with what it treats, by its name.
    design
        That of the plan, where simulated patients say who is eligible.
    """
    design = design or section.trial_design
    yield endpoint_sentence(section)
    yield from design_sentences(design)
    yield from arm_sentences(section, arms, design)


def design_sentences(design: TrialDesign) -> Iterator[str]:
    """Say who is randomized, how patients enter and how they are followed up."""
    yield enrolment.randomization(design)
    yield from _strata(design)
    yield from enrolment.factors(design)
    yield from enrolment.screening(design)
    yield from _follow_up(design)
    if design.not_evaluable:
        yield f"{100 * design.not_evaluable:g} % of patients are not evaluable."
    yield from _lesions(design)


def arm_sentences(
    section: TrialSection,
    arms: Mapping[str, str] | None = None,
    design: TrialDesign | None = None,
) -> Iterator[str]:
    """Say what the arms are assumed to do; for the parameters see `protocol_sentences`."""
    design = design or section.trial_design
    for number, arm in enumerate(section.arms):
        yield _arm(_role(section, number), arm, design, arms or {})
    if section.subgroup is not None:
        yield from enrolment.subgroup(section.subgroup)
        yield from _arms_of_subgroup(section, section.subgroup)
    if isinstance(section.control, str):
        which = "both arms" if len(section.arms) == 2 else "every arm"
        yield (
            f"Each trial draws its patients with replacement from {section.simulated_patients:,} "
            f"simulated ones, each with the times of failure, death and harm under {which}."
        )
    for key, law in section.uncertainty.items():
        yield f"For the assurance, {key} is uncertain: {_law(law)}."


def analysis_sentences(section: TrialSection) -> Iterator[str]:
    """Say how the trial is analysed, and when it is looked at."""
    yield from final_sentences(section)
    yield from interim_sentences(section)


def final_sentences(section: TrialSection) -> Iterator[str]:
    """Say which hypotheses are tested at the end, and how."""
    primary = section.primary_analysis
    analysis = EVERY_ANALYSIS.get(primary)
    what = "" if analysis is None else f", which tests {analysis.null}"
    if section.margin is None:
        yield (
            f"The primary analysis is {primary}{what}, at a two-sided significance level of "
            f"{section.alpha:g}."
        )
    else:
        yield (
            "The trial is to show that the experimental arm is not worse than the control arm by "
            f"{margin_text(section)} or more, by {section.compared_analysis} at a one-sided "
            f"significance level of {section.alpha / 2.0:g}."
        )
    yield from _comparisons(section)
    yield from hypothesis_sentences(section)
    if not section.binary:
        yield (
            f"Incidences are compared at {section.landmark:g} months (variance {section.variance}, "
            f"scale {section.transform}), mean times up to {section.horizon:g} months."
        )


def interim_sentences(section: TrialSection) -> Iterator[str]:
    """Say when the trial is looked at or its size reckoned anew, and when it stops."""
    primary = section.primary_analysis
    analysis = EVERY_ANALYSIS.get(primary)
    if section.resize is not None:
        yield _resize_sentence(section, section.resize)
    if section.looks is not None:
        limits = section.looks.limits(alpha=section.alpha, power=section.power)
        shares = listed([f"{100 * t:g} %" for t in limits.information])
        if analysis is not None and not analysis.counts_events:
            yield (
                f"Looks are at {shares} of the planned events. The information that {primary} has "
                "by then is not their share, so the limits spend a one-sided error of "
                f"{section.alpha / 2.0:g} on its own ({section.looks.kind}); where it can't be "
                "made a look stops nothing."
            )
        else:
            efficacy = [f"{z:.3f}" if z < NEVER else "none" for z in limits.efficacy]
            yield (
                f"Looks are at {shares} of the planned events and stop for efficacy at z of "
                f"{listed(efficacy)} in favor of the experimental "
                f"arm ({section.looks.kind}, one-sided error {section.alpha / 2.0:g})."
            )
        if section.looks.futility is not None:
            shown = [f"{z:.3f}" for z in limits.futility[:-1] if z > -NEVER]
            counted = analysis is None or analysis.counts_events
            below = f"below z of {listed(shown)}" if counted else "too"
            yield (
                f"They stop for futility {below} ({_futility_rule(section, section.looks)}; not "
                "binding for the efficacy limits)."
            )


def _comparisons(section: TrialSection) -> Iterator[str]:
    """Say what is compared where that is more than one thing, and when the trial succeeds."""
    what = ""
    if len(section.arms) > 2:
        what = f"Each of {len(section.arms) - 1} experimental arms is compared with control"
    elif section.subgroup is not None and section.subgroup.co_primary:
        what = f"Everybody and {enrolment.name_of(section.subgroup)} are analysed"
    if what:
        yield (
            f"{what}, each at the level by which the largest statistic keeps that of the trial, "
            "with the correlation that they have in trials without a difference (Dunnett); the "
            f"trial succeeds if {section.succeeds_in} of the comparisons "
            f"{'rejects' if section.succeeds_in == 'any' else 'reject'}."
        )


def _resize_sentence(section: TrialSection, resize: Resize) -> str:
    about = EVERY_ANALYSIS.get(section.compared_analysis)
    what = "events or deaths" if about is not None and about.counts_death else "events"
    by = (
        f"the patients that {resize.events} {what} take, by the hazards"
        if resize.events is not None
        else f"the patients that a difference of {resize.difference:g} takes, by the proportion"
    )
    return (
        f"When {100 * resize.at:g} % of the {section.patients} patients "
        f"{'have their answer' if section.binary else 'are to have entered'} the size is reckoned "
        f"anew without knowing the arms: {by} of all patients together; never fewer than planned, "
        f"at most {resize.most_patients}."
    )


def _futility_rule(section: TrialSection, looks: Looks) -> str:
    wanted = f"for a trial with a power of {100 * section.power:g} %"
    if looks.below is None:
        error = 1.0 - section.power
        return f"{looks.futility} spending of a type-II error of {error:g}, {wanted}"
    name = str(looks.futility).replace("-", " ")
    of_design = f", {wanted}" if looks.futility == DESIGN_POWER else ""
    return f"{name} below {100 * looks.below:g} %{of_design}"


def asked_for(section: TrialSection) -> str:
    """Say whose power the sample size is for."""
    whose = section.procedure.power_of
    if not whose:
        return section.primary_analysis
    said = {ALL: "every hypothesis", ANY: "at least one hypothesis"}
    return f"{said.get(whose, whose)} in the procedure"


def endpoint_words(section: TrialSection, name: str) -> str:
    """What a hypothesis is of, in words."""
    hypothesis = section.hypothesis_of(name)
    if hypothesis.wins:
        by = [words_of(section, endpoint) for endpoint in hypothesis.wins]
        return f"pairs compared by {', then '.join(by)}"
    return words_of(section, hypothesis.endpoint)


def words_of(section: TrialSection, endpoint: str) -> str:
    """What an endpoint is called: as a hypothesis of it says, or by its name."""
    if endpoint == OWN:
        return event_name(section)
    said = (
        secondary.event
        for name, secondary in section.secondary.items()
        if section.hypothesis_of(name).endpoint == endpoint
    )
    return next(filter(None, said), endpoint)


def hypothesis_sentences(section: TrialSection) -> Iterator[str]:
    """Say which hypotheses are tested, and how the chance of any false claim is kept."""
    if not section.secondary:
        return
    for name, secondary in section.secondary.items():
        hypothesis, margin = section.hypothesis_of(name), section.margin_of(name)
        months = [f"{month:g} months" for month in hypothesis.months]
        claim = "is better" if margin is None else f"is not worse by {margin:g} or more"
        yield (
            f"The hypothesis {name} is that the experimental arm {claim} in "
            f"{endpoint_words(section, name)}, by {hypothesis.analysis} "
            f"({', '.join([estimates_of(hypothesis), *months])})."
        )
        if secondary.is_stated:
            other = secondary.other
            for role, arm in zip(ROLES, (other.control, other.experimental), strict=True):
                said = _arm(role, arm, Protocol(), {}).replace(", nobody dies", "")  # type: ignore[arg-type]
                yield f"Of {endpoint_words(section, name)}: {said[0].lower()}{said[1:]}"
            if other.correlation:
                yield (
                    f"How soon {endpoint_words(section, name)} comes has a correlation of "
                    f"{other.correlation:g} with how soon the event does, on the normal scale."
                )
    yield (
        f"{_procedure(section)} Each hypothesis is one-sided, and the chance of any false claim is "
        f"kept at {section.alpha / 2.0:g}."
    )


def _procedure(section: TrialSection) -> str:
    procedure, names = section.procedure, (PRIMARY, *section.secondary)
    if procedure.procedure == "fixed-sequence":
        return f"Tested one after the other are {listed(procedure.sequence(names))}."
    if procedure.procedure == "gatekeeping":
        families = [f"({', '.join(family)})" for family in procedure.families]
        return f"Tested family after family, each by Holm's procedure, are {listed(families)}."
    shares = [f"{name} {100.0 * s:g} %" for name, s in procedure.shares(names).items()]
    if procedure.procedure == "graph":
        handed = [
            f"{100.0 * share:g} % of that of {name} to {to}"
            for name, row in procedure.transfer.items()
            for to, share in row.items()
        ]
        return (
            f"In a graph the shares of the level are {listed(shares)}; a hypothesis that is shown "
            f"hands on {listed(handed)}."
        )
    named = {"holm": "Holm's procedure", "hochberg": "Hochberg's procedure"}[procedure.procedure]
    weighted = f", with weights of {listed(shares)}" if procedure.weights else ""
    return f"{listed(names).capitalize()} are tested by {named}{weighted}."


def margin_text(section: TrialSection) -> str:
    """Say what the margin of a section is of."""
    analysis = EVERY_ANALYSIS.get(section.compared_analysis)
    if analysis is None:
        return f"a difference of proportions of {section.margin:g}"
    if analysis.is_ratio:
        return f"a {analysis.estimates} of {section.margin:g}"
    at = f"{section.horizon if analysis.reads == 'horizon' else section.landmark:g} months"
    return f"{section.margin:g} in the {analysis.estimates.replace(' [months]', '')} ({at})"


def notes_of(section: TrialSection, plan: TrialPlan) -> Iterator[str]:
    """Give what a reader should know before simulating: what this design can't show.

    Parameters
    ----------
    plan
        The section's trial with its arms, of which the numbers at risk are worked out.
    """
    if plan.has_subgroup:
        yield from _hardly_anybody(plan)
    if section.binary:
        return
    plan = alone(plan)
    design = plan.design
    assumed = Assumed(plan)
    last = design.last_follow_up
    marks = [("landmark", section.landmark), ("horizon", section.horizon)]
    for name, months in (*marks, *(("landmarks", month) for month in section.landmarks)):
        if months > last:
            yield (
                f"{name}: {months:g} months lie beyond month {last:g}, the longest that anybody "
                "is watched; what is compared there can't be estimated"
            )
        elif any(EVERY_ANALYSIS[each].reads == name for each in section.named_analyses):
            left = assumed.at_risk(months)
            if min(left) < FEW:
                waits = design.event_target is not None
                when = f", at about month {assumed.end:.3g}, with the last event" if waits else ""
                yield f"{name}: {_at_risk(left, months)}{when}{NOBODY}"
    if plan.family is not None:
        yield from _unread_hypotheses(plan, last)
    if design.visits is not None and not len(design.visits.upto(last)):
        yield f"design.visits: nobody is watched to the first visit, only to month {last:g}"
    if design.event_target is not None:
        yield from _short_of_target(section, assumed)
    yield from _hardly_any_event(section, assumed)
    if section.looks is not None:
        yield from _looks_without_anybody(section, assumed)
    if section.curve is not None:
        yield from _what_a_curve_drops(section, plan)


def _hardly_anybody(plan: TrialPlan) -> Iterator[str]:
    """Say where the subgroup, or the rest, has too few patients to show anything."""
    design, inside = plan.design, plan.share_inside
    least = design.patients * min(design.allocation) / sum(design.allocation)
    for share, where in ((inside, "in the subgroup"), (1.0 - inside, "outside the subgroup")):
        expected = least * share * (1.0 - float(design.not_evaluable))
        if expected < FEW:
            yield (
                f"subgroup: {expected:.1f} patients of an arm are to be expected {where}; where an "
                "arm has none nothing can be shown there"
            )


def _unread_hypotheses(plan: TrialPlan, last: float) -> Iterator[str]:
    """Say which secondary hypotheses are read where nobody, or hardly anybody, is watched."""
    assert plan.family is not None
    for name, hypothesis in plan.family.hypotheses.items():
        analysis = EVERY_ANALYSIS.get(hypothesis.analysis)
        if name == PRIMARY or analysis is None or analysis.counts_events:
            continue
        for months in hypothesis.months:
            left = Assumed(plan_of_one(plan, hypothesis)).at_risk(months)
            if months > last:
                yield (
                    f"secondary.{name}: {months:g} months lie beyond month {last:g}, the longest "
                    "that anybody is watched; it can't be shown"
                )
            elif min(left) < FEW:
                yield f"secondary.{name}: {_at_risk(left, months)}{NOBODY}"


def _at_risk(left: tuple[float, float], months: float) -> str:
    return (
        f"{left[0]:.1f} and {left[1]:.1f} patients (control, experimental) are to be expected at "
        f"risk at {months:g} months"
    )


def _read_at(section: TrialSection) -> float | None:
    """When the primary analysis reads its effect, if it says nothing where nobody is left."""
    analysis = EVERY_ANALYSIS[section.primary_analysis]
    if not analysis.reads or analysis.counts_events:
        return None
    return max(analysis.read_at(section.settings))


def _short_of_target(section: TrialSection, assumed: Assumed) -> Iterator[str]:
    design = assumed.plan.design
    most = design.patients * len(design.lesions)
    target, expected = int(design.event_target or 0), assumed.events()
    if target > most:
        yield f"design.event_target: {target} events can't come from {most} lesions"
    elif expected < target:
        yield (
            f"design.event_target: {expected:.1f} events are to be expected by month "
            f"{design.latest:g}, of the {target} that are waited for"
        )


def _hardly_any_event(section: TrialSection, assumed: Assumed) -> Iterator[str]:
    """Say where the primary analysis has next to nothing to compare."""
    analysis = EVERY_ANALYSIS[section.compared_analysis]
    expected = assumed.events_by_arm(assumed.end, section.compared_analysis)
    if analysis.is_ratio and sum(expected) < FEW:
        yield (
            f"patients: {expected[0]:.1f} and {expected[1]:.1f} events (control, experimental) are "
            f"to be expected; of trials without one {section.compared_analysis} has no test"
        )


def _looks_without_anybody(section: TrialSection, assumed: Assumed) -> Iterator[str]:
    """Say at which looks the primary analysis has nobody to read its effect from."""
    assert section.looks is not None
    months, primary = _read_at(section), section.primary_analysis
    if months is None:
        return
    planned = float(assumed.plan.design.event_target or assumed.events())
    for share in section.looks.information[:-1]:
        month = assumed.when(share * planned)
        left = assumed.at_risk(months, month)
        if min(left) < FEW:
            yield (
                f"looks: at {100 * share:g} % of the events, at about month {month:.3g}, "
                f"{_at_risk(left, months)}; a look at which {primary} can't be made stops nothing"
            )


def _what_a_curve_drops(section: TrialSection, plan: TrialPlan) -> Iterator[str]:
    """Say what the points of a curve leave out of the design, and what they can't show."""
    curve, design = section.curve, plan.design
    assert curve is not None
    longest = design.longest_follow_up
    if curve.minimum_follow_up and design.event_target is not None:
        yield (
            "curve.minimum_follow_up: these trials end so long after accrual, without the "
            f"design's event_target of {design.event_target} and its latest of {design.latest:g}"
        )
    if longest is not None and max(curve.minimum_follow_up or (0.0,)) > longest:
        yield (
            f"curve.minimum_follow_up: nobody is watched beyond longest_follow_up, {longest:g} "
            "months, so that more changes nothing"
        )
    if curve.median_survival and isinstance(plan.arms, tuple):
        dying = [arm for arm in plan.arms if isinstance(arm, StatedArm) and arm.stated_death]
        if len(dying) < len(plan.arms):
            yield "curve.median_survival: in the design itself nobody dies in an arm"
        elif not same_law(plan.arms[0].death, plan.arms[1].death):
            yield (
                "curve.median_survival: both arms get it, without the difference in survival that "
                "the design has"
            )
    months = _read_at(section)
    if months is None:
        return
    empty: dict[str, list[str]] = {}
    for over, value, changed in curve.plans(plan):
        if min(Assumed(changed).at_risk(months)) < FEW:
            empty.setdefault(over, []).append(f"{value:g}")
    for over, values in empty.items():
        yield (
            f"curve.{over}: at {listed(values)} fewer than {FEW} patients of an arm are to be "
            f"expected at risk at {months:g} months{NOBODY}"
        )


def endpoint_sentence(section: TrialSection) -> str:
    """Say what the endpoint is."""
    event = event_name(section)
    if section.binary:
        said = {True: "; more is better", False: "; less is better", None: ""}
        return f"The endpoint is the proportion with {event}{said[section.higher_is_better]}."
    what = "the event" if event == "event" else event
    return f"The endpoint is the time to {what}, with death as a competing event."


def _strata(design: Protocol) -> Iterator[str]:
    if not design.strata:
        return
    total = sum(stratum.share for stratum in design.strata)
    shares = [f"{100 * stratum.share / total:.4g} %" for stratum in design.strata]
    ratios = [f"{stratum.hazard_ratio:g}" for stratum in design.strata]
    yield (
        f"The strata hold {listed(shares)} of patients, with {listed(ratios)} times the stated "
        "hazard of the event."
    )


def _follow_up(design: TrialDesign) -> Iterator[str]:
    if isinstance(design.accrual, SiteAccrual):
        yield enrolment.sites(design.accrual)
    else:
        yield _accrual(design.entering)
    if design.entering.end > 0.0:
        yield _held(design)
    if design.event_target is not None:
        yield (
            f"The analysis is at {design.event_target} events, at {design.latest:g} months "
            "at the latest."
        )
    elif design.cut > 0.0:
        after = design.cut - design.entering.end
        yield f"The analysis is at month {design.cut:g}, {after:g} months after accrual ends."
    if design.longest_follow_up is not None:
        yield f"No patient is watched for more than {design.longest_follow_up:g} months."
    if design.drop_out_hazard:
        yield f"Patients are lost at a constant hazard of {design.drop_out_hazard:g} a month."
    if design.visits is not None:
        yield f"The event is looked for {_visits(design.visits)}; deaths are known as they happen."


def _held(design: TrialDesign) -> str:
    """Say whether the length of accrual or its rate is held when the number of patients changes."""
    months, rate = (
        f"{design.entering.end:.3g} months",
        f"{design.accrual_rate:.3g} patients a month",
    )
    if design.accrual.holds_rate:
        return (
            f"Its rate is held ({rate} on average), so {design.patients} patients take {months} "
            "and more of them take longer."
        )
    return (
        f"Its length is held ({months}), so {design.patients} patients enter at {rate} and more "
        "of them faster."
    )


def _accrual(accrual: Accrual) -> str:
    if accrual.end == 0.0:
        return "All enter at once."
    if isinstance(accrual, RampAccrual) and accrual.full > 0.0:
        return (
            f"Accrual grows in proportion to time for {accrual.full:g} months and is level from "
            f"then to month {accrual.end:g}."
        )
    if isinstance(accrual, PiecewiseAccrual):
        rates = listed([f"{rate:g}" for rate in accrual.rates])
        ends = listed([f"{month:g}" for month in accrual.until])
        return f"Accrual has relative rates of {rates} up to months {ends}."
    return f"Accrual is uniform over {accrual.end:g} months."


def _visits(visits: Visits) -> str:
    said = []
    if visits.at:
        said.append(f"at months {listed([f'{month:g}' for month in visits.at])}")
    if visits.then_every is not None:
        said.append(f"every {visits.then_every:g} months{' after that' if visits.at else ''}")
    return " and ".join(said)


def _lesions(design: Protocol) -> Iterator[str]:
    if len(design.lesions) > 1:
        total = sum(design.lesions)
        shares = [
            f"{100 * share / total:.4g} % have {number}"
            for number, share in enumerate(design.lesions, 1)
            if share > 0.0
        ]
        yield f"Of lesions, {listed(shares)}; randomization is by patient."
    if design.frailty > 0.0:
        yield (
            "The hazard of the event in a patient's lesions is multiplied by a gamma frailty of "
            f"mean 1 and variance {design.frailty:g}."
        )


def _arm(role: str, arm: str | StatedArm, design: Protocol, arms: Mapping[str, str]) -> str:
    if isinstance(arm, str):
        return f"The {role} arm is the simulated arm {arms.get(arm, arm)}."
    said = []
    if arm.proportion is not None:
        said.append(f"{100 * arm.proportion:g} % have the endpoint")
    if arm.control is not None:
        said.append(
            f"net control at {arm.months_of('control'):g} months is {100 * arm.control:.4g} %"
        )
    if arm.failure_hazard is not None:
        said.append(f"the hazard of the event is {arm.failure_hazard:g} a month")
    if arm.failure_pieces is not None:
        said.append(f"the hazard of the event is {_pieces(arm.failure_pieces)}")
    if arm.failure_shape is not None:
        said.append(f"its Weibull shape is {arm.failure_shape:g}")
    if arm.cured is not None:
        said.append(f"{100 * arm.cured:g} % never have it")
    if arm.proportion is None and (conditions := _conditions(design)):
        said[-1] += f" {conditions}"
    if arm.median_survival is not None:
        said.append(f"median survival is {arm.median_survival:g} months")
    elif arm.death_hazard is not None:
        said.append(f"the hazard of death is {arm.death_hazard:g} a month")
    elif arm.survival is not None:
        said.append(f"survival at {arm.months_of('survival'):g} months is {100 * arm.survival:g} %")
    elif arm.death_pieces is not None:
        said.append(f"the hazard of death is {_pieces(arm.death_pieces)}")
    elif arm.proportion is None:
        said.append("nobody dies")
    if arm.survivors is not None:
        said.append(f"{100 * arm.survivors:g} % do not die")
    if arm.survival_shape is not None:
        said.append(f"its Weibull shape is {arm.survival_shape:g}")
    label = f" ({arm.label})" if arm.label not in ("", role) else ""
    return f"In the {role} arm{label} {', '.join(said)}."


def _role(section: TrialSection, number: int) -> str:
    """Role of an arm, with its place among several experimental ones."""
    if number == 0 or len(section.arms) == 2:
        return ROLES[min(number, 1)]
    return f"{PLACES[number - 1] if number <= len(PLACES) else number} {ROLES[1]}"


def _arms_of_subgroup(section: TrialSection, group: Subgroup) -> Iterator[str]:
    if isinstance(section.control, str):
        return
    arms = section.stated_arms
    two = arms.inside if isinstance(arms, MixedArms) else arms
    for role, arm in zip(ROLES, two, strict=True):  # type: ignore[arg-type]
        said = _arm(role, arm, section.trial_design, {})
        yield f"In {enrolment.name_of(group)}: {said[0].lower()}{said[1:]}"


def _pieces(pieces: Pieces) -> str:
    parts = [
        f"{hazard:g} to month {month:g}"
        for hazard, month in zip(pieces.hazards, pieces.until, strict=False)
    ]
    return listed([*parts, f"{pieces.hazards[-1]:g} {'after it' if parts else ''}".strip()])


def _conditions(design: Protocol) -> str:
    """For whom a stated hazard holds, where patients differ."""
    said = []
    if design.frailty > 0.0:
        said.append("of frailty 1")
    if design.is_uneven:
        said.append("of a stratum whose ratio is 1")
    return f"(in a patient {' and '.join(said)})" if said else ""


def _law(law: Distribution) -> str:
    numbers = ", ".join(
        f"{field.name} = {getattr(law, field.name)}"
        for field in fields(law)
        if field.name != "kind" and getattr(law, field.name) != field.default
    )
    return f"{law.kind} ({numbers})"
