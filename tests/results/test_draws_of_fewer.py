"""Draws on the first patients beside a plain run of all of them."""

import re
from functools import partial

import numpy as np
import pytest
from command_line import radsim
from examples import experiment

import radsim as package
from radsim import make_experiment
from radsim.execution.pieces import Cutting, changes_plans, packs_of
from radsim.experiment.model import ExperimentError
from radsim.experiment.variants import stages_of
from radsim.report.files import folder as folders
from radsim.report.tables.ledger import records
from radsim.report.text.answer import answer_text
from radsim.report.text.comparison import comparison_text
from radsim.results.choices import choices_of, explained
from radsim.results.fields import name_of
from radsim.results.reading import select_estimate
from radsim.results.run import work_of
from radsim.sums.intervals import Z95
from radsim.sums.parameter_spread import parameter_spread, quantile_errors
from radsim.vocabulary.endpoints import LOCAL_FAILURE, NET, Estimate

CUTTING = Cutting(block=64)
run, claim_folder = (partial(f, cutting=CUTTING) for f in (package.run, folders.claim_folder))
CONTROL = Estimate(LOCAL_FAILURE, NET)
DRAWN = {
    "draws": 40,
    "patients": 150,
    "tcp.beyond": {"kind": "uniform", "lower": 0.0, "upper": 0.5},
    "survival.scale": {"kind": "lognormal", "median": 40.0, "sigma": 0.2},
    "models": {"tcp.beyond": [0.0, 0.5], "ntcp.vcf.preset": ["vcf-2013"]},
}


def settings(**changes):
    return {
        "name": "draws of fewer", "seed": 7, "patients": 400, "months": [12, 24],
        "question": "Is it so?", "cohort": {"preset": "sib-phase2"},
        "dose": {"nodes": 16},
        "arms": {"one": {"regimen": "24x1"}, "boosted": {"regimen": "sib-phase2"}},
        "tcp": {"preset": "hytec-spine-gtv-d90", "beyond": 0.25},
        "ntcp": {"vcf": {"preset": "vcf-default"}},
        "survival": {"preset": "sib-phase2"},
        "uncertainty": DRAWN,
        **changes,
    }  # fmt: skip


@pytest.fixture(scope="module")
def made():
    return make_experiment(settings())


@pytest.fixture(scope="module")
def result(made):
    return run(made, scheduler="single")


def at_the_end(result, role):
    return select_estimate(result, name_of(CONTROL, role)).isel(months=-1).sel(arm="boosted")


def test_estimates_are_those_of_a_plain_run_of_all_patients(made, result):
    plain = run(stages_of(made)[0], scheduler="single")
    for name, values in plain.data_vars.items():
        np.testing.assert_array_equal(result[name].values, values.values, err_msg=str(name))


def test_draws_are_those_of_a_run_of_the_first_patients(made, result):
    fewer = {key: value for key, value in DRAWN.items() if key != "patients"}
    first = make_experiment(settings(uncertainty=fewer, patients=150))
    alone = run(first, scheduler="single", cutting=CUTTING.of_draws)
    np.testing.assert_array_equal(result[f"{CONTROL}_draws"], alone[f"{CONTROL}_draws"])
    # only the center moves to that of all patients
    step = result[str(CONTROL)].values - alone[str(CONTROL)].values
    assert np.abs(step).max() > 1e-6
    for end in ("", "_lower", "_upper"):
        moved = alone[f"{CONTROL}_parameters{end}"].values + step
        np.testing.assert_allclose(result[f"{CONTROL}_parameters{end}"], moved, atol=1e-12)
    others = alone[f"{CONTROL}_alternatives"].values + step
    np.testing.assert_allclose(result[f"{CONTROL}_alternatives"], others, atol=1e-12)


def test_as_many_draws_as_patients_is_the_run_that_states_no_number():
    fewer = {key: value for key, value in DRAWN.items() if key != "patients"}
    every = make_experiment(settings(uncertainty=fewer))
    same = make_experiment(settings(uncertainty={**DRAWN, "patients": 4000}))
    plain, staged = (run(e, scheduler="single", cutting=Cutting()) for e in (every, same))
    for name, values in plain.data_vars.items():
        np.testing.assert_allclose(staged[name], values, rtol=1e-9, atol=1e-12, err_msg=str(name))


@pytest.mark.parametrize(("scheduler", "chunk_size"), [("threads", 1), ("threads", 200)])
def test_schedulers_and_chunks_change_no_bit(made, result, scheduler, chunk_size):
    again = run(made, scheduler=scheduler, chunk_size=chunk_size, workers=2)
    assert again.identical(result)


def test_a_run_that_was_stopped_takes_both_parts_from_its_journal(made, result, tmp_path):
    with claim_folder(tmp_path / "out", made, overwrite=False) as journal:
        run(made, scheduler="single", journal=journal)
        simulated = []
        again = run(made, scheduler="single", journal=journal, progress=simulated.append)
        numbers = [number for number, _ in journal.blocks()]
    assert again.identical(result)
    # 400 in blocks of 64, and the first 150 in blocks of 80
    assert len(numbers) == len(set(numbers)) == 7 + 2
    assert sum(simulated) == work_of(made)


def test_a_key_that_is_drawn_may_be_held_at_values_and_counts_once(result):
    assert list(result["alternative"].values)[:2] == ["tcp.beyond = 0.0", "tcp.beyond = 0.5"]
    of_models = result[f"{CONTROL}_difference_uncertainty"].sel(source="models", arm="boosted")
    assert np.isnan(of_models).all()  # w is among the parameters, and no other model is of control


def test_what_moves_a_difference_is_ranked(made, result):
    choices = choices_of(result, made, CONTROL, "boosted")
    first = choices[0]
    assert first.name == "tcp.beyond" and not first.is_drawn
    assert {first.lowest_at, first.highest_at} == {"0.0", "0.5"}
    values = at_the_end(result, "difference_alternatives")
    assert first.lowest == float(values.isel(alternative=1))
    assert first.highest == float(values.isel(alternative=0))
    assert "survival.scale" not in {choice.name for choice in choices}  # it moves no net control


def test_a_regression_explains_what_a_key_does_and_nothing_of_noise():
    luck = np.random.default_rng(3)
    keys = luck.normal(size=(500, 3))
    values = keys @ [2.0, 1.0, 0.0] + luck.normal(size=500)
    assert explained(values, keys) == pytest.approx(5.0, rel=0.2)
    assert explained(values, keys[:, :1]) == pytest.approx(4.0, rel=0.2)
    # a key that does nothing is told in 0.1 % of cases: one of 20 in 2 % of seeds, of which this
    # fixed one is none
    silent = [explained(values, luck.normal(size=(500, 2))) for _ in range(20)]
    assert sum(silent) == 0.0


def test_errors_of_quantiles_are_those_of_draws_drawn_again():
    draws = np.random.default_rng(11).normal(size=(500, 4000))
    seen = np.quantile(draws, (0.025, 0.975), axis=0, method="hazen").std(axis=1)
    said = np.sqrt((quantile_errors(draws) ** 2).mean(axis=1))
    assert said == pytest.approx(seen, rel=0.12)  # the method is some 9 % cautious at 500


def test_text_has_both_uncertainties_and_the_answer_in_words(made, result):
    text = comparison_text(result)
    assert "40 joint draws on the first 150 patients" in text
    assert "standard errors of up to" in text
    value = float(at_the_end(result, "estimate"))
    lower, upper = (float(at_the_end(result, f"parameters_{end}")) for end in ("lower", "upper"))
    row = next(line for line in text.splitlines() if "boosted" in line)
    assert f"{100 * value:.2f}" in row and f"{100 * lower:.2f} to {100 * upper:.2f}" in row
    answer = answer_text(result)
    change = 100.0 * float(at_the_end(result, "difference"))
    assert f"local control {abs(change):.1f} points {'more' if change > 0 else 'less'}" in re.sub(
        r"\s+", " ", answer
    )
    assert "tcp.beyond: " in answer and "(0.5) to " in answer


def test_tables_have_both_intervals_and_errors_of_their_ends(result):
    rows = [r for r in records(result, "summary.csv") if r["endpoint"] == "local_control"]
    assert {r["interval"] for r in rows} >= {"monte_carlo", "parameters"}
    rows = records(result, "uncertainty.csv")
    row = next(r for r in rows if r["endpoint"] == "local_control" and r["arm"] == "boosted")
    assert 0.0 < row["parameters_lower_error"] < row["parameters_upper"] - row["parameters_lower"]


def test_the_command_says_in_words_what_came(capsys, tmp_path):
    import tomli_w

    file = tmp_path / "draws.toml"
    small = {**DRAWN, "draws": 10, "patients": 60}
    file.write_text(tomli_w.dumps(settings(patients=80, uncertainty=small)), encoding="utf-8")
    ended = radsim(capsys, "run", file, "--out", tmp_path / "out", "--scheduler", "single")
    assert ended.code == 0, ended.errors
    assert "In words, at 24 months, against one (in brackets" in ended.output
    figures = {path.stem for path in (tmp_path / "out" / "figures").iterdir()}
    assert {"outcomes", "cumulative_incidence", "uncertainty"} <= figures


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"uncertainty": {**DRAWN, "patients": 1}}, "uncertainty.patients: must be a whole number"),
        ({"uncertainty": {**DRAWN, "patients": "all"}}, "uncertainty.patients: must be a whole"),
        (
            {"sweep": {"tcp.alpha_beta": [5.0, 6.0]}},
            "uncertainty.patients: not beside [sweep], whose variants take all of them",
        ),
        (
            {
                "uncertainty": {
                    **DRAWN,
                    "groups": [
                        {"keys": ["tcp.d50", "tcp.gamma50"], "table": "hytec-spine-gtv-d98"}
                    ],
                }
            },
            "uncertainty.groups[0].table: hytec-spine-gtv-d98 holds draws of the preset of that",
        ),
    ],
)  # fmt: skip
def test_wrong_numbers_are_one_line(changes, line):
    with pytest.raises(ExperimentError) as caught:
        make_experiment(settings(**changes))
    assert any(mistake.startswith(line) for mistake in caught.value.mistakes), caught.value


def test_survival_of_an_arm_is_drawn_without_new_doses():
    arm = {"regimen": "24x1", "survival": {"shape": 1.0, "scale": 20.0}}
    drawn = {"draws": 30, "arms.a.survival.scale": {"kind": "uniform", "lower": 10, "upper": 30}}
    own = experiment(arms={"a": arm}, compare={}, uncertainty=drawn, survival=None)
    assert not any(map(changes_plans, own.study.design.keys))
    assert len(packs_of(own.study.design, Cutting(plans=2))) == 1


def test_a_run_of_one_arm_has_no_answer_in_words():
    alone = experiment(arms={"a": {"regimen": "24x1"}}, compare={})
    small = alone.model_copy(update={"patients": 20})
    assert answer_text(run(small, scheduler="single")) == ""


def test_reach_is_that_of_a_normal_interval():
    x = np.linspace(-1.0, 1.0, 2001)
    assert Z95 * np.sqrt(explained(x, x[:, None])) == pytest.approx(Z95 * x.std(ddof=1))


def test_a_table_of_draws_may_be_that_of_an_alternative():
    keys = ["tcp.alternatives[0].d50", "tcp.alternatives[0].gamma50"]
    groups = [{"keys": keys, "table": "hytec-spine-gtv-d98"}]
    tcp = {"preset": "hytec-spine-gtv-d90", "alternatives": ["hytec-spine-gtv-d98"]}
    drawn = {"draws": 8, "patients": 60, "groups": groups}
    assert make_experiment(settings(tcp=tcp, uncertainty=drawn)).has_design
    with pytest.raises(ExperimentError, match="gtv-d90 holds draws of the preset of that name"):
        wrong = [{"keys": keys, "table": "hytec-spine-gtv-d90"}]
        make_experiment(settings(tcp=tcp, uncertainty={**drawn, "groups": wrong}))


def test_other_models_alone_are_told_in_the_text_and_intervals_say_what_they_are_of():
    other = {"patients": 60, "models": {"tcp.d50": [18.0]}}
    made = make_experiment(settings(patients=100, uncertainty=other))
    result = run(made, scheduler="single")
    assert "model choice" in comparison_text(result)
    assert "without the uncertainty of the models" in " ".join(answer_text(result).split())


def test_words_over_draws_say_what_their_intervals_are_of(result):
    assert "in brackets 95 % over the parameters" in answer_text(result)


def test_a_share_over_draws_of_few_patients_stays_a_share():
    spread = parameter_spread(np.zeros((3, 1)), np.zeros((3, 1)), np.zeros((3, 1)))
    assert spread.moved_by(np.array([-0.025]), 0.0).mean == 0.0
    assert spread.moved_by(np.array([-0.025]), -1.0).mean == -0.025
    assert spread.moved_by(np.array([1.5]), 0.0).mean == 1.0
