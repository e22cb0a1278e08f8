"""The example of adding a model in CONTRIBUTING.md works as it stands there."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
import pytest
from pydantic import Field, TypeAdapter

from radsim import lq
from radsim.presets import Preset
from radsim.schema import Parameter
from radsim.tcp.control import LARGEST, NOBODY, ControlModel
from radsim.tcp.logistic import LogisticTCP


def test_the_example_of_a_new_model_runs():
    page = Path("CONTRIBUTING.md").read_text(encoding="utf-8")
    section = page[page.index("## Adding a model") :]
    blocks = re.findall(r"```(python|toml)\n(.*?)```", section, flags=re.DOTALL)
    names = {
        "dataclass": dataclass, "ControlModel": ControlModel, "ClassVar": ClassVar, "np": np,
        "Literal": Literal, "Parameter": Parameter, "NOBODY": NOBODY, "LARGEST": LARGEST,
        "Annotated": Annotated, "Field": Field, "LogisticTCP": LogisticTCP,
    }  # fmt: skip
    for language, text in blocks:
        if language == "python":
            exec(text, names)
    text = next(text for language, text in blocks if language == "toml")
    preset = Preset.model_validate({"family": "tcp", "name": "example", **tomllib.loads(text)})
    model = TypeAdapter(names["TCPModel"]).validate_python(preset.settings())
    assert type(model).__name__ == "WeibullTCP"
    doses = np.array([33.0, 50.0, 1e6])
    assert model.curve(doses)[0] == pytest.approx(0.5)
    assert np.all(np.diff(model.curve(doses)) > 0)
    assert float(np.exp(-model.failure_hazard(*lq.equal_fractions(33.0, 16.5)))) == pytest.approx(
        0.5
    )
