import importlib
import inspect
import pkgutil
import re
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


def test_what_takes_a_path_takes_it_as_text():
    rooms = [m.name for m in pkgutil.iter_modules(radsim.__path__, "radsim.") if m.ispkg]
    modules = [importlib.import_module(name) for name in ("radsim", *rooms)]
    doors = {getattr(m, name) for m in modules for name in getattr(m, "__all__", ())}
    functions = [door for door in doors if inspect.isfunction(door)]
    taking = {
        f"{function.__name__}({name})": str(parameter.annotation)
        for function in functions
        for name, parameter in inspect.signature(function).parameters.items()
        if re.search(r"\bPath\b", str(parameter.annotation)) and "Callable" not in str(parameter)
    }
    assert {"make_experiment(folder)", "plans_in(folder)", "save_result(folder)"} <= taking.keys()
    assert [name for name, kind in taking.items() if "str" not in kind] == []


def test_public_names_are_sorted():
    names = radsim.__all__[1:]
    assert names == sorted(names)


def test_a_name_that_is_not_public_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'loadexperiment'"):
        _ = radsim.loadexperiment
