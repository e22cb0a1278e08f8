"""Groups of patients: every estimate, difference and best arm, in each."""

import copy
import csv
import tomllib

import numpy as np
import pytest
from command_line import radsim as command
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import radsim
from radsim.experiment.model import ExperimentError
from radsim.report.figures.subgroups import plot_subgroups
from radsim.report.tables.ledger import records
from radsim.report.text.subgroups import subgroups_text
from radsim.sums.aggregations import Groups, join_means, keep_in_groups, keep_means

BY = [
    "bilsky",
    {"gtv_volume": [5, 15, 60]},
    ["lesion_type", "malalignment"],
    {"gtv D98 planned": [18.0, 21.0]},
]
FILE = {
    "name": "groups",
    "seed": 7,
    "patients": 9000,  # more than a block
    "months": [12, 24],
    "cohort": {"preset": "sib-phase2"},
    "arms": {"one": {"regimen": "24x1"}, "boosted": {"regimen": "sib-phase2"}},
    "tcp": {"preset": "hytec-spine-2021"},
    "ntcp": {"vcf": {"preset": "vcf-2013"}, "myelopathy": {"preset": "sbrt-cord-default"}},
    "survival": {"preset": "sib-phase2"},
    "report": {"by": BY},
}


def changed(**keys):
    return {**copy.deepcopy(FILE), **keys}


@pytest.fixture(scope="module")
def result():
    return radsim.run(radsim.make_experiment(FILE), scheduler="single")


@pytest.fixture(scope="module")
def patients():
    return radsim.simulate(radsim.make_experiment(FILE), range(FILE["patients"]))


def members(patients, by, group):
    """Who is in a group, worked out from the patients one thing at a time."""
    lesion = np.array(patients["lesion_type"].attrs["labels"])[patients["lesion_type"].values]
    bilsky = np.array(patients["bilsky"].attrs["labels"])[patients["bilsky"].values]
    volume = patients["gtv_volume"].values
    d98 = patients["gtv_d98_planned"].sel(arm="one").values
    return {
        ("bilsky", "1c"): bilsky == "1c",
        ("gtv_volume", "below 5 cm3"): volume < 5,
        ("gtv_volume", "15 to 60 cm3"): (volume >= 15) & (volume < 60),
        ("gtv_volume", "60 cm3 and above"): volume >= 60,
        ("lesion_type x malalignment", "lesion_type lytic, malalignment yes"): (lesion == "lytic")
        & (patients["malalignment"].values == 1),
        ("gtv D98 planned", "18 to 21 Gy"): (d98 >= 18) & (d98 < 21),
    }[by, group]


@pytest.mark.parametrize(
    ("by", "group"),
    [
        ("bilsky", "1c"),
        ("gtv_volume", "below 5 cm3"),
        ("gtv_volume", "15 to 60 cm3"),
        ("gtv_volume", "60 cm3 and above"),
        ("lesion_type x malalignment", "lesion_type lytic, malalignment yes"),
        ("gtv D98 planned", "18 to 21 Gy"),
    ],
)
def test_a_group_has_the_numbers_of_its_members(result, patients, by, group):
    those = members(patients, by, group)
    here = result.sel({by: group})
    assert int(here[f"{by}_group_patients"]) == those.sum() > 0
    control = patients["local_control_net"].isel(control_model=0).values[:, :, those]
    told = here[f"local_control_net_estimate by {by}"].isel(control_model=0)
    np.testing.assert_allclose(told, control.mean(axis=-1), rtol=1e-12)
    error = here[f"local_control_net_mc_standard_error by {by}"].isel(control_model=0)
    spread = control.std(axis=-1, ddof=1) / np.sqrt(those.sum())
    np.testing.assert_allclose(error, spread, rtol=1e-9)
    paired = control[1] - control[0]
    change = here[f"local_control_net_difference by {by}"].isel(control_model=0, arm=1)
    np.testing.assert_allclose(change, paired.mean(axis=-1), rtol=1e-10)
    free = patients["complication_free_control_net"].values[:, :, those]
    best = here[f"complication_free_control_net_best by {by}"].transpose("ranked_arm", "months")
    np.testing.assert_allclose(best, (free == free.max(axis=0)).mean(axis=-1), rtol=1e-12)
    time = patients["time_to_vcf"].values[:, those]
    came = time < patients["time_to_death"].values[:, those]
    counted = here[f"vcf_cumulative_incidence_estimate by {by}"].sel(months=24)
    np.testing.assert_allclose(counted, (came & (time <= 24)).mean(axis=-1), rtol=1e-12)


@pytest.mark.parametrize("by", ["bilsky", "gtv_volume", "gtv D98 planned"])
def test_groups_together_are_everyone(result, by):
    sizes = result[f"{by}_group_patients"]
    assert int(sizes.sum()) == FILE["patients"]
    means = result[f"vcf_net_estimate by {by}"].fillna(0.0)
    np.testing.assert_allclose((means * sizes).sum(by) / sizes.sum(), result["vcf_net"], rtol=1e-12)


def test_nothing_is_told_of_a_group_without_patients(result):
    assert int(result["bilsky_group_patients"].sel(bilsky="3")) == 0
    assert np.isnan(result["vcf_net_estimate by bilsky"].sel(bilsky="3")).all()
    assert " 3 " not in subgroups_text(result)


def test_groups_by_epidural_grade_say_which_grades_are_alike(result):
    said = "one geometry serves Bilsky 1c, 2 and 3"
    assert subgroups_text(result).count(said) == 1
    rows = records(result, "subgroups.csv")
    assert {row["by"] for row in rows if said in row["note"]} == {"bilsky"}


def test_groups_are_the_same_for_any_chunks_and_workers(result):
    again = radsim.run(radsim.make_experiment(FILE), scheduler="threads", workers=2, chunk_size=1)
    for name in result.data_vars:
        if " by " in str(name):
            np.testing.assert_array_equal(again[name], result[name], err_msg=str(name))


def test_everyone_has_the_same_numbers_with_groups_and_without(result):
    without = copy.deepcopy(FILE)
    del without["report"]
    expected = radsim.run(radsim.make_experiment(without), scheduler="single")
    for name in expected.data_vars:
        np.testing.assert_array_equal(result[name], expected[name], err_msg=str(name))


def test_with_uncertain_parameters_groups_are_of_the_files_own_values(result):
    uncertain = changed(
        uncertainty={"draws": 3, "tcp.gamma50": {"kind": "uniform", "lower": 1.0, "upper": 2.0}}
    )
    told = radsim.run(radsim.make_experiment(uncertain), scheduler="single")
    name = "local_control_net_estimate by bilsky"
    np.testing.assert_allclose(told[name], result[name], rtol=1e-12)


def test_a_file_gives_table_text_and_figure(tmp_path, capsys):
    experiment = radsim.make_experiment(changed(patients=300))
    path = tmp_path / "groups.toml"
    path.write_text(experiment.to_toml(), encoding="utf-8")
    ended = command(capsys, "run", path, "--out", tmp_path / "out")
    assert ended.code == 0, ended.errors
    assert "control without complication, net by gtv_volume, at 24 months" in ended.output
    assert (tmp_path / "out" / "figures" / "subgroups.png").is_file()
    with (tmp_path / "out" / "subgroups.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["by"] for row in rows} == {
        "bilsky", "gtv_volume", "lesion_type x malalignment", "gtv D98 planned",
    }  # fmt: skip
    assert {row["note"] for row in rows if int(row["patients"]) < 100} == {"few patients"}
    assert all(row["estimate"] != "" for row in rows)
    assert all((row["difference"] == "") == (row["arm"] == "one") for row in rows)


def test_the_figure_has_a_panel_for_each_grouping_and_endpoint(result):
    figure = plot_subgroups(result)
    assert figure is not None
    assert len(figure.axes) == len(BY) * 5


def test_the_groupings_are_written_and_read_again():
    experiment = radsim.make_experiment(FILE)
    assert radsim.make_experiment(tomllib.loads(experiment.to_toml())) == experiment


@pytest.mark.parametrize(
    ("by", "line"),
    [
        (["bilskyy"], "report.by[0]: no cohort variable 'bilskyy' (did you mean 'bilsky'?)"),
        (["bilsky", "gtv_volume"], "report.by[1]: gtv_volume is a number; give the limits"),
        ([{"bilsky": [1]}], "report.by[0]: bilsky holds labels, and takes no limits"),
        ([{"gtv_volume": [15, 5]}], "report.by[0].splits[0]: gtv_volume: limits must rise"),
        ([{"gtv_volume": [90_000]}], "report.by[0]: gtv_volume lies between"),
        (["sites"], "report.by[0]: no cohort variable 'sites'"),
        ([{"gtv D98 plannedd": [3]}], "report.by[0].splits[0]: gtv D98 plannedd: must end in"),
        ([{"gtv E98 planned": [3]}], "report.by[0].splits[0]: no metric 'E98'"),
        (["gtv D98 planned"], "report.by[0].splits[0]: gtv D98 planned: is a number; give"),
        ([{"lung D98 planned": [3]}], "report.by[0]: no dose to lung"),
        (["bilsky", "bilsky"], "report.by[1]: 'bilsky' is named twice"),
        ([["bilsky", "bilsky"]], "report.by[0]: bilsky x bilsky: names one thing twice"),
        ([[]], "report.by[0]: must name at least one variable"),
        ("bilsky", "report.by: must be a list"),
        (
            [[{"gtv_volume": list(range(1, 12))}, {"ptv_volume": list(range(1, 90, 8))}]],
            "report.by[0]: makes 156 groups; at most 64",
        ),
    ],
)
def test_a_mistake_is_one_line_that_names_the_key(by, line):
    with pytest.raises(ExperimentError) as told:
        radsim.make_experiment(changed(report={"by": by}))
    assert any(mistake.startswith(line) for mistake in told.value.mistakes), told.value.mistakes


def test_a_variable_with_one_value_parts_nobody():
    settings = changed(report={"by": ["region"]})
    settings["cohort"]["region"] = "thoracic"
    with pytest.raises(ExperimentError, match=r"report.by\[0\]: region has one value"):
        radsim.make_experiment(settings)


def test_groups_and_a_sweep_do_not_go_together():
    with pytest.raises(ExperimentError, match="groups are told of a run without"):
        radsim.make_experiment(changed(sweep={"tcp.gamma50": [1.0, 1.5]}))


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 2)), min_size=1, max_size=60))
@hypothesis_settings(max_examples=50, deadline=None)
def test_blocks_of_groups_join_to_the_groups_of_all(people):
    rows = np.array([[value for value, _ in people], [value**2 for value, _ in people]])
    codes = np.array([code for _, code in people])
    cut = len(people) // 3
    parts = [
        keep_in_groups(keep_means, rows[:, part], 0, Groups(codes[part], 3))
        for part in (slice(0, cut), slice(cut, None))
    ]
    for code in range(3):
        joined = join_means(parts[0][code], parts[1][code])
        those = rows[:, codes == code]
        assert joined["count"] == those.shape[1]
        if those.shape[1]:
            np.testing.assert_allclose(joined["mean"], those.mean(axis=1), atol=1e-12)
