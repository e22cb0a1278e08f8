import copy
import hashlib
import os
import sys
import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.sequence import Sequence
from pydicom.uid import CTImageStorage, DeflatedExplicitVRLittleEndian, RLELossless
from synthetic_plan import (
    BODIES,
    CORNERS,
    FRACTIONS,
    ORIENTATIONS,
    PRESCRIPTION,
    _item,
    add_region,
    circle,
    contours,
    exact_dose,
    exact_volume,
    for_beam,
    prescribe,
    save,
    synthetic_plan,
)

from radsim.planfiles import (
    Questioned,
    describe_plan,
    load_plan,
    plan_metrics,
    read_plan,
    read_stored_dvhs,
    save_plan,
)
from radsim.planfiles.dicom import files as dicom_files
from radsim.radiobiology.dvh import dose_at_volume
from radsim.vocabulary.dose_metrics import parse_metric

COARSE = dict(spacing=(4.0, 4.0), frames=np.arange(-50.0, 51.0, 4.0))
FINE_FRAMES = np.arange(-50.0, 51.0, 2.0)


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    """The synthetic plan as it should be, for tests that only read it."""
    return read_plan(save(synthetic_plan(), tmp_path_factory.mktemp("plan")))


@pytest.fixture
def read(tmp_path):
    """Write datasets and read them as a plan."""
    return lambda datasets, **how: read_plan(save(datasets, tmp_path / "plan"), **how)


def assert_exact(plan):
    for structure in plan.structures:
        name, volume = structure.name, exact_volume(structure.name)
        assert structure.volume == pytest.approx(volume, rel=0.005), name
        assert structure.missing == 0.0
        for fraction, tolerance in ((0.98, 0.01), (0.5, 0.015), (0.02, 0.015)):
            got = float(dose_at_volume(structure.dose, plan.volume, fraction))
            assert got == pytest.approx(exact_dose(name, fraction), rel=tolerance), (name, fraction)
        assert structure.d003cc == pytest.approx(exact_dose(name, 0.03 / volume), rel=0.015), name


def names_and_doses(plan):
    return {s.structure: s.dose for s in plan.structures}


def assert_same(one, other, rtol=1e-6):
    assert {s.name for s in one.structures} == {s.name for s in other.structures}
    for a, b in zip(one.structures, other.structures, strict=True):
        np.testing.assert_allclose(a.dose, b.dose, rtol=rtol)
        np.testing.assert_allclose([a.volume, a.d003cc], [b.volume, b.d003cc], rtol=rtol)


# what is read ------------------------------------------------------------------------------------


def test_synthetic_plan_has_its_exact_dvhs(plan):
    assert_exact(plan)
    assert {s.structure for s in plan.structures} == {
        "gtv", "ptv", "spinal_cord", "cord_prv", "thecal_sac",
    }  # fmt: skip
    assert (plan.fractions, plan.prescription, plan.source) == (FRACTIONS, PRESCRIPTION, "dicom")
    assert plan.warnings == ()


def test_synthetic_plan_is_the_same_bytes_every_time(tmp_path):
    def digest(folder):
        files = sorted(save(synthetic_plan(**COARSE), folder).iterdir())
        return [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]

    assert digest(tmp_path / "one") == digest(tmp_path / "two")


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_a_dose_grid_may_be_turned_in_any_way(read, name):
    size = (110.0, 110.0) if name == "oblique" else (96.0, 96.0)
    assert_exact(read(synthetic_plan(orientation=ORIENTATIONS[name], size=size)))


@pytest.mark.parametrize("name", ["head first, supine", "feet first, supine"])
@pytest.mark.parametrize("absolute", [False, True])
@pytest.mark.parametrize(
    "frames",
    [FINE_FRAMES, FINE_FRAMES[::-1], np.delete(FINE_FRAMES, [5, 6, 44])],
    ids=["ascending", "descending", "uneven"],
)
def test_frame_offsets_may_be_relative_or_absolute_and_run_either_way(read, name, absolute, frames):
    datasets = synthetic_plan(
        orientation=ORIENTATIONS[name], absolute_offsets=absolute, frames=frames
    )
    assert_exact(read(datasets))


def test_16_bit_pixels_are_read(read):
    assert_exact(read(synthetic_plan(bits=16)))


def test_rows_and_columns_have_their_own_spacing(read):
    assert_exact(read(synthetic_plan(spacing=(1.5, 2.0))))


def test_a_keyhole_is_the_hole_it_cuts(read, plan):
    keyholed = read(synthetic_plan(keyhole=True))
    assert_same(plan, keyholed, rtol=1e-3)


def test_contours_in_one_plane_are_combined_by_the_even_odd_rule(read):
    datasets = synthetic_plan(**COARSE)
    rings = [np.column_stack([circle(0, 0, r), np.full(CORNERS, z)]) for z in (0.0, 2.0)
             for r in (12.0, 8.0, 4.0)]  # fmt: skip
    add_region(datasets["RTSTRUCT"], "Rings", rings)
    rings = read(datasets).structures[-1]
    assert rings.volume == pytest.approx(np.pi * (144 - 64 + 16) * 4.0 / 1000.0, rel=1e-3)


def test_a_contour_drawn_twice_counts_once(read, plan):
    datasets = synthetic_plan()
    for item in datasets["RTSTRUCT"].ROIContourSequence:
        item.ContourSequence = Sequence([*item.ContourSequence, *item.ContourSequence])
    assert_same(plan, read(datasets))


def test_a_contour_drawn_twice_in_other_words_counts_once(read, plan):
    datasets = synthetic_plan()
    for item in datasets["RTSTRUCT"].ROIContourSequence:
        for contour in list(item.ContourSequence):
            points = np.array(contour.ContourData, dtype=float).reshape(-1, 3)
            again = np.roll(np.vstack([points, points[:1]])[::-1].round(2), 5, axis=0)
            item.ContourSequence.append(
                _item(
                    ContourGeometricType="CLOSED_PLANAR",
                    NumberOfContourPoints=len(again),
                    ContourData=[f"{value:.2f}" for value in again.ravel()],
                )
            )
    assert_same(plan, read(datasets), rtol=1e-3)
    assert_exact(read(datasets))


def test_contours_that_cross_are_united_and_named(read):
    datasets = synthetic_plan(**COARSE)
    two = [np.column_stack([circle(x, 0, 6.0), np.full(CORNERS, z)]) for z in (0.0, 2.0)
           for x in (0.0, 6.0)]  # fmt: skip
    add_region(datasets["RTSTRUCT"], "Two", two)
    add_region(datasets["RTSTRUCT"], "Xor", two, kind="CLOSEDPLANAR_XOR")
    plan = read(datasets)
    lens = 2 * 36 * np.arccos(0.5) - 3.0 * np.sqrt(4 * 36 - 36)
    united, xored = plan.structures[-2:]
    assert united.volume == pytest.approx((2 * np.pi * 36 - lens) * 4.0 / 1000.0, rel=2e-3)
    assert xored.volume == pytest.approx((2 * np.pi * 36 - 2 * lens) * 4.0 / 1000.0, rel=2e-3)
    assert (
        "Two: contours cross or all but coincide in 2 planes, and are united there" in plan.warnings
    )
    assert not any(warning.startswith("Xor") for warning in plan.warnings)


def test_a_missing_plane_is_a_gap_that_is_named(read):
    datasets = synthetic_plan(**COARSE)
    kept = [c for c in contours("SpinalCord") if not 0.0 < c[0, 2] < 6.0]
    add_region(datasets["RTSTRUCT"], "Gapped", kept)
    plan = read(datasets)
    whole = exact_volume("SpinalCord")
    assert plan.structures[-1].volume == pytest.approx(whole * 21 / 24, rel=0.002)
    assert any("Gapped has 1 gaps" in warning for warning in plan.warnings)


def test_planes_that_lie_closer_than_those_of_others_have_no_gaps_between_them(read):
    datasets = synthetic_plan(**COARSE)
    cord = contours("SpinalCord")
    twice = cord + [np.round(np.add(c, (0.0, 0.0, 0.4)), 1) for c in cord]  # 0.4 and 1.6 mm in turn
    add_region(datasets["RTSTRUCT"], "Twice", twice)
    plan = read(datasets)
    assert plan.structures[-1].volume == pytest.approx(exact_volume("SpinalCord"), rel=0.01)
    assert not any("gaps" in warning for warning in plan.warnings)


def test_two_far_planes_are_two_slices_and_no_thick_slab(read):
    datasets = synthetic_plan(**COARSE)
    two = [np.column_stack([circle(0, 0, 5.0), np.full(CORNERS, z)]) for z in (-21.0, 21.0)]
    add_region(datasets["RTSTRUCT"], "Two", two)
    assert read(datasets).structures[-1].volume == pytest.approx(np.pi * 25 * 4 / 1e3, rel=1e-3)


def test_a_structure_in_one_plane_is_one_slice_thick(read):
    datasets = synthetic_plan(**COARSE)
    disk = np.column_stack([circle(0, 0, 5.0), np.zeros(CORNERS)])
    add_region(datasets["RTSTRUCT"], "Thin", [disk])
    plan = read(datasets)
    assert plan.structures[-1].volume == pytest.approx(np.pi * 25 * 2 / 1e3, rel=1e-3)
    assert any("taken as 2 mm thick" in warning for warning in plan.warnings)


def test_d003cc_of_a_tiny_structure_is_undefined(read):
    datasets = synthetic_plan(**COARSE)
    tiny = [np.column_stack([circle(0, 0, 1.2), np.full(CORNERS, z)]) for z in (0.0, 2.0)]
    add_region(datasets["RTSTRUCT"], "Tiny", tiny)
    plan = read(datasets)
    assert np.isnan(plan.structures[-1].d003cc)
    assert plan.structures[-1].volume == pytest.approx(np.pi * 1.44 * 4 / 1e3, rel=0.005)
    assert describe_plan(plan).splitlines()[-1].endswith("-")


def test_a_structure_without_area_is_left_out_by_name_unless_it_is_needed(read):
    datasets = synthetic_plan(**COARSE)
    add_region(datasets["RTSTRUCT"], "Iso", [np.zeros((1, 3))], kind="POINT")
    plan = read(datasets)
    assert "Iso has no closed contours; it is left out" in plan.warnings
    with pytest.raises(ValueError, match="Iso has no closed contours"):
        read(datasets, mapping={"Iso": "gtv"})


@pytest.mark.parametrize("how", ["no item", "no sequence", "empty sequence", "a point"])
@pytest.mark.parametrize("name", ["SpinalCord", "GTV", "GTV2"])
def test_a_structure_without_contours_is_left_out_under_any_name(read, name, how):
    datasets = synthetic_plan(**COARSE)
    structures = datasets["RTSTRUCT"]
    points = [np.zeros((1, 3))] if how == "a point" else []
    add_region(structures, name, points, kind="POINT")
    if how == "no item":
        del structures.ROIContourSequence[-1]
    elif how == "no sequence":
        del structures.ROIContourSequence[-1].ContourSequence
    plan = read(datasets)
    assert f"{name} has no closed contours; it is left out" in plan.warnings
    assert len(plan.structures) == len(BODIES) and plan["gtv"].name == "GTV"
    if name != "GTV2":
        assert_same(
            plan,
            read(
                datasets, mapping={name: plan["gtv" if name == "GTV" else "spinal_cord"].structure}
            ),
        )
    else:
        with pytest.raises(ValueError, match="GTV2 has no closed contours"):
            read(datasets, mapping={name: "gtv"})


def test_contours_without_area_are_refused_where_they_are_needed(read):
    datasets = synthetic_plan(**COARSE)
    line = np.array([[0.0, 0.0, 0.0], [2.0, 2.0, 0.0], [1.0, 1.0, 0.0]])
    add_region(datasets["RTSTRUCT"], "Line", [line, np.add(line, (0.0, 0.0, 2.0))])
    assert "Line: its contours enclose no volume; it is left out" in read(datasets).warnings
    with pytest.raises(ValueError, match="Line: its contours enclose no volume"):
        read(datasets, mapping={"Line": "spinal_cord"})


def test_only_some_structures_are_read_when_asked(read):
    datasets = synthetic_plan(**COARSE)
    for name in ("Lung_L", "Pharynx Const"):
        add_region(datasets["RTSTRUCT"], name, contours("GTV"))
    assert len(read(datasets).structures) == len(BODIES) + 2
    plan = read(datasets, only=("gtv", "pharynx_const"))
    assert [s.structure for s in plan.structures] == ["gtv", "pharynx_const"]


def test_an_organ_that_can_not_be_read_ends_the_plan_only_where_it_is_named(read):
    datasets = synthetic_plan(**COARSE)
    line = np.array([[0.0, 0.0, 0.0], [2.0, 2.0, 0.0], [1.0, 1.0, 0.0]])
    add_region(datasets["RTSTRUCT"], "Heart", [line, np.add(line, (0.0, 0.0, 2.0))])
    plan = read(datasets)
    assert "heart" not in plan
    assert "Heart: its contours enclose no volume; it is left out" in plan.warnings
    with pytest.raises(ValueError, match="Heart: its contours enclose no volume"):
        read(datasets, mapping={"Heart": "heart"})


@pytest.mark.parametrize("orientation", ["head first, supine", "oblique"])
def test_an_organ_keeps_the_tolerances_for_every_metric(read, orientation):
    datasets = synthetic_plan(orientation=ORIENTATIONS[orientation])
    add_region(datasets["RTSTRUCT"], "Esophagus", contours("Esophagus"))
    plan = read(datasets)
    assert_exact(plan)
    esophagus, volume = plan["esophagus"], exact_volume("Esophagus")
    share = (np.arange(20_000) + 0.5) / 20_000
    doses = exact_dose("Esophagus", share)
    expected = {
        "D0.03cc": exact_dose("Esophagus", 0.03 / volume),
        "D2.5cc": exact_dose("Esophagus", 2.5 / volume),
        "V20Gy": np.mean(doses >= 20.0),
        "V20Gy_cc": np.mean(doses >= 20.0) * volume,
        "mean": doses.mean(),
        "gEUD(4)": np.mean(doses**4) ** 0.25,
        "max": exact_dose("Esophagus", 0.0),
    }
    assert 12.0 < expected["mean"] < 30.0 and 0.2 < expected["V20Gy"] < 0.8  # it tells them apart
    for name, value in expected.items():
        assert esophagus.read(parse_metric(name)) == pytest.approx(value, rel=0.015), name
    assert np.isnan(esophagus.read(parse_metric("D50cc")))


def test_any_file_of_the_folder_stands_for_it(tmp_path):
    folder = save(synthetic_plan(**COARSE), tmp_path)
    (folder / "notes.txt").write_text("no DICOM")
    assert_same(read_plan(folder), read_plan(folder / "rtdose0.dcm"))


def test_plan_without_its_cord_has_no_cord(read):
    datasets = synthetic_plan(**COARSE)
    structures = datasets["RTSTRUCT"]
    del structures.StructureSetROISequence[2], structures.ROIContourSequence[2]
    plan = read(datasets)
    assert "spinal_cord" not in plan and "gtv" in plan
    with pytest.raises(KeyError, match="no spinal_cord; it has: gtv, ptv, cord_prv, thecal_sac"):
        plan["spinal_cord"]


# summation, fractions, prescription --------------------------------------------------------------


def test_a_fraction_dose_is_multiplied_when_it_is_one_sessions(read):
    plan = read(synthetic_plan(summation="FRACTION", factor=1 / FRACTIONS))
    assert_exact(plan)
    assert plan.warnings == (
        "the FRACTION dose is taken as one session's and multiplied by 5 fractions",
    )


def test_a_fraction_dose_is_kept_when_it_is_the_courses(read):
    plan = read(synthetic_plan(summation="FRACTION"))
    assert_exact(plan)
    assert plan.warnings == ("the FRACTION dose is taken as the course's",)


def test_a_fraction_dose_that_can_be_either_is_refused_until_the_user_says(read):
    datasets = synthetic_plan(summation="FRACTION", factor=1 / FRACTIONS, **COARSE)
    del datasets["RTPLAN"].DoseReferenceSequence
    with pytest.raises(ValueError, match="say fraction_dose='session' or 'course'"):
        read(datasets)
    maximum = read(datasets, fraction_dose="session")["gtv"].d003cc
    assert maximum == pytest.approx(42.0, rel=0.01)


def test_a_session_dose_is_multiplied(read):
    assert_exact(read(synthetic_plan(summation="FRACTION_SESSION", factor=1 / FRACTIONS)))


def test_a_fraction_dose_without_a_fraction_count_is_refused(read):
    datasets = synthetic_plan(summation="FRACTION", factor=1 / FRACTIONS, **COARSE)
    del datasets["RTPLAN"]
    with pytest.raises(ValueError, match="needs the number of fractions"):
        read(datasets)


def test_beam_doses_are_added_when_all_are_there(read):
    datasets = synthetic_plan(factor=0.3)
    second = synthetic_plan(factor=0.7)["RTDOSE"]
    datasets["RTDOSE"] = [for_beam(datasets["RTDOSE"], 1), for_beam(second, 2)]
    plan = read(datasets)
    assert_exact(plan)
    assert plan.warnings == ("the doses of 2 beams were added, each taken as the course's",)


def test_a_missing_beam_or_an_unknown_number_of_beams_is_refused(read):
    datasets = synthetic_plan(factor=0.5, **COARSE)
    for_beam(datasets["RTDOSE"], 1)
    with pytest.raises(ValueError, match=r"beams \[1, 2\], but the doses are of \[1\]"):
        read(datasets)


def test_beam_doses_without_a_plan_are_refused(read):
    datasets = synthetic_plan(**COARSE)
    for_beam(datasets["RTDOSE"], 1)
    del datasets["RTPLAN"]
    with pytest.raises(ValueError, match="BEAM doses need the RTPLAN"):
        read(datasets)


def test_a_sum_of_plans_is_read_and_its_prescription_left_to_the_user(read):
    datasets = synthetic_plan(summation="MULTI_PLAN")
    other = synthetic_plan(**COARSE)["RTPLAN"]
    other.SOPInstanceUID = other.file_meta.MediaStorageSOPInstanceUID = "1.2.3.88"
    datasets["RTPLAN"] = [datasets["RTPLAN"], other]
    plan = read(datasets)
    assert_exact(plan)
    assert (plan.prescription, plan.fractions) == (None, None)
    sum_of_plans = "the dose is a sum of plans: give its prescription and fractions yourself"
    assert plan.warnings == (sum_of_plans,)
    assert read(datasets, prescription=30.0, fractions=8).fractions == 8


def test_doses_of_two_plans_are_added_when_the_user_says_so(read):
    datasets = synthetic_plan(factor=0.7)
    boost = synthetic_plan(factor=0.3, spacing=(1.5, 2.0), orientation=ORIENTATIONS["sagittal"])
    for modality, uid in (("RTDOSE", "1.2.3.91"), ("RTPLAN", "1.2.3.93")):
        boost[modality].SOPInstanceUID = uid
        boost[modality].file_meta.MediaStorageSOPInstanceUID = uid
        datasets[modality] = [datasets[modality], boost[modality]]
    with pytest.raises(ValueError, match=r"2 plan doses in one folder: .* --add"):
        read(datasets)
    plan = read(datasets, add_doses=True, prescription=30.0, fractions=5)
    assert_exact(plan)
    assert "the doses of 2 plans were added" in plan.warnings
    datasets["RTDOSE"][1].FrameOfReferenceUID = "9.9"
    with pytest.raises(ValueError, match="different frames of reference"):
        read(datasets, add_doses=True)


def test_a_copy_of_a_dose_is_never_added(read):
    datasets = synthetic_plan(factor=0.5, **COARSE)
    datasets["RTDOSE"] = [datasets["RTDOSE"]] * 2
    with pytest.raises(ValueError, match=r"rtdose1.dcm is a copy of rtdose0.dcm: keep one"):
        read(datasets, add_doses=True, prescription=30.0, fractions=5)


def test_fractions_are_never_guessed(read):
    datasets = synthetic_plan(**COARSE)
    del datasets["RTPLAN"]
    plan = read(datasets)
    assert plan.fractions is None and plan.prescription is None
    assert any("no RTPLAN" in warning for warning in plan.warnings)
    assert read(datasets, fractions=5).fractions == 5


def test_what_the_user_says_must_agree_with_the_file(read):
    datasets = synthetic_plan(**COARSE)
    with pytest.raises(ValueError, match="fractions: the file says 5, not 3"):
        read(datasets, fractions=3)
    with pytest.raises(ValueError, match="prescription: the file says 30, not 24"):
        read(datasets, prescription=24.0)


def test_a_target_below_its_prescription_is_questioned_and_goes_on_when_confirmed(read):
    with pytest.raises(Questioned, match=r"GTV: D50 is 13.98 Gy, 47 % of its prescription of 30"):
        read(synthetic_plan(factor=1 / 3, **COARSE))
    with pytest.raises(Questioned, match=r"PTV_Eval: .*: looks like one of 5 fractions"):
        read(synthetic_plan(factor=1 / 5, **COARSE))
    plan = read(synthetic_plan(factor=1 / 3, **COARSE), confirmed=True)
    assert plan.questions == () and any("GTV: D50 is 13.98 Gy" in w for w in plan.warnings)


def test_each_prescribed_level_counts_for_targets_and_organs(read):
    datasets = synthetic_plan(**COARSE)  # targets of 42 Gy, organs below 36
    datasets["RTPLAN"].DoseReferenceSequence = Sequence([prescribe(20.0), prescribe(42.0)])
    assert read(datasets).prescription is None
    datasets["RTPLAN"].DoseReferenceSequence = Sequence([prescribe(45.0), prescribe(46.0)])
    with pytest.raises(Questioned, match=r"GTV: D50 is .* of its prescription of 45 Gy"):
        read(datasets)
    datasets["RTPLAN"].DoseReferenceSequence = Sequence([prescribe(21.5)])
    with pytest.raises(Questioned, match=r"ThecalSac: an organ of .* prescription of 21.5 Gy"):
        read(datasets)


def test_several_prescribed_levels_are_named_and_none_is_chosen(read):
    datasets = synthetic_plan(**COARSE)
    datasets["RTPLAN"].DoseReferenceSequence = Sequence(
        [prescribe(30), prescribe(42), prescribe(11.3, place="COORDINATES")]
    )
    plan = read(datasets)
    assert plan.prescription is None
    assert "the plan prescribes 30, 42 Gy: give the prescription yourself" in plan.warnings
    assert read(datasets, prescription=30.0).prescription == 30.0


def test_a_prescription_of_nothing_is_none(read):
    datasets = synthetic_plan(**COARSE)
    datasets["RTPLAN"].DoseReferenceSequence = Sequence([prescribe(0.0)])
    plan = read(datasets)
    assert plan.prescription is None and "the plan does not say its prescription" in plan.warnings
    datasets["RTPLAN"].DoseReferenceSequence = Sequence([prescribe(0.0), prescribe(30.0)])
    assert read(datasets).prescription == 30.0
    datasets = synthetic_plan(summation="FRACTION", factor=0.2, **COARSE)
    del datasets["RTPLAN"]
    for nothing in (0.0, -3.0, float("nan")):
        with pytest.raises(ValueError, match="prescription must be above 0 Gy, got"):
            read(datasets, prescription=nothing, fractions=5)


def test_several_fraction_groups_are_not_added_up(read):
    datasets = synthetic_plan(**COARSE)
    groups = datasets["RTPLAN"].FractionGroupSequence
    datasets["RTPLAN"].FractionGroupSequence = Sequence([groups[0], groups[0]])
    plan = read(datasets)
    assert plan.fractions is None
    assert any("2 fraction groups" in warning for warning in plan.warnings)


# names -------------------------------------------------------------------------------------------


def rename(datasets, old, new):
    for roi in datasets["RTSTRUCT"].StructureSetROISequence:
        if roi.ROIName == old:
            roi.ROIName = new
    return datasets


def test_a_user_may_say_which_structure_is_which(read):
    datasets = rename(synthetic_plan(**COARSE), "SpinalCord", "Myelon")
    assert "spinal_cord" not in read(datasets)
    assert read(datasets, mapping={"Myelon": "spinal_cord"})["spinal_cord"].name == "Myelon"


def test_a_name_that_is_not_in_the_plan_is_an_error(read):
    with pytest.raises(ValueError, match="the plan has no 'Cord'"):
        read(synthetic_plan(**COARSE), mapping={"Cord": "spinal_cord"})


def test_duplicate_names_are_refused(read):
    with pytest.raises(ValueError, match="2 structures are named 'GTV'"):
        read(rename(synthetic_plan(**COARSE), "ThecalSac", "GTV"))


# no patient --------------------------------------------------------------------------------------


def test_patient_and_dates_are_dropped_at_the_door(tmp_path):
    folder = save(synthetic_plan(**COARSE), tmp_path / "plan")
    plan = read_plan(folder)
    save_plan(plan, tmp_path / "plan.csv")
    everything = repr(plan) + describe_plan(plan) + (tmp_path / "plan.csv").read_text()
    for secret in ("Secret", "SECRET", "19440404", "20230303", "1.2.3."):
        assert secret not in everything


def test_a_stored_plan_reads_back_the_same(tmp_path, plan):
    save_plan(plan, tmp_path / "plan.csv")
    again = load_plan(tmp_path / "plan.csv")
    assert_same(plan, again, rtol=1e-9)
    assert (again.fractions, again.prescription) == (plan.fractions, plan.prescription)
    assert [s.structure for s in again.structures] == [s.structure for s in plan.structures]
    assert again.warnings == plan.warnings


# refusals ----------------------------------------------------------------------------------------

REFUSED = {
    "relative": ("RTDOSE", dict(DoseUnits="RELATIVE"), "must be GY, got RELATIVE"),
    "effective": ("RTDOSE", dict(DoseType="EFFECTIVE"), "must be PHYSICAL, got EFFECTIVE"),
    "error": ("RTDOSE", dict(DoseType="ERROR"), "must be PHYSICAL, got ERROR"),
    "no units": ("RTDOSE", dict(DoseUnits=None), "DoseUnits is missing"),
    "a record": ("RTDOSE", dict(DoseSummationType="RECORD"), "do not make up a course"),
    "frame": ("RTDOSE", dict(FrameOfReferenceUID="9.9"), "GTV lies in another frame of reference"),
    "cGy": ("RTDOSE", dict(DoseGridScaling="0.000001"), "is the file in cGy"),
    "no scaling": ("RTDOSE", dict(DoseGridScaling=None), "DoseGridScaling is missing"),
    "negative scaling": ("RTDOSE", dict(DoseGridScaling="-1e-8"), "must not be negative"),
    "no pixels": ("RTDOSE", dict(PixelData=b""), "cut short"),
    "more rows": ("RTDOSE", dict(Rows=60000), "cut short"),
    "no rows": ("RTDOSE", dict(Rows=0), "impossible dose grid"),
    "huge": ("RTDOSE", dict(Rows=65535, Columns=65535), "impossible dose grid"),
    "8 bits": ("RTDOSE", dict(BitsAllocated=8, BitsStored=8), "16 or 32 bits"),
    "12 bits": ("RTDOSE", dict(BitsStored=12), "all in use"),
    "offsets": ("RTDOSE", dict(GridFrameOffsetVector=[0, 1]), "26 dose frames, but 2 frame offset"),
    "offset start": ("RTDOSE", dict(GridFrameOffsetVector=[7, 9]), "neither 0 nor the z"),
    "skewed": ("RTDOSE", dict(ImageOrientationPatient=[1, 0, 0, 0.5, 0.5, 0]), "perpendicular"),
    "short": ("RTDOSE", dict(ImageOrientationPatient=[1, 0, 0]), "must hold 6 numbers, got 3"),
    "flat pixel": ("RTDOSE", dict(PixelSpacing=[0, 2]), "pixel spacing must be above 0"),
    "one frame": (
        "RTDOSE", dict(NumberOfFrames=1, GridFrameOffsetVector=[0.0]), "needs two or more frames",
    ),
    "other plan": ("RTPLAN", dict(SOPInstanceUID="9.9"), "belongs to another plan"),
    "other patient": ("RTPLAN", dict(PatientID="OTHER"), "files of more than one patient"),
    "no fractions": (
        "RTPLAN", dict(FractionGroupSequence=None, DoseReferenceSequence=None), None,
    ),
    "no names": ("RTSTRUCT", dict(StructureSetROISequence=None), "names no structures"),
    "no modality": ("RTSTRUCT", dict(Modality=None), "no RTSTRUCT in"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_give_a_wrong_number_is_refused(read, case):
    modality, changes, message = REFUSED[case]
    datasets = synthetic_plan(**COARSE)
    for keyword, value in changes.items():
        setattr(datasets[modality], keyword, value)
    if message is None:
        plan = read(datasets)
        assert plan.fractions is None and len(plan.warnings) == 2
        return
    with pytest.raises(ValueError, match=message) as refusal:
        read(datasets)
    assert "\n" not in str(refusal.value) and "SECRET" not in str(refusal.value)


@pytest.mark.parametrize("modality", ["RTDOSE", "RTSTRUCT"])
def test_a_folder_needs_dose_and_structures(read, modality):
    datasets = synthetic_plan(**COARSE)
    del datasets[modality]
    with pytest.raises(ValueError, match=f"no {modality} in"):
        read(datasets)


def test_a_folder_holds_one_plan(read):
    datasets = synthetic_plan(**COARSE)
    datasets["RTDOSE"] = [datasets["RTDOSE"]] * 2
    with pytest.raises(ValueError, match="2 plan doses in one folder"):
        read(datasets)


def test_a_target_partly_outside_the_dose_grid_is_refused(read):
    with pytest.raises(ValueError, match="of this target lies outside the dose grid"):
        read(synthetic_plan(frames=np.arange(-50.0, 9.0, 2.0)))


def test_an_organ_whose_cold_end_leaves_the_grid_keeps_its_maximum(read, tmp_path):
    plan = read(synthetic_plan(frames=np.arange(-22.0, 30.0, 2.0)))
    cord = plan["spinal_cord"]
    assert cord.missing == pytest.approx(exact_volume("SpinalCord") * 2 / 48, rel=0.01)
    assert cord.missing + cord.volume == pytest.approx(exact_volume("SpinalCord"), rel=0.005)
    assert any(w.startswith("SpinalCord: ") and "outside" in w for w in plan.warnings)
    exact = exact_dose("SpinalCord", 0.03 / exact_volume("SpinalCord"))
    assert cord.d003cc == pytest.approx(exact, rel=0.015)
    assert "SpinalCord *" in describe_plan(plan)
    save_plan(plan, tmp_path / "plan.csv")
    assert load_plan(tmp_path / "plan.csv")["spinal_cord"].d003cc == pytest.approx(cord.d003cc)


@pytest.mark.parametrize("last", [22.0, 14.0, 0.0])
def test_an_organ_whose_hot_end_leaves_the_grid_is_refused(read, last):
    datasets = synthetic_plan(frames=np.arange(-50.0, last + 1.0, 2.0))
    for name in ("GTV", "PTV_Eval"):
        rename(datasets, name, f"z{name}")
    with pytest.raises(ValueError, match=r"its D0.03cc is unknown: export a dose grid"):
        read(datasets)
    rename(datasets, "SpinalCord", "Other")
    for name in ("SpinalCord_PRV02", "ThecalSac"):
        rename(datasets, name, f"z{name}")
    other = next(s for s in read(datasets).structures if s.name == "Other")
    assert np.isnan(other.d003cc) and 0.0 < other.cover < 1.0


def test_a_structure_wholly_outside_the_grid_is_refused_or_left_out(read):
    datasets = synthetic_plan(**COARSE)
    far = [c + np.array([500.0, 0.0, 0.0]) for c in contours("GTV")]
    add_region(datasets["RTSTRUCT"], "Far", far)
    assert "Far lies wholly outside the dose grid; it is left out" in read(datasets).warnings
    with pytest.raises(ValueError, match="Far lies wholly outside"):
        read(datasets, mapping={"Far": "spinal_cord"})


def test_contours_that_are_not_axial_are_refused(read):
    datasets = synthetic_plan(**COARSE)
    tilted = [c[:, [2, 1, 0]] for c in contours("SpinalCord")]
    add_region(datasets["RTSTRUCT"], "Tilted", tilted)
    with pytest.raises(ValueError, match="Tilted: contours must lie in axial planes"):
        read(datasets, mapping={"Tilted": "spinal_cord"})


def deflate(path):
    dataset = pydicom.dcmread(path)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    dataset.save_as(path, enforce_file_format=True)


def test_deflated_files_are_read(tmp_path, plan):
    folder = save(synthetic_plan(), tmp_path / "plan")
    for path in folder.iterdir():
        deflate(path)
    assert_same(plan, read_plan(folder))


def test_a_deflated_file_may_not_unpack_to_any_size(tmp_path, monkeypatch):
    folder = save(synthetic_plan(**COARSE), tmp_path / "plan")
    deflate(folder / "rtdose0.dcm")
    monkeypatch.setattr(dicom_files, "LARGEST", 10_000)
    with pytest.raises(ValueError, match=r"rtdose0.dcm is deflated DICOM of more than"):
        read_plan(folder)
    monkeypatch.undo()
    contents = (folder / "rtdose0.dcm").read_bytes()
    (folder / "rtdose0.dcm").write_bytes(contents[:-400])
    with pytest.raises(ValueError, match="deflated DICOM and cannot be unpacked"):
        read_plan(folder)


def image(path, modality="CT", kind=CTImageStorage, patient="OTHER"):
    dataset = synthetic_plan(**COARSE)["RTPLAN"]
    dataset.Modality, dataset.PatientID = modality, patient
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = kind
    dataset.save_as(path, enforce_file_format=True)


def test_objects_that_are_no_plan_are_ignored_whatever_state_they_are_in(tmp_path, plan):
    folder = save(synthetic_plan(), tmp_path / "plan")
    image(folder / "ct1.dcm")
    image(folder / "ct2.dcm")
    deflate(folder / "ct2.dcm")
    (folder / "ct3.dcm").write_bytes((folder / "ct2.dcm").read_bytes()[:-40])
    image(folder / "record.dcm", "RTRECORD", "1.2.840.10008.5.1.4.1.1.481.4")
    (folder / "nothing.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\x08\0\xff" * 20)
    (folder / "README").write_text("plans of the clinic")
    read = read_plan(folder)
    assert_same(plan, read)
    assert all("nothing.dcm" in warning for warning in read.warnings)


def test_the_plan_says_which_of_two_structure_sets_is_meant(read, plan):
    datasets = synthetic_plan()
    other = rename(synthetic_plan(**COARSE), "GTV", "Old")["RTSTRUCT"]
    other.SOPInstanceUID = other.file_meta.MediaStorageSOPInstanceUID = "1.2.3.77"
    meant = datasets["RTSTRUCT"].SOPInstanceUID
    datasets["RTSTRUCT"] = [other, datasets["RTSTRUCT"]]
    with pytest.raises(ValueError, match="2 RTSTRUCT files in one folder"):
        read(datasets)
    datasets["RTPLAN"].ReferencedStructureSetSequence = Sequence(
        [_item(ReferencedSOPInstanceUID=meant)]
    )
    assert_same(plan, read(datasets))


def test_a_structure_set_that_the_plan_does_not_refer_to_is_named(read):
    datasets = synthetic_plan(**COARSE)
    datasets["RTPLAN"].ReferencedStructureSetSequence = Sequence(
        [_item(ReferencedSOPInstanceUID="9.9")]
    )
    named = "rtstruct0.dcm is not the structure set that the plan refers to"
    assert named in read(datasets).warnings


def test_structures_that_cannot_be_told_apart_are_left_out_where_nobody_needs_them(read, plan):
    datasets = synthetic_plan()
    for name in ("Couch", "Couch", "", "Elsewhere"):
        add_region(datasets["RTSTRUCT"], name, contours("SpinalCord"))
    datasets["RTSTRUCT"].StructureSetROISequence[-1].ReferencedFrameOfReferenceUID = "9.9"
    whole = read(datasets)
    assert_same(plan, whole)
    assert whole.warnings == (
        "a structure without a name is left out",
        "Elsewhere lies in another frame of reference than the dose; it is left out",
        "2 structures are named 'Couch'; they are left out",
    )
    with pytest.raises(ValueError, match="Elsewhere lies in another frame of reference"):
        read(datasets, mapping={"Elsewhere": "spinal_cord"})


def test_units_may_be_spelled_as_the_unit_is(read, plan):
    datasets = synthetic_plan()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's: it is no CS
        datasets["RTDOSE"].DoseUnits = "Gy"
        datasets["RTDOSE"].DoseSummationType = "Plan"
    assert_same(plan, read(datasets))


def test_a_stated_prescription_tells_what_a_fraction_dose_is(read):
    datasets = synthetic_plan(summation="FRACTION", factor=1 / FRACTIONS)
    del datasets["RTPLAN"].DoseReferenceSequence
    assert_exact(read(datasets, prescription=30.0))


def test_compressed_pixels_that_cannot_be_read_are_refused(read):
    datasets = synthetic_plan(**COARSE)
    dose = datasets["RTDOSE"]
    dose.file_meta.TransferSyntaxUID = RLELossless
    dose.PixelData = b"\xfe\xff\x00\xe0\x00\x00\x00\x00\xfe\xff\x00\xe0\x04\x00\x00\x00abcd"
    dose["PixelData"].is_undefined_length = True
    with pytest.raises(ValueError, match="compressed and cannot be read"):
        read(datasets)


def test_compressed_pixels_are_read_where_pydicom_can(read, plan):
    datasets = synthetic_plan(bits=16)
    datasets["RTDOSE"].compress(RLELossless)
    assert_same(plan, read(datasets), rtol=1e-4)


def test_without_pydicom_the_error_names_the_extra(tmp_path, monkeypatch):
    folder = save(synthetic_plan(**COARSE), tmp_path)
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(ImportError, match=r"radsim\[dicom\]"):
        read_plan(folder)


# the planning system's own DVHs ------------------------------------------------------------------


def with_stored_dvh(datasets, **changes):
    from synthetic_plan import _item

    width = np.full(45, 1.0)
    volume = np.array([exact_volume("GTV")] * 30 + list(np.linspace(11.4, -1e-4, 15)))
    values = dict(
        DVHType="CUMULATIVE",
        DoseUnits="GY",
        DVHDoseScaling=1,
        DVHVolumeUnits="CM3",
        DVHData=[f"{v:.6g}" for v in np.column_stack([width, volume]).ravel()],
        DVHReferencedROISequence=Sequence([_item(ReferencedROINumber=1)]),
        DVHMaximumDose=104.9,  # in per cent, under DoseUnits GY, as real files have it
    )
    datasets["RTDOSE"].DVHSequence = Sequence([_item(**(values | changes))])
    return datasets


def test_stored_dvhs_are_pairs_of_bin_width_and_volume(tmp_path):
    folder = save(with_stored_dvh(synthetic_plan(**COARSE)), tmp_path)
    stored = read_stored_dvhs(folder)
    assert stored["gtv"].volume == pytest.approx(exact_volume("GTV"), rel=1e-5)
    assert stored["gtv"].dose.min() >= 29.0 and stored["gtv"].dose.max() < 45.0
    assert any("DVH bins of 1 Gy" in warning for warning in stored.warnings)


def test_a_plan_of_stored_dvhs_alone_is_read(tmp_path):
    datasets = with_stored_dvh(synthetic_plan(**COARSE))
    del datasets["RTDOSE"].PixelData
    del datasets["RTSTRUCT"].ROIContourSequence
    plan = read_plan(save(datasets, tmp_path / "named"))
    assert plan["gtv"].volume == pytest.approx(exact_volume("GTV"), rel=1e-5)
    assert (plan.source, plan.prescription, plan.fractions) == ("dicom-dvh", 30.0, 5)
    assert "the DVHs that the RTDOSE carries are taken" in plan.warnings[0]
    del datasets["RTSTRUCT"], datasets["RTPLAN"]
    folder = save(datasets, tmp_path / "bare")
    assert read_plan(folder, mapping={"ROI 1": "gtv"}, fractions=5)["gtv"].name == "ROI 1"
    datasets["RTDOSE"].DoseSummationType = "FRACTION"
    with pytest.raises(ValueError, match="are of a FRACTION dose, not of a course"):
        read_plan(save(datasets, tmp_path / "session"))


def test_a_stored_dvh_that_cannot_be_used_is_left_out_where_nobody_needs_it(tmp_path):
    datasets = with_stored_dvh(synthetic_plan(**COARSE))
    relative = copy.deepcopy(datasets["RTDOSE"].DVHSequence[0])
    relative.DVHVolumeUnits = "PERCENT"
    relative.DVHReferencedROISequence[0].ReferencedROINumber = 9
    datasets["RTDOSE"].DVHSequence.append(relative)
    stored = read_stored_dvhs(save(datasets, tmp_path))
    assert [s.name for s in stored.structures] == ["GTV"]
    left_out = "ROI 9: DVHVolumeUnits must be CM3, got PERCENT; it is left out"
    assert left_out in stored.warnings


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(DVHVolumeUnits="PERCENT"), "DVHVolumeUnits must be CM3"),
        (dict(DoseUnits="RELATIVE"), "DoseUnits must be GY"),
        (dict(DVHType="NATURAL"), "DVHType must be"),
        (dict(DVHData=[1, 2, 3, 4, 5]), "must hold pairs"),
    ],
)
def test_stored_dvhs_in_other_units_are_refused(tmp_path, changes, message):
    folder = save(with_stored_dvh(synthetic_plan(**COARSE), **changes), tmp_path)
    with pytest.raises(ValueError, match=message):
        read_stored_dvhs(folder)


def test_stored_dvhs_keep_units_of_their_own(tmp_path):
    gray = read_stored_dvhs(save(with_stored_dvh(synthetic_plan(**COARSE)), tmp_path / "gray"))
    datasets = with_stored_dvh(synthetic_plan(**COARSE))
    datasets["RTDOSE"].DoseUnits = "RELATIVE"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's: it is no CS
        for item in datasets["RTDOSE"].DVHSequence:
            item.DoseUnits, item.DVHVolumeUnits, item.DVHType = "cGy", "cm3", "Cumulative"
            item.DVHDoseScaling = f"{100.0 * float(item.DVHDoseScaling):g}"
    own = read_stored_dvhs(save(datasets, tmp_path / "own"))
    assert_same(gray, own)


REAL = os.environ.get("RADSIM_REAL_PLAN")


@pytest.mark.skipif(not REAL, reason="RADSIM_REAL_PLAN names no folder of a real plan")
def test_a_real_plan_agrees_with_its_planning_system():
    """For the example data of dicompyler-core 0.5.6 (tests/testdata/example_data)."""
    ours = plan_metrics(read_plan(Path(REAL)))
    theirs = plan_metrics(read_stored_dvhs(Path(REAL)))
    for name in ("Heart", "Lt Lung", "Tumor Bed", "Tumor Bed Block", "Breast"):
        assert ours[name]["volume"] == pytest.approx(theirs[name]["volume"], rel=0.03), name
        assert ours[name]["D2"] == pytest.approx(theirs[name]["D2"], rel=0.005), name
        assert ours[name]["D0.03cc"] == pytest.approx(theirs[name]["D0.03cc"], rel=0.01), name
    for name in ("Tumor Bed", "Tumor Bed Block"):
        assert ours[name]["D50"] == pytest.approx(theirs[name]["D50"], rel=0.001), name
        assert ours[name]["D98"] == pytest.approx(theirs[name]["D98"], rel=0.02), name
