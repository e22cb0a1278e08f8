"""Every example of CONTRIBUTING.md works as it stands there, in as many files as it promises.

The examples are laid into a copy of the package, all of them, and the copy is run.
"""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
import tomllib
from dataclasses import dataclass
from pathlib import Path

import exact_models
import mpmath
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
EXACT = "tests/exact_models.py"
PROMISED = {
    "complication": 1,
    "model": 3,
    "plan kind": 3,
    "table": 2,
    "figure": 2,
    "plan format": 2,
}


@dataclass(frozen=True)
class Block:
    """A block of code of the page, and the file that the sentence before it names."""

    language: str
    path: str
    text: str


def blocks_of(addition):
    section = PAGE[PAGE.index(f"\n## Adding a {addition}\n") + 1 :].partition("\n## ")[0]
    found = re.findall(r"((?:[^\n]+\n)+)\n```(\w+)\n(.*?)```", section, flags=re.DOTALL)
    for sentence, language, text in found:
        named = re.findall(r"`((?:radsim|tests)/[\w/.-]+\.\w+)`", sentence)
        yield Block(language, named[-1] if named else "", text)


EXAMPLES = {addition: list(blocks_of(addition)) for addition in PROMISED}
STATED = "\n".join(  # what the examples say in an experiment file
    block.text for blocks in EXAMPLES.values() for block in blocks if not block.path
)
EXPERIMENT = f"""
name = "examples"
seed = 3
patients = 40
months = [12]
cohort = {{ preset = "sib-phase2" }}
dose = {{ nodes = 16 }}
arms.single = {{ regimen = "24x1" }}
compare = {{ reference = "single" }}
tcp = {{ preset = "example" }}
ntcp.radiculopathy = {{ preset = "radiculopathy-example" }}
survival = {{ preset = "sib-phase2" }}
{STATED}"""
TEXT = """DVHs in blocks
[GTV]
0.0 9.5
30.0 9.5
30.05 4.0
30.1 0.0
[SpinalCord]
0.0 5.0
0.1 0.0
"""


def patched(source, diff):
    """Apply a diff without line numbers, each part of which is at one place."""
    for part in diff.split("@@\n"):
        lines = part.splitlines(keepends=True)
        before, after = (
            "".join(line[1:] for line in lines if line[0] in f" {sign}") for sign in "-+"
        )
        assert source.count(before) == 1, before
        source = source.replace(before, after)
    return source


def lay(block, root):
    path = root / block.path
    if block.language == "diff":
        text = patched(path.read_text(encoding="utf-8"), block.text)
    else:
        assert not path.exists()
        text = block.text
    path.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """Make a copy of the package with every example of the page in it."""
    root = tmp_path_factory.mktemp("house")
    shutil.copytree(ROOT / "radsim", root / "radsim")
    for blocks in EXAMPLES.values():
        for block in blocks:
            if block.path not in ("", EXACT):
                lay(block, root)
    return root


def python(root, *arguments):
    ended = subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), "MPLBACKEND": "Agg"},
        check=False,
    )
    assert ended.returncode == 0, ended.stderr + ended.stdout
    return ended


@pytest.fixture(scope="module")
def out(house):
    """Run the copy, with everything that the examples add."""
    (house / "examples.toml").write_text(EXPERIMENT, encoding="utf-8")
    command = ("run", "examples.toml", "--out", "out", "--scheduler", "single")
    told = python(house, "-W", "error", "-m", "radsim", *command).stderr.splitlines()
    assert all(line.startswith("warning: ") for line in told)
    return house / "out"


def rows(path):
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize("addition", PROMISED)
def test_an_addition_touches_as_many_files_as_the_page_says(addition):
    touched = {block.path for block in EXAMPLES[addition] if block.path.startswith("radsim/")}
    assert len(touched) == PROMISED[addition]
    anchor = f"(#adding-a-{addition.replace(' ', '-')})"
    (row,) = [line for line in PAGE.splitlines() if line.startswith("|") and anchor in line]
    assert max(map(int, re.findall(r"\d+", row.split("|")[2]))) == PROMISED[addition]


def test_every_example_is_one_of_those_counted():
    assert re.findall(r"\n## Adding a (.+)\n", PAGE) == list(PROMISED)


def test_a_complication_of_a_file_and_one_with_a_preset_are_reported(out):
    models = {(row["endpoint"], row["model"]) for row in rows(out / "summary.csv")}
    assert ("radiculopathy", "radiculopathy-example") in models
    assert {("pain_flare", "custom"), ("pain_flare", "custom: flatter")} <= models


def test_a_plan_kind_gives_the_doses_that_it_states(out):
    (flare,) = [
        float(row["estimate"])
        for row in rows(out / "summary.csv")
        if (row["arm"], row["endpoint"], row["model"]) == ("stated", "pain_flare", "custom")
        and row["estimator"] == "net"
    ]
    assert flare == pytest.approx(1.0 / (1.0 + np.exp(6.0 - 0.08 * 40.0)), rel=1e-4)


def test_a_table_is_written(out):
    odds = {tuple(row.values())[:5]: float(row["odds"]) for row in rows(out / "odds.csv")}
    summary = [row for row in rows(out / "summary.csv") if row["endpoint"] != "pain_response"]
    assert len(odds) == len(summary)
    for row in summary:
        p = float(row["estimate"])
        assert odds[tuple(row.values())[:5]] == pytest.approx(p / (1.0 - p), rel=1e-3)


def test_a_figure_is_drawn_for_each_arm_that_is_compared(out):
    assert [path.stem for path in (out / "figures").glob("differences*")] == ["differences_stated"]


def test_a_plan_format_is_read(house):
    (house / "plan.txt").write_text(TEXT, encoding="utf-8")
    ended = python(house, "-m", "radsim", "dvh", "plan.txt", "--fractions", "5", "--json")
    structures = {entry["name"]: entry for entry in json.loads(ended.stdout)["structures"]}
    assert structures["GTV"]["D98"] == pytest.approx(30.0, abs=0.01)


MODEL_RUNS = """
import numpy as np
from radsim.tcp import load_tcp
model = load_tcp("example")
doses = np.array([0.0, 1e-9, 5.0, 33.0, 60.0, 1e4, 1e6])
hazard = model.course_hazard(33.0, fractions=16.5)
print([float(p) for p in model.curve_over_effect(doses)], float(np.exp(-hazard)))
"""


def test_a_model_has_the_formula_that_is_given_in_fifty_digits(house):
    printed = python(house, "-c", MODEL_RUNS).stdout
    *curve, course = map(float, re.findall(r"[\d.e+-]+", printed))
    assert course == pytest.approx(0.5)
    assert np.all(np.diff(curve) >= 0)
    (formula,) = [block.text for block in EXAMPLES["model"] if block.path == EXACT]
    (preset,) = [block.text for block in EXAMPLES["model"] if block.language == "toml"]
    values = {name: p["value"] for name, p in tomllib.loads(preset)["parameters"].items()}
    model = type("Example", (), {"kind": "weibull", **values})
    names = {"mpf": mpmath.mpf, "mpmath": mpmath}
    body = textwrap.indent(textwrap.dedent(formula), "    ")
    exec(f"def control(model, eqd2):\n{body}", names)
    for dose, p in zip((0.0, 1e-9, 5.0, 33.0, 60.0, 1e4, 1e6), curve, strict=True):
        with mpmath.workdps(50):
            exact = float(names["control"](model, mpmath.mpf(dose)))
        assert p == pytest.approx(exact, abs=1e-10)
    assert hasattr(exact_models, "control")  # where the formula goes


@pytest.mark.slow
def test_the_tests_of_every_model_and_preset_hold_for_the_examples(house):
    for folder in ("tests", "experiments"):
        shutil.copytree(ROOT / folder, house / folder)
    (formula,) = [block.text for block in EXAMPLES["model"] if block.path == EXACT]
    exact = (house / EXACT).read_text(encoding="utf-8")
    first = '    if model.kind == "logistic_dose":\n'
    assert exact.count(first) == 1
    (house / EXACT).write_text(exact.replace(first, formula + first), encoding="utf-8")
    shutil.copy(ROOT / "pyproject.toml", house)
    python(house, "-m", "pytest", "-q", "tests/response", "tests/presets/test_presets.py")
