"""What an experiment's models were fitted on, by the names of the checks that it is held to."""

from dataclasses import dataclass

from radsim.experiment.endpoints import endpoints_of, range_name
from radsim.experiment.model import Experiment
from radsim.experiment.variants import with_other_models

SIDES = {"below_range": "below", "above_range": "above"}  # ends of a check's name, and as words


@dataclass(frozen=True)
class ModelRange:
    """A side of the range of a model: whose it is and which, as readers are told, and its units."""

    said: str
    side: str
    units: str


def model_ranges(experiment: Experiment) -> dict[str, ModelRange]:
    """Every check of a range, of the file's own models and of those that a design exchanges."""
    ranges: dict[str, ModelRange] = {}
    for variant in with_other_models(experiment):
        for modelled in endpoints_of(variant):
            endpoint = modelled.endpoint
            for place, reported in enumerate(modelled.models):
                if getattr(reported.model, "valid_eqd2", None) is None:
                    continue
                name, said = range_name(modelled, place), endpoint.freedom_words or endpoint.short
                if name != endpoint.reported:  # one of several models
                    said += f" ({reported.name})"
                for end, side in SIDES.items():
                    told = ModelRange(said, side, reported.model.range_units)
                    ranges.setdefault(f"{name}_{end}", told)
    return ranges
