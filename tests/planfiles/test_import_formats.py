"""Texts of other planning systems, in layouts learned from public files, with one known DVH."""

import numpy as np
import pytest
from command_line import radsim
from test_import_text import DOSE, MEAN, share_above

from radsim.planfiles import Questioned, plan_metrics, plans_in, read_plan

SHARE = share_above(DOSE)
VOLUME = 20.0  # [cm3] of the GTV
CORD = np.interp(DOSE, [0.0, 20.0], [1.0, 0.0])  # 2.5 cm3


def raystation(unit="cGy", volume=True, outside="0 %", descending=False, in_cc=False, key="Unit"):
    def section(name, share, whole):
        scale = 100.0 if unit == "cGy" else 1.0
        rows = [
            f"{scale * dose:.3f}\t{(whole if in_cc else 100.0) * part:.4f}"
            for dose, part in zip(DOSE, share, strict=True)
        ]
        lines = [f"#RoiName:{name}", f"#Roi volume fraction outside grid: {outside}"]
        lines += [f"#{key}: {unit}"] + (["#Volume unit: cc"] if in_cc else [])
        lines += [f"#Roi volume: {whole:.2f}"] if volume else []
        return "\n".join(lines + (rows[::-1] if descending else rows)) + "\n\n"

    return (
        "#PatientName:Secret^Patient\n#PatientId:SECRET-1\n#Dosename:Plan dose: X\n"
        + section("GTV", SHARE, VOLUME)
        + section("SpinalCord", CORD, 2.5)
    )


def monaco(dose="Gy", volume="cm³", differential=False, bins="0.10(Gy)"):
    scale = {"Gy": 1.0, "cGy": 100.0, "%": 100.0 / 30.0}[dose]
    rows = []
    for name, share, whole in (("GTV", SHARE, VOLUME), ("SpinalCord", CORD, 2.5)):
        held = whole * (share if volume != "%" else 100.0 * share / whole)
        if differential:
            middle = DOSE[:-1] + 0.05
            held = -np.diff(held)
            rows += [
                f"{name}   {scale * d:.4f}   {v:.6f}" for d, v in zip(middle, held, strict=True)
            ]
        else:
            rows += [f"{name}   {scale * d:.4f}   {v:.6f}" for d, v in zip(DOSE, held, strict=True)]
    head = (
        f"Patient ID: SECRET-1~Secret | Plan Name: P1 | Resolution: 0.30(cm) | Bin Width: {bins}"
        f" | Dose Units: {dose} | Volume Units: {volume}\n"
        "English (United States) Format In-use\n"
        f"Structure Name   Dose ({dose})   Volume ({volume})\n"
    )
    return head + "\n".join(rows) + "\n\n2016-05-12-Thu 13:45:12\n"


def wide(style="slicer", separator=","):
    names = {"slicer": "{}_DvhArray", "cerr": "{}_DVH", "plain": "{}"}[style]
    header, columns = [], []
    for name, share, whole in (("GTV", SHARE, VOLUME), ("SpinalCord", CORD[:210], 2.5)):
        if style == "plain":
            header += ["Dose [Gy]"] * (not header) + [f"{name} [cm3]"]
            padded = np.append(whole * share, np.zeros(DOSE.size - share.size))
            columns += ([DOSE] if not columns else []) + [padded]
        else:
            label = names.format(name)
            header += [f"{label} Dose (Gy)", f"{label} Value (% of {whole:.3f} cc)"]
            columns += [DOSE[: share.size], 100.0 * share]
    rows = []
    for row in range(DOSE.size):
        cells = [f"{column[row]:.6f}" if row < len(column) else "" for column in columns]
        rows.append(separator.join(cells) + separator)
    text = separator.join(header) + separator + "\n" + "\n".join(rows) + "\n"
    return text if separator == "," else text.replace(".000 cc", "<>").replace(".", ",").replace(
        "<>", ".000 cc"
    )  # fmt: skip


@pytest.fixture
def read(tmp_path):
    def write_and_read(text, **how):
        (tmp_path / "plan.txt").write_text(text, encoding="utf-8")
        return read_plan(tmp_path / "plan.txt", **how)

    return write_and_read


def assert_expected(plan, source):
    assert plan.source == source
    metrics = plan_metrics(plan)["GTV"]
    assert metrics["volume"] == pytest.approx(VOLUME, rel=1e-3)
    assert metrics["D50"] == pytest.approx(37.5, abs=0.05)
    assert metrics["D98"] == pytest.approx(31.26, abs=0.05)
    assert metrics["D2"] == pytest.approx(43.74, abs=0.05)
    assert metrics["mean"] == pytest.approx(MEAN, abs=0.05)
    assert metrics["D0.03cc"] == pytest.approx(44.0 - 13.0 * 0.03 / VOLUME, abs=0.06)
    assert plan["spinal_cord"].volume == pytest.approx(2.5, rel=1e-3)
    assert plan["spinal_cord"].d003cc == pytest.approx(20.0 * (1 - 0.03 / 2.5), abs=0.06)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"unit": "Gy", "key": "Dose unit"},
        {"descending": True},
        {"in_cc": True, "volume": False},
    ],
)
def test_raystation_is_read(read, changes):
    assert_expected(read(raystation(**changes), prescription=30.0, fractions=5), "raystation")


def test_raystation_with_a_prescription_in_it(read):
    text = raystation().replace("#RoiName:GTV", "#Rx dose: 3000 cGy\n#RoiName:GTV", 1)
    assert read(text).prescription == 30.0


def test_raystation_without_volumes_or_with_doses_outside_says_so(read):
    with pytest.raises(ValueError, match="GTV: the file states no volume in cm3"):
        read(raystation(volume=False))
    with pytest.raises(ValueError, match="of this target lies outside the dose grid"):
        read(raystation(outside="3 %"))
    with pytest.raises(ValueError, match="DVHs of 2 doses"):
        read(raystation() + "#Dosename:Other\n")
    with pytest.raises(ValueError, match="must be in Gy or cGy"):
        read(raystation().replace("#Unit: cGy", "#Unit: mSv"))


@pytest.mark.parametrize("changes", [{}, {"dose": "cGy"}, {"differential": True}])
def test_monaco_is_read(read, changes):
    assert_expected(read(monaco(**changes)), "monaco")


def test_monaco_in_per_cent_needs_what_it_is_of(read):
    assert_expected(read(monaco(dose="%"), prescription=30.0), "monaco")
    with pytest.raises(ValueError, match="relative doses need a prescription"):
        read(monaco(dose="%"))
    with pytest.raises(ValueError, match="volumes are in %: export absolute ones"):
        read(monaco(volume="%"))


def test_monaco_with_a_structure_that_cannot_be_read_is_no_other_kind_of_file(read):
    text = monaco()
    gtv = [line for line in text.splitlines() if line.startswith("GTV")]
    head, rows = text.split("Volume (cm³)\n")
    couch = "".join(line.replace("GTV", "Couch") + "\n" for line in gtv)
    plan = read(f"{head}Volume (cm³)\n{2 * couch}{rows}")
    assert_expected(plan, "monaco")
    assert plan.warnings == ("2 structures are named 'Couch'; they are left out",)
    rising = "Box   0.0   5.0\nBox   1.0   6.0\nBox   2.0   0.0\n"
    plan = read(f"{head}Volume (cm³)\n{rising}{rows}")
    assert_expected(plan, "monaco")
    assert any(w.startswith("Box: a cumulative DVH must not rise") for w in plan.warnings)


@pytest.mark.parametrize("style", ["slicer", "cerr", "plain"])
@pytest.mark.parametrize("separator", [",", "\t"])
def test_wide_tables_are_read(read, style, separator):
    assert_expected(read(wide(style, separator)), "wide-csv")


def test_a_wide_table_with_holes_is_named(read):
    with pytest.raises(ValueError, match=r"GTV: 'x 100.000000' is no dose and volume"):
        read(wide().replace("0.100000,100", "x,100", 1))


def pinnacle(folder, differential=False, info="Volume[ccm]"):
    (folder / "Data").mkdir(parents=True)
    (folder / "PatInfo.csv").write_text("LastName,FirstName,MedicalRecordNumber\nS,Secret,S-1\n")
    (folder / "PlanInfo.csv").write_text("PlanName\nP1\n")
    (folder / "DoseInfo.csv").write_text(
        "PrescriptionDose[cGy],NumberOfFractions,Dosis[cGy]\n600,5,3000\n"
    )
    rows = []
    for place, (name, share, whole) in enumerate(
        (("GTV", SHARE, VOLUME), ("SpinalCord", CORD, 2.5), ("Lost", CORD, 2.5))
    ):
        rows.append(f"{name},roi{place},{whole},0,4400,3750")
        if name == "Lost":
            continue
        dose, held = DOSE, whole * share
        if differential:
            dose, held = DOSE[:-1] + 0.05, -np.diff(held)
        points = "".join(f"{100 * d:.3f},{v:.6f},\n" for d, v in zip(dose, held, strict=True))
        (folder / "Data" / f"roi{place}.csv").write_text(
            f"NumberOfDimensions = 2;\nNumberOfPoints = {dose.size};\nPoints[] ={{\n{points}}};\n"
        )
    (folder / "Data" / "Info.csv").write_text(
        f"RegionOfInterestName,Filename,{info},DoseMin[cGy],DoseMax[cGy],DoseMean[cGy]\n"
        + "\n".join(rows)
    )
    return folder


@pytest.mark.parametrize("differential", [False, True])
def test_pinnacle_is_read(tmp_path, differential):
    plan = read_plan(pinnacle(tmp_path / "plan", differential))
    assert_expected(plan, "pinnacle")
    assert (plan.prescription, plan.fractions) == (30.0, 5)
    assert "Lost has no file of its DVH; it is left out" in plan.warnings
    assert [p.name for p in plans_in(tmp_path)[0]] == ["plan"]


def test_pinnacle_whose_volumes_differ_is_refused(tmp_path):
    pinnacle(tmp_path / "plan")
    info = tmp_path / "plan" / "Data" / "Info.csv"
    info.write_text(info.read_text().replace("roi0,20.0", "roi0,31.0"))
    with pytest.raises(ValueError, match=r"GTV: the DVH holds 20 cm3, Info.csv says 31 cm3"):
        read_plan(tmp_path / "plan")


@pytest.mark.parametrize("text", [raystation(), monaco(), wide()], ids=["ray", "monaco", "wide"])
def test_questions_and_privacy_hold_in_every_format(read, text):
    with pytest.raises(Questioned, match="looks like one of 2 fractions"):
        read(text, prescription=60.0, fractions=2)
    plan = read(text)
    assert "ecret" not in repr(plan).lower() and plan.fractions is None


@pytest.mark.parametrize("text", [raystation(), monaco(), wide()], ids=["ray", "monaco", "wide"])
def test_broken_texts_end_in_one_line(tmp_path, text):
    random = np.random.default_rng(6)
    path = tmp_path / "plan.txt"
    contents = text.encode()
    for _ in range(40):
        broken = bytearray(contents[: random.integers(1, len(contents))])
        for place in random.integers(0, len(broken), 3):
            broken[place] = random.integers(256)
        path.write_bytes(bytes(broken))
        try:
            plan_metrics(read_plan(path))
        except ValueError as refusal:
            assert "\n" not in str(refusal) and len(str(refusal)) < 400


def test_an_unknown_layout_ends_in_a_line_that_says_what_was_recognized(tmp_path, capsys):
    (tmp_path / "plan.txt").write_text("roi;dose in Gy;volume in cc\nGTV;20;10\n")
    ended = radsim(capsys, "dvh", tmp_path / "plan.txt")
    assert (ended.code, len(ended.errors)) == (2, 1)
    assert "there are doses in Gy, volumes in cm3, but no words of a known lay" in ended.errors[0]
    (tmp_path / "plan.txt").write_text("patient,age\nSmith,44\n")
    assert "nothing of a DVH" in radsim(capsys, "dvh", tmp_path / "plan.txt").errors[0]
