r"""A name can't change a terminal, break a line, or begin a formula in a figure or a table."""

import csv
import io

import pytest
from command_line import radsim
from examples import SAC, SMALL, experiment, settings

from radsim import make_experiment, run
from radsim.experiment.model import ExperimentError
from radsim.experiment.trial_file import load_trial
from radsim.planfiles import load_plan
from radsim.presets import load_preset, read_preset
from radsim.report.figures.outcomes import plot_outcomes
from radsim.report.tables.csv_text import to_csv
from radsim.report.text.comparison import comparison_text
from radsim.vocabulary.texts import escaped

BROKEN = ["two\nlines", "a \x1b[31mcolor", "\u202eturned", "\x00", "a\u2028b"]
PLACES = {
    "name": lambda text: {"name": text},
    "arms.one.label": lambda text: {"arms": {"one": {"regimen": "24x1", "label": text}}},
    "arms": lambda text: {"arms": {text: {"regimen": "24x1"}}},
    "ntcp.sac.words": lambda text: {"ntcp": {"sac": {**SAC, "words": text}}},
    "ntcp": lambda text: {"ntcp": {text: {**SAC}}},
    "ntcp.sac.alternatives[0].label": lambda text: {
        "ntcp": {"sac": {**SAC, "alternatives": [{"label": text}]}}
    },
    "sweep.variants[0].label": lambda text: {"sweep": {"variants": [{"label": text}, {}]}},
    "sweep": lambda text: {"sweep": {text: [1.0, 2.0]}},
    "uncertainty.groups[0].name": lambda text: {"uncertainty": {"groups": [{"name": text}]}},
    "eligibility": lambda text: {"eligibility": {text: {}}},
    "cohort.frailty.meaning": lambda text: {"cohort": {"frailty": {"meaning": text}}},
}


@pytest.mark.parametrize("text", BROKEN)
@pytest.mark.parametrize("place", PLACES)
def test_a_text_that_does_not_show_is_refused_in_one_line(place, text):
    with pytest.raises(ExperimentError) as caught:
        make_experiment({**settings(), **PLACES[place](text)})
    said = "must be of printable characters in one line, got "
    assert caught.value.mistakes in (
        [f"{place}: {said}{text!r}"],
        [f"{place}: a name {said}{text!r}"],
    )


def test_an_empty_name_is_refused():
    with pytest.raises(ExperimentError, match=r"arms: a name must be"):
        make_experiment({**settings(), "arms": {"": {"regimen": "24x1"}}})


@pytest.mark.parametrize("text", [" ", "\u3164", "\u200d"])
@pytest.mark.parametrize("place", ["arms.one.label", "sweep.variants[0].label"])
def test_a_label_that_nothing_is_seen_of_is_refused(place, text):
    with pytest.raises(ExperimentError) as caught:
        make_experiment({**settings(), **PLACES[place](text)})
    assert caught.value.mistakes == [f"{place}: must not be blank, got {text!r}"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("=age", "a name must begin with a letter, a digit or _"),
        ("age ", "a name must not begin or end with a blank"),
        ("e\u0301", "a name must have each letter and its accents as one character (NFC)"),
        ("structure", "the name is taken by something that is computed; use another"),
        ("ranked_arm", "the name is taken by something that is computed; use another"),
    ],
)
def test_a_variable_that_no_file_of_results_can_hold_is_refused(name, said):
    variable = {"kind": "uniform", "lower": 0.0, "upper": 1.0, "units": "1", "meaning": "a"}
    with pytest.raises(ExperimentError) as caught:
        experiment(cohort={**settings()["cohort"], name: variable}, report={"by": [{name: [0.5]}]})
    assert caught.value.mistakes == [f"cohort.{name}: {said}"]


def test_a_question_may_have_several_lines_but_no_color():
    assert experiment(question="two\nlines").question == "two\nlines"
    with pytest.raises(ExperimentError, match=r"question: must be"):
        experiment(question="two\n\x1b[31mlines")


def test_a_name_that_would_be_another_folder_is_refused():
    with pytest.raises(ExperimentError, match=r"arms.a/b: a name must not hold '/'"):
        experiment(arms={"a/b": {"regimen": "24x1"}}, compare={})


def test_files_beside_the_experiment_are_held_to_it_too(tmp_path):
    trial = tmp_path / "trial.toml"
    trial.write_text('name = "a\\u001b[31m"\nseed = 1\n[trial]\n', encoding="utf-8")
    with pytest.raises(ExperimentError, match=r"^name: must be of printable"):
        load_trial(trial)
    preset = tmp_path / "mine.toml"
    assert load_preset("ntcp", "vcf-2013").title
    preset.write_text('title = "a\\u0007"\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"^mine.toml: title: must be of printable"):
        read_preset("ntcp", preset)
    table = tmp_path / "patients.csv"
    table.write_text("age,region\n60,thoracic\x1b[31m\n", encoding="utf-8")
    given = {**settings(), "cohort": {"preset": "sib-phase2", "table": str(table)}}
    with pytest.raises(ExperimentError, match=r"region must be .*got 'thoracic\\x1b"):
        make_experiment(given)


def test_what_a_terminal_is_told_shows_what_would_change_it(capsys, tmp_path):
    path = tmp_path / "a\x1b[31m.toml"
    ended = radsim(capsys, "check", path)
    assert ended.code == 2
    assert "\x1b" not in "".join(ended.errors)
    assert "a\\x1b[31m.toml" in ended.errors[0]
    assert escaped("plain, ü") == "plain, ü"


NAMES = {"one": "=1+1", "boosted": "$x^2$ for 5 $"}


def test_names_in_tables_and_figures_are_text_as_it_is():
    arms = {
        name: {**arm, "label": NAMES.get(name, ":warning: [b]")}
        for name, arm in settings()["arms"].items()
        if name in (*NAMES, "source")
    }
    made = experiment(arms=arms, patients=20)
    result = run(made, scheduler="single")
    told = comparison_text(result)
    assert all(arm["label"] in told for arm in arms.values())
    figure = plot_outcomes(result)
    figure.draw_without_rendering()
    ticks = [label for panel in figure.axes for label in panel.get_yticklabels()]
    said = {label.get_text(): label.get_parse_math() for label in ticks}
    assert said["$x^2$ for 5 $"] is False


def test_no_cell_begins_a_formula_unless_it_is_a_number():
    cells = ["=1+1", "+a", "-b", "@c", "-0.5", "+5", "plain", -0.5, 3]
    [row] = csv.reader(io.StringIO(to_csv(cells, [])))
    assert row == ["'=1+1", "'+a", "'-b", "'@c", "-0.5", "+5", "plain", "-0.5", "3"]


HOSTILE = "=a\x1b[31m\u202e$x_$\nb"


def test_names_of_plans_and_structures_change_no_terminal_and_begin_no_formula(capsys, tmp_path):
    rows = "".join(f"@SUM(1)\x1b[31m,{dose},{20 - dose}\n" for dose in range(0, 21, 2))
    for name in (f"{HOSTILE}.csv", "-b.csv"):
        text = f"# prescription [Gy] = 30\n# fractions = 5\nname,dose [Gy],volume [cm3]\n{rows}"
        (tmp_path / name).write_text(text, encoding="utf-8")
    shown = radsim(capsys, "dvh", tmp_path / f"{HOSTILE}.csv", tmp_path / "-b.csv")
    assert shown.code == 0
    assert "=a\\x1b[31m\\u202e$x_$\\nb.csv" in shown.output
    assert all(c.isprintable() or c == "\n" for c in shown.output)
    several, alone = tmp_path / "several.csv", tmp_path / "alone.csv"
    paths = tmp_path / f"{HOSTILE}.csv", tmp_path / "-b.csv"
    assert radsim(capsys, "dvh", *paths, "--out", several).code == 0
    assert radsim(capsys, "dvh", paths[0], "--out", alone).code == 0
    for path in (several, alone):
        rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
        cells = [cell for row in rows if row[0][:1] != "#" for cell in row]
        assert "'@SUM(1) [31m" in cells
        assert not [c for c in cells if c[:1] in ("=", "+", "-", "@") or not c.isprintable()]
    [structure] = load_plan(alone).structures
    assert structure.name == "@SUM(1) [31m"  # as it was, once it is read again


def test_a_path_of_two_lines_is_told_in_one(capsys, tmp_path):
    ended = radsim(capsys, "check", tmp_path / "two\nlines.toml")
    assert ended.errors == [
        f"error: can't read {tmp_path}/two\\nlines.toml: No such file or directory"
    ]


def test_what_a_command_prints_shows_what_would_change_the_terminal(capsys, tmp_path):
    out = tmp_path / "a\x1b[31mb"
    assert radsim(capsys, "run", SMALL, "--out", out, "--patients", 20, "--no-figures").code == 0
    ended = radsim(capsys, "plot", out)
    assert ended.code == 0 and "a\\x1b[31mb/figures/" in ended.output
    assert "\x1b" not in ended.output
