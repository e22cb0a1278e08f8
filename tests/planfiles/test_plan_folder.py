"""A folder of plans: what is found, what is passed over, what is remembered."""

import json
import os
import warnings

import numpy as np
import pytest
from command_line import radsim
from synthetic_plan import add_region, contours, save, synthetic_plan
from test_questions import table

from radsim.dose.plans.library_folder import expand_library
from radsim.planfiles import (
    cache,
    folder,
    load_plan,
    plan_metrics,
    plans_in,
    read_plan,
    read_plans,
    save_plan,
)

COARSE = dict(spacing=(4.0, 4.0), frames=np.arange(-50.0, 51.0, 4.0))


@pytest.fixture
def clinic(tmp_path):
    """A folder as clinics have it: nested plans, a text, and other things."""
    top = tmp_path / "plans"
    save(synthetic_plan(**COARSE), top / "patient1" / "plan1")
    save(synthetic_plan(**COARSE), top / "patient1" / "plan2")
    save(synthetic_plan(**COARSE), top / "patient2")
    (top / "007.csv").write_text(table())
    (top / "README.md").write_text("plans")
    (top / ".DS_Store").write_text("")
    (top / "notes.txt").write_text("called the physicist")
    (top / "old.zip").write_text("")
    (top / "empty").mkdir()
    return top


def test_plans_are_found_at_any_depth_and_the_rest_is_named(clinic):
    plans, notes = plans_in(clinic)
    assert [p.name for p in plans] == ["007.csv", "patient1/plan1", "patient1/plan2", "patient2"]
    assert notes == ["plans: no plans, so left out: empty/, notes.txt, old.zip"]
    assert [p.name for p in plans_in(clinic / "patient2")[0]] == ["patient2"]
    read = read_plans(plans)
    assert plan_metrics(read[1]) == plan_metrics(read_plan(clinic / "patient1" / "plan1"))


def test_a_folder_that_is_one_plan_says_which_plans_below_it_are_left_out(clinic, capsys):
    save(synthetic_plan(**COARSE), clinic / "patient2" / "old")
    (clinic / "patient2" / "images").mkdir()
    plans, notes = plans_in(str(clinic / "patient2"))
    assert [p.name for p in plans] == ["patient2"]
    assert notes == ["patient2 is one plan, so left out: old"]
    plans, notes = plans_in(clinic)
    assert "patient2/old" not in [p.name for p in plans] and "patient2/old" in notes[0]
    ended = radsim(capsys, "dvh", clinic / "patient2")
    assert (
        ended.code == 0
        and ended.output.splitlines()[-1] == "patient2 is one plan, so left out: old"
    )


def test_a_link_back_is_no_further_plan(clinic):
    (clinic / "loop").symlink_to(clinic)
    (clinic / "patient1" / "again").symlink_to(clinic / "patient2")
    names = [plan.name for plan in plans_in(clinic)[0]]
    assert len(names) == len({path.resolve() for path in (clinic / n for n in names)}) == 4


def test_names_hold_where_they_occur_and_fail_where_they_occur_nowhere(tmp_path):
    (tmp_path / "a.csv").write_text(table(name="Myelon,"))
    (tmp_path / "b.csv").write_text(table(name="Cord,spinal_cord"))
    plans, _ = plans_in(tmp_path)
    read = read_plans(plans, mapping={"Myelon": "spinal_cord"})
    assert all("spinal_cord" in plan for plan in read)
    with pytest.raises(ValueError, match="no plan has a structure 'Myeln'; did you mean 'Myelon'"):
        read_plans(plans, mapping={"Myeln": "spinal_cord"})


def test_every_plan_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "a.csv").write_text(table())
    for name in ("b.csv", "c.csv"):
        (tmp_path / name).write_text(table().replace("GTV,gtv,25.0,9", "GTV,gtv,25.0,x"))
    with pytest.raises(ValueError, match="must be numbers") as wrong:
        read_plans(plans_in(tmp_path)[0])
    assert [line.split(":")[0] for line in str(wrong.value).splitlines()] == ["b.csv", "c.csv"]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.csv", None, "a.csv does not exist"),
        (
            "a.csv",
            "nothing",
            "a.csv is no DICOM and no text of DVHs: nothing of a DVH was recognized",
        ),
        ("a.csv", table().replace("25.0,9", "x,9"), "a.csv: GTV: dose and volume must be numbers"),
    ],
)
def test_a_mistake_names_its_plan_once(tmp_path, capsys, name, text, says):
    if text is not None:
        (tmp_path / name).write_text(text)
    ended = radsim(capsys, "dvh", tmp_path / name)
    assert (ended.code, ended.errors) == (2, [f"error: {says}"])


@pytest.mark.parametrize("dose", ["-3", "0", "nan"])
def test_a_prescription_is_above_zero(tmp_path, capsys, dose):
    (tmp_path / "a.csv").write_text(table().replace("# prescription [Gy] = 24\n", ""))
    ended = radsim(capsys, "dvh", tmp_path / "a.csv", f"--prescription={dose}")
    assert ended.code == 2 and "prescription must be above 0 Gy, got" in ended.errors[0]


def read_and_count(top, monkeypatch, **how):
    """Metrics of all plans, and how many had to be read anew."""
    count = []

    def read(path, **how):
        count.append(path)
        return original(path, **how)

    original = folder.read_unasked
    with monkeypatch.context() as patch:
        patch.setattr(folder, "read_unasked", read)
        plans = read_plans(plans_in(top)[0], **how)
    return [plan_metrics(plan) for plan in plans], len(count)


def test_plans_are_remembered_beside_the_folder_and_never_when_stale(clinic, monkeypatch):
    (clinic / "007.csv").unlink()
    first, count = read_and_count(clinic, monkeypatch)
    assert count == 3
    memory = clinic.parent / ".plans.radsim"
    assert sorted(p.name for p in memory.iterdir()) == [
        "patient1__plan1.json", "patient1__plan2.json", "patient2.json",
    ]  # fmt: skip
    assert read_and_count(clinic, monkeypatch) == (first, 0)
    assert plans_in(clinic.parent)[0][0].name == "plans/patient1/plan1"  # it hides

    # a file of the plan changes, in place and with its old date
    dose = clinic / "patient2" / "rtdose0.dcm"
    times = (dose.stat().st_atime, dose.stat().st_mtime)
    save(synthetic_plan(factor=1.1, **COARSE), clinic / "patient2")
    os.utime(dose, times)
    changed, count = read_and_count(clinic, monkeypatch)
    assert count == 1 and changed[:2] == first[:2]
    assert changed[2]["GTV"]["D50"] == pytest.approx(1.1 * first[2]["GTV"]["D50"])

    # the memory is damaged, or of another version
    stored = memory / "patient2.json"
    stored.write_text(stored.read_text().replace("4", "5"))
    assert read_and_count(clinic, monkeypatch) == (changed, 1)
    stored.write_text("")
    assert read_and_count(clinic, monkeypatch) == (changed, 1)
    monkeypatch.setattr(cache, "FORMAT", cache.FORMAT - 1)
    assert read_and_count(clinic, monkeypatch) == (changed, 3)


def test_what_is_remembered_depends_on_which_structures_are_read_in_any_order(clinic, monkeypatch):
    (clinic / "007.csv").unlink()
    some, count = read_and_count(clinic, monkeypatch, only=["gtv", "thecal_sac", "spinal_cord"])
    assert count == 3 and list(some[0]) == ["GTV", "SpinalCord", "ThecalSac"]
    again = read_and_count(clinic, monkeypatch, only={"spinal_cord", "thecal_sac", "gtv"})
    assert again == (some, 0)
    assert read_and_count(clinic, monkeypatch)[1] == 3


def test_what_is_remembered_is_what_was_read(clinic):
    datasets = synthetic_plan(**COARSE)
    add_region(
        datasets["RTSTRUCT"], "Far", [np.add(c, (30.0, 0, 0)) for c in contours("ThecalSac")]
    )
    save(datasets, clinic / "patient2")
    for _ in range(2):
        read = read_plans(plans_in(clinic)[0])[-1]
        again = read_plan(clinic / "patient2")
        for ours, theirs in zip(read.structures, again.structures, strict=True):
            for name in ("name", "structure", "volume", "missing"):
                assert getattr(ours, name) == getattr(theirs, name)
            for name in ("d003cc", "cut_dose", "dose"):
                assert np.array_equal(getattr(ours, name), getattr(theirs, name), equal_nan=True)
            assert np.array_equal(ours.dvh.share, theirs.dvh.share)
        for name in ("prescription", "fractions", "source", "warnings", "questions"):
            assert getattr(read, name) == getattr(again, name)
    assert "SECRET" not in (clinic.parent / ".plans.radsim" / "patient2.json").read_text()


def test_other_settings_are_no_reason_to_take_what_was_read_before(clinic):
    plans = plans_in(clinic / "patient1")[0]
    read_plans(plans)
    named = read_plans(plans, mapping={"GTV": "ptv", "PTV_Eval": "gtv"})
    assert named[0]["ptv"].name == "GTV"


def test_a_folder_that_cannot_be_written_beside_is_read_each_time(clinic, monkeypatch):
    (clinic.parent / ".plans.radsim").write_text("no folder")
    assert read_and_count(clinic, monkeypatch) == read_and_count(clinic, monkeypatch)


def test_one_table_of_several_plans(clinic, capsys, tmp_path):
    ended = radsim(capsys, "dvh", clinic, "--out", tmp_path / "all.csv")
    assert ended.code == 0
    lines = ended.output.splitlines()
    assert lines[0].startswith("4 plans") and lines[1].split()[:2] == ["plan", "prescription"]
    assert sum(line.startswith("plans/patient1/plan1 ") for line in lines) == 5
    assert lines[-1] == "plans: no plans, so left out: empty/, notes.txt, old.zip"
    rows = (tmp_path / "all.csv").read_text().splitlines()
    assert len(rows) == 1 + 2 + 3 * 5 and rows[0].startswith("plan,prescription,fractions,name")
    several = radsim(capsys, "dvh", clinic / "007.csv", clinic / "patient2")
    assert several.output.startswith("2 plans")
    one = radsim(capsys, "dvh", clinic / "patient2")
    assert one.output.startswith("prescription 30 Gy in 5 fractions, from dicom")


def test_json_is_valid_and_complete(clinic, capsys, tmp_path):
    def parsed(*paths):
        ended = radsim(capsys, "dvh", *paths, "--json")
        assert ended.code == 0

        def refuse(text):
            raise AssertionError(f"{text} is no JSON")

        return json.loads(ended.output, parse_constant=refuse)

    (tmp_path / "tiny.csv").write_text(
        "name,structure,dose [Gy],volume [cm3]\n"
        "Cord,spinal_cord,0,0.02\nCord,spinal_cord,8,0.01\nCord,spinal_cord,8.1,0\n"
    )
    tiny = parsed(tmp_path / "tiny.csv")
    assert tiny["prescription"] is None and tiny["fractions"] is None
    (cord,) = tiny["structures"]
    assert (cord["name"], cord["structure"], cord["D0.03cc"]) == ("Cord", "spinal_cord", None)
    assert cord["cover"] == 1.0 and cord["volume"] == pytest.approx(0.02)
    assert tiny["units"]["dose"] == "Gy" and "bins of 8 Gy" in tiny["warnings"][0]
    plan = parsed(clinic / "patient2")
    assert (plan["prescription"], plan["fractions"], plan["source"]) == (30.0, 5, "dicom")
    assert [s["structure"] for s in plan["structures"]][:2] == ["gtv", "ptv"]
    several = parsed(clinic)
    assert several["plans"][0]["plan"] == "plans/007.csv"
    assert several["notes"]


def test_a_library_takes_nested_plans_and_says_what_it_skips_and_what_some_lack(clinic):
    arm = {"folder": "plans", "smoothing": 0.0}
    (clinic / "007.csv").write_text(table(target=34.0, prescription=30, fractions=5))
    with pytest.warns(UserWarning) as said:
        full = expand_library(arm, clinic.parent)
    assert len(full["plans"]) == 4 and (full["prescription"], full["fractions"]) == (30.0, 5)
    told = [str(warning.message) for warning in said]
    assert "plans: no plans, so left out: empty/, notes.txt, old.zip" in told
    assert any(line.startswith("007.csv of 4 plans without thecal_sac") for line in told)
    (clinic / "007.csv").write_text(
        table(target=34.0, prescription=30, fractions=5).replace("GTV,gtv", "Lesion,")
    )
    with warnings.catch_warnings(), pytest.raises(ValueError, match=r"007.csv has neither gtv nor"):
        warnings.simplefilter("ignore")
        expand_library(arm, clinic.parent)


def test_a_stored_plan_of_a_folder_is_a_plan_of_it(clinic):
    save_plan(read_plan(clinic / "patient2"), clinic / "stored.csv")
    assert "stored.csv" in [plan.name for plan in plans_in(clinic)[0]]
    assert load_plan(clinic / "stored.csv")["gtv"].volume > 0.0


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"names": ["Cord"]}, "names: must be a table of texts, such as { Cord"),
        ({"names": {"Cord": 3}}, "names: must be a table of texts, .* got Cord = 3"),
        ({"prescription": "30"}, "prescription must be a number, got '30'"),
        ({"fractions": 2.5}, "fractions must be a whole number, got 2.5"),
        ({"prescription": 3000.0}, "at most 150.0 Gy, got 3000.0; in cGy"),
        ({"folder": 3}, "folder: must be text in quotes, got 3"),
        ({"folder": "plans/empty"}, "holds no plan .*; empty: no plans, so left out: a.zip"),
    ],
)
def test_what_says_how_a_library_is_read_is_checked_before(clinic, settings, says):
    (clinic / "empty" / "a.zip").write_text("")
    with pytest.raises(ValueError, match=says) as refusal:
        expand_library({"folder": "plans", **settings}, clinic.parent)
    assert "\n" not in str(refusal.value)
