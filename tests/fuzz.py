"""Changed experiments, tables and plans through the command line, and what may never come of it.

Each input is made from a seed and its number alone, so that any of them can be had again:

    python tests/fuzz.py --seconds 60            # as many as a minute has room for
    python tests/fuzz.py --first 1234 --inputs 1 # one of them, with all that was said of it
"""

import argparse
import contextlib
import csv
import io
import json
import math
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import tomllib
import traceback
import warnings
from dataclasses import dataclass
from functools import cache, wraps
from pathlib import Path

import tomli_w
from mutations import (
    changed_bytes,
    changed_dataset,
    changed_settings,
    changed_table,
    gently_changed,
)

from radsim.cli.app import app, main

ROOT = Path(__file__).parents[1]
SMALL = ROOT / "tests/small.toml"
EXPERIMENTS = sorted((ROOT / "experiments").glob("*.toml"))
LONG = ("boost_dose_sweep", "compare_strategies", "other_organs", "sensitivity", "uncertainty")
LONG_SHARE = 0.03  # of inputs, since checking one of them takes seconds
GENTLE_SHARE = 0.6  # of experiments
RUN_SHARE = 0.5  # of what `check` accepts
DRAWN_SHARE = 0.1  # of what is run, since figures take seconds
OF_PATIENTS = "error: trial: "  # what only simulated patients show to be impossible in a trial
LIMIT = 60.0  # [s] of the processor that an input may take
AGAIN = 1.0  # [s] after which an input that went on all the same is stopped once more
MEMORY = 8 * 2**30  # [bytes]
HUGE = 100_000  # a count that is right, but takes longer than there is
COUNTS = ("patients", "trials", "draws", "samples", "nodes", "plans", "segments", "values", "to")
DONE, WRONG = 0, 2
SHARES = {"summary.csv": ("estimate", "lower", "upper"), "best.csv": ("share", "lower", "upper")}

PATIENTS = """patient_id,region,lumbar_level,gtv_volume,bilsky,lesion_type,baseline_fracture,age
A1,thoracic,L1,18.4,2,lytic,below_half,60
A2,thoracic,L1,48.5,1a,lytic,none,71
A3,lumbar,L1,36.9,2,blastic,below_half,55
A4,cervical,L1,6.2,1b,lytic,none,48
"""
OUTCOMES = "dose,fractions,event,age\n" + "".join(
    f"{10 + 2 * i},{1 + i % 5},{int((i * 7) % 20 < i)},{50 + i}\n" for i in range(20)
)
DRAWS = "tcp.d50,tcp.gamma50\n30.0,1.1\n32.0,1.2\n34.5,0.9\n"
PLAN = "# radsim DVH\n# prescription: 30 Gy\n# fractions: 5\n"


class TookTooLong(BaseException):
    """An input took more of the processor than any may; nothing between here and there stops it."""


@dataclass
class Ended:
    """How a command ended."""

    code: object
    output: str
    errors: list[str]


@cache
def settings_of(path):
    """Settings of an experiment, small enough to be run in a moment."""
    settings = tomllib.loads(path.read_text(encoding="utf-8"))
    if "patients" in settings:
        settings["patients"] = 40
    settings.pop("precision", None)
    for section, counts in (
        ("trial", {"trials": 10}),
        ("uncertainty", {"draws": 3, "patients": 20}),
        ("sensitivity", {"samples": 4}),
    ):
        table = settings.get(section, {})
        table.update({key: count for key, count in counts.items() if key in table})
    for key, values in settings.get("sweep", {}).items():
        if isinstance(values, list) and key not in ("zipped", "variants"):
            settings["sweep"][key] = values[:2]
    return settings


def an_experiment(luck, folder):
    """One of the shipped experiments, changed."""
    short = [path for path in EXPERIMENTS if path.stem not in LONG]
    path = luck.choice(EXPERIMENTS if luck.random() < LONG_SHARE else [*short, SMALL])
    others = [settings_of(other) for other in [*EXPERIMENTS, SMALL]]
    change = gently_changed if luck.random() < GENTLE_SHARE else changed_settings
    text = tomli_w.dumps(change(luck, settings_of(path), others)).encode()
    if luck.random() < 0.1:
        text = changed_bytes(luck, text)
    (folder / "hytec_anchors.csv").write_bytes(
        (ROOT / "experiments/hytec_anchors.csv").read_bytes()
    )
    return _stored(folder / "experiment.toml", text)


def _stored(path, contents):
    path.write_bytes(
        contents if isinstance(contents, bytes) else contents.encode("utf-8", "replace")
    )
    return path


def _table(luck, text):
    if luck.random() < 0.25:
        return changed_bytes(luck, text.encode())
    separator = luck.choice([",", ",", ",", ";"])
    return changed_table(luck, text, ",").replace(",", separator)


def a_table_of_patients(luck, folder):
    """An experiment whose patients come from a changed table."""
    _stored(folder / "patients.csv", _table(luck, PATIENTS))
    settings = settings_of(SMALL)
    cohort = {**settings["cohort"], "table": "patients.csv"}
    return _stored(folder / "experiment.toml", tomli_w.dumps({**settings, "cohort": cohort}))


def a_table_of_draws(luck, folder):
    """An experiment whose parameters come from a changed table."""
    _stored(folder / "draws.csv", _table(luck, DRAWS))
    group = {"keys": ["tcp.d50", "tcp.gamma50"], "table": "draws.csv"}
    settings = {**settings_of(SMALL), "uncertainty": {"draws": 3, "groups": [group]}}
    return _stored(folder / "experiment.toml", tomli_w.dumps(settings))


def asked_of_an_experiment(make):
    """Check an experiment; what is accepted is run, some of the time."""

    @wraps(make)
    def ask(luck, folder):
        path = make(luck, folder)
        checked = yield "check", path
        if checked.code == DONE and luck.random() < RUN_SHARE and not _is_huge(path):
            out = folder / "out"
            figures = "--figures" if luck.random() < DRAWN_SHARE else "--no-figures"
            ran = yield "run", path, "--out", out, "--yes", figures, "--workers", 1
            if ran.code == WRONG and not ran.errors[-1].startswith(OF_PATIENTS):
                yield f"`check` accepts it, `run` says: {ran.errors[-1:]}"
            yield from problems_of_tables(out)

    return ask


def _is_huge(path):
    def counts(table, key=""):
        if isinstance(table, dict):
            return [n for name, below in table.items() for n in counts(below, name)]
        if isinstance(table, list):
            return [n for below in table for n in counts(below, key)]
        is_count = isinstance(table, (int, float)) and key.rpartition(".")[2] in COUNTS
        return [table] if is_count else []

    settings = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    is_long = "precision" in settings or "patients" not in settings.get("trial", {"patients": 1})
    return is_long or any(count > HUGE for count in counts(settings))


def problems_of_tables(folder):
    """What no table of a result may hold."""
    for path in sorted(folder.glob("*.csv")):
        shares = SHARES.get(path.name, ())
        with path.open(newline="", encoding="utf-8") as lines:
            for row in csv.DictReader(lines):
                for name, cell in row.items():
                    if str(cell).lower() in ("nan", "inf", "-inf") or (
                        name in shares and cell and not 0.0 <= float(cell) <= 1.0
                    ):
                        yield f"{path.name}: {name} is {cell}"
                    if cell[:1] in ("=", "+", "-", "@") and not _is_number(cell):
                        yield f"{path.name}: {name} begins a formula"


def _is_number(cell):
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def a_fit(luck, folder):
    """A model fitted to a changed table of outcomes."""
    path = _stored(folder / "outcomes.csv", _table(luck, OUTCOMES))
    model = luck.choice(["log_logistic", "ntcp/logistic", "lkb", "probit"])
    held = luck.choice([("--set", "alpha_beta=3"), ("--set", "effect=physical"), ()])
    more = luck.choice([(), ("--covariate", "age")])
    yield "fit", path, "--model", model, "--bootstrap", 0, *held, *more


def texts_of_plans():
    """A plan in every layout of text."""
    for folder in (ROOT / "tests", ROOT / "tests/planfiles"):
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
    import test_import_formats as formats
    import test_import_text as eclipse

    return [
        eclipse.header() + eclipse.block(),
        formats.raystation(),
        formats.monaco(),
        formats.monaco("%"),
        formats.wide(),
        formats.wide("plain"),
        "structure,dose,volume\n" + "".join(f"gtv,{d},{100 - d}\n" for d in range(50)),
    ]


TEXTS = cache(texts_of_plans)


def a_text_of_a_plan(luck, folder):
    """A changed text of DVHs."""
    text = luck.choice(TEXTS())
    if luck.random() < 0.5:
        lines = text.splitlines(keepends=True)
        heading = "".join(lines[:40])
        changed = changed_table(luck, heading, luck.choice([",", " ", ":", "\t"]))
        contents = (changed + "".join(lines[40:])).encode("utf-8", "replace")
    else:
        contents = changed_bytes(luck, text.encode())
    path = _stored(folder / "plan.txt", contents)
    stated = luck.choice([(), ("--fractions", 5, "--prescription", 30)])
    yield from _plan_of(path, *stated)


@cache
def bytes_of_plan():
    """The files of a small synthetic plan."""
    import numpy as np
    from synthetic_plan import save, synthetic_plan

    plan = synthetic_plan(spacing=(4.0, 4.0), frames=np.arange(-48.0, 49.0, 4.0), bits=16)
    with tempfile.TemporaryDirectory() as name:
        save(plan, Path(name))
        return {path.name: path.read_bytes() for path in Path(name).iterdir()}


def a_dicom_plan(luck, folder):
    """A changed folder of DICOM files."""
    import pydicom

    files = bytes_of_plan()
    folder = folder / "plan"
    folder.mkdir()
    for name, contents in files.items():
        (folder / name).write_bytes(contents)
    for name in luck.sample(sorted(files), luck.choice([1, 1, 2])):
        path = folder / name
        if luck.random() < 0.3:
            path.write_bytes(changed_bytes(luck, files[name]))
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = pydicom.dcmread(io.BytesIO(files[name]))
            with contextlib.suppress(Exception):  # what pydicom can't write is no input
                changed_dataset(luck, dataset)
                dataset.save_as(path)
    yield from _plan_of(folder)


def _plan_of(path, *options):
    models = ("--model", "hytec-spine-2021", "--model", "sbrt-cord-default", "--fractions", 5)
    asked = models if "--fractions" not in options else models[:4]
    ended = yield "dvh", path, "--json", "--confirm", *options, *asked
    if ended.code == DONE:
        try:
            record = json.loads(ended.output, parse_constant=_refuse)
        except ValueError as error:
            yield f"its JSON: {error}"
            return
        yield from problems_of_record(record)


def _refuse(constant):
    raise ValueError(f"{constant} is no JSON")


def problems_of_record(record):
    """What no plan may hold."""
    for answer in record.get("models", []):
        for name in ("tcp", "ntcp", "probability"):
            p = answer.get(name) if isinstance(answer, dict) else None
            if isinstance(p, float) and not 0.0 <= p <= 1.0:
                yield f"{name} is {p}"
    for structure in record.get("structures", []):
        for name, value in structure.items():
            if isinstance(value, float) and value < 0.0:
                yield f"{name} of a structure is {value}"


FAMILIES = {  # what is changed: how often
    asked_of_an_experiment(an_experiment): 10,
    asked_of_an_experiment(a_table_of_patients): 2,
    asked_of_an_experiment(a_table_of_draws): 1,
    a_fit: 2,
    a_text_of_a_plan: 3,
    a_dicom_plan: 3,
}


def ended(arguments):
    """Run a command in this process and say how it ended."""
    output, errors = io.StringIO(), io.StringIO()
    code = None
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as stopped:
            code = stopped.code
    return Ended(code or DONE, output.getvalue(), errors.getvalue().splitlines())


def problems_of_ending(arguments, how):
    """What no command may end in: another code than documented, a traceback, an empty line."""
    if how.code not in (DONE, WRONG):
        yield f"exit {how.code}: {_where(arguments)}"
    elif how.code == WRONG and not any(line.startswith("error: ") for line in how.errors):
        yield f"exit {WRONG} without a word"
    for line in how.errors:
        if "Traceback" in line or (line.startswith(" ") and "  File" in line):
            yield "a traceback"
        if not line.startswith(("error: ", "warning: ")) and how.code == WRONG:
            yield f"a line of no kind: {line}"
        if " encountered in " in line:
            yield f"a warning of a library: {line}"
        if any(not c.isprintable() and c != "\t" for c in line):
            yield f"a line that would change the terminal: {line!r}"


def _where(arguments):
    """Where a command failed, by running it again."""
    if "--out" in arguments:
        shutil.rmtree(arguments[arguments.index("--out") + 1], ignore_errors=True)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            app(args=[str(argument) for argument in arguments], standalone_mode=False)
    except Exception as error:
        trace = [t for t in traceback.extract_tb(error.__traceback__) if "radsim" in t.filename]
        steps = " < ".join(f"{Path(t.filename).name}:{t.lineno}" for t in trace[-3:][::-1])
        return f"{type(error).__name__}: {str(error)[:200]} ({steps})"
    return "not so the second time"


def problems_of(luck, family, limit, keep):
    """Make an input, ask about it, and give whatever is wrong with the answers."""
    folder = Path(keep or tempfile.mkdtemp(prefix="fuzz-"))
    command = ""
    try:
        signal.setitimer(signal.ITIMER_PROF, limit, AGAIN)
        questions = family(luck, folder)
        answer = None
        with contextlib.suppress(StopIteration):
            while True:
                asked = questions.send(answer)
                answer = None
                if isinstance(asked, str):
                    yield f"{asked}: radsim {command}"
                    continue
                command = " ".join(map(str, asked))
                answer = ended(asked)
                for problem in problems_of_ending(asked, answer):
                    yield f"{problem}: radsim {command}"
                if keep:
                    print(command, answer.code, *answer.errors, sep="\n  ")
    except TookTooLong:
        yield f"took more than {limit:g} s: radsim {command}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _stop(*_):
    raise TookTooLong


def fuzz(seed, numbers, *, seconds=math.inf, families=FAMILIES, limit=LIMIT, keep=None):
    """Go through inputs until time is up; gives how many there were and what was wrong."""
    signal.signal(signal.SIGPROF, _stop)
    began, asked, wrong = time.monotonic(), 0, []
    for number in numbers:
        if time.monotonic() - began > seconds:
            break
        luck = random.Random(f"{seed}/{number}")
        [family] = luck.choices(list(families), [FAMILIES.get(family, 1) for family in families])
        for problem in problems_of(luck, family, limit, keep):
            wrong.append(f"input {number}: {problem}")
            print(wrong[-1], flush=True)
        asked += 1
    return asked, wrong


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=math.inf)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--inputs", type=int, default=10**9)
    parser.add_argument("--keep", help="a folder that the inputs are left in")
    given = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    numbers = range(given.first, given.first + given.inputs)
    count, problems = fuzz(given.seed, numbers, seconds=given.seconds, keep=given.keep)
    print(f"{count} inputs, {len(problems)} of which gave what may never come of one")
    sys.exit(bool(problems))
