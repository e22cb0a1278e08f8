"""The real command line, in this process or in one of its own."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from radsim.cli.app import main

ROOT = Path(__file__).parents[1]


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    output: str
    errors: list[str]


def radsim(capsys: pytest.CaptureFixture[str], *arguments: object) -> Ended:
    """Run a command in this process; `errors` are the lines of stderr."""
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    output, errors = capsys.readouterr()
    assert "Traceback" not in errors + output
    code = caught.value.code
    return Ended(0 if code is None else int(code), output, errors.splitlines())


def start(*arguments: object) -> "subprocess.Popen[str]":
    """Start a command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "radsim", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"},
    )


def finish(process: "subprocess.Popen[str]") -> Ended:
    """Wait for a command."""
    output, errors = process.communicate(timeout=120)
    assert "Traceback" not in errors + output
    return Ended(process.returncode, output, errors.splitlines())


def files(folder: Path) -> dict[str, bytes]:
    """Everything in a folder that a user sees, byte for byte."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".radsim" not in path.parts
    }
