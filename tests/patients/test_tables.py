"""A table of patients is read as it is meant; what is wrong is told once, with its place."""

import pytest

from radsim.patients.cohort import Cohort, PatientTable
from radsim.patients.levels import level_in
from radsim.patients.tables import any_patients, read_patients
from radsim.vocabulary.cohort_variables import COHORT


def read(folder, text, **how):
    path = folder / "p.csv"
    path.write_text(text, encoding="utf-8")
    return read_patients(path, **how)


def lines(folder, text, **how):
    return [f"{below} {line}".strip() for below, line in read(folder, text, **how).mistakes]


CLINIC = """Nr;Level;GTV volume (mm³);Bilsky;Lesion Type;Baseline fracture;Sex;KPS;Malalignment
1;T9;18400;1B;Osteolytic;<50 %;M;80 %;ja
2;Th 10;7.250 ;2.0; mixed ;no;w;90;No
3;S1;9,5 cc;;blastic;>=50%;Female;100;0
"""


def test_a_table_in_the_words_of_a_clinic_is_read(tmp_path):
    found = read(tmp_path, CLINIC.replace("7.250 ", "7250,0"))
    assert found.mistakes == ()
    assert found.left_out == {"Nr": ""}
    assert found.columns == {
        "gtv_volume": (18.4, 7.25, 9.5),
        "bilsky": ("1b", "2", "0"),
        "lesion_type": ("lytic", "mixed", "blastic"),
        "baseline_fracture": ("below_half", "none", "half_or_more"),
        "sex": ("male", "female", "female"),
        "kps": (80.0, 90.0, 100.0),
        "malalignment": (1.0, 0.0, 0.0),
        "region": ("thoracic", "thoracic", "sacrum"),
        "cervical_level": ("C1", "C1", "C1"),
        "thoracic_level": ("T9", "T10", "T1"),
        "lumbar_level": ("L1", "L1", "L1"),
        "sacral_level": ("S1", "S1", "S1"),
    }
    Cohort(table=PatientTable(columns=found.columns))  # which takes it


def test_columns_and_labels_say_what_is_called_otherwise(tmp_path):
    text = "gtv_cc,fx,Pain now,score\n18.4,wedge,x,3\n7,keine,,5\n"
    found = read(
        tmp_path,
        text,
        columns={"gtv_cc": "gtv_volume", "FX": "baseline_fracture", "Pain now": "in_pain"},
        labels={
            "fx": {"Wedge": "below_half", "keine": "none"},
            "in_pain": {"x": 1, "": 0},
        },
        declare=["score"],
    )
    assert found.mistakes == () and found.left_out == {}
    assert found.columns == {
        "gtv_volume": (18.4, 7.0),
        "baseline_fracture": ("below_half", "none"),
        "in_pain": (1.0, 0.0),
        "score": (3.0, 5.0),
    }


def test_every_mistake_is_one_line_with_its_column_its_rows_and_what_was_wanted(tmp_path):
    text = (
        "level,gtv_volume,lesion_type,kps,bilsky,age\n"
        "T9,18.4,lytic,80,1a,61\n"
        "T99,abc,foo,80,1a,61\n"
        "T9,-3,foo,,,\n"
        "S1,12,foo,180,,62\n"
    )
    assert lines(tmp_path, text) == [
        "p.csv, row 3: gtv_volume must be a number above 0 [cm3], got 'abc'",
        "p.csv, row 4: gtv_volume must be a number above 0 [cm3], got '-3'",
        "p.csv, rows 3, 4 and 5: lesion_type must be lytic, mixed or blastic, got 'foo'",
        "p.csv, row 5: kps must be a number from 0 to 100, got '180'",
        "p.csv, row 3: level must be one level such as T9, L1 or S2 (or several that count alike, "
        "such as T9-T10), got 'T99'",
        "p.csv, row 4: kps is blank; wanted a number from 0 to 100",
        "p.csv, row 4: bilsky is blank; wanted 0, 1a, 1b, 1c, 2 or 3 where region is cervical, "
        "thoracic or lumbar",
        "p.csv, row 4: age is blank; wanted a number from 0 to 150 [years]",
    ]


def test_a_column_of_something_else_is_one_mistake(tmp_path):
    text = "age\n" + "".join(f"{day}.03.1957\n" for day in range(1, 30))
    assert lines(tmp_path, text) == [
        "p.csv: age must be a number from 0 to 150 [years], and no cell is: '1.03.1957' in row 2, "
        "'2.03.1957' in row 3, '3.03.1957' in row 4, '4.03.1957' in row 5 and 25 others"
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("age,Age,kps\n61,62,80\n", "p.csv: the columns 'age' and 'Age' both give age; leave"),
        ("level,lumbar_level\nL1,L1\n", "'level' and 'lumbar_level' both give lumbar_level"),
        ("lumbar_level,level\nL1,L1\n", "'lumbar_level' and 'level' both give lumbar_level"),
        ("age [weeks]\n61\n", "the column 'age [weeks]' must be in years, year, yrs or y, got"),
        ("age,kps\n61,80\n62\n", "p.csv, row 3: has fewer cells than the line of headings"),
        ("age,kps\n61,80,5\n", "p.csv, row 2: has 3 cells, and the line of headings 2"),
        ("age,gtv_volume,sex\n61,18,4,m\n62,6.1,f\n63,7,5,m\n", "rows 2 and 4: have 4 cells"),
        (
            "level,region\nT9,lumbar\n",
            "row 2: level must be a level of the region lumbar, got 'T9'",
        ),
        ("level,region\n3,\n", "row 2: level must be one level such as T9"),
        ("level,age\n,61\n", "row 2: level is blank; wanted one level such as T9"),
        ("sex\nX\n", "row 2: sex must be female or male, got 'X'"),
        ("female\n0.5\n", "row 2: female must be 0 or 1, got '0.5'"),
        ("lumbar_level,age\n,61\n", "lumbar_level is blank; wanted L1, L2, L3, L4 or L5 where"),
        ("primary\n\x1b[31m\n", "row 2: primary must be printable characters in one line"),
        ('gtv_volume;age\n"1,234";61.5\n', "row 2: gtv_volume must be a number above 0 [cm3], got"),
    ],
)
def test_what_can_not_be_meant_is_one_line(tmp_path, text, said):
    [line] = lines(tmp_path, text)
    assert said in line


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"columns": {"agee": "age"}}, ".columns.agee p.csv has no column 'agee'; did you mean"),
        ({"columns": {"note": "agee"}}, ".columns.note 'agee' is no variable; did you mean 'age'?"),
        ({"labels": {"notes": {"x": 1}}}, ".labels.notes p.csv has no column 'notes'; did you"),
        ({"declare": ["not"]}, ".declare p.csv has no column 'not'; did you mean 'note'?"),
    ],
)
def test_a_column_that_is_asked_for_and_not_there_is_named(tmp_path, how, said):
    [line] = lines(tmp_path, "age,note\n61,x\n", **how)
    assert line.startswith(said)


def test_blanks_without_a_meaning_are_read_and_others_refused(tmp_path):
    text = (
        "region,lumbar_level,bilsky,malalignment,subluxation,visceral_disease,further_organ,"
        "bone_solitary\n"
        "sacrum,-,n/a,0,,0,,1\n"
        "lumbar,L2,1a,1,0,1,1,?\n"
    )
    found = read(tmp_path, text)
    assert found.mistakes == ()
    assert found.columns["lumbar_level"] == ("L1", "L2")
    assert found.columns["bilsky"] == ("0", "1a")
    assert found.columns["subluxation"] == (0.0, 0.0)
    wrong = text.replace("L2,1a,1,0,1,1,?", ",,1,,1,,")
    assert [line.split(" is blank")[0] for line in lines(tmp_path, wrong)] == [
        f"p.csv, row 3: {name}"
        for name in ("lumbar_level", "bilsky", "subluxation", "further_organ")
    ]


@pytest.mark.parametrize(
    "text", ["prior_interval\n12\n-\n", "previous_radiation,prior_interval\n1,12\n0,\n"]
)
def test_nothing_stands_for_an_interval_since_a_course_that_was_never_given(tmp_path, text):
    found = read(tmp_path, text)
    assert found.mistakes == () and found.lacking == ("prior_interval",)
    assert "prior_interval" not in found.columns
    whole = read(tmp_path, text.replace("-", "3").replace("0,", "1,3"))
    assert whole.columns["prior_interval"] == (12.0, 3.0) and whole.lacking == ()


def test_days_and_weeks_are_read_as_months(tmp_path):
    found = read(tmp_path, "prior_interval [days];age\n365,25;61\n730,5;62\n12 months;63\n")
    assert found.columns["prior_interval"] == pytest.approx((12.0, 24.0, 12.0))


@pytest.mark.parametrize(
    ("cell", "region", "level"),
    [
        ("T9", "", "T9"), ("t09", "", "T9"), ("Th 9", "", "T9"), ("D9", "", "T9"),
        ("Th. 9", "", "T9"), ("Thoracic 9", "", "T9"), ("dorsal 9", "", "T9"), ("l.3", "", "L3"),
        ("BWK 9", "", "T9"), ("LWK1", "", "L1"), ("S 2", "", "S2"), ("C7", "", "C7"),
        ("9", "", "T9"), ("12", "", "T12"), ("3", "", ""), ("3", "lumbar", "L3"),
        ("9", "lumbar", ""), ("T9-T10", "", "T9"), ("T9-10", "", "T9"), ("T9\u2013T10", "", "T9"),
        ("T9/10", "", "T9"), ("T1-T2", "", "T1"), ("L2-L4", "", "L2"),
        ("L1-L2", "", ""),  # the cord ends at L1
        ("T10-T11", "", ""), ("T12-L1", "", ""), ("L5-S1", "", ""), ("T10-T9", "", ""),
        ("T13", "", ""), ("C0", "", ""), ("X3", "", ""), ("T3, T9", "", ""), ("", "", ""),
    ],
)  # fmt: skip
def test_a_level_is_read_where_it_can_only_be_one(cell, region, level):
    assert level_in(cell, region) == level


def test_letters_size_makes_no_label_of_its_own(tmp_path):
    found = read(tmp_path, "primary,histology\nBreast,RCC\nbreast,rcc\nRENAL,Rcc \n")
    assert found.columns["primary"] == ("breast", "breast", "renal")
    assert found.columns["histology"] == ("RCC", "RCC", "RCC")


def test_a_slip_in_a_declared_column_of_numbers_does_not_make_it_one_of_labels(tmp_path):
    rows = [str(i) for i in range(20)]
    text = "\n".join(["score", *rows, "1o"]) + "\n"
    assert lines(tmp_path, text, declare=["score"]) == [
        "p.csv, row 22: score must be a number, as in the other rows, got '1o'"
    ]
    found = read(tmp_path, "score\n1\nhigh\n", declare=["score"])
    assert found.columns["score"] == ("1", "high")


def test_a_patient_who_is_in_a_table_twice_is_doubted(tmp_path):
    found = read(tmp_path, "id,age\na,61\nb,61\na,61\n")
    assert found.doubts == ("p.csv: rows 2 and 4 are alike in every column; one patient twice?",)
    assert read(tmp_path, "sex,region\nf,lumbar\nm,lumbar\nf,lumbar\n").mistakes == ()


def test_columns_left_out_say_what_they_may_be(tmp_path):
    found = read(tmp_path, "gtv_cc,fracture,patient_id,age\n1,none,x,61\n")
    assert found.left_out == {
        "gtv_cc": "gtv_volume", "fracture": "baseline_fracture", "patient_id": "",
    }  # fmt: skip


def test_every_known_variable_can_be_read_from_a_table(tmp_path):
    patients = any_patients()
    rows = zip(*([f"{v}" for v in column] for column in patients.values()), strict=True)
    text = "\n".join(",".join(row) for row in [patients, *rows]) + "\n"
    assert read(tmp_path, text).columns == patients
    assert set(patients) == set(COHORT)
    Cohort(table=PatientTable(columns=patients))
