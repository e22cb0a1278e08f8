"""Presets of esophagus, plexus and duodenum: the published figures, and what is derived of them."""

from dataclasses import replace

import numpy as np
import pytest
from dose_cases import plan_of, spine_patients
from pydantic import TypeAdapter
from scipy.stats import beta

from radsim import load_ntcp, load_preset
from radsim.dose.anatomy.dose_model import default_dose_model
from radsim.dose.anatomy.organ import SampledOrgan
from radsim.dose.drawing import draw_dose
from radsim.dose.metrics import DoseMetric, Wanted
from radsim.presets import preset_names
from radsim.randomness.streams import Streams
from radsim.vocabulary.structures import HotSpot

COUNTS = {  # events and patients behind a level: Cox 2012, Duijm 2018, Stubblefield 2017
    ("esophagus-cox-2012", "below"): (2, 102),
    ("esophagus-cox-2012", "above"): (12, 102),
    ("esophagus-cox-2012-v15", "below"): (1, 102),
    ("esophagus-cox-2012-v15", "above"): (13, 102),
    ("esophagus-duijm-2018", "above"): (0, 231),
    ("plexus-stubblefield-2017", "above"): (14, 311),
    ("plexus-stubblefield-2017-all", "above"): (14, 557),
}
SPLITS = {"V12Gy_cc": 3.78, "V15Gy_cc": 1.87, "V20Gy_cc": 0.11, "D2.5cc": 14.02}  # Cox 2012


@pytest.mark.parametrize(("name", "parameter"), COUNTS)
def test_levels_are_shares_of_counted_events_with_their_exact_intervals(name, parameter):
    events, patients = COUNTS[name, parameter]
    stated = load_preset("ntcp", name).parameters[parameter]
    low = beta.ppf(0.025, events, patients - events + 1) if events else 0.0
    high = beta.ppf(0.975, events + 1, patients - events)
    assert stated.uncertainty == pytest.approx([low, high], abs=1e-4)
    assert stated.value == pytest.approx(events / patients if events else high, abs=2e-4)


@pytest.mark.parametrize(
    ("name", "relative_risk"), [("esophagus-cox-2012", 6), ("esophagus-cox-2012-v15", 13)]
)
def test_both_halves_of_the_esophageal_series_give_its_rate_and_its_relative_risk(
    name, relative_risk
):
    model = load_ntcp(name)
    assert 0.5 * (model.below + model.above) == pytest.approx(14 / 204, abs=2e-4)
    assert model.above / model.below == pytest.approx(relative_risk, rel=0.01)


@pytest.mark.parametrize(("dose", "per_cent"), [(14.0, 2.0), (14.1, 11.8)])
def test_esophageal_risk_below_and_above_the_split(dose, per_cent):
    found = float(load_ntcp("esophagus-cox-2012").probability(dose, fractions=1))
    assert 100.0 * found == pytest.approx(per_cent, abs=0.05)


def test_a_split_by_v15_is_read_as_the_dose_of_that_volume():
    model = load_ntcp("esophagus-cox-2012-v15")
    assert (model.dose.metric, model.threshold) == ("D1.87cc", 15.0)  # V15 of 1.87 cm3


def test_fewer_larger_fractions_of_a_dose_are_worse_for_the_esophagus():
    model = load_ntcp("esophagus-cox-2012")
    found = [float(model.probability(16.0, fractions=n)) for n in (1, 2, 5)]
    assert found[0] > found[1] == found[2]


@pytest.mark.parametrize(("dose", "per_cent"), [(35.0, 5.0), (38.0, 10.0), (46.8, 50.0)])
def test_gastroduodenal_risk_at_the_published_doses(dose, per_cent):
    found = float(load_ntcp("gastroduodenum-bae-2012").probability(dose, fractions=3))
    assert 100.0 * found == pytest.approx(per_cent, abs=0.2)


@pytest.mark.parametrize(("dose", "per_cent"), [(25.3, 4.7), (31.4, 10.0), (37.4, 20.0)])
def test_duodenal_risk_at_the_published_doses(dose, per_cent):
    found = float(load_ntcp("duodenum-goldsmith-2016").probability(dose, fractions=3))
    assert 100.0 * found == pytest.approx(per_cent, abs=0.1)


def test_the_interval_of_the_gastroduodenal_curve_is_that_of_its_count():
    stated = load_preset("ntcp", "gastroduodenum-bae-2012").parameters["intercept"]
    ends = (beta.ppf(0.025, 6, 35), beta.ppf(0.975, 7, 34))
    shift = [np.log(p / (1 - p)) - np.log(0.15 / 0.85) for p in ends]
    assert stated.uncertainty == pytest.approx(stated.value + np.array(shift), abs=0.01)


@pytest.mark.parametrize("name", ["plexus-stubblefield-2017", "plexus-stubblefield-2017-all"])
def test_plexus_injury_is_a_lower_bound_of_one_fraction_with_its_median_onset(name):
    preset, model = load_preset("ntcp", name), load_ntcp(name)
    assert preset.bound == "lower"
    assert "a lower bound" in preset.caution
    assert model.onset.growth(10.0) == 0.5
    inside = model.onset.growth(32.0) - model.onset.growth(4.0)
    assert inside == pytest.approx(0.92, abs=0.02)  # 12 of 14 gaps between sorted onsets
    with pytest.raises(ValueError, match="of the physical dose in 1 fraction, got 5"):
        model.probability(30.0, fractions=5)


@pytest.mark.parametrize("name", preset_names("organ"))
def test_organs_are_assumptions_with_a_spread_and_can_be_drawn(name):
    preset = load_preset("organ", name)
    organ = TypeAdapter(SampledOrgan).validate_python(preset.settings())
    assert preset.flag == "assumption"
    assert organ.regions
    for key, parameter in preset.parameters.items():
        assert parameter.uncertainty is not None or key == "regions", key


def test_the_esophagus_gets_the_dose_at_which_a_series_that_abuts_it_was_split():
    organ = TypeAdapter(SampledOrgan).validate_python(load_preset("organ", "esophagus").settings())
    model = replace(default_dose_model(), organs={"esophagus": organ})
    people = spine_patients(0, 2000).with_organs(model.structures)
    spots = frozenset({HotSpot("esophagus", 2.5)})
    wanted = Wanted(frozenset({"esophagus", "ptv", "gtv"}), spots)
    dose = draw_dose(plan_of(regimen="24x1"), model, people, Streams(3), wanted)
    for metric, split in SPLITS.items():
        read = dose.sums(DoseMetric(structure="esophagus", metric=metric)).total
        assert np.nanmedian(read) == pytest.approx(split, abs=0.03 + 0.08 * split), metric


@pytest.mark.parametrize(
    ("name", "metric", "dose"),
    [
        ("esophagus-single-fraction", "D2.5cc", 14.0),
        ("esophagus-two-fraction", "D2.5cc", 19.0),
        ("duodenum-single-fraction", "D0.03cc", 15.0),
        ("brachial-plexus-three-fraction", "D0.03cc", 25.0),
        ("brachial-plexus-five-fraction", "D0.03cc", 32.0),
        ("bowel-five-fraction", "D10cc", 30.0),
    ],
)
def test_limits_of_organs_are_the_published_ones(name, metric, dose):
    limits = load_preset("limits", name).settings().values()
    assert {limit["metric"]: limit["at_most"] for limit in limits}[metric] == dose


def test_an_arm_takes_limits_of_several_presets():
    both = plan_of(
        regimen="24x1", limits={"preset": ["portpy-single-fraction", "esophagus-single-fraction"]}
    )
    limited = [(limit.structure, limit.metric) for limit in both.limits]
    assert limited[0] == ("cord_prv", "D0.03cc")
    assert limited[-1] == ("esophagus", "D0.03cc")
    assert len(limited) == 5
