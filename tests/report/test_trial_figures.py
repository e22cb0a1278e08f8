"""Figures of trials: many trials are told apart, and nothing that is written is cut off."""

import pytest

import radsim
from radsim.report.figures.trial import NAMED_BESIDE, plot_flow, plot_incidence, plot_power

LONG = "Stereotactic body radiotherapy in five fractions with a boost of the tumor"


def results(sizes):
    return radsim.run_trial(
        radsim.make_trial(
            {
                "name": "t",
                "seed": 1,
                "trial": {
                    "patients": 40,
                    "trials": 10,
                    "find_size": False,
                    "analyses": ["incidence_difference"],
                    "margin": 0.1,
                    "control": {"control": 0.7, "median_survival": 15.0, "label": "five plain"},
                    "experimental": {"control": 0.85, "median_survival": 15.0, "label": LONG},
                    "design": {"minimum_follow_up": 24.0},
                },
                "sweep": {"trial.patients": sizes},
            }
        )
    )


@pytest.mark.parametrize("number", [3, 11, 30])
def test_every_trial_of_a_sweep_has_a_look_and_a_name_inside_the_figure(number):
    figure = plot_power(results([40 + 2 * n for n in range(number)]))
    handles, _ = figure.axes[0].get_legend_handles_labels()
    looks = {(bars.lines[0].get_color(), bars.lines[0].get_marker()) for bars in handles}
    assert len(looks) == number
    (legend,) = figure.legends or [figure.axes[0].get_legend()]
    assert len(legend.get_texts()) == min(number, NAMED_BESIDE)
    more = f"and {number - NAMED_BESIDE} more" if number > NAMED_BESIDE else ""
    assert legend.get_title().get_text() in (more, "None" * (not more))
    assert_inside(figure, [*legend.get_texts(), figure.axes[0].yaxis.label])


def test_long_names_of_arms_and_titles_are_inside_the_figure():
    result = next(iter(results([40, 44]).values()))
    figure = plot_incidence("patients_40", result, result.incidence)
    curves, below = figure.axes
    assert_inside(figure, [figure._suptitle, *below.get_yticklabels()])
    highest = max(line.get_ydata().max() for line in curves.lines)
    assert curves.get_ylim()[1] > highest
    flow = plot_flow("patients_40", result, result.flow)
    assert_inside(flow, flow.axes[0].texts)


def assert_inside(figure, texts):
    figure.draw_without_rendering()
    whole = figure.bbox
    for text in texts:
        box = text.get_window_extent()
        assert box.x0 >= whole.x0 - 1 and box.x1 <= whole.x1 + 1, text.get_text()
        assert box.y0 >= whole.y0 - 1 and box.y1 <= whole.y1 + 1, text.get_text()
