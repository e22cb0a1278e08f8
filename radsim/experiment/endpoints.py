"""The endpoints of an experiment and the models of each."""

from radsim.experiment.model import Experiment


def ranked_arms(experiment: Experiment) -> list[int]:
    """Positions of the arms that may be called best for a patient.

    An arm with a prior course treats patients that the others do not, so it is left out unless
    every arm has one.
    """
    arms = list(experiment.arms.values())
    everyone = all(arm.has_prior for arm in arms)
    return [i for i, arm in enumerate(arms) if everyone or not arm.has_prior]


CONTROL_MODELS = ("file", "without_reirradiation_hazard")


def control_models(experiment: Experiment) -> tuple[str, ...]:
    """Name the variants of the control model that are reported.

    Where an arm has a prior course there are two: with the model's hazard ratio for
    reirradiation, and without. Then come the alternatives that the file lists.
    """
    prior = any(arm.has_prior for arm in experiment.arms.values())
    own = CONTROL_MODELS if prior else CONTROL_MODELS[:1]
    return (*own, *(m.label or m.preset or m.kind for m in experiment.tcp_alternatives))
