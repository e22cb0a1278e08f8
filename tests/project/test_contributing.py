"""The example of adding a model in CONTRIBUTING.md works as it stands there."""

import importlib.util
import re
import textwrap
import tomllib
from pathlib import Path
from typing import Annotated

import exact_models
import mpmath
import numpy as np
import pytest
from pydantic import Field, TypeAdapter

import radsim.tcp
from radsim.presets import Preset
from radsim.vocabulary.kinds import members

PAGE = Path("CONTRIBUTING.md").read_text(encoding="utf-8")
SECTION = PAGE[PAGE.index("## Adding a model") :]
FILE, LINE, FORMULA, PRESET = (
    text for _, text in re.findall(r"```(\w+)\n(.*?)```", SECTION, flags=re.DOTALL)
)


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    """The example's file, imported as it stands."""
    path = tmp_path_factory.mktemp("tcp") / "weibull.py"
    path.write_text(FILE, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("weibull", path)
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.fixture(scope="module")
def model(module):
    """The example's preset, read by the union with the example's line."""
    preset = Preset.model_validate({"family": "tcp", "name": "example", **tomllib.loads(PRESET)})
    union = members(radsim.tcp.TCPModel)[0]
    for one in (*members(radsim.tcp.TCPModel)[1:], module.WeibullTCP):
        union |= one
    adapter = TypeAdapter(Annotated[union, Field(discriminator="kind")])
    return adapter.validate_python(preset.settings())


def test_the_line_follows_the_last_one_of_the_union():
    before, added = (line.strip() for line in LINE.strip().splitlines())
    source = Path("radsim/tcp/__init__.py").read_text(encoding="utf-8")
    assert f"{before},\n" in source
    assert added == "+    | WeibullTCP,"


def test_the_example_of_a_new_model_runs(model):
    assert type(model).__name__ == "WeibullTCP"
    doses = np.array([33.0, 50.0, 1e6])
    assert model.curve_over_effect(doses)[0] == pytest.approx(0.5)
    assert np.all(np.diff(model.curve_over_effect(doses)) > 0)
    hazard = model.course_hazard(33.0, fractions=16.5)
    assert float(np.exp(-hazard)) == pytest.approx(0.5)


def test_the_examples_formula_is_the_models(model):
    body = textwrap.indent(textwrap.dedent(FORMULA), "    ")
    names = {"mpf": mpmath.mpf}
    exec(f"def control(model, eqd2):\n{body}", names)
    for dose in (0.0, 1e-9, 5.0, 33.0, 60.0, 1e4):
        with mpmath.workdps(50):
            exact = float(names["control"](model, mpmath.mpf(dose)))
        assert float(model.curve_over_effect(dose)) == pytest.approx(exact, abs=1e-10)
    assert hasattr(exact_models, "control")  # where the formula goes
