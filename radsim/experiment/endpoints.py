"""The endpoints of an experiment, and the models of each that are reported."""

from dataclasses import dataclass, replace
from typing import Any

from radsim.experiment.model import Arm, Experiment
from radsim.experiment.pedigree import published_name
from radsim.response.risk import HazardRisk, Risk
from radsim.vocabulary.endpoints import (
    ALIVE,
    CONTROL_WITHOUT_COMPLICATION,
    INCIDENCE,
    LOCAL_FAILURE,
    MYELOPATHY,
    NET,
    SURVIVAL,
    VCF,
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

    def risk(self, arm: Arm, patients: Any, dose: Any) -> Risk:
        """Risk of each patient of an arm."""
        risk = self.model.risk(patients, dose)
        ratio = self._ratio if self.raised and arm.has_prior else 1.0
        return risk if ratio == 1.0 else HazardRisk(hazard=risk.hazard * ratio, onset=risk.onset)

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
    found = []
    if experiment.tcp is not None:
        found.append(Modelled(LOCAL_FAILURE, "tcp", _control_models(experiment)))
    if experiment.ntcp.vcf is not None:
        found.append(Modelled(VCF, "ntcp.vcf", _complications("vcf", (experiment.ntcp.vcf,))))
    if experiment.myelopathy_models:
        models = _complications("myelopathy", experiment.myelopathy_models)
        found.append(Modelled(MYELOPATHY, "ntcp.myelopathy", models))
    return tuple(found)


def joint_of(experiment: Experiment) -> Joint | None:
    """Control without complication, where the experiment has all that it is read off."""
    events = {modelled.endpoint.event for modelled in endpoints_of(experiment)}
    joint = CONTROL_WITHOUT_COMPLICATION
    return joint if events.issuperset(joint.free_of) else None


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
    own = Reported(FILE, published_name("tcp", experiment.tcp), experiment.tcp, "tcp", raised=True)
    models = [own]
    if any(arm.has_prior for arm in experiment.arms.values()):
        models.append(replace(own, label=WITHOUT_RATIO, raised=False, ratio_alone=True))
    for place, model in enumerate(experiment.tcp_alternatives):
        name = published_name("tcp", model)
        models.append(
            Reported(
                model.label or model.preset or model.kind,
                f"{name}: {model.label}" if model.label else name,
                model,
                f"tcp_alternatives[{place}]",
                raised=True,
            )
        )
    return tuple(models)


def _complications(event: str, models: tuple[Any, ...]) -> tuple[Reported, ...]:
    names = [published_name("ntcp", model) for model in models]
    sections = [f"ntcp.{event}", *(f"ntcp.{event}_alternatives[{i}]" for i in range(len(models)))]
    return tuple(
        Reported(name, name, model, section)
        for name, model, section in zip(names, models, sections, strict=False)
    )


CONTROL_MODELS = (FILE, WITHOUT_RATIO)


def control_models(experiment: Experiment) -> tuple[str, ...]:
    """Name the variants of the control model that are reported.

    Where an arm has a prior course there are two: with the model's hazard ratio for
    reirradiation, and without. Then come the alternatives that the file lists.
    """
    prior = any(arm.has_prior for arm in experiment.arms.values())
    own = CONTROL_MODELS if prior else CONTROL_MODELS[:1]
    return (*own, *(m.label or m.preset or m.kind for m in experiment.tcp_alternatives))
