"""The endpoints of an experiment, and the models of each that are reported."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from radsim.experiment.model import Arm, Experiment
from radsim.experiment.outcomes import ABOUT, ALTERNATIVES, Complication, Control
from radsim.experiment.published import published_name
from radsim.vocabulary.endpoints import (
    ALIVE,
    CONTROL_WITHOUT_COMPLICATION,
    INCIDENCE,
    LOCAL_FAILURE,
    NET,
    SHIPPED,
    SURVIVAL,
    Endpoint,
    Estimate,
    Joint,
)

FILE, WITHOUT_RATIO = "file", "without_reirradiation_hazard"  # labels of the file's own model


@dataclass(frozen=True)
class Reported:
    """A model of an endpoint that is reported.

    Attributes
    ----------
    label
        In the dimension of models of a result.
    name
        In tables: the preset, with a word where it was changed.
    model
        The model.
    section
        Where the file states it, such as ``tcp`` or ``ntcp.vcf``.
    raised
        Whether an earlier course raises its hazard.
    ratio_alone
        Only beside the file's own model in an arm with an earlier course, without its ratio.
    """

    label: str
    name: str
    model: Any
    section: str
    raised: bool = False
    ratio_alone: bool = False

    def ratio_in(self, arm: Arm) -> float:
        """What an earlier course multiplies the hazard by in an arm."""
        return self._ratio if self.raised and arm.has_prior else 1.0

    def name_in(self, arm: Arm) -> str:
        """Name the model in an arm, with the ratio that an earlier course brings."""
        if self.raised and arm.has_prior and self._ratio != 1.0:
            return f"{self.name} (reirradiation hazard x {self._ratio:g})"
        return self.name

    def is_told_in(self, arm: Arm) -> bool:
        """Say whether tables of an arm have a row of it."""
        return not self.ratio_alone or (arm.has_prior and self._ratio != 1.0)

    @property
    def _ratio(self) -> float:
        return float(getattr(self.model, "reirradiation_hazard_ratio", 1.0))


@dataclass(frozen=True)
class Modelled:
    """An endpoint, and every model of it that is reported, the file's own first.

    Attributes
    ----------
    endpoint
        What happens.
    section
        Where the file states it; mistakes are told there, and keys below it reach the endpoint.
    models
        As they are reported.
    """

    endpoint: Endpoint
    section: str
    models: tuple[Reported, ...]

    @property
    def by_model(self) -> bool:
        """Say whether its results have a dimension of models."""
        return self.endpoint.always_by_model or len(self.models) > 1


def endpoints_of(experiment: Experiment) -> tuple[Modelled, ...]:
    """Give the endpoints of an experiment: control, then complications, known ones first."""
    modelled = []
    if experiment.tcp is not None:
        modelled.append(Modelled(LOCAL_FAILURE, "tcp", _control_models(experiment)))
    known = {endpoint.event: place for place, endpoint in enumerate(SHIPPED)}
    for name in sorted(experiment.ntcp, key=lambda event: known.get(event, len(known))):
        section = experiment.ntcp[name]
        models = _reported("ntcp", f"ntcp.{name}", section)
        modelled.append(Modelled(_spoken_of(name, section), f"ntcp.{name}", tuple(models)))
    return tuple(modelled)


def _spoken_of(event: str, section: Complication) -> Endpoint:
    """Speak of an endpoint as the vocabulary does, but for what the file says itself."""
    stated = {key: value for key in ABOUT if (value := getattr(section, key))}
    known = next((endpoint for endpoint in SHIPPED if endpoint.event == event), None)
    if known is not None:
        return replace(known, **stated)
    return Endpoint(**{"event": event, "short": section.words, **stated})


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
    deaths = has_deaths(experiment)
    found = []
    for modelled in endpoints_of(experiment):
        found.append(Estimate(modelled.endpoint, NET))
        if deaths:
            found.append(Estimate(modelled.endpoint, INCIDENCE))
    if deaths:
        found.append(Estimate(SURVIVAL, ALIVE))
    if joint := joint_of(experiment):
        found.append(Estimate(joint, NET))
        if deaths:
            found.append(Estimate(joint, ALIVE))
    return tuple(found)


def known_endpoints(experiment: Experiment) -> tuple[Endpoint, ...]:
    """Give the endpoints that radsim knows, simulated or not, and those of the file's own."""
    modelled = {m.endpoint.event: m.endpoint for m in endpoints_of(experiment)}
    return tuple({**{endpoint.event: endpoint for endpoint in SHIPPED}, **modelled}.values())


def possible_estimates(experiment: Experiment) -> Iterator[Estimate]:
    """Give every estimate of known endpoints, whether or not the experiment reports it."""
    for endpoint in known_endpoints(experiment):
        yield Estimate(endpoint, NET)
        yield Estimate(endpoint, INCIDENCE)
    yield Estimate(SURVIVAL, ALIVE)
    joint = joint_of(experiment) or CONTROL_WITHOUT_COMPLICATION
    yield from (Estimate(joint, NET), Estimate(joint, ALIVE))


def has_deaths(experiment: Experiment) -> bool:
    """Say whether every arm has a law of survival."""
    return all(
        (arm.survival or experiment.survival) is not None for arm in experiment.arms.values()
    )


def dims_of(estimate: Estimate, experiment: Experiment) -> tuple[str, ...]:
    """Dimensions of an estimate in a result, arms first and times last."""
    for modelled in endpoints_of(experiment):
        if modelled.endpoint == estimate.of and modelled.by_model:
            return "arm", modelled.endpoint.model_dim, "months"
    return "arm", "months"


def ranked_arms(experiment: Experiment) -> list[int]:
    """Positions of the arms that may be called best for a patient.

    An arm with a prior course treats patients that the others do not, so it is left out unless
    every arm has one.
    """
    arms = list(experiment.arms.values())
    everyone = all(arm.has_prior for arm in arms)
    return [i for i, arm in enumerate(arms) if everyone or not arm.has_prior]


def _control_models(experiment: Experiment) -> tuple[Reported, ...]:
    """Give the file's own model; it without its ratio where an arm has a prior course; the others.

    Those are the alternatives that the file lists.
    """
    assert experiment.tcp is not None
    own, *beside = _reported("tcp", "tcp", experiment.tcp)
    models = [replace(own, label=FILE, raised=True)]
    if any(arm.has_prior for arm in experiment.arms.values()):
        models.append(replace(own, label=WITHOUT_RATIO, ratio_alone=True))
    return (*models, *(replace(model, raised=True) for model in beside))


def _reported(family: str, key: str, section: Control | Complication) -> Iterator[Reported]:
    """Give a section's models, each with its names and with where the file states it."""
    for place, model in enumerate(section.models):
        published = published_name(family, model)
        control = family == "tcp"
        yield Reported(
            label=model.label or ((model.preset or model.kind) if control else published),
            name=f"{published}: {model.label}" if model.label else published,
            model=model,
            section=f"{key}.{ALTERNATIVES}[{place - 1}]" if place else key,
        )
