"""The tables of joint parameter draws that are shipped: what their scripts derive, and what holds.

No draws here: rows come from seeded streams, so every figure is the same in each run.
"""

import csv
import runpy
from pathlib import Path

import numpy as np
import pytest
from scipy import special, stats

from radsim import load_experiment, make_experiment
from radsim.experiment.designs.tables import DRAWS
from radsim.presets import load_preset

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
FOLDER = Path(__file__).parents[2] / "radsim" / "presets" / "bootstrap"
EXPERIMENTS = Path(__file__).parents[2] / "experiments"


def table(name):
    lines = (FOLDER / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    return {key: np.array([float(row[key]) for row in rows]) for key in rows[0]}


@pytest.fixture
def derive(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return lambda script, function: runpy.run_path(str(BENCHMARKS / f"{script}.py"))[function]()


@pytest.mark.parametrize(
    ("name", "script", "function"),
    [
        ("hytec-spine-2021", "calibrated_presets", "published_pairs"),
        ("vcf-2013", "vcf_bootstrap", "bootstrap"),
        ("survival-sib-phase2", "survival_draws", "draws"),
    ],
)
def test_a_shipped_table_is_what_its_script_derives(derive, name, script, function):
    shipped = np.stack(list(table(name).values()), axis=1)
    np.testing.assert_allclose(shipped, derive(script, function), rtol=1e-4)


@pytest.mark.parametrize("name", ["spine-cross-strategy", "spine-cross-strategy-crude"])
def test_the_cross_strategy_tables_are_what_their_script_derives_and_what_the_presets_say(name):
    script = runpy.run_path(str(BENCHMARKS / "cross_strategy_bootstrap.py"))
    rows = np.stack(list(table(name).values()), axis=1)
    np.testing.assert_allclose(rows, script["bootstrap"](name), rtol=1e-4)
    parameters = load_preset("tcp", name).parameters
    for column, key in zip(rows.T, ("intercept", "slope"), strict=True):
        spread = np.quantile(column, [0.025, 0.975])
        assert np.median(column) == pytest.approx(parameters[key].value, rel=1e-4)
        assert spread == pytest.approx(parameters[key].uncertainty, rel=0.01)


@pytest.mark.parametrize(
    "name",
    [
        *("hytec-spine-2021", "hytec-spine-gtv-d90", "vcf-2013"),
        *("spine-cross-strategy", "spine-cross-strategy-crude"),
    ],
)
def test_a_table_says_what_it_assumes(name):
    head = [line for line in (FOLDER / f"{name}.csv").read_text().splitlines() if line[0] == "#"]
    assert "ASSUMED" in "".join(head)


def test_draws_of_the_published_curve_have_its_intervals_and_the_assumed_correlation():
    rows = table("hytec-spine-2021")
    parameters = load_preset("tcp", "hytec-spine-2021").parameters
    for name, column in rows.items():
        low, high = parameters[name].uncertainty
        # 1,000 rows: the standard error of an end is about 4 % of the width
        spread, tolerance = np.quantile(column, [0.025, 0.975]), 0.1 * (high - low)
        np.testing.assert_allclose(spread, (low, high), atol=tolerance)
        assert np.median(column) == pytest.approx(parameters[name].value, abs=tolerance)
    scores = [stats.rankdata(column) for column in rows.values()]
    assert np.corrcoef(scores)[0, 1] == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize("name", ["hytec-spine-gtv-d90", "hytec-spine-ptv-d90"])
def test_calibrated_tables_follow_the_published_draws_row_by_row(name):
    published, calibrated = table("hytec-spine-2021"), table(name)
    for key in published:
        assert np.corrcoef(published[key], calibrated[key])[0, 1] > 0.95, key


def test_hazard_ratios_of_fracture_have_their_published_intervals():
    rows = table("vcf-2013")
    published = {  # 24 Gy or more a fraction, whose width the step at 20 Gy has: 12.01 / 2.29
        "fraction_dose": 12.01 / 2.29,
        "fracture_below_half": 18.0 / 4.48,
        "fracture_half_or_more": 34.77 / 1.38,
        "body_involved": 9.57 / 2.08,
        "malalignment": 5.70 / 1.57,
        "lytic": 7.93 / 1.58,
    }
    for name, width in published.items():
        low, high = np.quantile(rows[f"hazard_ratio_{name}"], [0.025, 0.975])
        # of 2,000 rows: the standard error of the log width is about 6 % of it
        assert np.log(high / low) == pytest.approx(np.log(width), rel=0.12)


def test_the_reference_risk_makes_up_for_the_hazard_ratios_drawn_with_it():
    """The mean net risk over the assumed mix has the spread of the incidence, not of the ratios.

    The mix is written out here again, one covariate after the other, apart from the script.
    """
    rows = table("vcf-2013")
    hazard = -np.log1p(-rows["reference_risk"])
    mean = np.zeros(len(hazard))
    for high in (True, False):
        for state, share in (
            ("fracture_below_half", 0.15),
            ("fracture_half_or_more", 0.05),
            ("body_involved", 0.24),
            ("", 0.56),
        ):
            for bent in (True, False):
                for lytic in (True, False):
                    weight = share * (0.2 if high else 0.8) * (0.1 if bent else 0.9) * 0.5
                    ratio = np.ones(len(hazard))
                    ratio *= rows["hazard_ratio_fraction_dose"] if high else 1.0
                    ratio *= rows[f"hazard_ratio_{state}"] if state else 1.0
                    ratio *= rows["hazard_ratio_malalignment"] if bent else 1.0
                    ratio *= rows["hazard_ratio_lytic"] if lytic else 1.0
                    mean += weight * -np.expm1(-hazard * ratio)
    assert np.median(rows["reference_risk"]) == pytest.approx(0.009, rel=1e-4)
    # the incidence of 12.35 % of 410 has an interval of 9.4 to 15.8 %, a log width of 0.52; that
    # of the reference risk itself is 1.6, and so would that of the mean be with fixed ratios
    low, high = np.quantile(mean, [0.025, 0.975])
    assert np.log(high / low) == pytest.approx(np.log(15.8 / 9.4), rel=0.15)


def test_survival_has_its_published_intervals_at_both_times():
    rows = table("survival-sib-phase2")
    for months, interval in ((12.0, (0.716, 0.979)), (24.0, (0.487, 0.869))):
        alive = np.exp(-((months / rows["scale"]) ** rows["shape"]))
        np.testing.assert_allclose(np.quantile(alive, [0.025, 0.975]), interval, atol=0.002)
    # the preset's law lies in the middle
    middle = -np.log(-np.log(np.array([0.92, 0.728])))
    drawn = [np.exp(-((m / rows["scale"]) ** rows["shape"])) for m in (12.0, 24.0)]
    np.testing.assert_allclose(-np.log(-np.log(np.median(drawn, axis=1))), middle, atol=0.05)


@pytest.mark.parametrize("name", ["compare_strategies", "sensitivity"])
def test_experiments_draw_together_what_belongs_together(name):
    experiment = load_experiment(EXPERIMENTS / f"{name}.toml")
    groups = {factor.name: factor.keys for factor in experiment.study.factors if factor.name}
    groups |= {factor.name: factor.keys for factor in experiment.study.screened}
    assert groups["HyTEC curve"] == ("tcp.d50", "tcp.gamma50")
    assert {"ntcp.vcf.reference_risk", "ntcp.vcf.onset.exponent"} < set(groups["fracture model"])
    assert groups["survival"] == ("survival.shape", "survival.scale")


def test_increments_of_survival_are_independent():
    rows = table("survival-sib-phase2")
    first = np.log((12.0 / rows["scale"]) ** rows["shape"])
    second = np.log((24.0 / rows["scale"]) ** rows["shape"] - np.exp(first))
    # 2,000 rows: a correlation of 0 lies within 0.07 but for 2 in 1,000 seeds
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.07
    assert special.ndtri(0.975) * 2 * first.std() == pytest.approx(
        np.log(np.log(0.716) / np.log(0.979)), rel=0.03
    )


def test_an_experiment_draws_the_cross_strategy_line_from_its_table():
    settings = {
        "name": "line", "seed": 1, "patients": 10, "cohort": {"preset": "sib-phase2"},
        "arms": {"one": {"regimen": "20-in-5"}}, "tcp": {"preset": "spine-cross-strategy"},
        "uncertainty": {
            "draws": 40,
            "groups": [{"name": "line", "keys": ["tcp.intercept", "tcp.slope"],
                        "table": "spine-cross-strategy"}],
        },
    }  # fmt: skip
    rows = make_experiment(settings).study.design.parts[DRAWS].columns
    assert np.corrcoef(rows["tcp.intercept"], rows["tcp.slope"])[0, 1] < -0.9
