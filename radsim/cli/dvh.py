"""``radsim dvh``: a plan's metrics from DICOM-RT, a text DVH or a CSV."""

import json
from pathlib import Path
from typing import Annotated

import typer

from radsim.cli.arguments import AsJson
from radsim.vocabulary.mistakes import Mistake


def dvh(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="a folder of DICOM files, an Eclipse text, a CSV")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="store the plan as a CSV")
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=STRUCTURE", help="what a name stands for, such as Cord=spinal_cord"
        ),
    ] = None,
    fractions: Annotated[
        int | None, typer.Option(min=1, help="where the file does not say")
    ] = None,
    prescription: Annotated[float | None, typer.Option(help="for the course [Gy]")] = None,
    fraction_dose: Annotated[
        str | None,
        typer.Option(help="what a DICOM dose of type FRACTION holds: session or course"),
    ] = None,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="doses that were questioned are meant so")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read a plan from DICOM-RT, a text DVH or a CSV, and print or store its metrics."""
    from radsim.planfiles import Questioned, describe_plan, plan_metrics, read_plan, save_plan

    if fraction_dose not in (None, "session", "course"):
        raise Mistake(f"--fraction-dose: must be session or course, got {fraction_dose!r}")
    try:
        plan = read_plan(
            path,
            mapping=_mapping(name or []),
            fractions=fractions,
            prescription=prescription,
            fraction_dose=fraction_dose,  # type: ignore[arg-type]
            confirmed=confirm,
        )
    except Questioned as question:
        raise Mistake(f"{question}; --confirm if it is meant") from None
    except (ValueError, ImportError) as error:
        raise Mistake(str(error)) from None
    if out is not None:
        if out.exists():
            raise Mistake(f"--out: {out} exists; name another file")
        try:
            save_plan(plan, out)
        except OSError as error:
            raise Mistake(f"--out: can't write {out}: {error.strerror}") from None
    print(json.dumps(plan_metrics(plan), indent=2) if as_json else describe_plan(plan))


def _mapping(names: list[str]) -> dict[str, str]:
    mapping = {}
    for entry in names:
        written, equals, structure = entry.rpartition("=")
        if not (written and equals and structure):
            raise Mistake(f"--name: must be NAME=STRUCTURE, got {entry!r}")
        mapping[written] = structure
    return mapping
