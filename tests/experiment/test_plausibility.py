"""Numbers that can hardly be meant are questioned wherever they are typed or read."""

import json

import numpy as np
import pytest
import tomli_w
from command_line import radsim
from examples import SAC, experiment, settings

from radsim.experiment.model import ExperimentError
from radsim.experiment.pedigree import exponents
from radsim.experiment.trial_file import load_trial
from radsim.fitting.outcome_table import OutcomeTable, doubts
from radsim.presets import load_preset, preset_names
from radsim.vocabulary.cohort_variables import COHORT
from radsim.vocabulary.numbers import is_number
from radsim.vocabulary.settings import quantity_at
from radsim.vocabulary.units import KINDS, quantity_of

LKB = {"preset": "cord-lkb-1991"}
CORD = {"preset": "sbrt-cord-default"}
VCF = {"preset": "vcf-2013"}
ARM = {"prescription": 24.0, "fractions": 2, "limits": {"preset": "two-fraction"}}
PRIOR = {"dose": 30.0, "fractions": 10, "interval": 12.0}
OWN = {"kind": "normal", "units": "Gy", "meaning": "dose that controls half"}
MIXED = {
    "kind": "mixture",
    "weights": [1, 1],
    "components": [{"kind": "fixed", "value": 12}, {"kind": "fixed", "value": 700}],
}
WIDE = {"kind": "lognormal", "median": 20.0, "sigma": 0.6}  # 550 at a share of 1e-9

CENTIGRAY = {"kind": "uniform", "lower": 1500.0, "upper": 2200.0}


def arm(**changes):
    return {"arms": {"a": {**ARM, **changes}}, "compare": {}}


def ntcp(model, event="myelopathy", **changes):
    return {"ntcp": {**settings()["ntcp"], event: {**model, **changes}}}


CASES = [
    (ntcp(LKB, td50=6650), "ntcp.myelopathy.td50", "6650 cGy are 66.5 Gy"),
    (ntcp(CORD, threshold=1500.0), "ntcp.myelopathy.threshold", "1500 cGy are 15 Gy"),
    (ntcp(CORD, alpha_beta=200), "ntcp.myelopathy.alpha_beta", "200 cGy are 2 Gy"),
    (
        ntcp(VCF, "vcf", fraction_dose_threshold=2000),
        "ntcp.vcf.fraction_dose_threshold",
        "2000 cGy are 20 Gy",
    ),
    ({"tcp": {"preset": "hytec-spine-2021", "d50": 1944}}, "tcp.d50", "1944 cGy are 19.44 Gy"),
    (
        {"tcp": {"preset": "hytec-spine-2021", "alpha_beta": 600}},
        "tcp.alpha_beta",
        "600 cGy are 6 Gy",
    ),
    ({"survival": {"shape": 1.0, "scale": 1300}}, "survival.scale", "1300 days are 42.71 months"),
    ({"months": [365, 730]}, "months", "365 days are 11.99 months"),
    (
        arm(prescription=2.0, limits={}, field="uniform"),
        "arms.a.prescription",
        "2 Gy in 2 fractions: 1 Gy is hardly meant (plausible: 1.1 to 40 Gy); "
        "2 fractions of 2 Gy are 4 Gy",
    ),
    (
        arm(prior={**PRIOR, "interval": 365}, recovery="25-50"),
        "arms.a.prior.interval",
        "365 days are 11.99 months",
    ),
    (
        arm(prior={**PRIOR, "dose": 3}, recovery="25-50"),
        "arms.a.prior.dose",
        "10 fractions of 3 Gy are 30 Gy",
    ),
    (
        {"cohort": {**settings()["cohort"], "gtv_volume": 9000.0}},
        "cohort.gtv_volume.value",
        "9000 mm3 are 9 cm3",
    ),
    (
        {"cohort": {**settings()["cohort"], "kps": 0.8}},
        "cohort.kps.value",
        "0.8 as a share are 80",
    ),
    ({"sweep": {"tcp.d50": [18.0, 2000.0]}}, "tcp.d50", "2000 cGy are 20 Gy"),
    (
        {"sweep": {"tcp.d50": {"from": 1800, "to": 2000, "step": 100}}},
        "tcp.d50",
        "1800 cGy are 18 Gy",
    ),
    ({"uncertainty": {"tcp.d50": WIDE}}, "tcp.d50", "is hardly meant"),
    (
        {"uncertainty": {"tcp.d50": {"kind": "uniform", "lower": 18.0, "upper": 2200.0}}},
        "tcp.d50",
        "2200 cGy are 22 Gy",
    ),
    ({"uncertainty": {"models": {"tcp.d50": [18.0, 1900.0]}}}, "tcp.d50", "1900 cGy are 19 Gy"),
    (
        {
            "sensitivity": {
                "tcp.d50": CENTIGRAY,
                "tcp.gamma50": {"kind": "uniform", "lower": 0.7, "upper": 0.9},
            }
        },
        "tcp.d50",
        "cGy are",
    ),
    (  # the parts of a distribution, however it is made
        arm(
            prior={**PRIOR, "interval": {"kind": "empirical", "values": [12, 365]}},
            recovery="25-50",
        ),
        "arms.a.prior.interval.values",
        "365 days are 11.99 months",
    ),
    (
        arm(prior={**PRIOR, "interval": MIXED}, recovery="25-50"),
        "arms.a.prior.interval.components[1].value",
        "700 days are 23 months",
    ),
    (  # a variable of the file's own is what it stands for
        {
            "cohort": {**settings()["cohort"], "half": {**OWN, "mean": 1900.0, "sd": 10.0}},
            "tcp": {"preset": "hytec-spine-2021", "d50": "half"},
        },
        "cohort.half.mean",
        "1900 cGy are 19 Gy",
    ),
    (
        {**arm(prior=PRIOR, recovery="25-50"), "sweep": {"arms.a.prior.dose": [3.0, 30.0]}},
        "arms.a.prior.dose",
        "10 fractions of 3 Gy are 30 Gy",
    ),
    (
        {
            **arm(prescription=8.0, limits={}, field="uniform"),
            "sweep": {"arms.a.fractions": [1, 10], "arms.a.prescription": [8.0, 30.0]},
        },
        "arms.a.prescription",
        "10 fractions of 8 Gy are 80 Gy",
    ),
    (
        {
            "sweep": {
                "cohort.gtv_volume": [
                    {"kind": "empirical", "values": [9000.0, 12000.0]},
                    {"kind": "fixed", "value": 10.0},
                ]
            }
        },
        "cohort.gtv_volume.values",
        "9000 mm3 are 9 cm3",
    ),
    ({"report": {"by": [{"gtv_volume": [5000.0]}]}}, "report.by.gtv_volume", "5000 mm3 are 5 cm3"),
    (
        {"report": {"by": [{"gtv D98 planned": [1800.0]}]}},
        "report.by.gtv D98 planned",
        "1800 cGy are 18 Gy",
    ),
    (ntcp(LKB, m=17.5), "ntcp.myelopathy.m", "17.5 per cent are 0.175"),
    (
        {"tcp": {"preset": "hytec-spine-2021", "reference_fractions": 300}},
        "tcp.reference_fractions",
        "plausible: 1 to 50 fractions",
    ),
]


def test_a_ratio_for_each_unit_of_a_variable_is_none_of_its_values():
    ratios = {"hazard_ratios": {"age": 0.98}, "references": {"age": 60.0}}
    tcp = experiment(tcp={"preset": "hytec-spine-2021", **ratios}).tcp
    assert tcp.model.hazard_ratios == {"age": 0.98}


@pytest.mark.parametrize(("changes", "key", "meant"), CASES)
def test_a_number_is_questioned_by_its_key_until_it_is_confirmed(changes, key, meant):
    with pytest.raises(ExperimentError) as asked:
        experiment(**changes)
    (line,) = asked.value.mistakes
    assert line.startswith(f"{key}: ")
    assert meant in line
    assert line.endswith(f'if it is meant, confirmed = ["{key}"]')
    try:
        experiment(**changes, confirmed=[key])
    except ExperimentError as error:  # what is possible is another question
        assert "hardly meant" not in str(error)


def test_a_dose_in_the_name_of_a_metric_is_questioned():
    dose = {"structure": "thecal_sac", "metric": "V2000Gy_cc", "course": "planned"}
    model = {**SAC, "kind": "logistic", "intercept": -3.0, "slope": 1.0, "dose": dose}
    logistic = {key: value for key, value in model.items() if key not in ("td50", "m", "n")}
    with pytest.raises(ExperimentError) as asked:
        experiment(**ntcp(logistic, "late_sac_syndrome"))
    (line,) = asked.value.mistakes
    assert line.startswith("ntcp.late_sac_syndrome.dose.metric: 2000 Gy is hardly meant")
    assert "2000 cGy are 20 Gy" in line


def test_several_numbers_are_questioned_at_once_and_confirmed_one_by_one():
    changes = {"survival": {"shape": 1.0, "scale": 1300}, "months": [365]}
    with pytest.raises(ExperimentError) as asked:
        experiment(**changes)
    assert len(asked.value.mistakes) == 2
    with pytest.raises(ExperimentError) as asked:
        experiment(**changes, confirmed=["months"])
    (line,) = asked.value.mistakes
    assert line.startswith("survival.scale")


def test_a_confirmed_key_must_be_one_of_the_file():
    with pytest.raises(ExperimentError) as wrong:
        experiment(confirmed=["tcp.d51"])
    assert wrong.value.mistakes == ["confirmed: no number 'tcp.d51'; did you mean 'tcp.d50'?"]


def test_no_preset_has_a_number_outside_its_band():
    compared = 0
    places = {"tcp": "tcp", "ntcp": "ntcp.x", "survival": "survival", "dose": "dose",
              "regimen": "arms.a", "cell_kill": "tcp.cell_kill", "cohort": "cohort",
              "organ": "dose.organs.x"}  # fmt: skip
    for family, place in places.items():
        for preset in preset_names(family):
            for name, parameter in load_preset(family, preset).parameters.items():
                quantity = quantity_at(f"{place}.{name}")
                if is_number(parameter.value) and parameter.units.split()[0] == quantity.units:
                    assert quantity.question(parameter.value) == "", f"{preset}: {name}"
                    compared += 1
    assert compared > 100


def test_a_band_is_in_the_units_of_its_cohort_variable():
    for name, variable in COHORT.items():
        if units := quantity_of([name]).units:
            assert units == variable.units, name


def test_each_end_of_a_key_is_of_one_kind():
    ends = [end for _, ends in KINDS for end in ends]
    assert len(ends) == len(set(ends))


TRIAL = """
name = "t"
seed = 1
[trial]
patients = 200
trials = 100
{}
[trial.control]
failure_hazard = 0.02
median_survival = {}
[trial.experimental]
failure_hazard = 0.01
median_survival = 15.0
[trial.design]
minimum_follow_up = 24.0
accrual = {{ kind = "uniform", months = 24.0 }}
"""


@pytest.mark.parametrize(
    ("first", "median", "key"),
    [
        ("", 450.0, "trial.control.median_survival"),
        ("landmark = 730.0", 15.0, "trial.landmark"),
        (
            "curve.median_survival = [300.0, 500.0]",
            15.0,
            "trial.curve.median_survival",
        ),
        ("landmarks = [6.0, 365.0]\nanalyses = ['incidence_differences']", 15.0, "trial.landmarks"),
        ("scenarios.late.landmark = 365.0", 15.0, "trial.scenarios.late.landmark"),
        (  # 40 months in the middle, by what one draw in 10^9 is
            'uncertainty."both.median_survival" = { kind = "lognormal", median = 40, sigma = 0.5 }',
            15.0,
            "trial.uncertainty.both.median_survival",
        ),
    ],
)
def test_the_commands_ask_too_and_take_an_answer(capsys, tmp_path, first, median, key):
    file = tmp_path / "trial.toml"
    file.write_text(TRIAL.format(first, median), encoding="utf-8")
    asked = radsim(capsys, "check", file)
    assert asked.code == 2
    assert asked.errors[0].startswith(f"error: {key}: ")
    assert "days are" in asked.errors[0]
    again = radsim(capsys, "check", file, "--confirm", key)
    assert not [line for line in again.errors if key in line]


def test_run_asks_before_it_writes_and_json_tells_the_question(capsys, tmp_path):
    file = tmp_path / "cgy.toml"
    small = settings()
    small["tcp"]["d50"] = 1944.0
    file.write_text(tomli_w.dumps(small), encoding="utf-8")
    out = tmp_path / "out"
    asked = radsim(capsys, "run", file, "--out", out)
    assert asked.code == 2 and not out.exists()
    assert asked.errors[0].startswith("error: tcp.d50: 1944 Gy is hardly meant")
    said = json.loads(radsim(capsys, "check", file, "--json").output)
    assert [line.partition(":")[0] for line in said["mistakes"]] == ["tcp.d50"]
    assert radsim(capsys, "check", file, "--confirm", "tcp.d50").code == 0


FIT = "dose,fractions,events,patients\n1800,1,164,200\n2000,1,180,200\n2400,1,192,200\n"


def test_a_fit_asks_about_its_columns_and_its_settings(capsys, tmp_path):
    data = tmp_path / "data.csv"
    data.write_text(FIT, encoding="utf-8")
    command = ["fit", data, "--model", "logistic", "--bootstrap", "0"]
    asked = radsim(capsys, *command, "--set", "alpha_beta=600")
    assert asked.code == 2
    assert asked.errors == [
        "error: data.csv, dose: 2400 Gy is hardly meant (plausible: 0.1 to 500 Gy); 2400 cGy are "
        "24 Gy; if it is meant, --confirm dose",
        "error: --set alpha_beta: 600 Gy is hardly meant (plausible: 0.2 to 50 Gy); 600 cGy are "
        "6 Gy; if it is meant, --confirm alpha_beta",
    ]
    confirmed = ["--confirm", "dose", "--confirm", "alpha_beta"]
    assert radsim(capsys, *command, "--set", "alpha_beta=600", *confirmed).code == 0
    wrong = radsim(capsys, *command, "--set", "alpha_beta=6", "--confirm", "dosis")
    assert wrong.errors == ["error: --confirm: 'dosis' is not questioned; did you mean 'dose'?"]


def test_hazards_of_a_trial_in_per_cent_are_questioned(tmp_path):
    file = tmp_path / "trial.toml"
    file.write_text(TRIAL.format("", 15.0).replace("0.02", "2.0"), encoding="utf-8")
    with pytest.raises(ExperimentError, match=r"2 per cent are 0\.02 1/month"):
        load_trial(file)


def test_what_a_variant_lacks_may_be_confirmed():
    laws = [{"kind": "empirical", "values": [9.0, 9000.0]}, {"kind": "fixed", "value": 10.0}]
    key = "cohort.gtv_volume.values"
    swept = experiment(sweep={"cohort.gtv_volume": laws}, confirmed=[key])
    assert len(swept.study.design) == 2
    with pytest.raises(ExperimentError, match="give a key as the question about it"):
        experiment(confirmed=["nothing_like_it"])


@pytest.mark.parametrize(
    ("rows", "options", "asked"),
    [
        ("5,5,100,200\n30,5,180,200\n", [], "5 Gy in 5 fractions: 1 Gy is hardly meant"),
        (
            "24,1,100,200\n30,5,180,200\n",
            ["--set", 'onset={ kind = "power", months = 730.0, exponent = 1.0 }'],
            "--set onset.months: 730 months is hardly meant",
        ),
    ],
)
def test_a_fit_asks_about_doses_of_one_fraction_and_inside_tables(
    capsys, tmp_path, rows, options, asked
):
    data = tmp_path / "data.csv"
    data.write_text("dose,fractions,events,patients\n" + rows, encoding="utf-8")
    command = ["fit", data, "--model", "hytec-spine-2021", "--bootstrap", "0"]
    done = radsim(capsys, *command, *options)
    assert done.code == 2
    assert asked in done.errors[0]


def test_a_column_of_volumes_is_no_dose():
    table = OutcomeTable(dose=np.array([0.02, 0.05]), weight=np.ones(2))
    assert doubts(table)["dose"].startswith("0.05 Gy")
    assert doubts(table, "1") == {}


@pytest.mark.parametrize("varied", ["sweep", "uncertainty"])
def test_an_exponent_that_is_varied_is_noted(varied):
    values = [0.05, 20.0] if varied == "sweep" else {"kind": "uniform", "lower": 5, "upper": 20}
    made = experiment(**ntcp(LKB), **{varied: {"ntcp.myelopathy.n": values}})
    (line,) = exponents(made)
    assert line.endswith("it is probably 1/a, so n = 0.05")
    assert exponents(experiment(**ntcp(LKB))) == []


@pytest.mark.parametrize("command", ["check", "run"])
def test_an_exponent_of_the_other_convention_is_noted(capsys, tmp_path, command):
    small = {**settings(), **ntcp(LKB, n=20.0), "patients": 64}
    file = tmp_path / "n.toml"
    file.write_text(tomli_w.dumps(small), encoding="utf-8")
    options = ["--out", tmp_path / "out", "--no-figures"] if command == "run" else []
    done = radsim(capsys, command, file, *options)
    assert done.code == 0
    assert "it is probably 1/a, so n = 0.05" in done.output + "".join(done.errors)
