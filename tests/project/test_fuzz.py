"""Changed experiments, tables and plans end as documented, and what does not is seen."""

import random
import time

import pytest
from fuzz import (
    DONE,
    FAMILIES,
    SMALL,
    WRONG,
    Ended,
    fuzz,
    problems_of_ending,
    problems_of_record,
    problems_of_tables,
    settings_of,
)
from mutations import changed_settings, gently_changed


@pytest.mark.parametrize("family", FAMILIES)
def test_no_input_ends_in_what_may_never_come_of_one(family):
    inputs, problems = fuzz(20261127, range(6), families=[family])
    assert inputs == 6
    assert problems == []


@pytest.mark.fuzz
@pytest.mark.timeout(0)
def test_a_hundred_thousand_inputs_end_as_documented():
    inputs, problems = fuzz(1, range(100_000))
    assert inputs == 100_000
    assert problems == []


def test_an_input_is_had_again_from_its_seed_and_number():
    settings = settings_of(SMALL)
    for change in (changed_settings, gently_changed):
        made = [change(random.Random("1/7"), settings, [settings]) for _ in range(2)]
        assert repr(made[0]) == repr(made[1])
    assert settings["patients"] == 40  # and what it was made from is as it was


@pytest.mark.parametrize(
    ("ending", "seen"),
    [
        (Ended(1, "", ["error: division by zero"]), "exit 1"),
        (Ended(WRONG, "", []), "without a word"),
        (Ended(WRONG, "", ["error: a", "a line more"]), "a line of no kind: a line more"),
        (Ended(DONE, "", ["Traceback (most recent call last):"]), "a traceback"),
        (Ended(DONE, "", ["warning: overflow encountered in exp"]), "a warning of a library"),
        (Ended(WRONG, "", ["error: \x1b[31m"]), "would change the terminal"),
    ],
)
def test_every_undocumented_ending_is_seen(ending, seen):
    assert any(seen in problem for problem in problems_of_ending(["schema"], ending))


def test_what_no_table_may_hold_is_seen(tmp_path):
    (tmp_path / "summary.csv").write_text("arm,estimate,lower\n=a,1.5,nan\n", encoding="utf-8")
    assert list(problems_of_tables(tmp_path)) == [
        "summary.csv: arm begins a formula",
        "summary.csv: estimate is 1.5",
        "summary.csv: lower is nan",
    ]
    assert list(problems_of_record({"models": [{"ntcp": 1.2}]})) == ["ntcp is 1.2"]


def test_an_input_that_takes_too_long_is_seen():
    def endless(_luck, _folder):
        yield ("schema",)
        while True:
            pass

    began = time.process_time()
    _, [problem] = fuzz(1, range(1), families=[endless], limit=0.2)
    assert problem.startswith("input 0: took more than 0.2 s")
    assert time.process_time() - began < 30.0
