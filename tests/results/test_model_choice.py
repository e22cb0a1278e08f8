"""Models, laws of cell kill and modifiers chosen in an experiment."""

import tomllib
from pathlib import Path

import numpy as np
import pytest
from command_line import radsim
from pydantic import TypeAdapter

from radsim import load_ntcp, load_tcp, make_experiment, run, simulate
from radsim.experiment.model import ExperimentError
from radsim.experiment.variants import VariantMaker
from radsim.fitting.refit import anchor_residuals, parameters_at_edge, refit_to_anchors
from radsim.presets import load_preset, preset_names
from radsim.radiobiology.cell_kill import LQL, CellKill
from radsim.report.text.catalog import models_page, plot_curve, text_plot
from radsim.report.text.description import notes
from radsim.report.text.warnings import warnings_of
from radsim.response.modifiers import HazardModifier

SHIPPED = tomllib.loads(Path("tests/four_arms.toml").read_text(encoding="utf-8"))
MASS = {"paraspinal": {"kind": "bernoulli", "probability": 0.3}}


def with_tcp(tcp, **other):
    return make_experiment({**SHIPPED, "tcp": tcp, **other})


def with_cohort(**variables):
    return {"cohort": {**SHIPPED["cohort"], **variables}}


@pytest.mark.parametrize("law", ["lq-l-6", "usc-2008", {"kind": "lq_l", "transition": 8.0}])
def test_a_law_that_changes_high_doses_is_refused_with_the_reason(law):
    with pytest.raises(ExperimentError, match="fitted under lq, and already hold how"):
        with_tcp({"preset": "hytec-spine-2021", "cell_kill": law})


def test_a_refit_when_asked_runs_and_says_by_how_much_it_misses():
    experiment = with_tcp({"preset": "hytec-spine-2021", "cell_kill": "lq-l-6", "refit": True})
    assert experiment.tcp.model.fitted_under == "lq_l"
    assert any("refitted under lq_l misses its 8 anchors by 5.1 points" in n
               for n in notes(experiment))  # fmt: skip
    again = make_experiment(tomllib.loads(experiment.to_toml()))
    assert again == experiment


def test_the_refit_ships_its_residuals():
    model = load_tcp("hytec-spine-2021", cell_kill=LQL(transition=6.0), refit=True)
    found = refit_to_anchors(model)
    assert found.residuals.shape == (8,)
    assert found.root_mean_square == pytest.approx(0.051, abs=0.001)
    assert abs(found.residuals).max() > 0.08
    before = anchor_residuals(model, load_preset("tcp", "hytec-spine-2021").anchors)
    assert found.root_mean_square < np.sqrt(np.mean(before**2))


def test_a_refit_without_anchors_is_refused():
    own = {"kind": "log_logistic", "d50": 33.0, "k": 3.0, "alpha_beta": 6.0, "fitted_under": "lq"}
    with pytest.raises(ExperimentError, match="refit needs a preset with anchors"):
        with_tcp({**own, "cell_kill": "lq-l-6", "refit": True})


@pytest.mark.parametrize(
    ("name", "misses"),
    [
        ("spine-cross-strategy", 0.0107),
        ("spine-cross-strategy-crude", 0.0152),
        ("spine-cross-strategy-floor", 0.0121),
    ],
)
def test_the_cross_strategy_presets_are_the_fits_to_their_own_anchors(name, misses):
    model = load_tcp(name, refit=True)
    found = refit_to_anchors(model)
    assert found.root_mean_square == pytest.approx(misses, abs=1e-4)
    for parameter in model.shape:
        assert getattr(found.model, parameter) == pytest.approx(getattr(model, parameter), rel=2e-3)


@pytest.mark.parametrize("law", ["lq-l-6", "usc-2008"])
@pytest.mark.parametrize(
    "name", [n for n in preset_names("ntcp") if "dose" in load_preset("ntcp", n).parameters]
)
def test_no_complication_preset_takes_a_law_that_changes_high_doses(name, law):
    kill = TypeAdapter(CellKill).validate_python(load_preset("cell_kill", law).settings())
    refusals = ("were fitted under lq, and already hold how", "cell_kill has no meaning with phys")
    with pytest.raises(ValueError, match="|".join(f"{name}:? {refusal}" for refusal in refusals)):
        load_ntcp(name, cell_kill=kill)


def test_an_arm_with_a_prior_course_gets_the_hazard_ratio_of_either_hytec_curve():
    arms = {"again": {"regimen": "reirradiation-30-in-5"}}
    nominal = {"dose": {"metric": "prescription"}}
    settings = {**SHIPPED, "cohort": {"preset": "reirradiation-series"}, "arms": arms}
    settings["compare"] = {}
    for name in ("hytec-spine-2021", "hytec-log-logistic"):
        experiment = make_experiment({**settings, "tcp": {"preset": name, **nominal}})
        control = simulate(experiment, range(3))["local_control_net"].sel(months=12)
        assert control.values[0, 0] == pytest.approx(0.76, abs=0.001)  # Myrehaug 2017
        assert control.values[0, 1] == pytest.approx(0.85, abs=0.005)


REPAIR = {"kind": "incomplete_repair", "half_time": 120.0, "beam_time": 30.0}


def test_repair_or_time_that_a_fit_did_not_have_is_said_before_and_after_a_run():
    experiment = make_experiment(
        {
            **SHIPPED,
            "patients": 20,
            "tcp": {"preset": "hytec-spine-2021", "cell_kill": REPAIR},
            "ntcp": {"myelopathy": {"preset": "sbrt-cord-default", "cell_kill": REPAIR}},
        }
    )
    said = " was fitted under LQ alone, without what incomplete_repair adds to it"
    for lines in (notes(experiment), warnings_of(run(experiment, scheduler="single"))):
        assert f"hytec-spine-2021 (modified){said}" in lines
        assert f"sbrt-cord-default (modified){said}" in lines
    assert not any(
        "fitted under LQ alone" in line for line in notes(with_tcp({"preset": "hytec-spine-2021"}))
    )


def test_the_schedule_ranking_turns_in_the_shipped_experiment():
    from radsim import load_experiment

    experiment = load_experiment("experiments/lq_models.toml")
    control = simulate(experiment, range(50))["local_control_net"].sel(months=24).mean("patient")
    single, five = control.sel(arm="single_24"), control.sel(arm="five_of_8")
    assert single.sel(control_model="file") > five.sel(control_model="file") + 0.04
    name = "LQ-L, transition 6 Gy, refitted"
    assert single.sel(control_model=name) < five.sel(control_model=name) - 0.04


def test_the_crude_preset_allows_no_competing_death():
    with pytest.raises(ExperimentError, match="death would count twice: leave out survival"):
        with_tcp({"preset": "spine-cross-strategy-crude"})
    without = {k: v for k, v in SHIPPED.items() if k != "survival"}
    experiment = make_experiment({**without, "tcp": {"preset": "spine-cross-strategy-crude"}})
    assert any("nobody dies" in note for note in notes(experiment))


def test_a_covariate_that_the_cohort_lacks_is_named():
    with pytest.raises(ExperimentError, match="tcp: needs the cohort variable 'paraspinal'"):
        with_tcp({"preset": "spine-cross-strategy", "modifiers": ["paraspinal-2023"]})


def test_modifiers_of_the_same_patients_are_refused_together():
    with pytest.raises(ExperimentError, match="describe the same patients"):
        with_tcp(
            {"preset": "spine-cross-strategy", "modifiers": ["mass-sc24", "paraspinal-2023"]},
            **with_cohort(**MASS),
        )


@pytest.mark.parametrize("name", preset_names("modifier"))
def test_a_modifier_has_mean_1_over_its_reference_mix(name):
    modifier = HazardModifier(**load_preset("modifier", name).settings())
    shares, ratios = modifier.reference_share, modifier.hazard_ratio
    rest = 1.0 - sum(shares.values())
    mean = rest + sum(shares[g] * ratios[g] for g in shares)
    assert mean / modifier.reference_mean == pytest.approx(1.0, abs=1e-15)


RATIO = "tcp.modifiers.paraspinal-2023.hazard_ratio.paraspinal"
MODIFIED = {"preset": "hytec-spine-2021", "modifiers": ["paraspinal-2023", "histology"]}


def drawn_ratios(uncertainty, **other):
    settings = {"draws": 400, "method": "latin-hypercube", **uncertainty}
    experiment = with_tcp(MODIFIED, **with_cohort(**MASS), uncertainty=settings, **other)
    return experiment, experiment.study.design.parts["draw"].columns


@pytest.mark.parametrize("key", ["tcp.modifiers.paraspinal-2023", RATIO])
def test_a_published_interval_is_that_of_the_drawn_ratios(key):
    _, columns = drawn_ratios({key: "published"})
    low, middle, high = np.quantile(columns[RATIO], [0.025, 0.5, 0.975])
    # of 400 Latin hypercube draws a quantile lies within one slice of its place
    assert (low, middle, high) == pytest.approx((1.010, 1.422, 2.002), rel=0.02)
    assert min(columns[RATIO]) < 1.0


@pytest.mark.parametrize(
    ("uncertainty", "message"),
    [
        ({"tcp.modifiers": "published"}, "no interval is published for .*histology"),
        ({"tcp.modifiers.mass-sc24": "published"}, "no such key"),
        ({"tcp.d50": "published"}, "is for hazard ratios of tcp.modifiers"),
    ],
)
def test_an_interval_that_nobody_published_is_refused(uncertainty, message):
    with pytest.raises(ExperimentError, match=message):
        drawn_ratios(uncertainty)


def test_a_varied_hazard_ratio_is_that_of_a_file_which_states_it():
    experiment, _ = drawn_ratios({RATIO: "published"})
    maker = VariantMaker(experiment)
    in_place = maker.make({RATIO: 3.0}).tcp.model
    other_curve = maker.make({RATIO: 3.0, "tcp.preset": "hytec-log-logistic"}).tcp.model
    for model in (in_place, other_curve):
        assert [one.hazard_ratio for one in model.modifiers] == [
            {"paraspinal": 3.0}, {"resistant": 2.0}
        ]  # fmt: skip
    stated = with_tcp(
        {**MODIFIED, "modifiers": [
            {"preset": "paraspinal-2023", "hazard_ratio": {"paraspinal": 3.0}}, "histology"]},
        **with_cohort(**MASS),
    )  # fmt: skip
    assert in_place == stated.tcp.model


def test_a_refit_of_alpha_beta_fits_better_and_says_where_it_ends():
    held, freed = (
        refit_to_anchors(
            load_tcp("hytec-spine-2021", cell_kill=LQL(transition=transition), refit=True,
                     refit_alpha_beta=freed)
        )
        for transition, freed in ((15.0, False), (15.0, True))
    )  # fmt: skip
    assert held.model.alpha_beta == 6.0
    assert freed.root_mean_square < 0.7 * held.root_mean_square
    assert 3.0 < freed.model.alpha_beta < 4.0
    assert freed.model.valid_eqd2_alpha_beta == freed.model.alpha_beta  # as its range is stated
    low = refit_to_anchors(load_tcp("hytec-spine-2021", cell_kill=LQL(transition=6.0), refit=True))
    assert parameters_at_edge(low.model) == ["gamma50"]
    assert float(low.model.curve_over_effect(0.0)) == pytest.approx(0.46, abs=0.005)
    experiment = with_tcp({"preset": "hytec-spine-2021", "cell_kill": "lq-l-6", "refit": True})
    assert any("gamma50 at the edge of the search, so the fit is degenerate" in line
               for line in notes(experiment))  # fmt: skip
    with pytest.raises(ExperimentError, match="refit_alpha_beta: has no meaning without refit"):
        with_tcp({"preset": "hytec-spine-2021", "refit_alpha_beta": True})


def test_a_modifier_multiplies_the_hazard_of_its_group_alone():
    plain = with_tcp({"preset": "spine-cross-strategy"}, **with_cohort(**MASS))
    changed = with_tcp(
        {"preset": "spine-cross-strategy", "modifiers": ["paraspinal-2023"]}, **with_cohort(**MASS)
    )
    before, after = (simulate(e, range(60)) for e in (plain, changed))
    ratio = np.log(after["local_control_net"]) / np.log(before["local_control_net"])
    group = before["paraspinal"].values == 1
    mean = 1 + 0.3 * 0.422
    assert ratio.values[..., group] == pytest.approx(1.422 / mean, rel=1e-9)
    assert ratio.values[..., ~group] == pytest.approx(1 / mean, rel=1e-9)


def test_a_model_of_conventional_fractions_refuses_sbrt():
    with pytest.raises(ExperimentError, match="schultheiss-2008 is for at most 4 Gy a fraction"):
        make_experiment({**SHIPPED, "ntcp": {"myelopathy": {"preset": "schultheiss-2008"}}})


def test_two_courses_are_never_added_as_gray():
    model = {
        "kind": "logistic", "intercept": -3.0, "slope": 0.1, "effect": "physical",
        "dose": {"structure": "spinal_cord", "metric": "mean"},
        "onset": {"kind": "lognormal", "median": 6.0, "sigma": 0.4},
    }  # fmt: skip
    with pytest.raises(ExperimentError, match="two courses are never added as Gy"):
        make_experiment({**SHIPPED, "ntcp": {"myelopathy": model}})


@pytest.mark.parametrize(
    "tcp",
    [
        {"kind": "poisson", "alpha": 0.15, "alpha_beta": 6.0, "clonogen_density": 300.0},
        {"kind": "zaider_minerbo", "alpha": 0.15, "alpha_beta": 6.0, "clonogen_density": 300.0,
         "birth_rate": 0.02, "death_rate": 0.01},
        {"kind": "geud", "d50": 33.0, "gamma50": 0.75, "alpha_beta": 6.0, "a": -10.0},
        {"kind": "probit", "d50": 33.0, "gamma50": 0.75, "alpha_beta": 6.0},
        {"preset": "hytec-spine-2021", "dose": {"metric": "DVH"}},
        {"preset": "hytec-spine-2021",
         "cell_kill": {"kind": "incomplete_repair", "half_time": 60.0, "beam_time": 20.0}},
        {"preset": "hytec-spine-2021", "cell_kill": {"kind": "lq_time", "alpha": 0.2,
         "doubling_time": 5.0, "kick_off": 1.0}},
    ],
)  # fmt: skip
def test_every_kind_runs_in_an_experiment_and_in_any_range(tcp):
    experiment = with_tcp(tcp)
    together = simulate(experiment, range(12))["local_control_net"].values
    alone = simulate(experiment, range(5, 6))["local_control_net"].values
    assert np.all((together >= 0) & (together <= 1))
    assert np.array_equal(together[..., 5:6], alone)


def test_below_the_cord_a_sac_has_a_risk_of_its_own_but_there_is_no_myelopathy():
    preset = {"preset": "sbrt-cord-case-control"}
    cauda = {**preset, "words": "cauda equina syndrome"}
    experiment = make_experiment({**SHIPPED, "ntcp": {"myelopathy": preset, "cauda": cauda}})
    patients = simulate(experiment, range(60))
    myelopathy = patients["myelopathy_net"].isel(myelopathy_model=0, months=-1).values
    other = patients["cauda_net"].isel(months=-1).values
    cord = patients["cord_present"].values == 1
    assert np.array_equal(myelopathy[:, cord], other[:, cord])
    assert np.all(myelopathy[:, ~cord] == 0.0)
    assert np.any(other[:, ~cord] > 0.01)
    read = patients["myelopathy_eqd2"].isel(myelopathy_model=0).values
    assert np.all(np.isnan(read[:, ~cord]))
    assert np.all(patients["cauda_eqd2"].values > 0.0)
    named = "myelopathy_sbrt-cord-case-control_above_range", "cauda_above_range"
    above, above_other = (patients[name].values for name in named)
    assert np.array_equal(above[:, cord], above_other[:, cord])
    assert not above[:, ~cord].any()
    assert above_other[:, ~cord].any()


def test_lkb_reads_the_whole_cord_and_is_zero_without_one():
    experiment = make_experiment({**SHIPPED, "ntcp": {"myelopathy": {"preset": "cord-lkb-1991"}}})
    patients = simulate(experiment, range(60))
    risk = patients["myelopathy_net"].isel(myelopathy_model=0, months=-1).values
    cord = patients["cord_present"].values == 1
    assert np.all(risk[:, ~cord] == 0.0)
    assert np.all(risk[:, cord] > 0.0)


@pytest.mark.parametrize(
    ("tcp", "message"),
    [
        ({"preset": "spine-cross-strategy", "slope": -0.05}, "slope: must be above 0"),
        ({"preset": "hytec-log-logistic", "k": -1.0}, "k: must be above 0"),
        ({"preset": "hytec-log-logistic", "kk": 1.0}, "tcp.kk: unknown key; did you mean 'k'"),
        ({"preset": "hytec-spine-2021", "cell_kill": "lql"}, "no such preset 'lql'"),
        ({"preset": "hytec-spine-2021", "modifiers": ["x"]}, "x"),
        ({"preset": "nothing.toml"}, "can't read"),
    ],
)
def test_wrong_settings_are_one_line_each(tcp, message):
    with pytest.raises(ExperimentError, match=message) as caught:
        with_tcp(tcp)
    assert len(caught.value.mistakes) == 1


def test_eligibility_replaces_who_may_not_be_treated_in_any_range():
    rules = {
        "surgery": {"where": {"sins_class": ["7-12"]}, "action": "exclude"},
        "lytic": {"where": {"lesion_type": ["lytic"]}, "action": "flag"},
    }
    experiment = make_experiment({**SHIPPED, "eligibility": rules})
    patients = simulate(experiment, range(200))
    labels = patients["sins_class"].attrs["labels"]
    assert set(patients["sins_class"].values) == {list(labels).index("0-6")}
    assert patients["meets_eligibility"].isel(arm=0).mean() == pytest.approx(22 / 28, abs=0.1)
    alone = simulate(experiment, range(77, 78))
    assert alone["gtv_volume"].item() == patients["gtv_volume"].values[77]
    plain = simulate(make_experiment(SHIPPED), range(200))
    first = patients["meets_eligibility"].isel(arm=0).values == 1
    assert np.array_equal(patients["age"].values[first], plain["age"].values[first])


def test_eligibility_that_nobody_meets_is_said():
    rules = {"none": {"where": {"sins_class": ["13-18"]}, "action": "treat"}}
    with pytest.raises(ValueError, match="no eligible patient"):
        simulate(make_experiment({**SHIPPED, "eligibility": rules}), range(3))


def test_the_models_page_is_up_to_date():
    page = Path("docs/models.md").read_text(encoding="utf-8")
    assert page == models_page(), "run: python -m radsim.report.text.catalog docs/models.md"


@pytest.mark.parametrize("family", ["tcp", "ntcp"])
def test_every_model_can_be_drawn(family, tmp_path):
    for name in preset_names(family):
        preset = load_preset(family, name)
        if preset.kind == "technique":  # which has no curve over dose
            assert not text_plot(preset)
            continue
        assert "*" in text_plot(preset)
        assert plot_curve(preset, tmp_path / f"{name}.png")


def test_models_shows_a_preset_in_full_and_draws_it(capsys, tmp_path):
    path = tmp_path / "curve.png"
    done = radsim(capsys, "models", "hytec-spine-2021", "--plot", path)
    for wanted in ("equation: TCP", "takes:", "fractionation:", "fitted on:", "sources:", "*"):
        assert wanted in done.output
    assert path.read_bytes().startswith(b"\x89PNG")
    assert radsim(capsys, "models", "--plot", path).code == 2
    for wrong in (tmp_path / "no" / "x.png", tmp_path / "x.abc"):
        done = radsim(capsys, "models", "hytec-spine-2021", "--plot", wrong)
        assert done.code == 2
        assert "--plot" in done.errors[0]
    assert radsim(capsys, "models", "histology", "--plot", path).code == 2


def test_a_sweep_reports_the_alternatives_and_keeps_eligibility():
    from radsim import run

    settings = {
        **SHIPPED,
        "patients": 60,
        "tcp_alternatives": ["hytec-log-logistic", {"label": "D98", "dose": {"metric": "D98"}}],
        "eligibility": {"x": {"where": {"lesion_type": ["lytic"]}, "action": "treat"}},
    }
    alone = run(make_experiment(settings), scheduler="single")
    swept = run(
        make_experiment({**settings, "sweep": {"tcp.d50": [19.44, 25.0]}}), scheduler="single"
    )
    for name in ("local_control_net", "vcf_net"):
        first = swept[name].isel({swept[name].dims[0]: 0}).values
        assert first == pytest.approx(alone[name].values, rel=1e-12, nan_ok=True)
