"""Tables of patients in an experiment file: read as they are meant, or every mistake told once."""

import tomllib
import warnings

import pytest
from command_line import ROOT, radsim

from radsim import make_experiment, simulate
from radsim.experiment.model import ExperimentError
from radsim.report.text.description import cohort_lines

PATIENTS = (
    "Nr;Level;GTV volume [cm³];ptv_cc;Bilsky;Lesion;fx;Malalignment\n"
    "1;T9;18,4;75,2;2;lytic;wedge;no\n2;S1;7;41;;mixed;none;yes\n3;L1;12,5;60;1a;Blastic;none;no\n"
)
HOW = {
    "columns": {"ptv_cc": "ptv_volume", "Lesion": "lesion_type", "fx": "baseline_fracture"},
    "labels": {"fx": {"wedge": "below_half"}},
}
BASE = {
    "name": "x",
    "seed": 1,
    "patients": 3,
    "months": [12],
    "arms": {"a": {"regimen": "24x1"}},
    "tcp": {"preset": "hytec-spine-2021"},
    "ntcp": {"vcf": {"preset": "vcf-2013"}, "myelopathy": {"preset": "sbrt-cord-default"}},
}


def experiment(folder, text=PATIENTS, preset="sib-phase2", how=HOW, **changes):
    (folder / "p.csv").write_text(text, encoding="utf-8")
    table = {"file": "p.csv", "rows": "as-is", **how}
    cohort = {"preset": preset, "table": table} if preset else {"table": table}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # columns left out
        return make_experiment({**BASE, "cohort": cohort, **changes}, folder)


def mistakes(folder, text=PATIENTS, **changes):
    with pytest.raises(ExperimentError) as caught:
        experiment(folder, text, **changes)
    return caught.value.mistakes


def test_a_table_as_a_clinic_has_it_is_simulated_as_its_plain_form_is(tmp_path):
    plain = (
        "region,lumbar_level,gtv_volume,ptv_volume,bilsky,lesion_type,baseline_fracture,"
        "malalignment\n"
        "thoracic,L1,18.4,75.2,2,lytic,below_half,0\n"
        "sacrum,L1,7,41,0,mixed,none,1\n"
        "lumbar,L1,12.5,60,1a,blastic,none,0\n"
    )
    clinic = simulate(experiment(tmp_path), range(3))
    written = simulate(experiment(tmp_path, plain, how={}), range(3))
    for name in ("gtv_volume", "local_control_net", "myelopathy_net", "vcf_net"):
        assert clinic[name].values.tolist() == written[name].values.tolist()


def test_what_it_read_runs_again_from_its_own_file(tmp_path):
    first = experiment(tmp_path)
    again = make_experiment(tomllib.loads(first.to_toml()))
    assert again.cohort == first.cohort


def test_variants_of_a_design_read_the_same_table(tmp_path):
    swept = experiment(tmp_path, sweep={"arms.a.prescription": [20.0, 24.0]})
    assert swept.written["cohort"]["table"]["columns"]["region"] == ("thoracic", "sacrum", "lumbar")
    assert len(swept.study.design.axes[0]) == 2


def test_all_mistakes_of_a_table_are_told_at_once_with_those_of_the_rest(tmp_path):
    wrong = PATIENTS.replace("7;41", "x;41").replace("T9", "T99").replace("wedge", "broken")
    assert mistakes(tmp_path, wrong, patients=7, arms={"a": {"regimen": "25x1"}}) == [
        "cohort.table: p.csv, row 3: GTV volume [cm³] must be a number above 0 [cm3], got 'x'",
        "cohort.table: p.csv, row 2: fx must be none, below_half or half_or_more, got 'broken'",
        "cohort.table: p.csv, row 2: Level must be one level such as T9, L1 or S2 (or several "
        "that count alike, such as T9-T10), got 'T99'",
        mistakes(tmp_path, arms={"a": {"regimen": "25x1"}})[0],
    ]
    assert mistakes(tmp_path, wrong, patients=7)[-1].startswith("patients: 7 wanted, but ")


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ({"file": "none.csv"}, "cohort.table: can't read "),
        ({"file": 3}, "cohort.table.file: must be the name of a CSV, got 3"),
        ({"rows": "as-is"}, "cohort.table.file: is missing"),
        ({"file": "p.csv", "colums": {}}, "cohort.table.colums: unknown key; did you mean 'col"),
        ({"file": "p.csv", "columns": ["a"]}, "cohort.table.columns: must be a table with the"),
        ({"file": "p.csv", "columns": {"Nr": "ag"}}, "cohort.table.columns.Nr: 'ag' is no variabl"),
        ({"file": "p.csv", "labels": {"fx": "a"}}, "cohort.table.labels: must be a table of what"),
        ({"file": "p.csv", "declare": "Nr"}, "cohort.table.declare: must be a list of column na"),
        ({"file": "p.csv", "rows": "all"}, "cohort.table.rows: must be one of 'resample' or 'as-"),
        ({"file": "bare.csv"}, "cohort.table: bare.csv: no column has a known name, of a, b;"),
    ],
)
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"report": {"by": ["lesion_type"]}},
        {"sweep": {"cohort.table.rows": ["as-is", "resample"]}},
        {"eligibility": {"sick": {"where": {"lesion_type": ["lytic"]}, "action": "exclude"}}},
    ],
)
def test_a_table_that_can_not_be_read_brings_no_further_line(tmp_path, table, line, changes):
    (tmp_path / "p.csv").write_text("age,lesion_type,fx,Nr\n61,lytic,a,1\n62,mixed,b,2\n")
    (tmp_path / "bare.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    cohort = {"preset": "sib-phase2", "table": table}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ExperimentError) as caught:
            make_experiment({**BASE, "cohort": cohort, **changes}, tmp_path)
    said = [m for m in caught.value.mistakes if "leave out of cohort.table" not in m]
    assert len(said) == 1 and said[0].startswith(line)


def test_a_table_of_an_arm_that_can_not_be_read_brings_no_further_line(tmp_path):
    arms = {**BASE["arms"], "b": {"regimen": "24x1", "cohort": {"table": "none.csv"}}}
    [line] = mistakes(tmp_path, arms=arms)
    assert line.startswith("arms.b.cohort.table: can't read ")


def test_who_never_was_irradiated_has_no_interval_that_an_arm_could_read(tmp_path):
    prior = {"dose": 30.0, "fractions": 10, "interval": "prior_interval"}
    arms = {"a": {"regimen": "24x1", "prior": prior}}
    text = PATIENTS.replace("Nr", "prior_interval")
    how = {**HOW, "columns": {**HOW["columns"]}}
    experiment(tmp_path, text, preset="reirradiation-series", how=how, arms=arms)
    lines = mistakes(
        tmp_path, text.replace("\n2;", "\n;"), preset="reirradiation-series", how=how, arms=arms
    )
    assert lines == [
        "arms.a: needs the cohort variable 'prior_interval'; the table has a value of it for some "
        "of its patients only"
    ]


def test_check_says_where_each_variable_comes_from(tmp_path):
    (tmp_path / "p.csv").write_text(PATIENTS, encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cohort = make_experiment(
            {**BASE, "cohort": {"preset": "sib-phase2", "kps": 80.0, "bilsky": "1a",
                                "table": {"file": "p.csv", "rows": "as-is", **HOW}}},
            tmp_path,
        ).cohort  # fmt: skip
    first, *told = cohort_lines("cohort", cohort)
    assert first == f"cohort: sib-phase2, {len(cohort.names)} variables"
    said = {line.split(": ")[0].strip(): line.split(": ")[1].split(", ") for line in told}
    assert said["from the table"] == [
        "gtv_volume", "ptv_volume", "lesion_type", "baseline_fracture", "malalignment", "region",
        "cervical_level", "thoracic_level", "lumbar_level", "sacral_level",
    ]  # fmt: skip
    assert said["from the file"] == ["bilsky", "kps"]
    assert "age" in said["from the preset"] and "region" not in said["from the preset"]
    assert "cord_present" in said["follow from these"]
    assert sorted(name for names in said.values() for name in names) == sorted(cohort.names)


def test_the_example_that_ships_is_read_without_a_mistake(capsys):
    ended = radsim(capsys, "check", str(ROOT / "experiments" / "own_patients.toml"))
    assert ended.code == 0
    assert "  from the table: gtv_volume, ptv_volume, bilsky, lesion_type" in ended.output
    assert ended.errors == []
