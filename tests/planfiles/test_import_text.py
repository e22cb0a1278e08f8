import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radsim.planfiles import load_plan, plan_metrics, read_plan, save_plan
from radsim.planfiles.assembly import from_samples
from radsim.planfiles.imported import ImportedPlan, ImportedStructure
from radsim.planfiles.texts.table import read_table
from radsim.radiobiology.dvh import dose_at_volume

DOSE = np.arange(0.0, 45.05, 0.1)  # [Gy]


def share_above(dose):
    """Share of the volume that receives at least this dose: all from 31 to 44 Gy alike."""
    return np.interp(dose, [31.0, 44.0], [1.0, 0.0])


MEAN = 37.5  # [Gy]


def header(plan="Plan: P1", prescribed="Prescribed dose [cGy]: 3000.0", percent="100.0"):
    return f"""Patient Name         : Secret, Patient
Patient ID           : SECRET-1
Comment              : DVHs for one plan
Date                 : Friday, March 03, 2023 09:45:07
Exported by          : secret
Type                 : Cumulative Dose Volume Histogram
Description          : The cumulative DVH displays the percentage (relative)
                       or volume (absolute) of structures that receive a dose
                       equal to or greater than a given dose.

{plan}
Course: C1
Plan Status: Treatment Approved Thursday, March 02, 2023 12:55:56 by secret
{prescribed}
% for dose (%): {percent}

"""


def block(
    name="GTV",
    volume="20.0",
    columns=("Relative dose [%]", "Dose [cGy]", "Structure Volume [cm³]"),
    rows=None,
    cover="100.0",
    mean=f"Mean Dose [cGy]: {100 * MEAN:.1f}",
    plan="P1",
):
    if rows is None:
        rows = np.column_stack([DOSE / 0.3, 100.0 * DOSE, 20.0 * share_above(DOSE)])
    table = "\n".join("  ".join(f"{value:.6g}" for value in row) for row in rows)
    return f"""Structure: {name}
Approval Status: Approved
Plan: {plan}
Course: C1
Volume [cm³]: {volume}
Dose Cover.[%]: {cover}
Sampling Cover.[%]: 100.1
Min Dose [%]: 10.1
Max Dose [%]: 146.6
{mean}
NDR:
Conformity Index: N/A

{"  / ".join(columns)}
{table}

"""


@pytest.fixture
def read(tmp_path):
    """Write a text and read it as a plan."""

    def write_and_read(text, encoding="utf-8", **how):
        path = tmp_path / "plan.txt"
        path.write_bytes(text.encode(encoding))
        return read_plan(path, **how)

    return write_and_read


def assert_expected(plan, volume=20.0):
    metrics = plan_metrics(plan)["GTV"]
    assert metrics["volume"] == pytest.approx(volume, rel=1e-3)
    assert metrics["D50"] == pytest.approx(37.5, abs=0.05)
    assert metrics["D98"] == pytest.approx(31.26, abs=0.05)
    assert metrics["D2"] == pytest.approx(43.74, abs=0.05)
    assert metrics["mean"] == pytest.approx(MEAN, abs=0.05)


def test_an_eclipse_text_gives_its_dvh(read):
    plan = read(header() + block() + block("SpinalCord"))
    assert_expected(plan)
    assert plan["gtv"].d003cc == pytest.approx(44.0 - 13.0 * 0.03 / 20.0, abs=0.02)
    assert (plan.prescription, plan.fractions, plan.source) == (30.0, None, "eclipse")
    assert plan.warnings == ()
    assert read(header() + block(), fractions=5).fractions == 5


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encodings_and_line_ends_do_not_matter(read, encoding, end):
    assert_expected(read((header() + block()).replace("\n", end), encoding))


def test_gray_and_centigray_are_told_apart(read):
    rows = np.column_stack([DOSE, 20.0 * share_above(DOSE)])
    text = block(
        columns=("Dose [Gy]", "Structure Volume [cm³]"), rows=rows, mean=f"Mean Dose [Gy]: {MEAN}"
    )
    assert_expected(read(header(prescribed="Prescribed dose [Gy]: 30.0") + text))
    with pytest.raises(ValueError, match="cGy"):
        read(header() + text.replace("[Gy]", "[cGy]"))
    with pytest.raises(ValueError, match="is it in cGy"):
        read(header() + block().replace("[cGy]", "[Gy]"))


def test_columns_may_come_in_any_order(read):
    rows = np.column_stack([20.0 * share_above(DOSE), 100.0 * DOSE, DOSE / 0.3])
    columns = ("Structure Volume [cm³]", "Dose [cGy]", "Relative dose [%]")
    assert_expected(read(header() + block(columns=columns, rows=rows)))


def test_volumes_in_per_cent_are_scaled(read):
    rows = np.column_stack([100.0 * DOSE, 100.0 * share_above(DOSE)])
    columns = ("Dose [cGy]", "Ratio of Total Structure Volume [%]")
    assert_expected(read(header() + block(columns=columns, rows=rows)))


def test_relative_doses_are_of_the_prescription_and_its_isodose(read):
    rows = np.column_stack([80.0 * DOSE / 30.0, 20.0 * share_above(DOSE)])
    text = block(columns=("Relative dose [%]", "Structure Volume [cm³]"), rows=rows)
    assert_expected(read(header(percent="80.0") + text))
    for undefined in (
        header(prescribed="Prescribed dose [cGy]: not defined", percent="not defined"),
        header(plan="Plan sum: P1", prescribed="Prescribed dose [cGy]: not defined"),
    ):
        with pytest.raises(ValueError, match="relative doses need a prescription"):
            read(undefined + text)


def test_a_plan_sum_without_a_prescription_is_read_and_named(read):
    undefined = header(
        "Plan sum: P1", "Prescribed dose [cGy]: not defined", percent="not defined"
    ) + header("Plan: Other", "Prescribed dose [cGy]: 5000.0")
    plan = read(undefined + block())
    assert_expected(plan)
    assert plan.prescription is None
    assert "the file defines no prescription" in plan.warnings


def differential(unit_dose=100.0):
    middle = np.arange(0.0, 45.0, 0.1)
    in_bin = 20.0 * (share_above(middle - 0.05) - share_above(middle + 0.05))
    return np.column_stack([unit_dose * middle, in_bin / (0.1 * unit_dose)])


def test_a_differential_dvh_is_volume_per_dose(read):
    text = block(columns=("Dose [cGy]", "dVolume / dDose [cm³ / cGy]"), rows=differential())
    plan = read(header().replace("Cumulative", "Differential") + text)
    assert_expected(plan)
    assert plan.warnings == ()


def test_a_differential_dvh_in_another_unit_than_it_says_is_refused(read):
    text = block(columns=("Dose [cGy]", "dVolume / dDose [cm³ / Gy]"), rows=differential())
    with pytest.raises(ValueError, match="the DVH holds"):
        read(header() + text)


def test_a_differential_dvh_needs_even_bins(read):
    rows = np.delete(differential(), 7, axis=0)
    with pytest.raises(ValueError, match="bins of one width"):
        read(header() + block(columns=("Dose [cGy]", "dVolume / dDose [cm³ / cGy]"), rows=rows))


def test_decimal_commas_are_read(read):
    text = (header() + block()).replace(".", ",").replace("Cover,", "Cover.")
    assert_expected(read(text))


def test_cover_below_100_per_cent_counts_as_missing(read):
    plan = read(header() + block("Lung", cover="90.0"))
    lung = plan.structures[0]
    assert (lung.volume, lung.missing) == (pytest.approx(18.0), pytest.approx(2.0))
    assert lung.cover == pytest.approx(0.9) and np.isnan(lung.d003cc)
    assert any("10.0% of the volume has no dose" in warning for warning in plan.warnings)
    with pytest.raises(ValueError, match="this target lies outside the dose grid"):
        read(header() + block(cover="90.0"))
    with pytest.raises(ValueError, match=r"SpinalCord: 2 cm3 lie outside .* D0.03cc is unknown"):
        read(header() + block("SpinalCord", cover="90.0"))
    assert np.isfinite(read(header() + block("SpinalCord", cover="99.9"))["spinal_cord"].d003cc)


def test_a_table_that_says_what_is_missing_has_no_maximum_unless_the_cut_is_cold(read):
    outside = "# outside the dose grid [cm3], Cord = 0.3\n"
    cut = "# highest dose where the grid cuts [Gy], Cord = {}\n"
    with pytest.raises(ValueError, match=r"Cord: 0.3 cm3 .* D0.03cc is unknown"):
        read(outside + CSV)
    with pytest.raises(ValueError, match=r"Cord: 0.3 cm3 .* D0.03cc is unknown"):
        read(outside + cut.format(9.0) + CSV)
    assert read(outside + cut.format(4.0) + CSV)["spinal_cord"].d003cc == pytest.approx(9.85)


GERMAN = {
    "Structure:": "Struktur:", "Prescribed dose [cGy]": "Gesamtdosis [cGy]",
    "% for dose (%)": "% für Dosis (%)", "Volume [cm³]": "Volumen [cm³]",
    "Dose Cover.[%]": "Dosisabdeckung[%]", "Mean Dose [cGy]": "Mittlere Dosis [cGy]",
    "Relative dose [%]": "Relative Dosis [%]", "Dose [cGy]": "Dosis [cGy]",
    "Structure Volume [cm³]": "Strukturvolumen [cm³]",
    "Cumulative Dose Volume Histogram": "Kumulatives Dosis-Volumen-Histogramm",
}  # fmt: skip
SPANISH = {
    "Structure:": "Estructura:", "Prescribed dose [cGy]": "Dosis prescrita [cGy]",
    "% for dose (%)": "% para dosis (%)", "Volume [cm³]": "Volumen [cm³]",
    "Dose Cover.[%]": "Cobert. dosis[%]", "Mean Dose [cGy]": "Dosis media [cGy]",
    "Relative dose [%]": "Dosis relativa [%]", "Dose [cGy]": "Dosis [cGy]",
    "Structure Volume [cm³]": "Volumen de la estructura [cm³]",
    "Cumulative Dose Volume Histogram": "Histograma dosis-volumen acumulado",
}  # fmt: skip
FRENCH = {
    "Structure:": "Structure :", "Prescribed dose [cGy]": "Dose prescrite [cGy]",
    "% for dose (%)": "% pour la dose (%)", "Dose Cover.[%]": "Couv. dose[%]",
    "Mean Dose [cGy]": "Dose moyenne [cGy]", "Relative dose [%]": "Dose relative [%]",
    "Structure Volume [cm³]": "Volume de la structure [cm³]",
    "Cumulative Dose Volume Histogram": "Histogramme dose-volume cumulé",
}  # fmt: skip


@pytest.mark.parametrize("words", [GERMAN, SPANISH, FRENCH, {"Prescribed dose": "Total dose"}])
@pytest.mark.parametrize("cover", ["100.0", "90.0"])
def test_the_export_may_be_in_other_words(read, words, cover):
    text = header() + block() + block("Lung", cover=cover)
    for english, other in sorted(words.items(), key=lambda pair: -len(pair[0])):
        assert english in text
        text = text.replace(english, other)
    plan = read(text)
    assert_expected(plan)
    assert plan.prescription == 30.0
    assert plan.structures[1].cover == pytest.approx(float(cover) / 100.0)
    assert not any("mean" in w or "state" in w for w in plan.warnings), plan.warnings


def test_a_dose_cover_that_is_not_stated_is_named(read):
    plan = read(header() + block().replace("Dose Cover.", "Something"))
    assert any("does not state how much of it has a dose" in w for w in plan.warnings)


def test_empty_unnamed_and_repeated_structures_are_left_out_with_a_note(read):
    empty = np.zeros((0, 3))
    text = header() + block() + block("Empty", rows=empty) + block("") + 2 * block("CouchSurface")
    plan = read(text)
    assert_expected(plan)
    assert [s.name for s in plan.structures] == ["GTV"]
    assert plan.warnings == (
        "Empty has no DVH table; it is left out",
        "a structure without a name is left out",
        "2 structures are named 'CouchSurface'; they are left out",
    )
    with pytest.raises(ValueError, match="Empty has no DVH table"):
        read(text, mapping={"Empty": "spinal_cord"})
    broken = block("Lung").replace("600", "6 0 0", 1)
    assert [s.name for s in read(header() + block() + broken).structures] == ["GTV"]


@pytest.mark.parametrize(
    "prescribed",
    [
        "Prescribed dose [cGy]: 3000.0\nDose per fraction [cGy]: 600.0",
        "Fraktionsdosis [Gy]: 6.0\nGesamtdosis [Gy]: 30.0",
        "Total dose [Gy]: 30.0\nMax dose [Gy]: 44.0",
        "Prescribed dose: 30.0 Gy",
        "Total dose (cGy): 3000.0",
    ],
)
def test_the_prescription_is_told_from_other_doses_of_the_heading(read, prescribed):
    plan = read(header(prescribed=prescribed) + block())
    assert_expected(plan)
    assert plan.prescription == 30.0


def test_a_prescription_from_the_user_gives_relative_doses_their_scale(read):
    rows = np.column_stack([DOSE / 0.3, 20.0 * share_above(DOSE)])
    text = block(columns=("Relative dose [%]", "Structure Volume [cm³]"), rows=rows)
    undefined = header(prescribed="Total dose [cGy]: not defined", percent="not defined")
    plan = read(undefined + text, prescription=30.0)
    assert_expected(plan)
    assert plan.prescription == 30.0


def test_a_mean_that_does_not_fit_is_named(read):
    plan = read(header() + block(mean="Mean Dose [cGy]: 2000.0"))
    assert any("the DVH's mean is" in warning for warning in plan.warnings)
    per_cent = read(header() + block(mean=f"Mean Dose [%]: {MEAN / 0.3:.1f}"))
    assert per_cent.warnings == ()


def test_wide_bins_are_named(read):
    dose = np.arange(0.0, 46.0, 1.0)
    rows = np.column_stack([dose, 100.0 * dose, 20.0 * share_above(dose)])
    plan = read(header() + block(rows=rows))
    assert any("DVH bins of 1 Gy" in warning for warning in plan.warnings)


def test_duplicate_names_and_several_plans_are_refused(read):
    with pytest.raises(ValueError, match="2 structures are named 'GTV'"):
        read(header() + block() + block())
    with pytest.raises(ValueError, match="DVHs of 2 plans"):
        read(header() + block() + block(plan="P2"))


def test_a_rising_dvh_is_refused_where_it_is_needed_and_left_out_elsewhere(read):
    rising = np.column_stack([DOSE / 0.3, 100.0 * DOSE, 10.0 + 10.0 * share_above(-DOSE)])
    rising[100, 2] = 30.0
    with pytest.raises(ValueError, match="GTV: a cumulative DVH must not rise"):
        read(header() + block(rows=rising))
    plan = read(header() + block() + block("Lung", rows=rising))
    assert [s.name for s in plan.structures] == ["GTV"]
    assert any(w.startswith("Lung: ") and "left out" in w for w in plan.warnings)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (header() + block(volume="N/A"), "states no volume"),
        (header() + block(volume="31.0"), "the DVH holds 20 cm3, but the structure 31 cm3"),
        (header() + block(rows=np.zeros((1, 3))), "no DVH table"),
        (header() + block(rows=np.zeros((5, 2))), "is no row of 3 numbers"),
        (header() + block(columns=("Dose [mSv]", "Structure Volume [cm³]", "X [%]")), "Gy or cGy"),
        (header() + block(columns=("A [%]", "Dose [cGy]", "Structure Volume [l]")), "cm3 or %"),
        (header() + block(columns=("A [%]", "B [cGy]", "C [cm³]")), "no column of doses"),
        (header() + block(columns=("A [%]", "Dose [cGy]", "C [cm³]")), "no column of volumes"),
        (header(prescribed="Prescribed dose [cGy]: 30.0") + block(), "is one of them in cGy"),
        (header() + block(rows=np.column_stack([DOSE, 100 * DOSE, 20 * share_above(DOSE)])[:400]),
         "breaks off at"),
    ],
)  # fmt: skip
def test_an_eclipse_text_that_would_give_a_wrong_number_is_refused(read, text, message):
    with pytest.raises(ValueError, match=message) as refusal:
        read(text)
    assert "\n" not in str(refusal.value) and "ecret" not in str(refusal.value)


def test_patient_and_dates_of_a_text_are_dropped(read, tmp_path):
    plan = read(header() + block())
    save_plan(plan, tmp_path / "plan.csv")
    everything = repr(plan) + (tmp_path / "plan.csv").read_text()
    assert "ecret" not in everything.lower() and "March" not in everything


# CSV ---------------------------------------------------------------------------------------------

CSV = """# prescription [Gy] = 30
# fractions = 5
name,structure,dose [Gy],volume [cm3]
GTV,,0,10
GTV,,40,10
GTV,,42,0
Cord,spinal_cord,0,2
Cord,spinal_cord,10,0
"""


def test_a_csv_gives_its_dvh(read):
    plan = read(CSV)
    assert (plan.fractions, plan.prescription, plan.source) == (5, 30.0, "csv")
    assert dose_at_volume(plan["gtv"].dose, plan.volume, 0.5) == pytest.approx(41.0, abs=1e-6)
    assert plan["spinal_cord"].d003cc == pytest.approx(9.85)
    assert any("bins of 10 Gy" in warning for warning in plan.warnings)


@pytest.mark.parametrize(
    "remark",
    ["# prescription [cGy] = 3000", "#Prescription: 30 Gy", "# prescription [Gy]=30"],
)
def test_a_prescription_of_a_csv_may_be_written_in_other_ways(read, remark):
    assert "# prescription [Gy] = 30" in CSV
    text = CSV.replace("# prescription [Gy] = 30", remark).replace(
        "# fractions = ", "# Fractions: "
    )
    plan = read(text)
    assert (plan.prescription, plan.fractions) == (30.0, 5)
    with pytest.raises(ValueError, match="prescription must say that it is in Gy or cGy, got ''"):
        read(CSV.replace("prescription [Gy]", "prescription"))


def test_a_csv_may_be_in_centigray_and_of_a_continental_spreadsheet(read):
    other = CSV.replace("[Gy],", "[cGy],").replace(",40,", ",4000,").replace(",42,", ",4200,")
    other = other.replace(",10,0\n", ",1000,0\n").replace(",", ";").replace(";10\n", ";10,0\n")
    np.testing.assert_allclose(read(other)["gtv"].dose, read(CSV)["gtv"].dose)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[Gy],", "[%],", "dose must be in gy or cgy, got '%'"),
        ("[cm3]", "[%]", "volume must be in cm3"),
        ("dose [Gy]", "dose", "no column 'dose"),
        ("GTV,,40,10", "GTV,,40,x", "must be numbers"),
        ("GTV,,40,10", "GTV,,40", "must be numbers"),
        ("GTV,,40,10", "GTV,,40,nan", "must be numbers"),
        ("GTV,,42,0", "GTV,,42,20", "must not rise"),
        ("GTV,,42,0", "GTV,,39,0", "must ascend"),
        ("GTV,,42,0", "GTV,,42,5", "breaks off"),
        ("GTV,,42,0", "GTV,,4200,0", "is it in cGy"),
        (
            "Cord,spinal_cord,10,0",
            "Cord,spinal_cord,10,0\nGTV,,50,0",
            "2 structures are named 'GTV'",
        ),
        ("Cord,spinal_cord,10,0", "Cord,gtv,10,0", "is both"),
        ("spinal_cord", "Spine", "'Spine' is no structure"),
        ("spinal_cord", "spinal_crd", "'spinal_crd' is no structure; did you mean 'spinal_cord'"),
        ("fractions = 5", "fractions = 5.5", "whole number"),
        ("fractions = 5", "fractions = five", "must be a number"),
        ("[Gy] = 30", "[Gy] = 3000", "is it in cGy"),
        ("[Gy] = 30", "[Gy] = 0", "prescription must be above 0 Gy, got 0"),
        ("# fractions = 5", "# nodes = 1e9", "whole number from 1"),
    ],
)
def test_a_csv_that_would_give_a_wrong_number_is_refused(read, old, new, message):
    with pytest.raises(ValueError, match=message) as refusal:
        read(CSV.replace(old, new))
    assert "\n" not in str(refusal.value)


FLAT = "{0},,0,9\n{0},,9,0\n"


@pytest.mark.parametrize(
    ("rows", "note"),
    [
        (2 * FLAT.format("Couch"), "2 structures are named 'Couch'; they are left out"),
        (FLAT.format("Couch") + FLAT.format("Body") + FLAT.format("Couch"),
         "2 structures are named 'Couch'; they are left out"),
        (FLAT.format(""), "a structure without a name is left out"),
        ("Old,,,\n", "Old has no DVH; it is left out"),
        ("Old,,0,9\nOld,,x,0\n", "Old: dose and volume must be numbers; it is left out"),
        ("Old,,0,9\nOld,,5,10\nOld,,9,0\n", "Old: a cumulative DVH must not rise"),
        ("Old,,0,9\nOld,,5,8\n", "Old: the DVH breaks off at 5 Gy"),
        ("Old,,0,0\nOld,,5,0\n", "Old: the volume of a DVH must begin above 0"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_what_nobody_needs_in_a_csv_is_left_out_with_a_note(read, rows, note, separator):
    plan = read((CSV + rows).replace(",", separator))
    assert [s.name for s in plan.structures if s.name in ("Couch", "", "Old")] == []
    assert plan_metrics(plan)["GTV"] == plan_metrics(read(CSV))["GTV"]
    assert any(warning.startswith(note) for warning in plan.warnings)


def test_a_csv_says_which_structure_is_which(read):
    plan = read(CSV.replace("GTV,,", "GTV,ptv,").replace("spinal_cord", "cord_prv"))
    assert (plan["ptv"].name, plan["cord_prv"].name) == ("GTV", "Cord")
    assert read(CSV, mapping={"Cord": "thecal_sac"})["thecal_sac"].name == "Cord"


def test_a_dvh_that_breaks_off_has_no_d003cc(read):
    plan = read(CSV.replace("GTV,,42,0", "GTV,,42,0.05"))
    assert np.isnan(plan["gtv"].d003cc)
    assert any("breaks off above 0.03 cm3" in warning for warning in plan.warnings)


names = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=12)


@given(
    doses=st.lists(st.floats(0.0, 60.0), min_size=2, max_size=30),
    size=st.floats(0.01, 500.0),
    missing=st.floats(0.0, 1.0),
    name=names,
)
def test_any_plan_reads_back_as_it_was_stored(tmp_path_factory, doses, size, missing, name):
    path = tmp_path_factory.mktemp("round") / "plan.csv"
    dose = np.array([*doses, np.nan])
    volume = np.append(np.full(len(doses), 1e3 * size / len(doses)), 1e3 * missing)
    structure = from_samples(name, None, dose, volume, nodes=16)
    save_plan(
        ImportedPlan(structures=(structure,), prescription=24.0, fractions=2, source="dicom"), path
    )
    again = load_plan(path, confirmed=True).structures[0]
    assert again.name == name
    np.testing.assert_allclose(again.dose, structure.dose, atol=1e-9)
    np.testing.assert_allclose(again.d003cc, structure.d003cc, atol=1e-9)
    assert (again.volume, again.missing) == (pytest.approx(size), pytest.approx(missing))


def test_a_stored_plan_keeps_its_nodes_and_warnings(tmp_path):
    structure = ImportedStructure(
        name="#1, the 'GTV' = x", structure="gtv", volume=1.0, dose=np.full(32, 30.0), d003cc=30.0
    )
    plan = ImportedPlan(
        structures=(structure,),
        prescription=None,
        fractions=None,
        source="dicom",
        warnings=("a = b, c",),
    )
    save_plan(plan, tmp_path / "plan.csv")
    again = load_plan(tmp_path / "plan.csv")
    assert again.volume.size == 32 and again.warnings == plan.warnings
    assert again.structures[0].name == structure.name


def test_hostile_table_cells_are_refused():
    with pytest.raises(ValueError, match="cannot be read"):
        read_table("name,dose [Gy],volume [cm3]\nGTV," + "1" * 200_000 + ",1\n")
