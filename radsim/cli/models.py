"""``radsim models``: presets and kinds of models."""

import json
from pathlib import Path
from typing import Annotated

import typer

from radsim.cli.arguments import AsJson, check_target
from radsim.cli.messages import say
from radsim.vocabulary.mistakes import Mistake

FIGURES = (".png", ".pdf", ".svg")


def models(
    name: Annotated[str | None, typer.Argument(help="one preset or kind, in full")] = None,
    as_json: AsJson = False,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="PATH", help="draw NAME's curve to a file")
    ] = None,
) -> None:
    """List every preset with its parameters, range, source and flag, and every kind of model."""
    from radsim.report.text.catalog import plot_curve
    from radsim.report.text.presets import (
        find_presets,
        kinds_text,
        model_text,
        presets_json,
        presets_text,
    )

    if plot is not None:
        if name is None:
            raise Mistake("--plot draws one preset; give its NAME")
        check_target("--plot", plot)
        if plot.suffix not in FIGURES:
            raise Mistake(f"--plot: {plot} must end with one of {', '.join(FIGURES)}")
        if not any([plot_curve(preset, plot) for preset in find_presets(name)]):
            raise Mistake(f"{name} has no curve to draw")
    if as_json:
        print(json.dumps(presets_json(name), indent=2))
    else:
        say(f"{presets_text()}\n\n{kinds_text()}" if name is None else model_text(name))
