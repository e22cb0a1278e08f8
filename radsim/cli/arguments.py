"""Arguments that several commands take."""

import os
from pathlib import Path
from typing import Annotated

import typer

from radsim.vocabulary.mistakes import Mistake

ExperimentFile = Annotated[Path, typer.Argument(metavar="FILE", help="an experiment (TOML)")]
ResultFolder = Annotated[
    Path, typer.Argument(metavar="DIR", help="the folder of a finished run or trial")
]
Confirm = Annotated[
    list[str] | None,
    typer.Option("--confirm", metavar="KEY", help="a number that was questioned is meant so"),
]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]


def check_target(option: str, path: Path) -> None:
    """Refuse a file that can't be written, before the work that it is for."""
    if path.is_dir():
        raise Mistake(f"{option}: {path} is a folder, not a file")
    if not path.parent.is_dir():
        raise Mistake(f"{option}: there is no folder {path.parent}")
    if not os.access(path.parent, os.W_OK):
        raise Mistake(f"{option}: can't write to {path.parent}")
