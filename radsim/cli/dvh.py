"""``radsim dvh``: metrics of plans from DICOM-RT, text DVHs and CSVs."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from radsim.cli.arguments import AsJson
from radsim.cli.messages import say
from radsim.vocabulary.mistakes import Mistake
from radsim.vocabulary.texts import one_line

if TYPE_CHECKING:
    from radsim.planfiles import FoundPlan, ImportedPlan


def dvh(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...", help="a folder of DICOM files, a text of DVHs, a folder of plans"
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="store the plan, or the table of several, as a CSV"
        ),
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
    add: Annotated[
        bool, typer.Option("--add", help="add the doses of several plans in one folder")
    ] = False,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="doses that were questioned are meant so")
    ] = False,
    model: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="a preset of control or of a complication to ask"),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="further metrics, such as D2.5cc,V20Gy,V20Gy_cc,max"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read plans from DICOM-RT, text DVHs or CSVs, and print or store their metrics."""
    from radsim import planfiles

    if fraction_dose not in (None, "session", "course"):
        raise Mistake(f"--fraction-dose: must be session or course, got {fraction_dose!r}")
    if out is not None and out.exists():
        raise Mistake(f"--out: {out} exists; name another file")
    try:
        further = planfiles.further_metrics(metrics) if metrics is not None else {}
    except ValueError as error:
        raise Mistake(f"--metrics: {error}") from None
    try:
        sought, notes, several = _sought(paths)
    except OSError as error:
        raise Mistake(f"{error.filename} can't be read: {error.strerror}") from None
    plans = _read(
        sought,
        mapping=_mapping(name or []),
        confirmed={plan.name for plan in sought} if confirm else (),
        fractions=fractions,
        prescription=prescription,
        fraction_dose=fraction_dose,
        add_doses=add,
    )
    named = [(found.name, plan) for found, plan in zip(sought, plans, strict=True)]
    if out is not None:
        try:
            if several:
                out.write_text(planfiles.plans_table(named, further), encoding="utf-8")
            else:
                planfiles.save_plan(plans[0], out)
        except OSError as error:
            raise Mistake(f"--out: can't write {out}: {error.strerror}") from None
    records = [planfiles.plan_record(plan, label, further) for label, plan in named]
    answers = []
    if model:
        from radsim.report.text.plan_models import describe_answers, model_answers

        for record, plan in zip(records, plans, strict=True):
            record["models"] = model_answers(plan, model, fractions, of_several=several)
            said = describe_answers(record["models"])
            answers += [
                f"{record['plan']}: {line}" if several else line for line in said.split("\n")
            ]
    if as_json:
        of_all = {"plans": records} if several else records[0]
        print(json.dumps({**of_all, "notes": notes}, indent=2))
    elif several:
        say("\n".join([planfiles.describe_plans(named, further), *notes, *answers]))
    else:
        say("\n".join([planfiles.describe_plan(plans[0], further), *notes, *answers]))


def _sought(paths: list[Path]) -> "tuple[list[FoundPlan], list[str], bool]":
    """Plans of all paths, notes on what is none, and whether these are meant as a table."""
    from radsim.planfiles import FoundPlan, plans_in

    sought: list[FoundPlan] = []
    notes: list[str] = []
    several = len(paths) > 1
    for path in paths:
        if not path.is_dir():
            sought.append(FoundPlan(one_line(path.name), path))
            continue
        plans, skipped = plans_in(path)
        name = one_line(path.resolve().name)
        notes += skipped
        if not plans or plans[0].path == path:  # one plan, or what reading says is missing
            sought.append(FoundPlan(name, path))
            continue
        several = True
        sought += [replace(plan, name=f"{name}/{plan.name}") for plan in plans]
    names = [plan.name for plan in sought]
    if len(set(names)) < len(names):  # of files alike in several folders
        sought = [replace(plan, name=one_line(plan.path.as_posix())) for plan in sought]
    return sought, notes, several


def _read(sought: "list[FoundPlan]", **how: Any) -> "list[ImportedPlan]":
    from radsim.planfiles import Questioned, read_plans

    try:
        return read_plans(sought, **how)
    except Questioned as question:
        lines = str(question).splitlines()
        raise Mistake("\n".join(f"{line}; --confirm if it is meant" for line in lines)) from None
    except (ValueError, ImportError) as error:
        raise Mistake(str(error)) from None


def _mapping(names: list[str]) -> dict[str, str]:
    mapping = {}
    for entry in names:
        written, equals, structure = entry.rpartition("=")
        if not (written and equals and structure):
            raise Mistake(f"--name: must be NAME=STRUCTURE, got {entry!r}")
        mapping[written] = structure
    return mapping
