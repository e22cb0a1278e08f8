"""The command line put together: its commands, and how a mistake of any of them is told."""

import sys
import warnings
from typing import Annotated, Any

import typer

from radsim.cli.check import check
from radsim.cli.dvh import dvh
from radsim.cli.fit import fit
from radsim.cli.messages import tell, warn
from radsim.cli.models import models
from radsim.cli.plot import plot
from radsim.cli.run import run
from radsim.cli.schema import schema
from radsim.cli.trial import trial
from radsim.cli.validate import validate
from radsim.vocabulary.mistakes import Mistake
from radsim.vocabulary.versions import __version__

DONE, INTERRUPTED = 0, 130  # the latter as shells say it of Ctrl-C
FAILED = 1  # not the user's fault
WRONG = 2  # a mistake in a file or in what was typed
COMMANDS = (check, run, trial, plot, dvh, models, validate, fit, schema)  # as help lists them

app = typer.Typer(
    name="radsim",
    help="Monte Carlo radiobiology: compare radiotherapy strategies for spine metastases.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


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


for command in COMMANDS:
    app.command()(command)


def main(arguments: list[str] | None = None) -> None:
    """Run a command and end with its exit code; a user's mistake is one line, not a traceback."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("always", category=UserWarning)  # those are meant for a user
            warnings.showwarning = _show_warning
            if "" in (sys.argv[1:] if arguments is None else arguments):
                raise Mistake("an argument is empty; is a variable of the shell not set?")
            code = app(args=arguments, standalone_mode=False)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except SystemExit:  # typer's, when the reader of our output, such as `head`, has seen enough
        code = DONE
    except Exception as error:
        code = _report(error)
    if code == INTERRUPTED:  # also what typer makes of an interrupt
        tell("interrupted; the same command goes on from here")
    sys.exit(code if isinstance(code, int) else DONE)


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    warn(message)


def _report(error: Exception) -> int:
    """Say what is wrong in a line for each mistake, and whose fault it is."""
    if hasattr(error, "format_message"):  # the words of the command itself
        tell(f"error: {error.format_message()}")
        return WRONG
    for line in str(error).splitlines() or [type(error).__name__]:
        tell(f"error: {line}")
    return WRONG if isinstance(error, Mistake) else FAILED
