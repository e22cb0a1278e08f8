"""The command line: parse, call one function, print."""

import json
import os
import sys
import tomllib
import warnings
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console

from radsim.experiment.model import Experiment, ExperimentError, load_experiment, patients_problem
from radsim.vocabulary.mistakes import Mistake
from radsim.vocabulary.versions import __version__

FIGURES = (".png", ".pdf", ".svg")
DONE, FAILED, WRONG, INTERRUPTED = 0, 1, 2, 130
CHECKED = 8  # values of each swept key that are checked in a design too large to check in full

app = typer.Typer(
    name="radsim",
    help="Monte Carlo radiobiology: compare radiotherapy strategies for spine metastases.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
messages = Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)

ExperimentFile = Annotated[Path, typer.Argument(metavar="FILE", help="an experiment (TOML)")]
ResultFolder = Annotated[Path, typer.Argument(metavar="DIR", help="a finished run's folder")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]


def _version(wanted: bool) -> None:
    if wanted:
        print(f"radsim {__version__}")
        raise typer.Exit(DONE)


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="print the version")
    ] = False,
) -> None:
    """Compare radiotherapy strategies for spine metastases by simulation."""


@app.command()
def check(file: ExperimentFile, as_json: AsJson = False) -> None:
    """Say what an experiment file would do, and what is wrong with it."""
    from radsim.experiment.trial_file import (
        describe_trial,
        load_trial,
        states_trial_only,
        trial_description,
    )
    from radsim.report.text.description import describe, description_of

    try:
        if states_trial_only(file):
            trial_only = load_trial(file)
            if as_json:
                settings = trial_only.model_dump(mode="json", exclude_none=True)
                print(json.dumps({**settings, "trials": trial_description(trial_only)}, indent=2))
            else:
                print(f"{describe_trial(trial_only)}\nno mistakes found")
            return
        experiment = load_experiment(file)
    except ExperimentError as error:
        if as_json:
            print(json.dumps({"mistakes": error.mistakes}, indent=2))
        raise
    if experiment.has_design:
        from radsim.execution.cost import TooLarge, check_cost
        from radsim.experiment.variants import check_variants

        try:
            check_cost(experiment)
            check_variants(experiment)
        except TooLarge as error:
            messages.print(f"warning: {error}; only some of its variants are checked")
            check_variants(experiment, most=CHECKED)
    if as_json:
        trials = {} if experiment.trial is None else {"trials": trial_description(experiment)}
        print(json.dumps({**description_of(experiment), **trials}, indent=2))
        return
    if experiment.trial is not None:
        print(describe_trial(experiment))
    print(describe(experiment))


@app.command()
def run(
    file: ExperimentFile,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="where the result goes")],
    patients: Annotated[int | None, typer.Option(help="instead of the file's number")] = None,
    seed: Annotated[int | None, typer.Option(help="instead of the file's seed")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="threads or processes")] = None,
    chunk_size: Annotated[int | None, typer.Option(min=1, help="patients a task")] = None,
    scheduler: Annotated[
        str, typer.Option(help="threads, processes, single, or the address of a Dask scheduler")
    ] = "threads",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="replace another result in DIR")
    ] = False,
    precision: Annotated[
        float | None,
        typer.Option(help="go on until the largest Monte Carlo standard error is this small"),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="run a design however long it takes")] = False,
    figures: Annotated[
        bool, typer.Option(help="draw figures; radsim plot DIR draws them later")
    ] = True,
) -> None:
    """Run an experiment; the same command goes on where a stopped run left off."""
    from radsim.execution.cost import check_cost, check_growth
    from radsim.execution.precision import with_precision
    from radsim.execution.progress import show_progress
    from radsim.execution.schedulers import check_scheduler
    from radsim.experiment.trial_file import states_trial_only
    from radsim.report.figures.outcomes import draw_figures
    from radsim.report.files.folder import claim_folder, is_result_of
    from radsim.report.files.result_files import save_result
    from radsim.report.files.trial_files import holds_trial, remove_trial
    from radsim.report.text.comparison import comparison_text, precision_text, predictive_text
    from radsim.results.run import run as run_experiment
    from radsim.results.run import work_of

    if states_trial_only(file):
        idle = {
            "--patients": (patients, "a [trial] states its own, trial.patients"),
            "--precision": (precision, "a [trial] states how many are simulated, trial.trials"),
            "--chunk-size": (chunk_size, "a [trial] alone has no chunks of patients"),
            "--scheduler": (None if scheduler == "threads" else scheduler, "trials run on threads"),
        }
        mistakes = [f"{name}: {why}" for name, (given, why) in idle.items() if given is not None]
        if mistakes:
            raise ExperimentError(mistakes)
        trial(file, out, seed=seed, workers=workers, overwrite=overwrite, figures=figures)
        return
    experiment = _override(_load(file, patients), patients=patients, seed=seed)
    if precision is not None:
        experiment = with_precision(experiment, precision, patients)
    check_scheduler(scheduler)
    if (
        experiment.trial is not None
        and not overwrite
        and not holds_trial(out)
        and is_result_of(out, experiment)
    ):
        messages.print(f"{out} holds the result already; what is missing is the trial")
        _simulate_trial(experiment, out, workers, figures)
        return
    if experiment.has_design and not yes:
        messages.print(str(check_cost(experiment)))
    with claim_folder(out, experiment, overwrite) as journal:
        with show_progress(messages, work_of(experiment)) as progress:

            def growth(needed: Experiment, planned: Experiment) -> None:
                if not yes:
                    check_growth(needed)
                progress.total = work_of(planned)

            result = run_experiment(
                experiment,
                workers=workers,
                chunk_size=chunk_size,
                scheduler=scheduler,
                journal=journal,
                progress=progress,
                growth=growth,
            )
        remove_trial(out)  # an earlier result's
        save_result(result, out, draw_figures if figures else None)
    from radsim.report.text.comparison import warnings_of

    for line in warnings_of(result):
        messages.print(f"warning: {line}")
    print(comparison_text(result))
    for line in precision_text(result):
        print(line)
    if series := predictive_text(result):
        print(f"\n{series}")
    print(f"\nresult in {out}")
    if experiment.trial is not None:
        if experiment.has_design:
            messages.print(
                "the trial is simulated for the file's own values; vary it by [trial] scenarios"
            )
        _simulate_trial(experiment, out, workers, figures)


@app.command()
def trial(
    file: ExperimentFile,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="where the tables go")],
    trials: Annotated[int | None, typer.Option(min=1, help="instead of the file's number")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="instead of the file's seed")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="threads")] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="replace another trial in DIR")
    ] = False,
    figures: Annotated[bool, typer.Option(help="draw figures")] = True,
) -> None:
    """Simulate the virtual trial of a file: power, sample size, benefit and harm."""
    from radsim.experiment.trial_file import load_trial, with_changes
    from radsim.report.files.trial_files import check_folder

    source = with_changes(load_trial(file), trials=trials, seed=seed)
    check_folder(out, overwrite)
    _simulate_trial(source, out, workers, figures)


@app.command()
def plot(folder: ResultFolder) -> None:
    """Draw the figures of a finished run again."""
    from radsim.report.figures.outcomes import draw_figures
    from radsim.report.files.result_files import open_result

    result = open_result(folder)
    figures = folder / "figures"
    figures.mkdir(exist_ok=True)
    for path in draw_figures(result, figures):
        print(path)


@app.command()
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
    as_json: AsJson = False,
) -> None:
    """Read a plan from DICOM-RT, a text DVH or a CSV, and print or store its metrics."""
    from radsim.planfiles import describe_plan, plan_metrics, read_plan, save_plan

    if fraction_dose not in (None, "session", "course"):
        raise Mistake(f"--fraction-dose: must be session or course, got {fraction_dose!r}")
    try:
        plan = read_plan(
            path,
            mapping=_mapping(name or []),
            fractions=fractions,
            prescription=prescription,
            fraction_dose=fraction_dose,  # type: ignore[arg-type]
        )
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
        found, equals, structure = entry.rpartition("=")
        if not (found and equals and structure):
            raise Mistake(f"--name: must be NAME=STRUCTURE, got {entry!r}")
        mapping[found] = structure
    return mapping


@app.command()
def models(
    name: Annotated[str | None, typer.Argument(help="one preset or kind, in full")] = None,
    as_json: AsJson = False,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="PATH", help="draw NAME's curve to a file")
    ] = None,
) -> None:
    """List every preset with its parameters, range, source and flag, and every kind of model."""
    from radsim.report.text.catalog import plot_curve
    from radsim.report.text.comparison import (
        find_presets,
        kinds_text,
        model_text,
        presets_json,
        presets_text,
    )

    if plot is not None:
        if name is None:
            raise Mistake("--plot draws one preset; give its NAME")
        _check_target("--plot", plot)
        if plot.suffix not in FIGURES:
            raise Mistake(f"--plot: {plot} must end with one of {', '.join(FIGURES)}")
        if not any([plot_curve(preset, plot) for preset in find_presets(name)]):
            raise Mistake(f"{name} has no curve to draw")
    if as_json:
        print(json.dumps(presets_json(name), indent=2))
    else:
        print(f"{presets_text()}\n\n{kinds_text()}" if name is None else model_text(name))


@app.command()
def validate(
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="for the files")] = None,
) -> None:
    """Set published results beside simulations of the cohorts and schedules they came from."""
    if out is not None and out.exists() and not out.is_dir():
        raise Mistake(f"--out: {out} is a file, not a folder")
    from radsim.report.files.result_files import PREDICTIVE
    from radsim.report.tables.rows import PREDICTIVE_COLUMNS, predictive_rows, to_csv
    from radsim.report.text.comparison import predictive_text
    from radsim.validation import draw_forest, rows_to_csv, run_validation, validation_text

    found = run_validation(progress=lambda name: messages.print(f"simulating {name}"))
    phase2 = found.results["phase2"]
    print(validation_text(found.rows))
    print("\n" + predictive_text(phase2))
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        files = {
            "validation.csv": rows_to_csv(found.rows),
            PREDICTIVE: to_csv(PREDICTIVE_COLUMNS, predictive_rows(phase2)),
        }
        for name, text in files.items():
            (out / name).write_text(text, encoding="utf-8")
        figure = draw_forest(found.rows)
        figure.savefig(out / "validation.png", dpi=150, metadata={"Software": None})
        print(f"{', '.join(files)} and validation.png in {out}")


@app.command()
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
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="a preset file")] = None,
) -> None:
    """Fit a model to a table of outcomes by maximum likelihood."""
    from radsim.fitting.fit import fit as fit_model
    from radsim.fitting.outcome_table import read_outcomes
    from radsim.fitting.report import fit_preset, fit_text, is_preset_file, model_to_fit

    chosen: dict[str, Any] = {}
    for key, value in map(_setting, settings or []):
        if key in chosen:
            raise Mistake(f"--set: {key} is given twice")
        chosen[key] = value
    if out is not None:
        _check_target("--out", out)
        if out.exists() and not is_preset_file(out):
            raise Mistake(f"--out: {out} exists and is no preset file; name another file")
    try:
        table, left_out = read_outcomes(data, covariate or [])
        if left_out:
            messages.print(f"warning: columns left out: {', '.join(left_out)}")
        family, started = model_to_fit(model, chosen, table)
        names = [name.strip() for name in estimate.split(",") if name.strip()]
        found = fit_model(started, table, names, covariate or [], bootstrap, seed)
    except Mistake:
        raise
    except ValueError as error:
        raise Mistake(str(error)) from None
    print(fit_text(found, family))
    if out is not None:
        if "dose" not in chosen:
            messages.print(
                f"warning: the table does not say what its dose is; {out} reads {started.dose}; "
                "--set 'dose={structure=..., metric=...}' says otherwise"
            )
        aside = out.with_name(f".{out.name}.part")
        aside.write_text(fit_preset(found, out.stem, family), encoding="utf-8")
        aside.replace(out)
        print(f"preset in {out}")


def _check_target(option: str, path: Path) -> None:
    """Refuse a file that can't be written, before the work that it is for."""
    if path.is_dir():
        raise Mistake(f"{option}: {path} is a folder, not a file")
    if not path.parent.is_dir():
        raise Mistake(f"{option}: there is no folder {path.parent}")
    if not os.access(path.parent, os.W_OK):
        raise Mistake(f"{option}: can't write to {path.parent}")


def _setting(text: str) -> tuple[str, Any]:
    key, found, value = text.partition("=")
    if not found:
        raise Mistake(f"--set takes KEY=VALUE, got {text!r}")
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key.strip(), value.strip()


@app.command()
def schema() -> None:
    """Print the JSON schema of the experiment file, for editors."""
    from radsim.experiment.file_schema import file_schema

    print(json.dumps(file_schema(), indent=2))


def _simulate_trial(source: Any, out: Path, workers: int | None, figures: bool) -> None:
    from radsim.report.files.trial_files import save_trial
    from radsim.report.text.trial import summary_text
    from radsim.trial.questions.scenario import run_virtual_trial

    try:
        results = run_virtual_trial(source, workers=workers or 1)
    except Mistake:
        raise
    except ValueError as error:  # what only the simulated patients show to be impossible
        raise Mistake(f"trial: {error}") from None
    save_trial(results, source, out, figures=figures)
    print(summary_text(results))
    print(f"\ntrial in {out}")


def _load(file: Path, patients: int | None) -> Experiment:
    """Read an experiment; a number of patients given here mends a wrong one in the file."""
    try:
        return load_experiment(file)
    except ExperimentError as error:
        if patients is None or not all(line.startswith("patients") for line in error.mistakes):
            raise
        return load_experiment(file, patients=patients)


def _override(experiment: Experiment, **changes: int | None) -> Experiment:
    given = {name: value for name, value in changes.items() if value is not None}
    try:
        fields = {name: getattr(experiment, name) for name in Experiment.model_fields}
        changed = Experiment.model_validate({**fields, **given})
        if problem := patients_problem(changed):
            raise ExperimentError([f"--{problem}"])
        return changed
    except ValidationError as error:
        raise ExperimentError(
            [f"--{d['loc'][0]}: {d['msg'].removeprefix('Value error, ')}" for d in error.errors()]
        ) from None


def main(arguments: list[str] | None = None) -> None:
    """Run a command and end with its exit code; a user's mistake is one line, not a traceback."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("always", category=UserWarning)  # those are meant for a user
            warnings.showwarning = _show_warning
            code = app(args=arguments, standalone_mode=False)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except SystemExit:  # typer's, when the reader of our output, such as `head`, has seen enough
        code = DONE
    except Exception as error:
        code = _report(error)
    if code == INTERRUPTED:  # also what typer makes of an interrupt
        messages.print("interrupted; the same command goes on from here")
    sys.exit(code if isinstance(code, int) else DONE)


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    messages.print(f"warning: {message}")


def _report(error: Exception) -> int:
    """Say what is wrong in a line for each mistake, and whose fault it is."""
    if hasattr(error, "format_message"):  # the words of the command itself
        messages.print(f"error: {error.format_message()}")
        return WRONG
    for line in str(error).splitlines() or [type(error).__name__]:
        messages.print(f"error: {line}")
    return WRONG if isinstance(error, Mistake) else FAILED
