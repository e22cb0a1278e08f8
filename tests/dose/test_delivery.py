from dataclasses import replace

import numpy as np
import pytest

from radsim.dose.anatomy.dose_model import default_dose_model
from radsim.dose.course.delivery import draw_delivery
from radsim.randomness.streams import Streams

PATIENTS = range(20_000)
WRAP = np.full(len(PATIENTS), np.deg2rad(120.0))


def draw(fractions, **changes):
    model = replace(default_dose_model(), **changes)
    return draw_delivery(model, fractions, WRAP, PATIENTS, Streams(5))


def test_shifts_have_the_spread_they_were_given():
    shift = draw(5).target_shift
    # a standard deviation of 20 000 values has a standard error of 0.5 %; four of them
    assert shift[0].std() == pytest.approx(np.hypot(0.8, 0.6), rel=0.02)
    assert shift.mean(axis=0).std() == pytest.approx(np.hypot(0.8, 0.6 / np.sqrt(5)), rel=0.02)
    assert shift.mean() == pytest.approx(0.0, abs=0.025)


def test_the_same_fraction_is_the_same_in_every_arm():
    assert np.array_equal(draw(5).target_shift[:2], draw(2).target_shift)


def test_an_organ_is_hottest_where_the_patient_moved_to():
    # on an arc of 120 degrees the hot spot follows two shifts in three exactly, and then the
    # shift it sees is the length of the vector: Rayleigh, with mean 0.8 sqrt(pi / 2) mm
    delivery = draw(1, random_shift=0.0)
    assert (delivery.organ_shift >= delivery.target_shift - 1e-12).all()
    whole = draw_delivery(
        replace(default_dose_model(), random_shift=0.0),
        1,
        np.full(len(PATIENTS), np.pi),
        PATIENTS,
        Streams(5),
    ).organ_shift
    assert whole.mean() == pytest.approx(0.8 * np.sqrt(np.pi / 2), rel=0.02)
    assert (delivery.organ_shift == whole).mean() == pytest.approx(2 / 3, abs=0.015)


def test_no_errors_means_no_shift():
    delivery = draw(3, systematic_shift=0.0, random_shift=0.0, output_error=0.0)
    assert not delivery.target_shift.any()
    assert not delivery.organ_shift.any()
    assert (delivery.output == 1.0).all()
