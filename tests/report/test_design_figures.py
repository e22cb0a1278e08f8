"""Figures of designs: units on the axes, what bands are, one color for an arm, single arms."""

import pytest
from examples import experiment, settings
from matplotlib.colors import to_hex

from radsim import open_result, run, save_result
from radsim.report.figures.gallery import draw_figures
from radsim.report.figures.sensitivity import plot_sobol, plot_tornado
from radsim.report.figures.style import COLORS
from radsim.report.figures.sweep_lines import plot_lines
from radsim.report.figures.sweep_maps import plot_map, plot_multiples
from radsim.report.figures.uncertainty import plot_uncertainty
from radsim.report.text.comparison import comparison_text

SWEEP = {
    "tcp.alpha_beta": [3, 10],
    "ntcp.myelopathy.threshold": [15.0, 20.0],
    "cohort.gtv_volume.median": [5.0, 10.0],
}
CURVE = {"keys": ["tcp.d50", "tcp.gamma50"], "table": "hytec-spine-2021", "name": "curve"}
BANDS = "95 % interval over the uncertain parameters"


@pytest.fixture(scope="module")
def several():
    arms = {name: settings()["arms"][name] for name in ("one", "boosted")}
    uncertainty = {"draws": 5, "groups": [CURVE]}
    made = experiment(
        patients=40, arms=arms, sweep=SWEEP, uncertainty=uncertainty, sensitivity={"samples": 64}
    )
    return run(made, scheduler="single")


@pytest.fixture(scope="module")
def single():
    name, arm = next(iter(settings()["arms"].items()))
    sweep = {
        "tcp.alpha_beta": [3, 6],
        "ntcp.myelopathy.preset": ["sbrt-cord-case-control-probit", "sbrt-cord-default"],
    }
    return run(
        experiment(patients=100, arms={name: arm}, compare={}, sweep=sweep), scheduler="single"
    )


def texts(panel):
    return " ".join([panel.get_title(), *(text.get_text() for text in panel.texts)])


def titled(figure, title):
    return next(panel for panel in figure.axes if title in panel.get_title())


def test_swept_coordinates_carry_units_to_disk_and_back(several, tmp_path):
    save_result(several, tmp_path)
    stored = open_result(tmp_path)
    assert stored["alpha_beta"].attrs["units"] == "Gy"
    assert stored["gtv_volume_median"].attrs["units"] == "cm3"
    assert stored["drawn tcp.d50"].attrs["units"] == "Gy"


def test_axes_of_every_figure_have_units(several):
    arm = next(a for a in several["arm"].values if a != several.attrs["reference"])
    lines, heat = plot_lines(several), plot_map(several, arm)
    assert {panel.get_xlabel() for panel in lines.axes} == {"alpha/beta, local control [Gy]"}
    assert {panel.get_ylabel() for panel in lines.axes} == {"Probability [%]"}
    panel = titled(heat, "Local control")
    assert (panel.get_xlabel(), panel.get_ylabel()) == (
        "alpha/beta, local control [Gy]", "threshold, myelopathy [Gy]",
    )  # fmt: skip
    many = plot_multiples(several, arm)
    assert "GTV volume median, cohort [cm3]" in many.get_suptitle()
    assert any("alpha/beta" in panel.get_xlabel() for panel in many.axes)


def test_a_panel_says_what_its_own_band_is(several):
    figure = plot_lines(several)
    assert BANDS in texts(titled(figure, "Local control"))
    assert "no uncertain parameter acts here" in texts(titled(figure, "VCF"))


def test_a_map_that_does_not_vary_says_its_number(several):
    arm = next(a for a in several["arm"].values if a != several.attrs["reference"])
    assert "everywhere" in texts(titled(plot_map(several, arm), "VCF"))


def test_an_arm_has_one_color_in_all_figures(several):
    rows = {str(arm): row for row, arm in enumerate(several["arm"].values)}
    panel = plot_lines(several).axes[0]
    assert [to_hex(line.get_color()).upper() for line in panel.lines] == list(COLORS[: len(rows)])
    ranked = plot_uncertainty(several).axes[2]
    bars = {round(bar.get_y() + bar.get_height() / 2): bar for bar in ranked.patches}
    assert len(bars) > 1
    for row, bar in bars.items():
        assert to_hex(bar.get_facecolor()).upper() == COLORS[row]


def test_one_arm_has_a_map_of_itself_and_a_line_for_each_second_value(single, tmp_path):
    arm = str(single["arm"].values[0])
    names = {path.stem for path in draw_figures(single, tmp_path)}
    assert names == {"sweep", f"map_{arm}"}
    assert len(titled(plot_lines(single), "Myelopathy").lines) == single.sizes["myelopathy_preset"]
    panel = titled(plot_map(single, arm), "Myelopathy")
    written = {text.get_text() for text in panel.texts}
    value = single["myelopathy_net"].isel(months=-1, arm=0, myelopathy_model=0, alpha_beta=0)
    assert {f"{100 * float(v):.2f}" for v in value} <= written


def test_sensitivity_is_drawn_for_every_endpoint_and_printed(several):
    for figure in (plot_sobol(several), plot_tornado(several)):
        drawn = " ".join(panel.get_title() for panel in figure.axes)
        for title in ("Local control", "VCF", "Myelopathy", "without complication"):
            assert title in drawn
    said = comparison_text(several)
    assert "What matters most for the difference from" in said and "curve" in said
