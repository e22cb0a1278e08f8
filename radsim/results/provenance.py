"""What made a result: its experiment, seed, versions, sources."""

import json

from radsim.experiment.model import Experiment
from radsim.experiment.pedigree import model_labels, presets_used
from radsim.presets import sources_of
from radsim.vocabulary.versions import versions


def provenance(experiment: Experiment) -> dict[str, str | int]:
    """Give the attributes that say what made a result."""
    return {
        "title": experiment.name,
        "experiment": experiment.model_dump_json(exclude_none=True),
        "seed": experiment.seed,
        "patients": experiment.patients,
        "reference": experiment.reference,
        "versions": json.dumps(versions()),
        "models": json.dumps(model_labels(experiment)),
        "sources": "\n".join(sources_of(presets_used(experiment))),
        "note": "Research tool: nothing in it is calibrated for one patient.",
    }
