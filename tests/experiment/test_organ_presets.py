"""Organs, models and bounds by preset, from a file to its notes, names and warnings."""

import pytest
from examples import experiment, settings

from radsim.experiment.endpoints import endpoints_of
from radsim.experiment.model import ExperimentError
from radsim.experiment.pedigree import presets_used
from radsim.report.text.description import describe
from radsim.report.text.warnings import warnings_of
from radsim.results.run import run

ORGANS = {"esophagus": {"preset": "esophagus"}, "nerve_roots": {"preset": "nerve-roots"}}
MODELS = {
    "esophageal_toxicity": {"preset": "esophagus-cox-2012"},
    "plexus_injury": {"preset": "plexus-stubblefield-2017"},
}
ARMS = {"single": {"regimen": "24x1"}}


def with_organs(organs=ORGANS, models=MODELS, arms=ARMS, **changes):
    sections = {**settings()["ntcp"], **models}
    compare = {"reference": next(iter(arms))}
    return experiment(arms=arms, ntcp=sections, dose={"organs": organs}, compare=compare, **changes)


def test_an_organ_takes_a_preset_and_what_the_file_says_of_it():
    organs = {**ORGANS, "esophagus": {"preset": "esophagus", "extent": 12.0}}
    found = with_organs(organs=organs)
    assert found.dose.organs["esophagus"].extent == 12.0
    assert found.dose.organs["esophagus"].regions == ("cervical", "thoracic")
    assert {"organ/esophagus", "organ/nerve-roots"} <= set(presets_used(found))
    assert "dose.organs.esophagus: where it lies and how dose reaches it is an assumption, " in (
        describe(found)
    )


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"organs": {**ORGANS, "esophagus": {"preset": "oesophagus"}}},
         "dose.organs.esophagus: no such preset 'oesophagus'; there are: duodenum, esophagus"),
        ({"arms": {"two": {"regimen": "24-in-2"}}},
         "ntcp.plexus_injury: plexus-stubblefield-2017 is of the physical dose in 1 fraction, and "
         "arms.two gives 2; effect = 'equivalent' with an alpha_beta reads others"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_clear_line(changes, says):
    with pytest.raises(ExperimentError) as caught:
        with_organs(**changes)
    assert [line for line in caught.value.mistakes if line.startswith(says)]


def test_a_bound_is_told_in_the_name_of_its_model_in_notes_and_in_warnings():
    found = with_organs(patients=256)
    names = {m.endpoint.event: [each.name for each in m.models] for m in endpoints_of(found)}
    assert names["plexus_injury"] == ["plexus-stubblefield-2017 (lower bound)"]
    assert names["esophageal_toxicity"] == ["esophagus-cox-2012"]
    caution = "plexus-stubblefield-2017: a lower bound of plexus injury, for only patients"
    assert f"note: {caution}" in describe(found)
    assert any(line.startswith(caution) for line in warnings_of(run(found)))


def test_who_lacks_the_organ_has_no_risk_from_it():
    found = run(with_organs(patients=1024))
    share = float(found["plexus_injury_net"].squeeze()[-1])
    assert 0.2 < share / 0.045 < 0.85  # thoracic targets, 11 of 28, are left out
