"""Curves calibrated through plans: what meets what, what repeats, and what is refused."""

import csv
import runpy
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from radsim import make_experiment, run, simulate
from radsim.dose.anatomy.dose_model import default_dose_model
from radsim.dose.drawing import draw_dose
from radsim.dose.metrics import DoseMetric, wanted_of
from radsim.dose.plans.external_beam import ExternalBeam
from radsim.experiment.model import ExperimentError
from radsim.experiment.variants import VariantMaker
from radsim.fitting.calibration import anchors_of, calibrate, draw_anchor_plans
from radsim.patients.patients import NOBODY
from radsim.presets import load_preset, preset_names
from radsim.randomness.streams import Streams
from radsim.report.text.comparison import comparison_text
from radsim.report.text.description import anchored, notes
from radsim.tcp import load_tcp
from radsim.tcp.anchors import is_anchored

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
TABLES = Path(__file__).parents[2] / "radsim" / "presets" / "bootstrap"
CALIBRATED = [n for n in preset_names("tcp") if load_preset("tcp", n).calibration is not None]
OF_A_METRIC = [name for name in CALIBRATED if not load_tcp(name).dose.is_dvh]
GTV_D90 = {"structure": "gtv", "metric": "D90"}
PUBLISHED = load_tcp("hytec-spine-2021")
ARMS = {
    "single_24": {"regimen": "24x1"},
    "single_18": {"regimen": "18x1"},
    "five": {"regimen": "30-in-5"},
    "boosted": {"regimen": "sib-phase2"},
}


def experiment(tcp, **changes):
    settings = {
        "name": "calibrated", "seed": 1, "patients": 400, "months": [24.0],
        "cohort": {"preset": "sib-phase2"}, "arms": ARMS, "tcp": tcp,
    }  # fmt: skip
    return make_experiment({**settings, **changes})


@pytest.fixture(scope="module")
def plans():
    """What every preset reads of the anchors' plans, and what tumor beyond the GTV gets."""
    metrics = [load_tcp(name).dose for name in OF_A_METRIC]
    rest = DoseMetric(structure="ptv", metric="D90")
    drawn = draw_anchor_plans(anchors_of(PUBLISHED), [*metrics, rest], default_dose_model())
    return {
        name: drawn.reading([place, len(metrics)]) for place, name in enumerate(OF_A_METRIC)
    }  # fmt: skip


def table(name):
    lines = (TABLES / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    return np.array([[float(row["d50"]), float(row["gamma50"])] for row in rows])


def test_there_is_a_preset_for_each_dose_that_is_a_choice_of_model():
    read = {str(load_tcp(name).dose) for name in CALIBRATED}
    assert read == {
        "planned D90 of the gtv", "planned D98 of the gtv", "planned DVH of the gtv",
        "planned D90 of the ptv",
    }  # fmt: skip


@pytest.mark.parametrize("name", OF_A_METRIC)
def test_the_mean_over_the_plans_misses_an_anchor_by_what_the_preset_states(name, plans):
    model = load_tcp(name)
    known = model.calibration
    control = plans[name].reading([0]).mean_control(model)
    missed = [100 * (p - a.probability) for p, a in zip(control, known.anchors, strict=True)]
    assert missed == pytest.approx([anchor.missed for anchor in known.anchors], abs=0.006)


@pytest.mark.parametrize("name", CALIBRATED)
def test_anchors_have_the_published_curves_values(name):
    for anchor in load_preset("tcp", name).calibration.anchors:
        curve = float(PUBLISHED.probability(anchor.dose, fractions=anchor.fractions))
        assert anchor.probability == pytest.approx(curve, abs=1e-6)


@pytest.mark.parametrize("name", OF_A_METRIC)
def test_calibrating_again_gives_the_shipped_curve_to_its_last_bit(name):
    shipped = load_tcp(name)
    again = calibrate(replace(shipped, d50=25.0, gamma50=0.9, calibrate="plans"))
    assert (again.d50, again.gamma50) == (shipped.d50, shipped.gamma50)
    assert again.valid_eqd2 == shipped.valid_eqd2
    assert again.calibration.anchors == shipped.calibration.anchors


@pytest.mark.slow
def test_calibrating_the_whole_gtv_again_gives_the_shipped_curve_to_its_last_bit():
    shipped = load_tcp("hytec-spine-gtv-dvh")
    again = calibrate(replace(shipped, calibrate="plans"))
    assert (again.d50, again.gamma50) == (shipped.d50, shipped.gamma50)
    assert again.calibration.anchors == shipped.calibration.anchors


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name == "hytec-spine-gtv-d90" else pytest.mark.slow)
        for name in OF_A_METRIC
    ],
)
def test_the_noise_of_a_seed_is_below_a_tenth_of_the_spread_of_the_parameters(name):
    model = replace(load_tcp(name), calibrate="plans")
    fits = [calibrate(model, seed=seed) for seed in range(4)]
    noise = np.std([(fit.d50, fit.gamma50) for fit in fits], axis=0, ddof=1)
    assert np.all(noise < 0.1 * np.std(table(name), axis=0))


@pytest.mark.parametrize("name", CALIBRATED)
def test_draws_lie_around_the_preset_and_go_together(name):
    rows, model = table(name), load_tcp(name)
    assert len(rows) >= 500
    assert np.median(rows, axis=0) == pytest.approx([model.d50, model.gamma50], rel=0.01)
    assert np.corrcoef(rows.T)[0, 1] > (0.5 if "d98" in name else 0.9)


@pytest.mark.parametrize("name", ["hytec-spine-gtv-d90", "hytec-spine-ptv-d90"])
def test_shipped_draws_are_what_their_script_derives(name, monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    script = runpy.run_path(str(BENCHMARKS / "calibrated_presets.py"))
    np.testing.assert_allclose(table(name)[:3], script["draws"](name, 3), rtol=1e-4)


def test_published_pairs_have_their_published_intervals(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    pairs = runpy.run_path(str(BENCHMARKS / "calibrated_presets.py"))["published_pairs"](20_000)
    found = np.quantile(pairs, [0.025, 0.5, 0.975], axis=0).T
    wanted = [[18.07, 19.44, 20.53], [0.6594, 0.814, 0.9741]]
    np.testing.assert_allclose(found, wanted, rtol=0.005)
    assert np.corrcoef(pairs.T)[0, 1] == pytest.approx(0.95, abs=0.01)


@pytest.mark.parametrize("weight", [0.1, 0.33, 0.5, 0.9])
@pytest.mark.parametrize("name", ["hytec-spine-gtv-d90", "hytec-spine-gtv-d98"])
def test_anchors_stay_with_any_weight_of_tumor_beyond_the_gtv(name, weight, plans):
    model = load_tcp(name, beyond=weight)
    control = plans[name].mean_control(model)
    worst = max(abs(anchor.missed) for anchor in model.calibration.anchors)
    missed = [100 * (p - a.probability) for p, a in zip(control, plans[name].anchors, strict=True)]
    assert max(map(abs, missed)) < worst + 0.1
    unmoved = replace(model, calibration=model.calibration.model_copy(update={"factors": ()}),
                      calibrate="plans")  # fmt: skip
    assert np.abs(plans[name].mean_control(unmoved) - control).max() > 1e-4


def test_factors_are_those_of_calibrations_with_a_weight():
    model = load_tcp("hytec-spine-gtv-d90", beyond=0.4)
    again = calibrate(replace(model, calibrate="plans"))
    assert again.calibration.beyond == 0.4
    assert [again.d50, again.gamma50] == pytest.approx(model._curve(NOBODY), rel=2e-5)


def test_equal_plans_under_two_names_have_equal_control():
    limits = experiment({"preset": "hytec-spine-gtv-d90"}).arms["single_18"].plan.limits
    called = [
        ExternalBeam(prescription=20.0, fractions=1, limits=limits),
        ExternalBeam(prescription=18.0, fractions=1, limits=limits),
        ExternalBeam(prescription=18.0, boost=20.0, fractions=1, limits=limits),
    ]
    ours, published = load_tcp("hytec-spine-gtv-d90", beyond=0.3), PUBLISHED
    streams = Streams(1)
    patients = draw_anchor_plans([], [], default_dose_model(), 64).patients
    metrics = (*ours.reads, DoseMetric(structure="gtv"), DoseMetric(structure="ptv"))
    dose = draw_dose(
        called[0], default_dose_model(), patients, streams, wanted_of(called[0], metrics)
    )
    by_name = [ours.risk(patients, replace(dose, plan=plan)).free(24.0) for plan in called]
    assert np.array_equal(by_name[0], by_name[1])
    assert np.array_equal(by_name[0], by_name[2])
    boosted = replace(dose, plan=called[2])  # the published curve reads another volume there
    assert not np.array_equal(
        published.risk(patients, dose).free(24.0), published.risk(patients, boosted).free(24.0)
    )


def test_in_every_conformal_arm_control_does_not_rise_when_gtv_d90_is_lost():
    arms = {
        **ARMS,
        "again": {
            "regimen": "30-in-5",
            "prior": {"dose": 30.0, "fractions": 10, "interval": 12.0},
            "limits": {"preset": "cumulative-bed3-75-106"},
        },
    }
    result = simulate(experiment({"preset": "hytec-spine-gtv-d90"}, arms=arms), range(400))
    control = result["local_control_net"].isel(months=0, control_model=0)
    for arm in arms:
        dose = result["gtv_d90_planned"].sel(arm=arm).values
        in_order = control.sel(arm=arm).values[np.argsort(dose)]
        assert np.all(np.diff(in_order) >= 0), arm
        assert np.ptp(in_order) > 0.01, arm


def test_a_file_calibrates_the_published_curve_for_what_it_reads():
    shipped = load_tcp("hytec-spine-gtv-d90")
    checked = experiment({"preset": "hytec-spine-2021", "dose": GTV_D90, "calibrate": "plans"})
    model = checked.tcp.model
    assert (model.d50, model.gamma50) == (shipped.d50, shipped.gamma50)
    assert model.calibration.curve == "hytec-spine-2021"
    again = make_experiment(tomllib.loads(checked.to_toml()))
    assert again.tcp == checked.tcp


@pytest.mark.parametrize(
    "kind",
    [
        {"kind": "probit", "d50": 32.0, "gamma50": 0.7},
        {"kind": "log_logistic", "d50": 32.0, "k": 3.0},
        {"kind": "logistic_eqd2", "intercept": -1.2, "slope": 0.05},
    ],
)
def test_any_kind_is_calibrated_to_a_curve_that_is_named(kind):
    tcp = {**kind, "alpha_beta": 6.0, "dose": GTV_D90, "calibrate": "plans"}
    model = experiment({**tcp, "calibrate_to": "hytec-spine-2021"}).tcp.model
    assert max(abs(anchor.missed) for anchor in model.calibration.anchors) < 3.0


@pytest.mark.parametrize(
    ("tcp", "changes", "line"),
    [
        (
            {"kind": "probit", "d50": 32.0, "gamma50": 0.7, "alpha_beta": 6.0,
             "calibrate": "plans"},
            {},
            'tcp.calibrate: there are no anchors whose plans a regimen describes; set '
            'calibrate_to = "hytec-spine-2021"',
        ),
        (
            {"preset": "spine-cross-strategy", "calibrate": "plans"},
            {},
            'tcp.calibrate: there are no anchors whose plans a regimen describes; set '
            'calibrate_to = "hytec-spine-2021"',
        ),
        (
            {"preset": "hytec-spine-2021", "dose": {"structure": "gtv", "metric": "D999cc"},
             "calibrate": "plans"},
            {},
            "tcp.dose: the GTV may have ",
        ),
        (
            {"preset": "hytec-spine-2021", "dose": {"structure": "gtv", "metric": "D999cc"},
             "calibrate": "plans"},
            {
                "cohort": {"preset": "sib-phase2", "gtv_volume": 2000.0, "ptv_volume": 4000.0},
                "confirmed": ["cohort.ptv_volume.value"],
            },
            "tcp.dose: no anchor can be met, because 100.0% of the reference patients have no "
            "planned D999cc of the gtv",
        ),
        (
            {"preset": "hytec-spine-gtv-d90", "dose": {"metric": "D95"}},
            {},
            "tcp.dose: hytec-spine-gtv-d90 was calibrated for the planned D90 of the gtv, got the "
            'planned D95 of the gtv; calibrate = "plans" calibrates it anew',
        ),
        (
            {"preset": "hytec-spine-gtv-d90", "dose": {"course": "delivered"}},
            {},
            "tcp.dose: hytec-spine-gtv-d90 was calibrated for the planned D90 of the gtv, got the "
            'delivered D90 of the gtv; calibrate = "plans" calibrates it anew',
        ),
        (
            {"preset": "hytec-spine-gtv-d90"},
            {"dose": {"falloff": 1.2}},
            "tcp: hytec-spine-gtv-d90 was calibrated through plans of the dose preset distance, "
            'and [dose] has another falloff; calibrate = "plans" calibrates it anew',
        ),
        (
            {"preset": "hytec-spine-gtv-d90"},
            {"dose": {"falloff": 1.2, "valley": 0.7, "plateau": 1.1, "spill": 0.0, "tail": 9.0}},
            "and [dose] has another falloff, plateau, spill and 2 more; calibrate",
        ),
        ({"preset": "hytec-spine-gtv-d90", "beyond": 1.0}, {},
         "tcp.beyond: must be at least 0 and below 1, got 1.0"),
        ({"preset": "hytec-spine-gtv-d90", "beyond": -0.1}, {},
         "tcp.beyond: must be at least 0 and below 1, got -0.1"),
        ({"preset": "hytec-spine-2021", "beyond": 0.2}, {},
         "tcp: beyond: is the weight of what lies outside the GTV, and dose is the planned D90 of "
         "the volume of the highest level"),
        ({"preset": "hytec-spine-2021", "dose": GTV_D90, "beyond": 0.2}, {},
         "tcp: beyond: the curve is not calibrated for tumor beyond the GTV; take a preset that "
         'is, or set calibrate = "plans"'),
        ({"preset": "hytec-spine-2021", "calibrate_to": "hytec-spine-2021"}, {},
         'tcp: calibrate_to: has no meaning without calibrate = "plans"'),
        ({"preset": "hytec-spine-2021", "calibrate": "plans", "refit": True}, {},
         "tcp: calibrate: takes the place of refit; leave one of them out"),
        ({"preset": "hytec-spine-2021", "calibrate": "plan"}, {}, "tcp.calibrate: "),
        ({"preset": "hytec-spine-2021", "calibrate": "plans", "calibrate_to": "hytec"}, {},
         "tcp.calibrate_to: no such preset; "),
    ],
)  # fmt: skip
def test_what_cannot_be_calibrated_or_read_is_refused_in_one_line(tcp, changes, line):
    with pytest.raises(ExperimentError) as refused:
        experiment(tcp, **changes)
    assert len(refused.value.mistakes) == 1
    assert line in refused.value.mistakes[0]


def test_errors_of_delivery_alone_leave_a_planned_curve_as_it_is():
    experiment({"preset": "hytec-spine-gtv-d90"}, dose={"systematic_shift": 0.0, "nodes": 32})


def test_another_dose_model_is_calibrated_anew_in_every_variant():
    sweep = {"dose.falloff.mean": [1.3, 1.6]}
    with pytest.raises(ExperimentError, match="another falloff"):
        maker = VariantMaker(experiment({"preset": "hytec-spine-gtv-d98"}, sweep=sweep))
        maker.make({"dose.falloff.mean": 1.3})
    tcp = {"preset": "hytec-spine-gtv-d98", "calibrate": "plans"}
    maker = VariantMaker(experiment(tcp, sweep=sweep))
    usual, steeper = (maker.make({"dose.falloff.mean": mean}).tcp.model for mean in (1.6, 1.3))
    assert usual.d50 == load_tcp("hytec-spine-gtv-d98").d50
    assert steeper.d50 != usual.d50
    assert steeper.calibration.changed["falloff"]["mean"] == 1.3


def test_the_weight_of_tumor_beyond_the_gtv_is_drawn_beside_the_curve():
    uncertainty = {
        "draws": 4,
        "tcp.beyond": {"kind": "uniform", "lower": 0.0, "upper": 0.5},
        "groups": [{"keys": ["tcp.d50", "tcp.gamma50"], "table": "hytec-spine-gtv-d90"}],
    }
    drawn = experiment({"preset": "hytec-spine-gtv-d90"}, uncertainty=uncertainty, patients=64)
    with pytest.raises(ExperimentError, match=r"tcp\.calibration\.seed: no such key"):
        experiment({"preset": "hytec-spine-gtv-d90"}, sweep={"tcp.calibration.seed": [1, 2]})
    result = run(drawn, scheduler="single")
    assert "Anchored, not predicted: control of single_24, single_18" in comparison_text(result)


def test_the_boost_gains_less_the_more_tumor_lies_beyond_the_gtv():
    gains = []
    for weight in (0.0, 0.2, 0.5):
        tcp = {"preset": "hytec-spine-gtv-d90", "beyond": weight}
        patients = simulate(experiment(tcp), range(400))
        control = patients["local_control_net"].isel(months=0, control_model=0).mean("patient")
        gains.append(100 * float(control.sel(arm="boosted") - control.sel(arm="five")))
    assert gains == pytest.approx([20.0, 16.0, 10.0], abs=1.5)


def test_arms_with_the_schedule_of_an_anchor_are_said_to_be_anchored():
    model = load_tcp("hytec-spine-gtv-d90")
    prior = {"dose": 30.0, "fractions": 10, "interval": 12.0}
    arms = {**ARMS, "again": {"regimen": "24-in-2", "prior": prior}}
    checked = experiment({"preset": "hytec-spine-gtv-d90"}, arms=arms)
    said = {name: is_anchored(model, arm.plan) for name, arm in checked.arms.items()}
    assert [name for name, put_in in said.items() if put_in] == ["single_24", "single_18"]
    (line,) = anchored(checked)
    assert line == (
        "anchored, not predicted: control of single_24, single_18; hytec-spine-gtv-d90 was "
        "fitted to these schedules"
    )


def test_a_curve_that_reads_another_dose_than_it_was_fitted_to_is_not_called_anchored():
    plan = experiment({"preset": "hytec-spine-2021"}).arms["single_24"].plan
    assert is_anchored(PUBLISHED, plan)
    checked = experiment({"preset": "hytec-spine-2021", "dose": GTV_D90})
    assert not anchored(checked)
    assert any("was fitted to prescribed doses and reads the" in line for line in notes(checked))


def test_every_anchor_of_hytec_ships_as_a_regimen():
    for anchor in load_preset("tcp", "hytec-spine-2021").anchors:
        settings = load_preset("regimen", anchor.regimen).settings()
        assert (settings["prescription"], settings["fractions"]) == (anchor.dose, anchor.fractions)
