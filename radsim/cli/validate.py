"""``radsim validate``: published results beside simulated ones."""

from pathlib import Path
from typing import Annotated

import typer

from radsim.cli.messages import tell
from radsim.vocabulary.mistakes import Mistake


def validate(
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="for the files")] = None,
) -> None:
    """Set published results beside simulations of the cohorts and schedules they came from."""
    if out is not None and out.exists() and not out.is_dir():
        raise Mistake(f"--out: {out} is a file, not a folder")
    from radsim.report.files.result_files import PREDICTIVE
    from radsim.report.tables.csv_text import to_csv
    from radsim.report.tables.rows import PREDICTIVE_COLUMNS, predictive_rows
    from radsim.report.text.series import predictive_text
    from radsim.validation import draw_forest, rows_to_csv, run_validation, validation_text

    validation = run_validation(progress=lambda name: tell(f"simulating {name}"))
    phase2 = validation.results["phase2"]
    print(validation_text(validation.rows))
    print("\n" + predictive_text(phase2))
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        files = {
            "validation.csv": rows_to_csv(validation.rows),
            PREDICTIVE: to_csv(PREDICTIVE_COLUMNS, predictive_rows(phase2)),
        }
        for name, text in files.items():
            (out / name).write_text(text, encoding="utf-8")
        figure = draw_forest(validation.rows)
        figure.savefig(out / "validation.png", dpi=150, metadata={"Software": None})
        print(f"{', '.join(files)} and validation.png in {out}")
