"""The protocol page of a trial: its numbers are those of the tables, its words those of the run."""

import csv
import re

import numpy as np
import pytest
from examples import settings

from radsim import make_experiment
from radsim.experiment.trial_file import VirtualTrial, load_trial
from radsim.presets import load_preset
from radsim.report.files.trial_files import save_trial
from radsim.report.text.page import Part, to_markdown, to_text
from radsim.report.text.protocol import protocol_page
from radsim.report.text.protocol_sources import behind, citation, papers_of
from radsim.report.text.protocol_tables import HEADS
from radsim.simulation.virtual_trial import run_trial
from radsim.trial import risk_table
from radsim.trial.conduct.analyses import AGAINST_MARGIN, ANALYSES, EVERY_ANALYSIS, Settings
from radsim.trial.conduct.hypotheses import OF_PAIRS
from radsim.trial.estimand import COMPOSITE, HYPOTHETICAL, NOT_STATED, WHILE_ALIVE, strategy_of
from radsim.trial.proportions.exact_tests import BINARY_TESTS
from radsim.trial.section import SECTION

STATED = """
name = "stated"
question = "# Does it | help?"
seed = 1

[trial]
trials = 40
patients = 60
landmark = 12.0
primary = "cox"
analyses = ["cox", "gray", "incidence_difference"]
control = { control = 0.6, median_survival = 24.0, label = "*old* [one](x)" }
experimental = { control = 0.9, median_survival = 24.0 }
most_patients = 200

[trial.design]
minimum_follow_up = 12.0
accrual = { kind = "uniform", months = 6.0 }
visits = { then_every = 3.0 }
drop_out_hazard = 0.01

[trial.scenarios.as_planned]
looks = { information = [0.5, 1.0], futility = "pocock" }
curve = { patients = [40, 80], median_survival = [6.0, 24.0] }
uncertainty = { "experimental.control" = { kind = "beta", a = 45, b = 5 } }

[trial.scenarios.dying_sooner]
control = { median_survival = 6.0 }
margin = 1.5
secondary = { survival = { endpoint = "death", analysis = "logrank" } }
"""
FILES = {  # by what the caption of a table begins with
    "Patients to randomize": "sizes",
    "Power of the design's own": "formula_powers",
    "Power of the design under": "characteristics",
    "Effects under": "characteristics",
    "Type-I errors": "characteristics",
    "Assurance": "characteristics",
    "Hypotheses by themselves": "hypotheses",
    "Chance of a false": "hypotheses",
    "Limits at each look": "looks",
    "What is to be expected": "expectations",
    "Power of the primary": "power",
}
WORDS = ("The estimand", "What each hypothesis", "Scenarios", "Analyses")  # tables of words
AT_LANDMARK = {"landmark": 12.0, "horizon": 12.0, "landmarks": (6.0, 12.0)}


def saved(text, tmp_path, **options):
    path = tmp_path / "file.toml"
    path.write_text(text, encoding="utf-8")
    source = load_trial(path)
    folder = tmp_path / "out"
    save_trial(run_trial(source), source, folder, **options)
    return folder


def page_of(folder):
    return (folder / "trial_protocol.md").read_text(encoding="utf-8")


def tables_in(page):
    """Caption, columns and rows of every table."""
    for caption, table in re.findall(r"^Table \d+\. (.*)\n\n((?:\|.*\n?)+)", page, re.M):
        columns, _, *rows = ([c.strip() for c in li.split(" | ")] for li in table.splitlines())
        strip = [[cell.strip("| ") for cell in row] for row in (columns, *rows)]
        yield caption, strip[0], strip[1:]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return saved(STATED, tmp_path_factory.mktemp("protocol"))


def test_every_cell_of_the_page_is_one_of_the_tables(folder):
    """Row by row: some row of the file has all the cells that the page shows, digit for digit."""
    seen = set()
    for caption, columns, rows in tables_in(page_of(folder)):
        start = next((s for s in (*FILES, *WORDS) if caption[: len(s)] == s), None)
        assert start is not None, caption
        seen.add(start)
        if start in WORDS:
            continue
        with (folder / f"trial_{FILES[start]}.csv").open(newline="", encoding="utf-8") as lines:
            stored = list(csv.DictReader(lines))
        names = [[c, *(name for name, head in HEADS.items() if head == c)] for c in columns]
        for row in rows:
            assert any(
                all(
                    any(line.get(name) == cell for name in may)
                    or (may[0] == "scenario" and (line["scenario"] in cell or cell == "all"))
                    for may, cell in zip(names, row, strict=True)
                )
                for line in stored
            ), (caption, row)
    assert seen == {*FILES, *WORDS}


def test_the_page_says_what_is_asked_and_what_death_does(folder):
    page = page_of(folder)
    titles = re.findall(r"^## (.*)", page, re.M)
    assert titles == [
        "Objective", "Estimand", "Design", "Assumptions", "Sample size",
        "Operating characteristics", "Sensitivity", "Analysis plan", "Figures", "References",
    ]  # fmt: skip
    assert "To show that experimental is not worse than" in page
    assert "hazard ratio of 1.5 or more" in page
    assert "hypothetical: who dies is censored" in page
    assert "| survival | death |" in page
    assert "the event itself" in page
    assert "is an assumption; the file names no source" in page
    assert "Looks are at 50 % and 100 % of the planned events" in page
    assert "dated to the visit at which it is seen" in page
    assert "E9(R1)" in page


def test_sensitivity_names_what_varies_it_or_says_that_nobody_asked(folder, tmp_path):
    def sensitivity(page):
        return re.findall(r"^Sensitivity to .*", page, re.M)

    survival, effect = sensitivity(page_of(folder))
    assert re.search(r"scenario dying_sooner \(table \d+\) and the power curve", survival)
    assert re.search(r"the assurance \(table \d+\), over experimental.control", effect)
    assert "dying_sooner" not in effect
    alone = STATED.partition("[trial.scenarios.as_planned]")[0]
    plain = sensitivity(page_of(saved(alone, tmp_path, figures=False)))
    assert len(plain) == 2
    assert all("none was asked for" in line for line in plain)


def test_figures_are_those_that_were_drawn_at_the_width_of_a_column(folder, tmp_path):
    linked = re.findall(r"^!\[Figure \d+\..*\]\((.*)\)\{width=3.5in\}$", page_of(folder), re.M)
    assert sorted(linked) == sorted(f"figures/{p.name}" for p in (folder / "figures").iterdir())
    alone = saved(STATED.partition("[trial.scenarios.as_planned]")[0], tmp_path, figures=False)
    assert "![" not in page_of(alone).replace(r"\[", "")
    assert "## Figures" not in page_of(alone)


def test_names_are_no_marks_and_the_text_has_them_as_they_are(folder):
    page = page_of(folder)
    assert "\n\\# Does it \\| help?\n" in page
    assert r"\*old\* [one\](x)" in page
    text = (folder / "trial_protocol.txt").read_text(encoding="utf-8")
    assert "\n# Does it | help?\n" in text
    assert "*old* [one](x)" in " ".join(text.split())


def test_numbers_of_lists_begin_no_list():
    parts = [Part("1. a", ("2. b", ("- c",)))]
    assert to_markdown("t", parts) == "# t\n\n## 1. a\n\n2\\. b\n\n- \\- c\n"
    assert to_text("t", parts) == "t\n=\n\n1. a\n----\n\n2. b\n\n- - c\n"


def section(primary):
    arm = {"control": 0.8, "median_survival": 12.0}
    return SECTION.validate_python(
        {
            "control": arm, "experimental": arm, "patients": 100, "primary": primary,
            "analyses": [primary], "landmarks": [6.0] * (primary == "incidence_differences"),
            "design": {
                "minimum_follow_up": 12.0, "strata": [{"share": 1.0}, {"share": 1.0}],
            },
        }
    )  # fmt: skip


@pytest.mark.parametrize("name", [n for n, a in ANALYSES.items() if not a.needs_strata])
def test_what_death_is_said_to_do_is_what_it_does(name):
    """Censored deaths change nothing that is hypothetical, deaths as events nothing composite."""
    rng = np.random.default_rng(7)
    time, arm = rng.exponential(10.0, 300), np.arange(300) % 2
    cause = rng.choice([0, 1, 2], 300)

    def z(cause):
        table = risk_table(time, cause, arm, patient=np.arange(300))
        return float(EVERY_ANALYSIS[name].run(table, Settings(**AT_LANDMARK)).z)

    as_it_is = z(cause)
    censored = z(np.where(cause == 2, 0, cause)) == pytest.approx(as_it_is, abs=1e-9)
    failed = z(np.where(cause == 2, 1, cause)) == pytest.approx(as_it_is, abs=1e-9)
    does = {
        (True, False): HYPOTHETICAL, (False, False): WHILE_ALIVE, (False, True): COMPOSITE,
    }  # fmt: skip
    assert strategy_of(section(name)) == does[censored, failed]


def test_a_margin_changes_nothing_about_death():
    for name, strategy in {"cox": HYPOTHETICAL, "incidence_difference": WHILE_ALIVE}.items():
        told = SECTION.dump_python(section(name), exclude_none=True)
        with_margin = SECTION.validate_python({**told, "margin": 1.2 if name == "cox" else 0.1})
        assert strategy_of(with_margin) == strategy


BINARY = {
    "name": "binary",
    "seed": 3,
    "trial": {
        "trials": 20, "patients": 40, "binary": True, "find_size": False, "higher_is_better": True,
        "event": "relief", "analyses": ["pearson"],
        "control": {"proportion": 0.4}, "experimental": {"proportion": 0.6},
    },
}  # fmt: skip


def test_a_proportion_leaves_death_to_the_protocol():
    source = VirtualTrial.model_validate(BINARY)
    results = run_trial(source)
    page = to_markdown(*protocol_page(results, source))
    assert strategy_of(results["trial"].section) == NOT_STATED
    assert "whether a death before the assessment counts" in page
    assert "whether a patient has relief" in page
    assert "No sample size by simulation was asked for" in page


def test_a_size_that_is_not_found_has_no_table_but_its_reason():
    trial = {**BINARY["trial"], "find_size": True, "most_patients": 44}
    source = VirtualTrial.model_validate({**BINARY, "trial": trial})
    page = to_markdown(*protocol_page(run_trial(source), source))
    assert not any("by simulation" in caption for caption, _, _ in tables_in(page))
    assert "No number of patients that was tried is sure to reach the power" in page
    assert "a power of 0.8 is not reached: " in page.replace("\\", "")


@pytest.mark.parametrize(
    "name", [*EVERY_ANALYSIS, *BINARY_TESTS, *OF_PAIRS, *AGAINST_MARGIN.values()]
)
def test_every_analysis_is_cited(name):
    assert list(papers_of(behind(name)))


def test_presets_of_the_arms_are_listed_with_all_their_sources():
    trial = {
        "control": "one", "experimental": "boosted", "trials": 20, "patients": 40,
        "find_size": False, "simulated_patients": 60, "design": {"minimum_follow_up": 24.0},
    }  # fmt: skip
    source = make_experiment({**settings(), "trial": trial})
    page = to_markdown(*protocol_page(run_trial(source), source))
    (rows,) = (rows for caption, _, rows in tables_in(page) if "parameter sets" in caption)
    listed = {row[0] for row in rows}
    regimens = {f"regimen/{source.arms[name].plan.regimen}" for name in ("one", "boosted")}
    assert {each for each in listed if each.split("/")[0] == "regimen"} == regimens
    assert {each.split("/")[0] for each in listed} >= {"cohort", "tcp", "ntcp", "dose"}
    for preset in (load_preset(*each.split("/")) for each in listed):
        for stated in preset.sources.values():
            assert (stated.doi or citation(stated)) in page.replace("\\", "")
    assert "is an assumption; the file names no source" not in page


def test_several_arms_are_told_apart_and_their_common_level_is_cited():
    arms = [
        {"control": share, "median_survival": 24.0, "label": label}
        for share, label in ((0.5, "plain"), (0.8, "high"), (0.9, "higher"))
    ]
    factor = {"shares": [0.5, 0.5]}
    source = VirtualTrial.model_validate(
        {
            "name": "three", "seed": 2,
            "trial": {
                "control": arms[0], "experimental": arms[1:], "trials": 20, "patients": 60,
                "find_size": False, "analyses": ["logrank"], "landmark": 12.0,
                "design": {
                    "minimum_follow_up": 12.0, "minimization": {"factors": {"region": factor}},
                },
            },
        }
    )  # fmt: skip
    page = to_markdown(*protocol_page(run_trial(source), source))
    captions = [caption for caption, _, _ in tables_in(page)]
    assert any("All comparisons together" in caption for caption in captions)
    assert not any("Scenarios" in caption for caption in captions)
    for name in ("high", "higher"):
        assert f"whether {name} differs from plain" in page
    assert (
        "with a power of 80 % in any of 2 comparisons at a two-sided level of 0.05 over all" in page
    )
    assert "Dunnett (1955)" in page
    assert "Pocock and Simon (1975)" in page
