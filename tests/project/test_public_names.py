import importlib
from pathlib import Path

import pytest

import radsim

PAGES = sorted((Path(__file__).parents[2] / "docs").glob("*.md"))


def test_the_public_names_of_the_contract_are_there():
    contract = {"load_experiment", "run", "simulate", "open_result"}
    assert contract <= set(radsim.__all__)


@pytest.mark.parametrize("name", radsim.__all__)
def test_every_public_name_is_importable_and_documented(name):
    found = getattr(importlib.import_module("radsim"), name)
    assert name in dir(radsim)
    if name != "__version__":
        assert found.__doc__


@pytest.mark.parametrize("name", [n for n in radsim.__all__ if n != "__version__"])
def test_every_public_name_is_mentioned_in_the_docs(name):
    assert any(name in page.read_text(encoding="utf-8") for page in PAGES)


def test_public_names_are_sorted():
    names = radsim.__all__[1:]
    assert names == sorted(names)


def test_a_name_that_is_not_public_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'loadexperiment'"):
        _ = radsim.loadexperiment
