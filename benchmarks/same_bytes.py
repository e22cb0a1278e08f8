"""Compare what two checkouts of radsim say and write, byte by byte, on every shipped experiment.

A net under changes that must not move a result: ``python benchmarks/same_bytes.py OLD NEW``. Each
experiment of the old checkout is made small, once, and both checkouts run the same file: plain,
with Sobol points, and on processes. Compared are the tables, ``result.nc``, the resolved
experiment, what is printed, messages and exit codes, of ``radsim run`` and ``radsim check``; the
schema, the models, their page, the help of each command and a fit; and what is said of files full
of mistakes. Not compared are figures and the journal of blocks.

One environment serves both checkouts, each first on the path of imports. ``--keep DIR`` stores what
the old one made, by its commit, so that later only the new one runs. A line a run says what
differs. ``--differences FILE`` writes a line for each thing that differs, ``experiment variant file
variable``; ``--expected FILE`` reads such lines, in which ``*`` stands for anything, and accepts
what they name. The exit code is 0 if all is the same or expected, 1 if not, 2 for wrong arguments.

One checkout takes about two minutes on two cores.
"""

import argparse
import csv
import difflib
import hashlib
import itertools
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np

RUNNER = Path(__file__).with_name("command_runner.py")
SOURCES = {"": "experiments", "validation/": "radsim/validation/experiments", "tests/": "tests"}
NAMES_OF_TESTS = ("small",)  # the only experiments among the tests
MODELS_PAGE = ("radsim.report.text.catalog", "radsim.catalog")  # where it may be made, newest first
VARIANTS = ("plain", "sobol", "processes")
PATIENTS = 600
BLOCKS = 9000  # patients: more than a block of 8192
SOBOL = 32_768  # the least that Sobol points take
TRIALS = 40
IN_BLOCKS = ("compare_strategies", "reirradiation", "recovery_rules", "uncertainty", "tests/small")
SMALLER = {  # what else is made small: text of an experiment, and what replaces it
    "boost_dose_sweep": (
        ("step = 2.5", "step = 15"),
        ("[25.0, 27.5, 30.0, 35.0]", "[25.0, 30.0]"),
        ("[30.0, 32.5, 35.0, 40.0]", "[30.0, 35.0]"),
    ),
    "hazard_modifiers": (("draws = 200", "draws = 16"),),
    "recovery_rules": (("[3, 5, 6, 9, 11, 12, 18, 24, 36]", "[5, 12]"),),
    "sensitivity": (  # 64 is the least, times the factors and two
        ("samples = 256", "samples = 64"),
        ('[arms.single_18]\nregimen = "18x1"\n', ""),
        ('"ntcp.myelopathy.intercept" = ', "# "),
        ('"ntcp.myelopathy.onset.median" = ', "# "),
        ('"ntcp.myelopathy.onset.sigma" = ', "# "),
        (
            '[[sensitivity.groups]]\nname = "survival"\n'
            'keys = ["survival.shape", "survival.scale"]\ntable = "survival-sib-phase2"\n',
            "",
        ),
    ),
    "uncertainty": (("draws = 500", "draws = 12"),),
}
LONGEST = "sensitivity"  # is started first
FIT = "experiments/hytec_anchors.csv"
COMMANDS = ("check", "run", "trial", "plot", "dvh", "models", "validate", "fit", "schema")
JOURNAL = ".radsim"  # a folder in a result's; its blocks are in the order they were finished
TIMED = re.compile(r"^.*patients/s.*\n", re.MULTILINE)  # progress, on a slow machine
DIFF_LINES = 10
SHOWN = 12  # things a file; --differences lists all


@dataclass(frozen=True)
class Command:
    """A command line: what its outputs are called, and its arguments."""

    label: str
    arguments: tuple[str, ...]
    modules: tuple[str, ...] = ("radsim",)


@dataclass(frozen=True)
class Run:
    """Command lines that work in one folder, and the files that they find there."""

    name: str
    variant: str
    commands: tuple[Command, ...]
    inputs: dict[str, str]
    works: bool = True  # whether every command must end well

    @property
    def digest(self) -> str:
        text = json.dumps([self.inputs, [vars(command) for command in self.commands]])
        return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()

    @property
    def folder(self) -> str:
        return f"{self.name.replace('/', '-')}-{self.variant}-{self.digest}"


@dataclass
class Differences:
    """What differs in one run: a line for a reader and a name for a list, of each thing."""

    run: Run
    lines: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def add(self, file: str, variable: str, line: str) -> None:
        self.names.append(f"{self.run.name} {self.run.variant} {file} {variable}")
        self.lines.append(f"{file}: {line}")


class WrongArguments(ValueError):
    """What was asked for can't be done."""


# --- the runs ------------------------------------------------------------------------------------


def runs_of(old: Path, variants: Sequence[str], only: Sequence[str]) -> list[Run]:
    """List what is run, by the old checkout's experiments."""
    runs = [_command_line(old)]
    for prefix, folder in SOURCES.items():
        for path in sorted((old / folder).glob("*.toml")):
            name = prefix + path.stem
            if prefix == "tests/" and path.stem not in NAMES_OF_TESTS:
                continue
            text = path.read_text(encoding="utf-8")
            runs += [_experiment(name, text, variant) for variant in _variants(text, variants)]
            runs.append(_mistaken(name, text))
    unknown = set(only) - {run.name for run in runs}
    if unknown:
        raise WrongArguments(f"--only: no {', '.join(sorted(unknown))} in {old}")
    runs = [run for run in runs if not only or run.name in only]
    return sorted(runs, key=lambda run: (run.variant != "sobol", run.name != LONGEST))


def _variants(text: str, wanted: Sequence[str]) -> list[str]:
    """Pick the variants that a file can have: trials alone have no patients."""
    has_patients = re.search(r"^\[?cohort\b", text, re.MULTILINE)
    return [variant for variant in wanted if has_patients or variant == "plain"]


def _experiment(name: str, text: str, variant: str) -> Run:
    text = smaller(name, text)
    if re.search(r"^\[?cohort\b", text, re.MULTILINE):
        patients = BLOCKS if name in IN_BLOCKS else PATIENTS
        text = _with_top(text, "patients", str(SOBOL if variant == "sobol" else patients))
        text = _with_top(text, "uniforms", '"sobol"' if variant == "sobol" else '"plain"')
    file = f"{name.rpartition('/')[2]}.toml"
    scheduler = ("--scheduler", "processes") if variant == "processes" else ()
    run = Command("run", ("run", file, "--out", "out", "--no-figures", *scheduler))
    if variant == "processes":  # a check is the same as in the others
        return Run(name, variant, (run,), {file: text})
    checks = (
        Command("check", ("check", file)),
        Command("check_json", ("check", file, "--json")),
    )
    return Run(name, variant, (*checks, run), {file: text})


def smaller(name: str, text: str) -> str:
    """Take fewer variants and trials of an experiment."""
    for large, small in SMALLER.get(name, ()):
        if large not in text:
            raise WrongArguments(f"{name} has no {large!r} any more; mend SMALLER")
        text = text.replace(large, small)
    return re.sub(r"^trials = [\d_]+", f"trials = {TRIALS}", text, flags=re.MULTILINE)


def _with_top(text: str, key: str, value: str) -> str:
    """Set a key in front of the first table of a TOML text."""
    at = re.search(r"^\[", text, re.MULTILINE)
    top, rest = (text[: at.start()], text[at.start() :]) if at else (text, "")
    top = re.sub(rf"^{key} *=.*\n", "", top, flags=re.MULTILINE)
    return f"{top}{key} = {value}\n{rest}"


def _mistaken(name: str, text: str) -> Run:
    """Check an experiment with presets that there are not, and with keys misspelled."""
    words = {
        "preset.toml": (r'preset = "(\w)', r'preset = "x\1'),
        "key.toml": (r"^(\w+) = ", r"\1x = "),
    }
    inputs = {file: re.sub(*pair, text, flags=re.MULTILINE) for file, pair in words.items()}
    commands = tuple(
        Command(f"{Path(file).stem}{'_json' * as_json}", ("check", file, *["--json"] * as_json))
        for file in inputs
        for as_json in (False, True)
    )
    return Run(name, "mistaken", commands, inputs, works=False)


def _command_line(old: Path) -> Run:
    commands = [
        Command("schema", ("schema",)),
        Command("models", ("models",)),
        Command("models_json", ("models", "--json")),
        Command("models_page", ("models.md",), MODELS_PAGE),
        Command("fit", ("fit", "anchors.csv", "--model", "log_logistic", "--set", "alpha_beta=6.0",
                        "--estimate", "d50,k", "--bootstrap", "20", "--out", "fit.toml")),
        Command("version", ("--version",)),
        Command("help", ("--help",)),
        *(Command(f"help_{name}", (name, "--help")) for name in COMMANDS),
    ]  # fmt: skip
    inputs = {"anchors.csv": (old / FIT).read_text(encoding="utf-8")}
    return Run("command_line", "plain", tuple(commands), inputs)


def _validation() -> Run:
    return Run("validate", "plain", (Command("validate", ("validate", "--out", "out")),), {})


# --- running them --------------------------------------------------------------------------------


def run_all(checkout: Path, python: str, runs: Sequence[Run], folder: Path, jobs: int) -> None:
    """Do the runs that are not in the folder yet, some at a time."""
    waiting: queue.SimpleQueue[Run] = queue.SimpleQueue()
    for run in runs:
        if not (folder / run.folder).exists():
            waiting.put(run)
    problems: list[Exception] = []

    def work() -> None:
        try:
            if not waiting.empty():
                _work_through(checkout, python, waiting, folder)
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=work) for _ in range(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]


def _work_through(
    checkout: Path, python: str, waiting: "queue.SimpleQueue[Run]", folder: Path
) -> None:
    """Give runs to one process, one after the other; each shows up in the folder when it's done."""
    settings = {"PYTHONPATH": str(checkout), "PYTHONUTF8": "1", "COLUMNS": "100", "NO_COLOR": "1"}
    with (
        tempfile.TemporaryDirectory(dir=folder, prefix=".part-") as parts,
        subprocess.Popen(
            [python, "-P", str(RUNNER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd="/",
            env={**os.environ, **settings},
            text=True,
        ) as process,
    ):
        assert process.stdin is not None and process.stdout is not None
        imported = process.stdout.readline().strip()
        if not imported or not Path(imported).resolve().is_relative_to(checkout):
            process.stdin.close()
            raise WrongArguments(f"{python} imports radsim from {imported!r}, not from {checkout}")
        while True:
            try:
                run = waiting.get_nowait()
            except queue.Empty:
                break
            part = Path(parts) / run.folder
            part.mkdir()
            for name, text in run.inputs.items():
                (part / name).write_text(text, encoding="utf-8")
            request = {
                "folder": str(part),
                "commands": [vars(command) for command in run.commands],
            }
            print(json.dumps(request), file=process.stdin, flush=True)
            if not process.stdout.readline():
                raise RuntimeError(f"{checkout}: {run.name} {run.variant} ended the process")
            for path in part.rglob(JOURNAL):
                shutil.rmtree(path)
            if not (folder / run.folder).exists():  # else made meanwhile by another comparison
                part.rename(folder / run.folder)
        process.stdin.close()


def check_works(run: Run, folder: Path) -> None:
    """Refuse an experiment that the old checkout can't run: comparing it would say nothing."""
    for command in run.commands if run.works else ():
        code = (folder / f"{command.label}.code").read_text(encoding="utf-8").strip()
        if code not in ("0", "None"):
            said = (folder / f"{command.label}.stderr").read_text(encoding="utf-8")
            raise WrongArguments(
                f"{run.name} {run.variant}: {command.label} ends with {code} in the old checkout\n"
                f"{said}"
            )


# --- comparing them ------------------------------------------------------------------------------


def compare(run: Run, old: Path, new: Path, checkouts: Sequence[Path]) -> Differences:
    """Compare all files of two folders."""
    found = Differences(run)
    files = sorted(_files(old) | _files(new))
    for name in files:
        one, other = old / name, new / name
        if not one.exists() or not other.exists():
            what = "added" if other.exists() else "removed"
            found.add(name, what, what)
            continue
        if one.read_bytes() == other.read_bytes():
            continue
        if name.endswith(".csv"):
            _compare_tables(found, name, one, other)
        elif name.endswith(".nc"):
            _compare_results(found, name, one, other)
        else:
            texts = (_text(path, root) for path, root in zip((one, other), checkouts, strict=True))
            _compare_texts(found, name, *texts)
    return found


def _files(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


def _text(path: Path, checkout: Path) -> str:
    """Read a text without what differs by the place or the time of a run."""
    text = path.read_text(encoding="utf-8", errors="replace")
    return TIMED.sub("", text.replace(str(checkout), "CHECKOUT"))


def _compare_texts(found: Differences, name: str, old: str, new: str) -> None:
    if old == new:
        return
    lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0))[2:]
    changed = sum(not line.startswith("@@") for line in lines)
    shown = "\n".join(f"      {line[:200]}" for line in lines[:DIFF_LINES])
    found.add(name, "text", f"{changed} lines removed or added\n{shown}")


def _compare_tables(found: Differences, name: str, old: Path, new: Path) -> None:
    """Compare two CSV row by row, in the columns that both have."""
    tables = []
    for path in (old, new):
        with path.open(newline="", encoding="utf-8") as lines:
            tables.append(list(csv.reader(lines)))
    (header, *rows), (new_header, *new_rows) = (table or [[]] for table in tables)
    for columns, others, what in (
        (new_header, header, "added"),
        (header, new_header, "removed"),
    ):
        for column in columns:
            if column not in others:
                found.add(name, column, f"column {column} {what}")
    both = [column for column in header if column in new_header]
    if both != [column for column in new_header if column in header]:
        found.add(name, "columns", "columns in another order")
    if len(rows) != len(new_rows):
        found.add(name, "rows", f"{len(rows)} rows, now {len(new_rows)}")
    pairs = [
        ({c: a[header.index(c)] for c in both}, {c: b[new_header.index(c)] for c in both})
        for a, b in zip(rows, new_rows, strict=False)
        if len(a) == len(header) and len(b) == len(new_header)
    ]
    differing = [(a, b) for a, b in pairs if a != b]
    for column in both:
        values = [(a[column], b[column]) for a, b in differing if a[column] != b[column]]
        if values:
            first, then = values[0]
            found.add(
                name,
                column,
                f"{column} differs in {len(values)} of {len(pairs)} rows, first {first} now {then}"
                f"{_largest_relative(values)}",
            )
    if not any(line.startswith(f"{name}: ") for line in found.lines):
        found.add(name, "bytes", "the same cells, written in other bytes")


def _largest_relative(values: Sequence[tuple[str, str]]) -> str:
    relative = []
    for old, new in values:
        try:
            a, b = float(old), float(new)
        except ValueError:
            continue
        relative.append(abs(b - a) / (max(abs(a), abs(b)) or 1.0))
    return f", at most by {max(relative):.2g} of a number" if relative else ""


def _compare_results(found: Differences, name: str, old: Path, new: Path) -> None:
    """Compare two NetCDF files by variables and attributes."""
    import xarray as xr

    with (
        xr.open_dataset(old, engine="netcdf4", decode_cf=False) as one,
        xr.open_dataset(new, engine="netcdf4", decode_cf=False) as other,
    ):
        before = len(found.names)
        for what, a, b in (
            ("variable", one.variables, other.variables),
            ("attribute", one.attrs, other.attrs),
        ):
            for key in sorted(set(a) - set(b)):
                found.add(name, str(key), f"{what} {key} removed")
            for key in sorted(set(b) - set(a)):
                found.add(name, str(key), f"{what} {key} added")
        _compare_attributes(found, name, "", one.attrs, other.attrs)
        for key in one.variables:
            if key not in other.variables:
                continue
            a, b = one.variables[key], other.variables[key]
            _compare_attributes(found, name, f"{key}@", a.attrs, b.attrs)
            if said := _difference(a, b):
                found.add(name, str(key), f"{key} {said}")
        if len(found.names) == before:
            found.add(name, "bytes", "the same content, stored in other bytes or another order")


def _compare_attributes(found: Differences, name: str, of: str, old: Any, new: Any) -> None:
    for key in old:
        if key not in new or _same(old[key], new[key]):
            continue
        lines = list(difflib.unified_diff(_lines(old[key]), _lines(new[key]), lineterm="", n=0))[2:]
        shown = "\n".join(f"      {line[:200]}" for line in lines[:DIFF_LINES])
        found.add(name, f"{of}{key}", f"attribute {of}{key} differs\n{shown}")
    if of == "":
        return
    for key in sorted(set(old) ^ set(new)):
        found.add(name, f"{of}{key}", f"attribute {of}{key} {'added' if key in new else 'removed'}")


def _same(old: Any, new: Any) -> bool:
    return type(old) is type(new) and np.array_equal(
        np.asarray(old), np.asarray(new), equal_nan=np.asarray(old).dtype.kind == "f"
    )


def _lines(value: Any) -> list[str]:
    """Write an attribute in lines, a JSON one with a line for each value."""
    try:
        return json.dumps(json.loads(value), indent=1).splitlines()
    except (TypeError, ValueError):
        return str(value).splitlines()


def _difference(old: Any, new: Any) -> str:
    """Say how two variables differ; nothing if they don't."""
    if old.dims != new.dims or old.shape != new.shape:
        return f"has dims {dict(old.sizes)}, now {dict(new.sizes)}"
    a, b = old.values, new.values
    if a.dtype != b.dtype:
        return f"is {a.dtype}, now {b.dtype}"
    if a.dtype.kind != "f":
        count = int((a != b).sum())
        at = tuple(np.argwhere(np.atleast_1d(a != b))[0]) if count else ()
        first = f"first {np.atleast_1d(a)[at]} now {np.atleast_1d(b)[at]}" if count else ""
        return f"differs in {count} of {a.size} values, {first}" if count else ""
    bits = np.dtype(f"i{a.dtype.itemsize}")
    one, other = np.ascontiguousarray(a).view(bits), np.ascontiguousarray(b).view(bits)
    count = int((one != other).sum())
    if not count:
        return ""
    missing = np.isnan(a) != np.isnan(b)
    with np.errstate(all="ignore"):
        absolute = np.abs(b - a)
        relative = absolute / np.maximum(np.abs(a), np.abs(b))
    said = f"differs in {count} of {a.size} values"
    if missing.any():
        said += f", {int(missing.sum())} of them missing in one"
    both = ~(np.isnan(a) | np.isnan(b))
    if (both & (one != other)).any():
        largest = max(
            abs(_order(int(x), bits) - _order(int(y), bits))
            for x, y in itertools.islice(zip(one[both], other[both], strict=True), 1_000_000)
            if x != y
        )
        said += (
            f", at most by {np.nanmax(absolute[both]):.2g}, {np.nanmax(relative[both]):.2g} of it, "
            f"{largest:,} ulp"
        )
    return said


def _order(pattern: int, bits: np.dtype) -> int:
    """Number floats in their order, by the bits of one read as an integer."""
    return pattern if pattern >= 0 else -(pattern + 2 ** (8 * bits.itemsize - 1))


# --- the command line ----------------------------------------------------------------------------


def store_of(checkout: Path, keep: Path, python: str) -> Path:
    """Give the folder of what a commit made; a checkout with changes has none."""
    git = ("git", "-C", str(checkout))
    changed = subprocess.run(
        [*git, "status", "--porcelain", "--", "radsim"], capture_output=True, text=True, check=True
    ).stdout
    if changed.strip():
        raise WrongArguments(f"--keep: {checkout} has changes that are in no commit")
    commit = subprocess.run(
        [*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()
    environment = hashlib.blake2b(str(Path(python).absolute()).encode(), digest_size=4).hexdigest()
    folder = keep.resolve() / f"{commit}-{environment}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def arguments_of(given: Sequence[str] | None) -> argparse.Namespace:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", type=Path, metavar="OLD", help="a checkout")
    parser.add_argument("new", type=Path, metavar="NEW", help="a checkout")
    parser.add_argument("--python-old", default=sys.executable, metavar="PATH")
    parser.add_argument("--python-new", metavar="PATH", help="the old one's unless given")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="experiments")
    parser.add_argument("--variants", nargs="+", default=VARIANTS, choices=VARIANTS)
    parser.add_argument("--validate", action="store_true", help="also radsim validate, in full")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="for what the old one made")
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time")
    parser.add_argument("--differences", type=Path, metavar="FILE", help="list what differs")
    parser.add_argument("--expected", type=Path, metavar="FILE", help="list of what may differ")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    asked = arguments_of(given)
    try:
        return _compare_checkouts(asked)
    except (WrongArguments, OSError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _compare_checkouts(asked: argparse.Namespace) -> int:
    old, new = asked.old.resolve(), asked.new.resolve()
    for checkout in (old, new):
        if not (checkout / "radsim" / "__init__.py").is_file():
            raise WrongArguments(f"{checkout} is no checkout of radsim")
    expected = asked.expected.read_text(encoding="utf-8").splitlines() if asked.expected else []
    runs = runs_of(old, asked.variants, asked.only)
    if asked.validate:
        runs.insert(0, _validation())
    python = asked.python_old
    with tempfile.TemporaryDirectory(prefix="same-bytes-") as place:
        made = Path(place) / "old", Path(place) / "new"
        for folder in made:
            folder.mkdir()
        before = store_of(old, asked.keep, python) if asked.keep else made[0]
        run_all(old, python, runs, before, asked.jobs)
        for run in runs:
            check_works(run, before / run.folder)
        run_all(new, asked.python_new or python, runs, made[1], asked.jobs)
        found = [
            compare(run, before / run.folder, made[1] / run.folder, (old, new))
            for run in sorted(runs, key=lambda run: (run.name, run.variant))
        ]
    names = sorted(name for one in found for name in one.names)
    if asked.differences:
        asked.differences.write_text("".join(f"{n}\n" for n in names), encoding="utf-8")
    return _report(found, names, expected)


def _report(found: Sequence[Differences], names: Sequence[str], expected: Sequence[str]) -> int:
    for one in found:
        print(f"{one.run.name} {one.run.variant}: {'differs' if one.names else 'same'}")
        for _, lines in itertools.groupby(one.lines, key=lambda line: line.partition(": ")[0]):
            first, *rest = lines
            for line in (first, *rest[: SHOWN - 1]):
                print(f"  {line}")
            if len(rest) >= SHOWN:
                print(f"    and {len(rest) - SHOWN + 1} more things in this file")
    strange = list(_unexpected(names, expected))
    same = sum(not one.names for one in found)
    print(f"\n{same} of {len(found)} runs are the same; {len(names)} things differ", end="")
    print(f", {len(strange)} of them unexpected" if expected else "")
    return 1 if strange else 0


def _unexpected(names: Sequence[str], expected: Sequence[str]) -> Iterator[str]:
    for name in names:
        if not any(name == line or fnmatchcase(name, line) for line in expected):
            yield name


if __name__ == "__main__":
    sys.exit(main())
