"""What a model was fitted on: the tolerance, how far a dose lies outside, and where it is drawn."""

from dataclasses import replace

import numpy as np
import pytest
from examples import experiment

from radsim.ntcp import load_ntcp
from radsim.report.figures.dose_response import plot_dose_response
from radsim.report.tables.ledger import records
from radsim.report.text.warnings import warnings_of
from radsim.response.model import RANGE_TOLERANCE
from radsim.results.run import run
from radsim.simulation.patients import simulate
from radsim.tcp import load_tcp

CORD = load_ntcp("sbrt-cord-case-control-probit")
BED_A_GY = 1.0 + 2.0 / CORD.alpha_beta  # of EQD2
ARMS = {"single": {"regimen": "24x1"}, "small": {"regimen": "16x1"}}


@pytest.fixture(scope="module")
def result():
    tcp = {"preset": "hytec-spine-2021", "dose": {"structure": "ptv", "metric": "D90"}}
    made = experiment(arms=ARMS, tcp=tcp, compare={}, patients=2000, seed=3)
    return made, run(made, scheduler="single")


def test_one_percent_of_a_prescription_is_within_and_more_is_not():
    curve = load_tcp("hytec-spine-2021")
    low, high = curve.valid_eqd2
    for dose, fractions, end in ((24.0, 1, high), (30.0, 5, low)):
        for factor, outside in ((0.99, False), (1.01, False), (0.97, True), (1.03, True)):
            effect = curve.effect_of(factor * dose, fractions=fractions)
            excess = sum(curve.past_range(effect, 6.0))
            past = (factor > 1) == (end == high)
            assert float(excess) == (pytest.approx(abs(effect - end)) if outside and past else 0.0)
    assert RANGE_TOLERANCE == 0.02


def test_a_range_of_eqd2_is_drawn_and_held_on_the_axis_of_bed():
    over_bed = replace(CORD, effect="bed")
    assert over_bed.range_of_curve == pytest.approx(np.multiply(CORD.valid_eqd2, BED_A_GY))
    assert CORD.range_of_curve == CORD.valid_eqd2
    dose = np.linspace(5.0, 20.0, 61)
    of_both = [
        model.past_range(model.effect_of(dose, fractions=1), model.alpha_beta)
        for model in (CORD, over_bed)
    ]
    np.testing.assert_allclose(of_both[0], of_both[1], atol=1e-12)
    assert np.count_nonzero(of_both[0]) > 20
    assert over_bed.range_units == CORD.range_units == "Gy EQD2"
    assert replace(over_bed, alpha_beta=3.0).range_of_curve is None  # of other schedules


def test_the_gray_range_of_a_curve_over_bed_is_of_bed():
    ntcp = {"myelopathy": {"preset": "sbrt-cord-case-control-probit", "effect": "bed"}}
    made = experiment(arms=ARMS, ntcp=ntcp, compare={}, patients=50)
    panel = plot_dose_response(run(made, scheduler="single")).axes[1]
    (gray,) = (patch for patch in panel.patches if patch.get_zorder() == 0)
    ends = np.array(CORD.valid_eqd2) * BED_A_GY
    assert [gray.get_x(), gray.get_x() + gray.get_width()] == pytest.approx(ends.tolist())


def test_scatter_around_the_prescription_is_no_warning_and_the_size_of_an_excess_is_told(result):
    made, ran = result
    lines = [line for line in warnings_of(ran) if "local control" in line]
    assert len(lines) == 1 and lines[0].startswith("small")
    eqd2 = simulate(made, range(made.patients))["ptv_d90_planned"].sel(arm="small").values
    eqd2 = eqd2 * (eqd2 + 6.0) / 8.0
    excess = (45.0 - eqd2)[eqd2 < 0.98 * 45.0]
    rows = {(row["arm"], row["check"]): row for row in records(ran, "checks.csv")}
    row = rows["small", "local_control_below_range"]
    assert row["share"] == pytest.approx(len(excess) / made.patients)
    assert row["excess_median"] == pytest.approx(np.median(excess), rel=0.02)
    assert row["excess_largest"] == pytest.approx(excess.max())
    assert row["excess_units"] == "Gy EQD2"
    said = (
        f"{row['share']:.1%} below by {row['excess_median']:.2g} "
        f"(at most {row['excess_largest']:.2g}) Gy EQD2"
    )
    assert (
        "small: patients more than 2% outside" in lines[0] and f"local control {said}" in lines[0]
    )
    legends = [panel.get_legend() for panel in plot_dose_response(ran).axes]
    told = [text.get_text() for legend in legends if legend for text in legend.get_texts()]
    assert f"small: {said}" in told and "single" in told
    nobody = rows["single", "local_control_above_range"]
    assert nobody["share"] == 0.0 and np.isnan(nobody["excess_largest"])
