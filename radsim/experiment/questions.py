"""Whether an experiment can answer what its file asks: which endpoints, told apart by what."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from radsim.experiment.endpoints import (
    Modelled,
    endpoints_of,
    estimates_of,
    has_deaths,
    known_endpoints,
    possible_estimates,
    range_name,
)
from radsim.experiment.model import Experiment
from radsim.experiment.outcomes import ALTERNATIVES
from radsim.experiment.series import figures_of
from radsim.presets import presets_of
from radsim.trial.conduct.hypotheses import OWN
from radsim.trial.protocol.procedure import PRIMARY
from radsim.trial.section import TrialSection
from radsim.vocabulary.endpoints import DEATH, NET, SURVIVAL, Endpoint
from radsim.vocabulary.words import nearest


def unanswered(experiment: Experiment, refused: Collection[str]) -> Iterator[str]:
    """Find what is asked for that the experiment does not have, or can't tell apart.

    Complications of the file that are ``refused`` are not missed a second time.
    """
    yield from _alike(experiment)
    yield from _parts_of_nothing(experiment)
    yield from _not_free_of(experiment, refused)
    yield from _wrong_trial(experiment, refused)
    if not refused:  # else what is asked for may be of one of them
        yield from _unreported(experiment)
        yield from _wrong_series(experiment)


def _unreported(experiment: Experiment) -> Iterator[str]:
    """Find estimates that a precision asks for and the experiment does not have."""
    if experiment.precision is None or not experiment.precision.estimates:
        return
    reported = set(map(str, estimates_of(experiment)))
    estimates = {str(estimate): estimate for estimate in possible_estimates(experiment)}
    estimates |= {str(estimate.difference): estimate for estimate in estimates.values()}
    for name in experiment.precision.estimates:
        estimate = estimates.get(name)
        if estimate is None:
            yield f"precision.estimates: no estimate {name!r}; {nearest(name, estimates)}"
        elif str(estimate) not in reported:
            modelled = estimate.of is SURVIVAL or str(replace(estimate, estimator=NET)) in reported
            why = "without a [survival] section" if modelled else "because its models are missing"
            yield f"precision.estimates: {name} is not reported{', ' * (not modelled)}{why}"


def _alike(experiment: Experiment) -> Iterator[str]:
    """Find what can't be told apart in results: arms, endpoints, models of one endpoint."""
    for name, arm in experiment.arms.items():
        others = ((n, a) for n, a in experiment.arms.items() if n != name)
        if arm.label and any(arm.label.strip() in (n, a.label.strip()) for n, a in others):
            yield f"arms.{name}.label: another arm is called {arm.label.strip()!r} too"
    modelled = endpoints_of(experiment)
    said = {DEATH: "dying", SURVIVAL.short: "living"}
    for endpoint, section in ((m.endpoint, m.section) for m in modelled):
        every = (endpoint.words, endpoint.short, endpoint.freedom_words)
        for folded, words in {_folded(words): words for words in every if words}.items():
            if folded in said:
                yield f"{section}: {words!r} is what {said[folded]} is called; use other words"
            said[folded] = section
        for name in sorted(experiment.cohort.names & {endpoint.event, endpoint.model_dim}):
            yield f"cohort.{name}: the name is taken by {section}; use another"
    told_apart = []
    for each in modelled:
        stated = each.stated[1:] if each.endpoint.freedom else each.stated  # its own is apart
        names = [str(s.model.label or s.model.preset or s.model.kind) for s in stated]
        labels = [reported.label for reported in each.models]
        alike = _repeated(names) or _repeated(labels)
        unlabeled = {
            s.section: name if name in alike else s.label
            for s, name in zip(stated, names, strict=True)
            if alike & {name, s.label} and not s.model.label and s.section != each.section
        }
        for section, name in unlabeled.items():
            yield f"{section}: needs a label, because another model is called {name!r} too"
        for name in sorted(alike - set(unlabeled.values())):
            yield (
                f"{each.section}.{ALTERNATIVES}: two are called {name!r}; "
                "give each a label of its own"
            )
        if not alike:
            told_apart.append(each)
    yield from _alike_in_checks(told_apart)


def listed_again(experiment: Experiment) -> Iterator[str]:
    """Find models that stand beside one that gives the same numbers.

    A design may come past an alternative's own values; a file that states them twice may not.
    """
    for modelled in endpoints_of(experiment):
        seen: dict[str, str] = {}
        for stated in modelled.stated:
            numbers = repr(replace(stated.model, label="", preset=""))
            if numbers in seen:
                yield f"{stated.section}: is the model of {seen[numbers]} once more; leave it out"
            seen.setdefault(numbers, stated.section)


def _parts_of_nothing(experiment: Experiment) -> Iterator[str]:
    """Find endpoints that are a part of what the file does not model and no preset is of."""
    modelled = endpoints_of(experiment)
    events = [m.endpoint.event for m in modelled]
    for section, whole in ((m.section, m.endpoint.part_of) for m in modelled):
        others = [event for event in events if f"ntcp.{event}" != section]
        if whole and whole not in others and not (whole not in events and presets_of(whole)):
            yield f"{section}.part_of: no other endpoint {whole!r}; {nearest(whole, others)}"
    by_event = {m.endpoint.event: m for m in modelled}
    for part in modelled:
        whole_of = by_event.get(part.endpoint.part_of)
        if whole_of is None or whole_of is part:
            continue
        concerned = (part.endpoint.among, whole_of.endpoint.among)
        known = all(experiment.cohort.ends(among) for among in concerned if among)
        if known and (why := _no_whole(part, whole_of)):  # else that is told elsewhere
            yield f"{part.section}.part_of: {part.endpoint.part_of} {why}"
            return  # of two that are a part of each other one line is enough


def _no_whole(part: Modelled, whole: Modelled) -> str:
    """Say why those whom an endpoint comes to can't be some of those of another, or nothing."""
    onsets = [getattr(m.models[0].model, "onset", None) for m in (part, whole)]
    refusals = {
        "is a part of another itself; name that one": bool(whole.endpoint.part_of),
        "is of other patients (among)": whole.endpoint.among != part.endpoint.among,
        "does not end as this does (duration)": whole.endpoint.ends != part.endpoint.ends,
        "comes at other times (onset)": onsets[0] != onsets[1],
    }
    return next((why for why, is_so in refusals.items() if is_so), "")


def _folded(words: str) -> str:
    """Give words as they are compared: without capitals and outer blanks."""
    return words.strip().casefold()


def _alike_in_checks(endpoints: Sequence[Modelled]) -> Iterator[str]:
    """Find models whose ranges would be told under one name."""
    sections: dict[str, str] = {}
    for modelled in endpoints:
        for place, reported in enumerate(modelled.models):
            if reported.ratio_alone:
                continue
            name = range_name(modelled, place)
            if name in sections:
                yield (
                    f"{reported.section}: checks would call it {name!r}, as {sections[name]}; "
                    "give one of the two another label"
                )
            sections[name] = reported.section


def _repeated(names: Sequence[str]) -> set[str]:
    """Give those that stand there more than once."""
    return {name for name in names if names.count(name) > 1}


def _not_free_of(experiment: Experiment, refused: Collection[str]) -> Iterator[str]:
    """Find what control without complication can't be free of."""
    wanted = experiment.compare.free_of
    if wanted is None:
        return
    complications = {
        m.endpoint.event: m for m in endpoints_of(experiment) if not m.endpoint.freedom
    }
    if experiment.tcp is None:
        yield "compare.free_of: control without complication needs [tcp]"
    if not wanted:
        yield "compare.free_of: must name a complication; leave it out for the usual ones"
    for name in dict.fromkeys(wanted):
        if name not in complications and name not in refused:
            yield f"compare.free_of: no complication {name!r}; {nearest(name, complications)}"
        elif name in complications and complications[name].endpoint.good:
            yield f"compare.free_of: {name} is good for patients, so it is no complication"
        if wanted.count(name) > 1:
            yield f"compare.free_of: names {name!r} twice"


def _wrong_trial(experiment: Experiment, refused: Collection[str]) -> Iterator[str]:
    """Find arms of the trial that the experiment lacks, and scenarios that are no trials."""
    if experiment.trial is None:
        return
    try:
        variants = experiment.trial.variants()
    except ValueError as error:
        yield from (f"trial.{line}" for line in str(error).splitlines())
        return
    endpoints = {endpoint.event: endpoint for endpoint in known_endpoints(experiment)}
    modelled = {m.endpoint.event: m.endpoint for m in endpoints_of(experiment)}
    for section in variants.values():
        for number, arm in enumerate(section.arms):
            key = "experimental" if number else "control"
            if isinstance(arm, str) and arm not in experiment.arms:
                yield f"trial.{key}: no arm {arm!r}; {nearest(arm, experiment.arms)}"
        event = section.endpoint
        if not isinstance(section.control, str):
            continue
        yield from _wrong_secondary(experiment, section, modelled, refused)
        if event in refused:
            continue
        if event in modelled:
            called = _folded(section.event)
            taken = {"dying": (DEATH,)} | {n: (n, e.words, e.short) for n, e in modelled.items()}
            for name, words in taken.items():
                if name != event and called and called in map(_folded, words):
                    said = f"{section.event!r} is what {name} is called"
                    yield f"trial.event: {said}; use other words"
            if modelled[event].good:
                yield f"trial.endpoint: {event} is good for patients, and a trial counts harms"
        elif event in endpoints:
            needed = "tcp" if endpoints[event].freedom else f"ntcp.{event}"
            yield f"trial.endpoint: {event} is not simulated without {needed}"
        else:
            harms = [name for name, endpoint in modelled.items() if not endpoint.good]
            yield f"trial.endpoint: no endpoint {event!r}; {nearest(event, harms)}"


def _wrong_secondary(
    experiment: Experiment,
    section: TrialSection,
    modelled: Mapping[str, Endpoint],
    refused: Collection[str],
) -> Iterator[str]:
    """Find secondary hypotheses of a trial that are of nothing the experiment has."""
    for name in section.secondary:
        hypothesis = section.hypothesis_of(name)
        for event in hypothesis.wins or (hypothesis.endpoint,):
            key = f"trial.secondary.{name}.{'wins' if hypothesis.wins else 'endpoint'}"
            if event == DEATH and not has_deaths(experiment):
                yield f"{key}: nobody dies without a [survival] section"
            elif event not in (OWN, DEATH, *modelled, *refused):
                yield f"{key}: no endpoint {event!r}; {nearest(event, (*modelled, DEATH, PRIMARY))}"


def _wrong_series(experiment: Experiment) -> Iterator[str]:
    """Find what the predictive distribution of a series lacks."""
    series = experiment.predictive
    if series is None:
        return
    if experiment.has_design:
        yield "predictive: takes a file without sweep, uncertainty and sensitivity"
    if series.arm and series.arm not in experiment.arms:
        yield f"predictive.arm: no arm {series.arm!r}; {nearest(series.arm, experiment.arms)}"
        return
    if experiment.patients < series.segments:
        yield (
            f"predictive.segments: {series.segments} make one series, and the run has "
            f"{experiment.patients} patients"
        )
    arm = experiment.arms[series.arm or experiment.reference]
    reported = [name for m in endpoints_of(experiment) for name in figures_of(m.endpoint)]
    names = [name for endpoint in known_endpoints(experiment) for name in figures_of(endpoint)]
    partly = {e.event: e.of_whom for e in known_endpoints(experiment) if e.among}
    dies = arm.survival or experiment.survival
    for index, figure in enumerate(series.observed):
        where = f"predictive.observed[{index}].endpoint"
        alive = figure.endpoint == SURVIVAL.reported
        if not alive and figure.endpoint not in names:
            meant = nearest(figure.endpoint, [*names, SURVIVAL.reported])
            yield f"{where}: no endpoint {figure.endpoint!r}; {meant}"
        elif figure.endpoint in partly:
            yield f"{where}: {figure.endpoint} is {partly[figure.endpoint]}, not of a whole series"
        elif not (dies if alive else figure.endpoint in reported):
            yield f"{where}: {figure.endpoint} is not simulated; give its model"
