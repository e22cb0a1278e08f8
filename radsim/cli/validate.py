"""``radsim validate``: published results beside simulated ones."""

from pathlib import Path
from typing import Annotated

import typer

from radsim.cli.messages import say, tell
from radsim.vocabulary.mistakes import Mistake


def validate(
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="for the files")] = None,
) -> None:
    """Set published results beside simulations of the cohorts and schedules they came from."""
    if out is not None and out.exists() and not out.is_dir():
        raise Mistake(f"--out: {out} is a file, not a folder")
    from radsim.report.text.series import predictive_text
    from radsim.validation import run_validation, save_validation, validation_text

    validation = run_validation(progress=lambda name: tell(f"simulating {name}"))
    phase2 = validation.results["phase2"]
    say(validation_text(validation.rows))
    say("\n" + predictive_text(phase2))
    if out is not None:
        *files, last = save_validation(validation, out)
        say(f"{', '.join(files)} and {last} in {out}")
