"""The house keeps its order: sizes of rooms, their first lines, and what decides a type."""

import ast
from functools import cache
from pathlib import Path

import pytest

from radsim.dose.plans.plan import Plan
from radsim.vocabulary.kinds import members

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "radsim"
PACKAGES = sorted(path.parent for path in PACKAGE.rglob("__init__.py"))
MOST_ROOMS, MOST_LINES_OF_A_ROOM = 20, 3_500

SPELLING = {"startswith", "endswith", "removeprefix", "removesuffix"}
TEXT = {  # modules that may go by spelling, because text is what they read
    "experiment/remainder.py": "lines of mistakes, which begin with a key",
    "experiment/rules.py": "lines of mistakes, which begin with a key",
    "planfiles/dicom/plan.py": "messages of a DICOM reader",
    "planfiles/texts/table.py": "comment lines of a CSV",
    "report/text/kinds.py": "names in a docstring, which may stand for several fields",
    "results/older.py": "names in results of older versions",
    "vocabulary/csv_tables.py": "comment lines of a CSV",
    "vocabulary/field_types.py": "lines of mistakes, which begin with a key",
    "vocabulary/mistakes.py": "sentences of a validator",
}


@cache
def modules(folder):
    """Every module in a folder, by its path there, as a tree."""
    return {
        path.relative_to(folder).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(folder.rglob("*.py"))
    }


def lines_in(folder):
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in folder.rglob("*.py"))


def modules_that(holds, folder=PACKAGE):
    return {name for name, tree in modules(folder).items() if any(map(holds, ast.walk(tree)))}


def test_there_are_no_more_rooms_than_a_reader_can_hold():
    assert len([package for package in PACKAGES if package.parent == PACKAGE]) <= MOST_ROOMS


@pytest.mark.parametrize("package", PACKAGES[1:], ids=lambda path: path.name)
def test_a_large_room_has_rooms_of_its_own(package):
    has_rooms = any(other.parent == package for other in PACKAGES)
    assert has_rooms or lines_in(package) <= MOST_LINES_OF_A_ROOM


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_a_room_says_what_it_is_for_and_what_belongs_elsewhere(package):
    source = (package / "__init__.py").read_text(encoding="utf-8")
    first, _, rest = (ast.get_docstring(ast.parse(source)) or "").partition("\n\n")
    assert first and rest


def test_no_spelling_of_a_name_decides_a_type():
    """Only what reads text, such as keys of a file, goes by how something is spelled."""
    by_spelling = modules_that(
        lambda node: isinstance(node, ast.Attribute) and node.attr in SPELLING
    )
    assert by_spelling == set(TEXT)  # none is excused for nothing


def test_only_dose_asks_which_kind_of_plan_an_arm_has():
    kinds = {kind.__name__ for kind in members(Plan)}

    def asks(node):
        if isinstance(node, ast.MatchClass):
            return bool(kinds & names_in(node.cls))
        is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        return is_call and node.func.id == "isinstance" and bool(kinds & names_in(node.args[1]))

    outside = {name for name in modules_that(asks) if not name.startswith("dose/")}
    assert not outside


def names_in(node):
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def test_no_test_patches_a_module_of_ours_by_string():
    """What a test has to change is an argument."""

    def patches(node):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            return False
        if node.func.attr != "setattr" or not node.args:
            return False
        first = node.args[0]
        parts = first.values[:1] if isinstance(first, ast.JoinedStr) else [first]
        texts = [part.value for part in parts if isinstance(part, ast.Constant)]
        return any(str(text).startswith("radsim.") for text in texts)

    assert modules_that(patches, ROOT / "tests") == set()
