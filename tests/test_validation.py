import csv
import io

import numpy as np
import pytest

from radsim.validation import draw_forest, load_targets, rows_to_csv, run_validation
from radsim.validation.predictive import kaplan_meier, phase2_trials, predictive_text
from radsim.validation.report import COLUMNS, validation_text
from radsim.validation.run import Row
from radsim.validation.targets import Target


@pytest.fixture(scope="module")
def rows():
    return run_validation(scheduler="single", largest=5000)


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
    ):  # fmt: skip
        assert family in names


def test_the_late_fractures_of_the_phase_2_trial_are_a_miss_that_stays(rows):
    row = by_id(rows)["phase2-vcf-24"]
    assert row.verdict == "missed"
    assert 2.0 < row.simulated < 5.5
    assert row.target.role == "prediction"
    assert "came late" in row.target.explanation


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
    for calibrated in ("hytec", "schultheiss", "sc24", "24-in-2", "vcf-2013", "rtog", "pain"):
        assert not any(name.startswith(calibrated) for name in predictions)


def test_the_file_and_the_figure_hold_every_row(rows):
    read = list(csv.DictReader(io.StringIO(rows_to_csv(rows))))
    assert tuple(read[0]) == COLUMNS
    assert [row["id"] for row in read] == [row.target.id for row in rows]
    assert float(read[0]["simulated"]) == rows[0].simulated
    labels = [text.get_text() for text in draw_forest(rows).axes[0].get_yticklabels()]
    assert labels == [row.target.quantity for row in rows]
    text = validation_text(rows)
    assert "predictions met" in text
    assert "missed: phase 2 trial, fracture by 24 months." in text


def test_the_verdict_is_that_of_the_interval():
    target = Target(
        id="x", quantity="x", read="x", observed=5.0, lower=4.0, upper=6.0, units="%",
        interval="95 %", role="prediction", source="s",
    )  # fmt: skip
    assert Row(target=target, simulated=6.0, error=0.0).verdict == "met"
    assert Row(target=target, simulated=6.01, error=9.0).verdict == "missed"
    with pytest.raises(ValueError, match="must hold"):
        Target(**{**target.model_dump(), "observed": 7.0})


def test_kaplan_and_meier_by_hand():
    # failures at 3 and 6 with 4 and 2 at risk: 3/4 x 1/2
    event = np.array([3.0, np.inf, 6.0, np.inf])
    censored = np.array([9.0, 5.0, 9.0, 8.0])
    assert kaplan_meier(event, censored, 7.0) == pytest.approx(0.375)
    assert kaplan_meier(event, censored, 5.0) == pytest.approx(0.75)


def test_the_phase_2_trial_falls_inside_its_predictive_distribution_but_for_late_fractures():
    rows = {(row.endpoint, row.months): row for row in phase2_trials(120)}
    assert rows["local control", 24.0].lower <= 95.0 <= rows["local control", 24.0].upper
    assert rows["alive", 24.0].lower <= 72.8 <= rows["alive", 24.0].upper
    assert rows["fracture", 24.0].upper < 15.6
    assert "observed 15.6" in predictive_text(list(rows.values()))
