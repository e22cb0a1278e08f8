import csv
import io
from dataclasses import replace

import numpy as np
import pytest
from command_line import radsim
from scipy.stats import binom

from radsim.presets import preset_names
from radsim.report.tables.ledger import PREDICTIVE, records
from radsim.validation import draw_forest, load_targets, rows_to_csv, run_validation
from radsim.validation.report import COLUMNS, validation_text
from radsim.validation.run import Row
from radsim.validation.targets import Target


@pytest.fixture(scope="module")
def found():
    return run_validation(scheduler="single", largest=5000)


@pytest.fixture(scope="module")
def rows(found):
    return found.rows


def by_id(rows):
    return {row.target.id: row for row in rows}


def test_every_target_is_reported_once_with_a_source(rows):
    assert [row.target.id for row in rows] == [target.id for target in load_targets()]
    assert len({row.target.id for row in rows}) == len(rows)
    assert all(row.target.source for row in rows)


def test_the_published_targets_of_each_family_are_there():
    names = " ".join(target.id for target in load_targets())
    for family in (
        "hytec-24x1", "cord-12.4-in-1", "schultheiss-59.3", "sc24-sbrt-24",
        "sc24-conventional-24", "sc24-hazard-ratio", "24-in-2-24", "vcf-2013-12", "vcf-2013-early",
        "phase2-lc-24", "phase2-os-24", "phase2-vcf-24", "rtog-radiosurgery-12", "pain-sc24-sbrt",
        "reirradiation-lc", "cord-groups-flagged", "cord-groups-ranked", "one-mm-sib",
        "pain-pool-sbrt-3", "pain-pool-complete-conventional-6", "pain-flare-naive",
        "one-fraction-18-24", "one-fraction-24-late", "one-fraction-vcf-3", "24-in-3-24",
    ):  # fmt: skip
        assert family in names


def test_the_late_fractures_of_the_phase_2_trial_are_a_miss_of_the_2013_model(rows):
    row = by_id(rows)["phase2-vcf-24"]
    assert 2.0 < row.rivals["vcf-2013"] < 4.7 and "vcf-2013" not in row.met_by
    assert row.verdict == "met" and row.weak and "vcf-henry-ford" in row.met_by
    assert "came late" in row.target.explanation


def test_the_default_of_fracture_meets_its_series_by_calibration_and_says_so(rows):
    found = by_id(rows)
    for name, published in (("vcf-default-12", 11.0), ("vcf-default-36", 21.0)):
        assert found[name].simulated == pytest.approx(published, abs=0.001)
        assert found[name].target.role == "calibration"
    assert found["vcf-mayo-onset-36"].verdict == "missed"
    assert found["vcf-mayo-onset-36"].target.role == "calibration"
    late = found["phase2-vcf-24"]
    assert late.target.role == "prediction"
    assert "after vcf-2013 had missed" in late.target.explanation


def test_every_miss_is_explained(rows):
    for row in rows:
        far = abs(row.simulated - np.clip(row.simulated, row.target.lower, row.target.upper))
        if row.verdict == "missed" and far > 3 * row.error:
            assert row.target.explanation, row.target.id


def test_what_needs_no_run_is_met_exactly(rows):
    found = by_id(rows)
    for name in ("hytec-40-in-5", "cord-17-in-2", "schultheiss-45", "cord-groups-flagged",
                 "cord-groups-spared", "cord-groups-ranked"):  # fmt: skip
        assert found[name].verdict == "met"
        assert found[name].error == pytest.approx(0.0, abs=1e-9)


def test_only_figures_that_went_into_no_preset_are_predictions(rows):
    predictions = {row.target.id for row in rows if row.target.role == "prediction"}
    calibrated = "hytec", "schultheiss", "sc24", "24-in-2", "vcf-2013", "vcf-default", "rtog"
    for name in (*calibrated, "pain-sc24", "pain-rtog", "cord-groups-flagged"):
        assert not any(row.startswith(name) for row in predictions)
    for target in load_targets():
        if target.sets:
            family, _, name = target.sets.partition("/")
            assert name in preset_names(family), target.id
        elif target.id.startswith("pain-pool"):
            assert not target.id.endswith("-3")


def test_the_file_and_the_figure_hold_every_row(rows):
    read = list(csv.DictReader(io.StringIO(rows_to_csv(rows))))
    assert tuple(read[0]) == COLUMNS
    assert [row["id"] for row in read] == [row.target.id for row in rows]
    assert float(read[0]["simulated"]) == rows[0].simulated
    labels = [text.get_text() for text in draw_forest(rows).axes[0].get_yticklabels()]
    assert labels == [row.target.quantity for row in rows]
    text = validation_text(rows)
    assert "predictions met" in text
    assert "missed: pooled trials, pain response at 1 month, SBRT." in text


def test_the_verdict_is_that_of_the_interval():
    target = Target(
        id="x", quantity="x", read="x", observed=5.0, lower=4.0, upper=6.0, units="%",
        interval="95 %", source="s",
    )  # fmt: skip
    assert Row(target=target, simulated=6.0, error=0.0).verdict == "met"
    assert Row(target=target, simulated=6.2, error=0.05).verdict == "missed"
    assert Row(target=target, simulated=6.2, error=0.2).verdict == "undecided"
    assert Row(target=target, simulated=5.8, error=0.2).verdict == "undecided"
    with pytest.raises(ValueError, match="must hold"):
        Target(**{**target.model_dump(), "observed": 7.0})
    with pytest.raises(ValueError, match="accepted on one side only"):
        Target(**{**target.model_dump(), "observed": 6.0})


def test_a_crude_count_enters_with_its_follow_up_and_its_exact_interval():
    stated = {"id": "x", "quantity": "x", "read": "x", "units": "%", "source": "s", "events": 7}
    with pytest.raises(ValueError, match="needs of and follow_up"):
        Target(**stated, of=91)
    target = Target(**stated, of=91, follow_up=18.0)
    assert target.observed == pytest.approx(100 * 7 / 91)
    # each end has 2.5 % of counts as far out
    assert binom.sf(6, 91, target.lower / 100) == pytest.approx(0.025)
    assert binom.cdf(7, 91, target.upper / 100) == pytest.approx(0.025)


def test_a_met_prediction_is_weak_where_another_shipped_model_meets_it():
    target = Target(
        id="x", quantity="x", read="x", observed=5.0, lower=4.0, upper=6.0, units="%",
        interval="95 %", source="s",
    )  # fmt: skip
    made = {"target": target, "simulated": 5.5, "error": 0.0}
    assert Row(**made, rivals={"a": 5.0, "b": 9.0}).weak
    assert not Row(**made, rivals={"a": 7.0, "b": 9.0}).weak
    assert not Row(**{**made, "simulated": 7.0}, rivals={"a": 5.0}).weak
    calibration = Target(**{**target.model_dump(), "sets": "tcp/a"})
    assert not Row(**{**made, "target": calibration}, rivals={"a": 5.0}).weak


def test_one_figure_counts_once_with_its_worst_row(rows):
    beside = [row for row in rows if row.target.figure == "one-mm"]
    assert len(beside) == 3
    assert "checks of geometry 1 of 1" in validation_text(beside)
    missed = [*beside[:2], replace(beside[2], simulated=12.0)]
    assert "checks of geometry 0 of 1" in validation_text(missed)


def test_predictions_are_counted_by_what_they_check(rows):
    text = validation_text(rows)
    assert "of these, outcomes of patients 10 of 15, checks of dose rules" in text
    assert "outcomes of patients that no other shipped model meets, or missed: 2 of 7" in text
    predictions = [row.target for row in rows if row.target.role == "prediction"]
    assert all(target.explanation for target in predictions)
    weak = {row.target.id for row in rows if row.weak}
    assert {"phase2-lc-12", "phase2-lc-24", "phase2-vcf-12", "phase2-vcf-24"} < weak
    assert {"phase2-myelopathy", "cord-groups-ranked", "one-fraction-18-24"} < weak
    assert "24-in-3-24" not in weak and by_id(rows)["24-in-3-24"].verdict == "missed"
    for row in rows:
        if row.weak:
            count = f"{len(row.met_by)} of {len(row.rivals)} other shipped models meet it, too"
            assert f"weak: {row.target.quantity}: {count}." in text


def test_what_reirradiation_controls_is_put_in_whichever_dose_the_curve_reads(rows):
    found = by_id(rows)
    for name in ("reirradiation-lc", "reirradiation-lc-d98"):
        assert found[name].simulated == pytest.approx(76.0, abs=0.5)
    for name in ("reirradiation-lc-plain", "reirradiation-lc-d98-plain"):
        assert 82.0 < found[name].simulated < 87.0  # shielding alone does not give 76
    assert found["reirradiation-crude"].simulated > found["reirradiation-lc"].simulated + 3.0
    reirradiated = [row.target for name, row in found.items() if name.startswith("reirradiation-")]
    assert {target.role for target in reirradiated} == {"calibration"}


def test_the_phase_2_trial_falls_inside_its_predictive_distribution(found):
    result = found.results["phase2"]
    rows = {(row["endpoint"], row["months"]): row for row in records(result, PREDICTIVE)}
    assert {(row["patients"], row["segments"]) for row in rows.values()} == {(25, 28)}
    for endpoint, months, observed in (
        ("local_control", 24.0, 0.95), ("survival", 24.0, 0.728), ("vcf", 12.0, 0.036),
        ("vcf", 24.0, 0.156),
    ):  # fmt: skip
        row = rows[endpoint, months]
        assert row["lower"] <= observed <= row["upper"] + 5e-4
        assert min(row["at_or_below"], row["at_or_above"]) > 0.05


@pytest.mark.slow
def test_the_command_writes_what_it_prints(tmp_path, capsys):
    ran = radsim(capsys, "validate", "--out", tmp_path)
    assert ran.code == 0
    assert "among 714 simulated series of 25 patients with 28 segments" in ran.output
    written = {path.name for path in tmp_path.iterdir()}
    assert written == {"validation.csv", "predictive.csv", "validation.png"}
