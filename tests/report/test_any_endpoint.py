"""An endpoint that nobody knows goes to every table, figure and warning."""

import csv
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from examples import experiment, sac

from radsim import open_result, run, save_result
from radsim.experiment.endpoints import endpoints_of
from radsim.experiment.pedigree import model_labels
from radsim.report.figures.dose_response import plot_dose_response
from radsim.report.figures.gallery import GALLERY, draw_figures
from radsim.report.figures.incidence import plot_cumulative_incidence
from radsim.report.figures.outcomes import plot_outcomes, plot_therapeutic_plane
from radsim.report.figures.sensitivity import plot_sobol, plot_tornado
from radsim.report.figures.subgroups import plot_subgroups
from radsim.report.figures.sweep_lines import plot_lines
from radsim.report.figures.sweep_maps import plot_map
from radsim.report.figures.uncertainty import plot_uncertainty
from radsim.report.tables.ledger import LEDGER, records
from radsim.report.text.comparison import comparison_text
from radsim.report.text.description import describe, notes
from radsim.report.text.warnings import warnings_of
from radsim.results.older import with_roles
from radsim.results.reading import OF, ROLE
from radsim.results.result import experiment_of
from radsim.vocabulary.mistakes import Mistake

EVENT, SHORT, WORDS = "late_sac_syndrome", "sac", "late syndrome of the sac"
OF_RUNS = ("summary.csv", "comparison.csv", "best.csv", "checks.csv", "subgroups.csv")
VARIED = {"kind": "uniform", "lower": 5.0, "upper": 40.0}


@pytest.fixture(scope="module")
def plain():
    return run(sac(patients=60), scheduler="single")


@pytest.fixture(scope="module")
def grouped():
    return run(sac(patients=60, report={"by": ["bilsky"]}), scheduler="single")


@pytest.fixture(scope="module")
def design():
    made = sac(
        patients=40,
        sweep={"tcp.alpha_beta": [3, 10], f"ntcp.{EVENT}.n": [0.02, 0.05]},
        uncertainty={"draws": 4, f"ntcp.{EVENT}.td50": VARIED},
        sensitivity={"samples": 64},
    )
    return run(made, scheduler="single")


@pytest.fixture(scope="module")
def folder(design, tmp_path_factory):
    path = tmp_path_factory.mktemp("design")
    save_result(design, path)
    return path


def texts(figure):
    panels = figure.axes
    said = [panel.get_title() + panel.get_title(loc="left") for panel in panels]
    return " ".join([*said, *(p.get_xlabel() + p.get_ylabel() for p in panels)]).lower()


@pytest.mark.parametrize("table", OF_RUNS)
def test_it_is_in_every_table_of_a_run(grouped, table):
    rows = records(grouped, table)
    of = "check" if table == "checks.csv" else "endpoint"
    told = [row for row in rows if row[of].startswith(EVENT)]
    assert told
    if "model" in rows[0]:
        assert {row["model"] for row in told} >= {"custom", "sbrt-cord-case-control"}


def test_it_is_in_every_table_of_a_design(folder):
    written = {path.name for path in folder.glob("*.csv")} - {"design.csv"}
    others = {"predictive.csv", "subgroups.csv"}  # of a series, of a run without a sweep
    assert written == {table.name for table in LEDGER} - others
    for name in written - {"checks.csv"}:
        with (folder / name).open(newline="", encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
        assert EVENT in {row["endpoint"] for row in rows}, name


def test_it_is_warned_of_and_printed(plain, design):
    assert any(f"{SHORT} " in line for line in warnings_of(plain))
    assert f"{SHORT}, net" in comparison_text(plain)
    assert f"{SHORT}, net" in comparison_text(design)


def test_it_is_in_every_figure(grouped, design, tmp_path):
    for draw in (plot_outcomes, plot_therapeutic_plane, plot_cumulative_incidence, plot_subgroups):
        assert WORDS in texts(draw(grouped))
    assert SHORT in texts(plot_dose_response(grouped))
    arm = next(a for a in design["arm"].values if a != design.attrs["reference"])
    for draw in (plot_lines, plot_uncertainty, plot_sobol, plot_tornado):
        assert f"{SHORT}, net" in texts(draw(design))
    assert f"{SHORT}, net" in texts(plot_map(design, arm))
    of_designs = {"sweep", "map", "multiples", "uncertainty", "sobol", "tornado"}
    of_runs = {entry.name for entry in GALLERY} - of_designs
    assert {path.stem for path in draw_figures(grouped, tmp_path)} >= of_runs


def labeled(experiment, **labels):
    """Give arms names for readers."""
    arms = {
        name: replace(arm, label=labels.get(name, arm.label))
        for name, arm in experiment.arms.items()
    }
    return experiment.model_copy(update={"arms": arms})


def test_an_arm_is_called_by_its_label_wherever_it_is_spoken_of():
    words = {name: f"arm of {name}s" for name in sac().arms}
    for changes in ({}, {"sweep": {f"ntcp.{EVENT}.n": [0.02, 0.05]}}):
        made = labeled(sac(patients=40, **changes), **words)
        result = run(made, scheduler="single")
        for line in (*warnings_of(result), *notes(made)):
            names = {name for name in words if re.match(rf"{name}\b", line)}
            assert not names, line
        told = comparison_text(result)
        assert all(label in told for label in words.values())
        assert not any(re.search(rf"(?<!arm of )\b{name}\b", told) for name in words)


def test_a_model_is_called_the_same_in_tables_warnings_and_figures(plain):
    section = next(m for m in endpoints_of(experiment_of(plain)) if m.endpoint.event == EVENT)
    names = [stated.name for stated in section.stated]
    assert names == ["custom", "custom: steeper", "sbrt-cord-case-control"]
    rows = records(plain, "summary.csv")
    assert {row["model"] for row in rows if row["endpoint"] == EVENT} == set(names)
    assert all(f"{SHORT}, net ({name})" in comparison_text(plain) for name in names)
    warned = "\n".join(warnings_of(plain))
    assert f"{SHORT} ({names[2]})" in warned
    legends = [panel.get_legend() for panel in plot_dose_response(plain).axes]
    said = {text.get_text() for legend in legends if legend for text in legend.get_texts()}
    assert names[1] in said
    assert model_labels(experiment_of(plain))[EVENT] == names


def test_models_of_control_are_listed_beside_each_other():
    tcp = {"preset": "hytec-spine-2021", "alternatives": [{"label": "low", "d50": 30.0}]}
    made = sac(tcp=tcp)
    names = ["hytec-spine-2021", "hytec-spine-2021 (modified): low"]
    assert model_labels(made)["local_control"] == names
    assert f"  local_control: {', '.join(names)}" in describe(made).splitlines()
    assert model_labels(sac())["local_control"] == names[0]
    told = comparison_text(run(made.model_copy(update={"patients": 20}), scheduler="single"))
    assert f"local control, net ({names[1]})" in told


def test_a_model_that_a_design_puts_in_a_place_is_held_to_its_range():
    arms = {"ten": {"prescription": 30.0, "fractions": 10, "field": "uniform"}}
    own = {"preset": "sbrt-cord-default", "alternatives": []}
    others = ["sbrt-cord-case-control", "schultheiss-2008"]
    for changes in (
        {"sweep": {"ntcp.myelopathy.preset": others}},
        {"uncertainty": {"models": {"ntcp.myelopathy.preset": others[1:]}}},
    ):
        made = experiment(arms=arms, compare={}, ntcp={"myelopathy": own}, patients=60, **changes)
        result = run(made, scheduler="single")
        below = [line for line in warnings_of(result) if "myelopathy (schultheiss-2008)" in line]
        assert len(below) == 1, warnings_of(result)
        rows = records(result, "checks.csv")
        shares = [
            r["share"] for r in rows if r["check"] == "myelopathy_schultheiss-2008_below_range"
        ]
        assert np.nanmax(shares) > 0.3
    swept = {"tcp.preset": ["spine-cross-strategy", "hytec-spine-2021"]}
    made = experiment(
        arms=arms, compare={}, ntcp={}, patients=20, sweep=swept,
        tcp={"preset": "spine-cross-strategy"},
    )  # fmt: skip
    lines = warnings_of(run(made, scheduler="single"))
    assert any("range of the control model hytec-spine-2021" in line for line in lines), lines


def without_roles(result):
    older = result.copy()
    for values in older.variables.values():
        for key in (ROLE, OF):
            values.attrs.pop(key, None)
    return older


def test_a_result_of_an_older_version_gives_the_same_tables(plain, design, tmp_path):
    for name, result in (("plain", plain), ("design", design)):
        save_result(without_roles(result), tmp_path / name / "older", ledger=())
        read = open_result(tmp_path / name / "older")
        for variable, values in result.variables.items():
            assert read[variable].attrs.get(ROLE) == values.attrs.get(ROLE), variable
            assert read[variable].attrs.get(OF) == values.attrs.get(OF), variable
        for table in LEDGER:
            told = [list(row.values()) for row in records(read, table.name)]
            np.testing.assert_equal(told, [list(r.values()) for r in records(result, table.name)])


def test_a_result_that_can_not_be_read_says_which_version_wrote_it(plain):
    strange = without_roles(plain).assign_attrs(experiment="{}", versions='{"radsim": "0.3.0"}')
    with pytest.raises(Mistake) as caught:
        with_roles(strange)
    assert len(str(caught.value).splitlines()) == 1
    assert "written by radsim 0.3.0" in str(caught.value)


def test_a_result_that_can_not_be_read_names_the_key(plain):
    record = json.loads(plain.attrs["experiment"])
    record["arms"]["one"]["plan"]["collimator"] = 3.0
    record["ntcp"]["vcf"]["model"]["strange"] = 1.0
    with pytest.raises(Mistake) as caught:
        with_roles(plain.assign_attrs(experiment=json.dumps(record)))
    said = str(caught.value)
    assert len(said.splitlines()) == 1
    assert "arms.one.collimator: unknown key" in said
    assert "(and 1 more)" in said
