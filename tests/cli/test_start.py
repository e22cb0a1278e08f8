"""Nothing heavy is imported before it is used."""

import subprocess
import sys

import pytest
from command_line import ROOT, radsim

HEAVY = ("numpy", "pydantic", "xarray", "scipy", "matplotlib", "dask", "numba", "rich")


@pytest.mark.parametrize("module", ["radsim", "radsim.cli.app"])
def test_starting_imports_nothing_heavy(module):
    """What a command needs is imported in the command; ``benchmarks/start.py`` times it."""
    code = f"import sys, {module}; print(*sorted(set({HEAVY}) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def test_an_empty_argument_is_no_folder(capsys):
    ended = radsim(capsys, "run", "experiments/sib_phase2.toml", "--out", "")
    assert ended.code == 2
    assert ended.errors == ["error: an argument is empty; is a variable of the shell not set?"]
