"""Units of keys: every number that can be swept has some, and they are those of the presets."""

import pytest
import xarray as xr
from examples import DESIGNS

from radsim import load_experiment
from radsim.experiment.designs.keys import known_keys
from radsim.presets import load_preset, preset_names
from radsim.vocabulary.settings import describe_key, label_keys

PLACES = {"tcp": "tcp", "ntcp": "ntcp.myelopathy", "survival": "survival", "dose": "dose",
          "regimen": "arms.a", "cell_kill": "tcp.cell_kill"}  # fmt: skip


def value_at(known, key):
    for part in key.split("."):
        known = known.get(part) if isinstance(known, dict) else None
    return known


@pytest.mark.parametrize("path", DESIGNS, ids=lambda path: path.stem)
def test_every_number_that_can_be_swept_has_units(path):
    made = load_experiment(path)
    numbers = [
        key
        for key in known_keys(made.known)
        if isinstance(value_at(made.known, key), (int, float))
        and not isinstance(value_at(made.known, key), bool)
    ]
    assert len(numbers) > 50
    assert [k for k in numbers if not describe_key(k, made.known["cohort"]).units] == []


@pytest.mark.parametrize("family", PLACES)
def test_units_are_those_of_the_presets(family):
    compared = 0
    for preset in preset_names(family):
        for name, parameter in load_preset(family, preset).parameters.items():
            if isinstance(parameter.value, (int, float)) and not isinstance(parameter.value, bool):
                found = describe_key(f"{PLACES[family]}.{name}").units
                assert found == parameter.units.split()[0], f"{family}/{preset}: {name}"
                compared += 1
    assert compared > 0


def test_a_cohorts_own_variable_keeps_the_units_that_it_states():
    own = {"burden": {"kind": "lognormal", "median": 3.0, "sigma": 1.0, "units": "ml"}}
    assert describe_key("cohort.burden.median", own).units == "ml"
    assert describe_key("cohort.burden.sigma", own).units == "1"


def test_text_values_have_a_name_but_no_units():
    dataset = xr.Dataset(coords={"recovery": ["none", "half-time"], "d50": [18.0, 20.0]})
    labeled = label_keys(dataset, {"recovery": ["arms.a.recovery"], "d50": ["tcp.d50"]}, {})
    assert labeled["recovery"].attrs == {"long_name": "recovery rule, a"}
    assert labeled["d50"].attrs == {"long_name": "D50, local control", "units": "Gy"}
