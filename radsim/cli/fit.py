"""``radsim fit``: a model fitted to a table of outcomes."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from radsim.cli.arguments import Confirm, check_target
from radsim.cli.messages import say, warn
from radsim.vocabulary.files import parsed_toml
from radsim.vocabulary.mistakes import Mistake
from radsim.vocabulary.words import nearest


def fit(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="a CSV of doses and outcomes")],
    model: Annotated[str, typer.Option("--model", metavar="NAME", help="a kind or a preset")],
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="a setting of the model")
    ] = None,
    estimate: Annotated[str, typer.Option(help="parameters to estimate, with commas")] = "",
    covariate: Annotated[list[str] | None, typer.Option(help="a column with a ratio")] = None,
    bootstrap: Annotated[int, typer.Option(min=0, help="resamples")] = 500,
    seed: Annotated[int, typer.Option(min=0, help="of the bootstrap")] = 1,
    confirm: Confirm = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="a preset file")] = None,
) -> None:
    """Fit a model to a table of outcomes by maximum likelihood."""
    from radsim.experiment.designs.keys import flatten
    from radsim.fitting.fit import fit as fit_model
    from radsim.fitting.outcome_table import doubts, read_outcomes
    from radsim.fitting.report import fit_preset, fit_text, is_preset_file, model_to_fit
    from radsim.ntcp.lkb import inverse_exponent
    from radsim.report.files.staging import write_file
    from radsim.vocabulary.numbers import is_number
    from radsim.vocabulary.settings import quantity_at

    chosen: dict[str, Any] = {}
    for key, value in map(_setting, settings or []):
        if key in chosen:
            raise Mistake(f"--set: {key} is given twice")
        chosen[key] = value
    if out is not None:
        check_target("--out", out)
        if out.exists() and not is_preset_file(out):
            raise Mistake(f"--out: {out} exists and is no preset file; name another file")
    try:
        table, left_out = read_outcomes(data, covariate or [])
        if left_out:
            warn(f"columns left out: {', '.join(left_out)}")
        family, started = model_to_fit(model, chosen, table)
        units = started.dose.units
        columns = doubts(table, units, of_targets=family == "tcp")
        asked = {f"{data.name}, {name}": (name, text) for name, text in columns.items()}
        asked |= {
            f"--set {key}": (key, quantity_at(f"tcp.{key}", read={"tcp": units}).question(value))
            for key, value in flatten(chosen, ends=())
            if is_number(value)
        }
        _ask(asked, confirm or ())
        if is_number(exponent := chosen.get("n")) and (note := inverse_exponent(exponent)):
            warn(note)
        names = [name.strip() for name in estimate.split(",") if name.strip()]
        fitted = fit_model(started, table, names, covariate or [], bootstrap, seed)
    except Mistake:
        raise
    except ValueError as error:
        raise Mistake(str(error)) from None
    say(fit_text(fitted, family))
    if out is not None:
        if "dose" not in chosen:
            warn(
                f"the table does not say what its dose is; {out} reads {started.dose}; "
                "--set 'dose={structure=..., metric=...}' says otherwise"
            )
        write_file(out, fit_preset(fitted, out.stem, family))
        say(f"preset in {out}")


def _ask(asked: dict[str, tuple[str, str]], confirmed: Sequence[str]) -> None:
    """Stop where a number is hardly meant, and that is not confirmed by the name in question."""
    names = [name for name, question in asked.values() if question]
    for name in confirmed:
        if name not in names:
            raise Mistake(f"--confirm: {name!r} is not questioned; {nearest(name, names)}")
    lines = [
        f"{where}: {question}; if it is meant, --confirm {name}"
        for where, (name, question) in asked.items()
        if question and name not in confirmed
    ]
    if lines:
        raise Mistake("\n".join(lines))


def _setting(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals:
        raise Mistake(f"--set takes KEY=VALUE, got {text!r}")
    try:
        return key.strip(), parsed_toml(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key.strip(), value.strip()
