import mpmath
import numpy as np
import pytest
import xarray as xr
from hypothesis import assume, given
from hypothesis import strategies as st
from reference_cases import case

from radsim import lq
from radsim.radiobiology.high_dose import linear_tail_bed, linear_tail_bed_of_fractions

doses = st.floats(0.0, 200.0)
counts = st.integers(1, 40)
ratios = st.floats(0.5, 30.0)


def courses(inputs):
    return np.array(inputs["D"], float), np.array(inputs["D"]) / np.array(inputs["d"])


def test_bed_agrees_with_dvhmetrics():
    inputs, expected, tolerance = case("A01")
    total, fractions = courses(inputs)
    for ratio, answer in zip(inputs["ab"], expected, strict=True):
        assert lq.bed(dose=total, fractions=fractions, alpha_beta=ratio) == pytest.approx(
            answer, abs=tolerance
        )


def test_eqd2_agrees_with_dvhmetrics():
    inputs, expected, tolerance = case("A02")
    total, fractions = courses(inputs)
    for ratio, answer in zip(inputs["ab"], expected, strict=True):
        assert lq.eqd2(dose=total, fractions=fractions, alpha_beta=ratio) == pytest.approx(
            answer, abs=tolerance
        )


def test_the_iso_effective_total_dose_at_another_fraction_size_agrees_with_dvhmetrics():
    inputs, expected, tolerance = case("A03")
    course = lq.equal_fractions(inputs["D1"], inputs["D1"] / inputs["d1"])
    for ratio, answer in zip(inputs["ab"], expected, strict=True):
        total = lq.equivalent_dose_of_size(
            lq.bed(dose=course[0], dose_squared=course[1], alpha_beta=ratio), inputs["d2"], ratio
        )
        assert total == pytest.approx(answer, abs=tolerance)


def test_bed_and_eqd2_of_spine_schedules_agree_with_two_other_programs():
    inputs, expected, tolerance = case("A04")
    fractions = np.array(inputs["n"])
    course = lq.equal_fractions(fractions * np.array(inputs["d"], float), fractions)
    assert lq.bed(dose=course[0], dose_squared=course[1], alpha_beta=inputs["ab"]) == pytest.approx(
        expected["bed"], abs=tolerance
    )
    assert lq.eqd2(
        dose=course[0], dose_squared=course[1], alpha_beta=inputs["ab"]
    ) == pytest.approx(expected["eqd2"], abs=tolerance)


def test_the_three_fraction_equivalent_agrees_with_a_public_script():
    inputs, expected, tolerance = case("A05")
    fractions = np.array(inputs["n"])
    total = fractions * np.array(inputs["d"], float)
    assert lq.isoeffective_dose(total, fractions, 3, 6.0) == pytest.approx(expected, abs=tolerance)


def test_the_same_effect_in_another_number_of_fractions_agrees_with_cerr():
    inputs, expected, tolerance = case("A08")
    found = lq.isoeffective_dose(inputs["D"], inputs["n"], inputs["n_to"], inputs["ab"])
    assert found == pytest.approx(expected, abs=tolerance)


def test_the_minimum_of_14_gy_in_one_fraction_is_25_3_gy_in_five():
    # discussion of the phase 2 trial, 10.1016/j.adro.2025.101760, alpha/beta 6
    assert lq.isoeffective_dose(14.0, 1, 5, 6.0) == pytest.approx(25.3, abs=0.05)


@given(total=st.floats(1e-6, 200.0), fractions=counts, new=counts, ratio=ratios)
def test_equivalent_doses_agree_with_fifty_digit_arithmetic(total, fractions, new, ratio):
    with mpmath.workdps(50):
        d, n, m, ab = (mpmath.mpf(v) for v in (total, fractions, new, ratio))
        bed = d * (1 + d / n / ab)
        exact = {
            "bed": bed,
            "eqd2": bed / (1 + 2 / ab),
            "equivalent": m * ab / 2 * (-1 + mpmath.sqrt(1 + 4 * bed / (m * ab))),
        }
    course = lq.equal_fractions(total, fractions)
    found = {
        "bed": lq.bed(dose=course[0], dose_squared=course[1], alpha_beta=ratio),
        "eqd2": lq.eqd2(dose=course[0], dose_squared=course[1], alpha_beta=ratio),
        "equivalent": lq.isoeffective_dose(total, fractions, new, ratio),
    }
    for name, value in exact.items():
        assert float(found[name]) == pytest.approx(float(value), rel=1e-12), name


@given(total=doses, fractions=counts, new=counts, ratio=ratios)
def test_going_to_another_number_of_fractions_and_back_gives_the_dose_again(
    total, fractions, new, ratio
):
    there = lq.isoeffective_dose(total, fractions, new, ratio)
    assert lq.isoeffective_dose(there, new, fractions, ratio) == pytest.approx(total, abs=1e-9)


@given(total=st.floats(0.01, 200.0), fractions=counts, ratio=ratios)
def test_more_dose_or_fewer_fractions_never_lower_bed(total, fractions, ratio):
    bed = lq.bed(dose=total, fractions=fractions, alpha_beta=ratio)
    assert lq.bed(dose=total * 1.01, fractions=fractions, alpha_beta=ratio) > bed
    assert lq.bed(dose=total, fractions=fractions + 1, alpha_beta=ratio) < bed


@given(fraction_doses=st.lists(st.floats(0.0, 30.0), min_size=1, max_size=10), ratio=ratios)
def test_unequal_fractions_add_up_one_by_one(fraction_doses, ratio):
    one_by_one = sum(d * (1 + d / ratio) for d in fraction_doses)
    dose, squared = lq.sum_fractions(fraction_doses)
    together = lq.bed(dose=dose, dose_squared=squared, alpha_beta=ratio)
    assert together == pytest.approx(one_by_one, abs=1e-9)


def test_dose_and_fractions_can_not_be_taken_for_sums():
    with pytest.raises(TypeError):
        lq.bed(24.0, 2, alpha_beta=6.0)
    with pytest.raises(TypeError, match="give fractions, or dose_squared"):
        lq.eqd2(dose=24.0, fractions=2, dose_squared=288.0, alpha_beta=6.0)
    with pytest.raises(TypeError, match="give fractions, or dose_squared"):
        lq.bed(dose=24.0, alpha_beta=6.0)


def test_equal_fractions_are_the_case_of_unequal_ones_that_are_alike():
    assert lq.sum_fractions([6.0] * 5) == pytest.approx(lq.equal_fractions(30.0, 5))


def test_fractions_lie_on_the_last_axis():
    dose, squared = lq.sum_fractions([[6.0, 6.0, 8.0], [1.0, 2.0, 3.0]])
    assert dose.tolist() == [20.0, 6.0]
    assert squared.tolist() == [136.0, 14.0]


def test_scalars_arrays_and_labeled_arrays_give_the_same_answer():
    totals = [0.0, 8.0, 24.0, 30.0]
    one_by_one = [float(lq.eqd2(dose=total, fractions=5, alpha_beta=6.0)) for total in totals]
    as_array = lq.eqd2(dose=np.array(totals), fractions=5, alpha_beta=6.0)
    labeled = xr.DataArray(totals, dims="arm")
    ratios = xr.DataArray([6.0, 2.0], dims="tissue")
    both = lq.eqd2(dose=labeled, fractions=5, alpha_beta=ratios)
    assert as_array.tolist() == one_by_one
    assert both.dims == ("arm", "tissue")
    assert both.sel(tissue=0).values.tolist() == one_by_one


def test_no_dose_has_no_effect_and_a_huge_one_stays_finite():
    assert lq.isoeffective_dose(0.0, 5, 3, 6.0) == 0.0
    assert lq.eqd2(dose=0.0, fractions=1, alpha_beta=2.0) == 0.0
    assert np.isfinite(lq.isoeffective_dose(1e6, 1, 5, 2.0))


@pytest.mark.parametrize("new", [1, 3, 35])
def test_tiny_doses_keep_their_digits(new):
    assert lq.isoeffective_dose(1e-12, 1, new, 6.0) == pytest.approx(1e-12, rel=1e-9)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: lq.equal_fractions(-1.0, 5), "dose must not be negative"),
        (lambda: lq.equal_fractions(10.0, 0), "fractions must be above 0"),
        (lambda: lq.sum_fractions([2.0, -2.0]), "dose must not be negative"),
        (
            lambda: lq.bed(dose=10.0, dose_squared=20.0, alpha_beta=0.0),
            "alpha/beta must be above 0",
        ),
        (
            lambda: lq.bed(dose=10.0, dose_squared=20.0, alpha_beta=np.array([2.0, -3.0])),
            "alpha/beta must be above 0",
        ),
        (lambda: lq.isoeffective_dose(10.0, 1, 0, 3.0), "fractions must be above 0"),
        (lambda: lq.equivalent_dose_of_size(10.0, 2.0, 0.0), "alpha/beta must be above 0"),
        (lambda: lq.equal_fractions(float("nan"), 5), "dose"),
    ],
)
def test_impossible_doses_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()


@pytest.mark.parametrize(
    ("doses", "bed"),
    [  # by hand: alpha/beta and transition 6 Gy, tangent slope 3; 12 Gy of BED at the transition
        ([2.0, 2.0, 20.0], 2 * 2 * (1 + 2 / 6) + 12 + 3 * 14),
        ([14.0, 5.0, 5.0], 12 + 3 * 8 + 2 * 5 * (1 + 5 / 6)),
        ([20.0, 4.0], 12 + 3 * 14 + 4 * (1 + 4 / 6)),
        ([0.0, 6.0], 12.0),
    ],
)
def test_lq_l_of_unequal_fractions_is_exact_where_each_dose_is_known(doses, bed):
    found = linear_tail_bed_of_fractions(doses, 6.0, transition=6.0)
    assert float(found) == pytest.approx(bed, rel=1e-14)


@given(doses=st.lists(st.floats(0.01, 30.0), min_size=1, max_size=2), slope=st.floats(0.5, 5.0))
def test_the_sums_of_up_to_two_fractions_say_as_much_as_their_doses(doses, slope):
    number = len(doses)
    sums = linear_tail_bed(*lq.sum_fractions(doses), 6.0, 6.0, slope, fractions=number)
    assume(number == 1 or abs(doses[0] - doses[1]) > 0.01 * sum(doses))
    known = linear_tail_bed_of_fractions(doses, 6.0, 6.0, slope)
    assert float(sums) == pytest.approx(float(known), rel=1e-6)


def test_patients_and_a_negative_fraction_dose():
    many = linear_tail_bed_of_fractions([[8.0] * 5, [24.0, 0, 0, 0, 0]], 6.0, transition=6.0)
    assert many.tolist() == pytest.approx([90.0, 66.0])
    with pytest.raises(ValueError, match="dose must not be negative"):
        linear_tail_bed_of_fractions([2.0, -1.0], 6.0, transition=6.0)
