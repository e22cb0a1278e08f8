"""The memo: a step is taken once for equal inputs, and never for others."""

from dataclasses import dataclass

import numpy as np
import pytest

from radsim.simulation.memo import Memo


@dataclass(frozen=True)
class Setting:
    value: float
    note: dict


def counting():
    """A step that adds, and the inputs that it was taken with."""
    taken = []

    def add(*values):
        taken.append(values)
        return np.sum([getattr(value, "value", value) for value in values])

    return add, taken


def test_equal_values_are_one_input_whoever_made_them():
    memo, (add, taken) = Memo(), counting()
    first = memo.make(add, Setting(1.0, {"a": 1}), 2.0)
    assert memo.make(add, Setting(1.0, {"a": 1}), 2.0) is first
    assert memo.make(add, Setting(1.0, {"a": 2}), 2.0) is not first
    assert memo.make(add, Setting(1.0, {"a": 1}), 2) is not first
    assert len(taken) == 3


def test_steps_are_chained_by_what_was_made_not_by_its_value():
    memo, (add, taken) = Memo(), counting()
    for _ in range(2):
        three, other = memo.make(add, 1.0, 2.0), memo.make(add, 3.0)
        assert memo.make(sum, (three, other)).value == 6.0
        assert memo.make(add, three, 1.0) is not memo.make(add, other, 1.0)
    assert len(taken) == 4


def test_arrays_equal_themselves_alone():
    memo, (add, taken) = Memo(), counting()
    array = np.ones(2000)
    assert memo.make(add, array) is memo.make(add, array)
    memo.make(add, array.copy())
    assert len(taken) == 2


@pytest.mark.parametrize("wrap", [lambda array: Setting(0.0, {"a": array}), lambda a: {"a": a}])
def test_objects_that_hold_arrays_are_not_taken_for_others_that_are_spelled_alike(wrap):
    memo, zeros = Memo(), np.zeros(2000)
    other = zeros.copy()
    other[1000] = 1.0
    assert repr(wrap(zeros)) == repr(wrap(other))  # long arrays are spelled in part
    assert memo.make(id, wrap(zeros)) is not memo.make(id, wrap(other))


def test_what_a_variant_does_not_ask_for_is_forgotten_after_it():
    memo, (add, taken) = Memo(), counting()
    memo.make(add, 1.0)
    memo.next_variant()
    memo.make(add, 1.0)  # asked for again
    memo.next_variant()
    memo.next_variant()
    memo.make(add, 1.0)
    assert len(taken) == 2


def test_lasting_results_stay_while_there_is_room_and_the_longest_unused_leave_first():
    taken = []

    def grow(size):
        taken.append(size)
        return np.zeros(size)

    memo = Memo(room=8 * 250)
    for size in (100, 101, 102):
        memo.next_variant()
        memo.make(grow, size, lasting=True)
    for _ in range(3):
        memo.next_variant()
    memo.make(grow, 102, lasting=True)
    memo.make(grow, 101, lasting=True)
    memo.make(grow, 100, lasting=True)
    assert taken == [100, 101, 102, 100]
    memo.make(grow, 1000, lasting=True)  # larger than the room
    memo.make(grow, 1000, lasting=True)
    assert taken[-2:] == [1000, 1000]
