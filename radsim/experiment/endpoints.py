"""The endpoints of an experiment, and the models of each that are reported."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from radsim.experiment.model import Arm, Experiment
from radsim.experiment.outcomes import ABOUT, ALTERNATIVES, Complication, Control
from radsim.presets.models import bound_of, published_name
from radsim.vocabulary.endpoints import (
    ALIVE,
    CONTROL_WITHOUT_COMPLICATION,
    INCIDENCE,
    LOCAL_FAILURE,
    NET,
    PREVALENCE,
    SHIPPED,
    SURVIVAL,
    Endpoint,
    Estimate,
    Joint,
)

UNNAMEABLE = re.compile(r"[^\w.-]+")  # in a label, but not in a name of a file of results
FILE, WITHOUT_RATIO = "file", "without_reirradiation_hazard"  # labels of the file's own model


@dataclass(frozen=True)
class Reported:
    """A model of an endpoint that is reported."""

    label: str  # in the dimension of models of a result
    name: str  # in tables: the preset, with a word where it was changed
    model: Any
    section: str  # where the file states it, such as ``tcp`` or ``ntcp.vcf.alternatives[0]``
    raised: bool = False  # whether an earlier course raises its hazard
    ratio_alone: bool = False  # the file's own once more, without the ratio of an earlier course

    def ratio_in(self, arm: Arm) -> float:
        """What an earlier course multiplies the hazard by in an arm."""
        return self._ratio(arm) if self.raised else 1.0

    def name_in(self, arm: Arm) -> str:
        """Name the model in an arm, with the ratio that an earlier course brings."""
        ratio = self.ratio_in(arm)
        return self.name if ratio == 1.0 else f"{self.name} (reirradiation hazard x {ratio:.4g})"

    def is_told_in(self, arm: Arm) -> bool:
        """Say whether tables of an arm have a row of it."""
        return not self.ratio_alone or self._ratio(arm) != 1.0

    def _ratio(self, arm: Arm) -> float:
        return float(self.model.ratio_after_earlier) if arm.has_prior else 1.0


@dataclass(frozen=True)
class Modelled:
    """An endpoint, and every model of it that is reported, the file's own first."""

    endpoint: Endpoint
    section: str  # where the file states it; mistakes are told there, keys below it reach it
    models: tuple[Reported, ...]

    @property
    def stated(self) -> tuple[Reported, ...]:
        """Each model that the file states, once."""
        return tuple(reported for reported in self.models if not reported.ratio_alone)

    @property
    def by_model(self) -> bool:
        """Say whether its results have a dimension of models."""
        return self.endpoint.always_by_model or len(self.models) > 1


def endpoints_of(experiment: Experiment) -> tuple[Modelled, ...]:
    """Give the endpoints of an experiment: control, then complications, known ones first."""
    modelled = []
    if experiment.tcp is not None:
        modelled.append(Modelled(LOCAL_FAILURE, "tcp", _control_models(experiment)))
    places = {endpoint.event: place for place, endpoint in enumerate(SHIPPED)}
    for name in sorted(experiment.ntcp, key=lambda event: places.get(event, len(places))):
        section = experiment.ntcp[name]
        key = f"ntcp.{name}"
        models = tuple(_reported("ntcp", key, section))
        modelled.append(Modelled(_spoken_of(name, section), key, models))
    return tuple(modelled)


def _spoken_of(event: str, section: Complication) -> Endpoint:
    """Speak of an endpoint as the vocabulary does, but for what the file says itself."""
    stated = {key: value for key in ABOUT if (value := getattr(section, key))}
    if any(getattr(model, "duration", None) is not None for model in section.models):
        stated["ends"] = True
    for endpoint in SHIPPED:
        if endpoint.event == event:
            return replace(endpoint, **stated)
    return Endpoint(**{"event": event, "short": section.words, **stated})


def range_name(modelled: Modelled, place: int) -> str:
    """Name what is told of the range of one of an endpoint's models, the same in every variant."""
    endpoint, model = modelled.endpoint, modelled.models[place].model
    if place == 0 if endpoint.freedom else not modelled.by_model:
        return endpoint.reported
    called = str(model.label or model.preset or modelled.models[place].label)
    return f"{endpoint.reported}_{UNNAMEABLE.sub('_', called)}"


def joint_of(experiment: Experiment) -> Joint | None:
    """Control without complication, where the experiment has all that it is read off."""
    endpoints = {m.endpoint.event: m.endpoint for m in endpoints_of(experiment)}
    joint, wanted = CONTROL_WITHOUT_COMPLICATION, experiment.compare.free_of
    if wanted is not None and {LOCAL_FAILURE.event, *wanted} != set(joint.free_of):
        free_of = [event for event in endpoints if event in (LOCAL_FAILURE.event, *wanted)]
        words, short = (
            " or ".join(getattr(endpoints[event], said) for event in free_of[1:])
            for said in ("words", "short")
        )
        joint = Joint(
            reported=joint.reported,
            words=f"control without {words}",
            short=f"control without {short}",
            state=f"controlled, without {words}",
            free_of=tuple(free_of),
        )
    return joint if joint.free_of and endpoints.keys() >= set(joint.free_of) else None


def estimates_of(experiment: Experiment) -> tuple[Estimate, ...]:
    """Everything that a result of an experiment estimates, in the order of its tables."""
    endpoints = (modelled.endpoint for modelled in endpoints_of(experiment))
    estimates = _estimates(endpoints, joint_of(experiment))
    if has_deaths(experiment):
        return tuple(estimates)
    return tuple(estimate for estimate in estimates if estimate.estimator is NET)


def _estimates(endpoints: Iterable[Endpoint], joint: Joint | None) -> Iterator[Estimate]:
    """Give every estimate of some endpoints, of being alive, and of something joint."""
    for endpoint in endpoints:
        yield from (Estimate(endpoint, NET), Estimate(endpoint, INCIDENCE))
        if endpoint.ends:
            yield Estimate(endpoint, PREVALENCE)
    yield Estimate(SURVIVAL, ALIVE)
    if joint is not None:
        yield from (Estimate(joint, NET), Estimate(joint, ALIVE))


def known_endpoints(experiment: Experiment) -> tuple[Endpoint, ...]:
    """Give the endpoints that radsim knows, simulated or not, and those of the file's own."""
    modelled = {m.endpoint.event: m.endpoint for m in endpoints_of(experiment)}
    return tuple({**{endpoint.event: endpoint for endpoint in SHIPPED}, **modelled}.values())


def possible_estimates(experiment: Experiment) -> Iterator[Estimate]:
    """Give every estimate of known endpoints, whether or not the experiment reports it."""
    joint = joint_of(experiment) or CONTROL_WITHOUT_COMPLICATION
    return _estimates(known_endpoints(experiment), joint)


def has_deaths(experiment: Experiment) -> bool:
    """Say whether every arm has a law of survival."""
    return all(
        (arm.survival or experiment.survival) is not None for arm in experiment.arms.values()
    )


def ranked_arms(experiment: Experiment) -> list[int]:
    """Positions of the arms that may be called best for a patient.

    An arm that treats other people than the reference is left out.
    """
    return [i for i, arm in enumerate(experiment.arms) if not experiment.treats_others(arm)]


def _control_models(experiment: Experiment) -> tuple[Reported, ...]:
    """Give the file's own model; it without its ratio where an arm has a prior course; the rest."""
    assert experiment.tcp is not None
    first, *beside = _reported("tcp", "tcp", experiment.tcp)
    models = [replace(first, label=FILE, raised=True)]
    if any(arm.has_prior for arm in experiment.arms.values()):
        models.append(replace(first, label=WITHOUT_RATIO, ratio_alone=True))
    return (*models, *(replace(model, raised=True) for model in beside))


def _reported(family: str, key: str, section: Control | Complication) -> Iterator[Reported]:
    """Give a section's models, each with its names and with where the file states it."""
    for place, model in enumerate(section.models):
        published = published_name(family, model)
        control, bound = family == "tcp", bound_of(family, model)
        name = f"{published}: {model.label}" if model.label else published
        yield Reported(
            label=model.label or ((model.preset or model.kind) if control else published),
            name=f"{name} ({bound})" if bound else name,
            model=model,
            section=f"{key}.{ALTERNATIVES}[{place - 1}]" if place else key,
        )
