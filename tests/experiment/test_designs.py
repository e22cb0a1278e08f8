"""Designs: every variant once, in a fixed order, from what a file says."""

import itertools
import math

import pytest
from examples import experiment, settings
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from radsim import ExperimentError, make_experiment
from radsim.execution.pieces import packs_of
from radsim.experiment.designs.ranges import spread_range
from radsim.experiment.designs.tables import Axis, Design, Table
from radsim.experiment.variants import VariantMaker, check_variants

NAN, INF = float("nan"), float("inf")
ALPHA_BETA = {"tcp.alpha_beta": [3, 6, 10]}
NORMAL = {"kind": "normal", "mean": 6.0, "sd": 0.5}


def mistakes(**changes):
    with pytest.raises(ExperimentError) as caught:
        check_variants(experiment(**changes))
    for line in caught.value.mistakes:
        assert "\n" not in line
    return caught.value.mistakes


def changes_of(design):
    return [design.variant(index) for index in range(len(design))]


def test_a_grid_is_the_product_of_its_lists_in_the_order_of_the_file():
    design = experiment(sweep={"tcp": {"alpha_beta": [3, 6]}, "survival.shape": [1.0, 2.0]}).study
    expected = [
        {"tcp.alpha_beta": a, "survival.shape": s} for a, s in itertools.product([3, 6], [1.0, 2.0])
    ]
    assert changes_of(design.design) == expected
    assert [axis.name for axis in design.design.axes] == ["alpha_beta", "shape"]


def test_zipped_lists_go_together_and_cross_with_the_others():
    sweep = {
        "arms.one.prescription": [16.0, 20.0],
        "arms.boosted.boost": [40.0, 45.0],
        "tcp.alpha_beta": [3, 6, 10],
        "zipped": [["arms.one.prescription", "arms.boosted.boost"]],
    }
    design = experiment(sweep=sweep).study.design
    assert design.shape == (2, 3)
    assert changes_of(design)[3] == {
        "arms.one.prescription": 20.0, "arms.boosted.boost": 45.0, "tcp.alpha_beta": 3
    }  # fmt: skip
    all_together = {**ALPHA_BETA, "survival.shape": [1, 2, 3], "zipped": True}
    assert experiment(sweep=all_together).study.design.shape == (3,)


def test_listed_variants_may_each_set_other_keys():
    variants = [{"tcp.alpha_beta": 3, "label": "low"}, {"arms.boosted.boost": 45.0}]
    axis = experiment(sweep={"variants": variants}).study.design.axes[0]
    assert axis.name == "variant"
    assert axis.labels == ("low", "arms.boosted.boost = 45.0")


@hypothesis_settings(max_examples=30, deadline=None)
@given(first=st.integers(-50, 50), steps=st.integers(1, 40), step=st.sampled_from([0.1, 0.25, 1]))
def test_a_range_holds_both_ends_and_equal_steps(first, steps, step):
    last = first + steps * step
    values = spread_range({"from": first, "to": last, "step": step})
    assert len(values) == steps + 1
    assert values[0] == first
    assert math.isclose(values[-1], last, rel_tol=1e-11)
    assert spread_range({"from": first, "to": last, "count": steps + 1}) == pytest.approx(values)


@hypothesis_settings(max_examples=30, deadline=None)
@given(plans=st.integers(1, 40), models=st.integers(1, 30), inside=st.booleans())
def test_packs_hold_every_variant_once(plans, models, inside):
    axes = (
        Axis("a", Table({"arms.x.boost": tuple(range(plans))}), tuple(range(plans))),
        Axis("b", Table({"tcp.d50": tuple(range(models))}), tuple(range(models))),
    )
    design = Design(axes if inside else axes[::-1])
    packs = packs_of(design)
    assert sorted(itertools.chain.from_iterable(packs)) == list(range(len(design)))
    for pack in packs:
        assert len({design.variant(index)["arms.x.boost"] for index in pack}) <= 16


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("tcp.alpha_beta", [3, 10]),
        ("tcp.onset.exponent", [0.8, 1.3]),
        ("tcp.dose", [{"structure": "gtv", "metric": "D98"}, {"structure": "gtv"}]),
        ("tcp.dose.metric", ["D98", "D50"]),
        ("ntcp.vcf.preset", ["vcf-2013", "vcf-pooled"]),
        ("ntcp.vcf.hazard_ratio_lytic", [1.58, 7.93]),
        ("ntcp.vcf.onset.median", [2.5, 9.0]),
        ("ntcp.myelopathy.preset", ["sbrt-cord-default", "sbrt-cord-case-control-probit"]),
        ("tcp.alternatives[0].d50", [30.0, 35.0]),
        ("tcp.alternatives[1].dose.metric", ["D98", "D50"]),
        ("ntcp.myelopathy.alternatives[0].intercept", [-6.0, -5.0]),
        ("eligibility.upper.where.region", [["cervical"], ["cervical", "thoracic"]]),
        ("survival.shape", [0.8, 2.0]),
        ("survival.scale", [20, 40]),
        ("dose.falloff", [4.0, 5.0]),
        ("dose.random_shift.sd", [0.5, 1.0]),
        ("cohort.gtv_volume.median", [5.0, 30.0]),
        ("cohort.region", ["thoracic", "sacrum"]),
        ("arms.one.prescription", [16, 20]),
        ("arms.one.regimen", ["18x1", "24x1"]),
        ("arms.boosted.boost", [40.0, 45.0]),
        ("arms.boosted.limits.cord_prv", [20.0, 23.0]),
        ("arms.again.recovery", ["25-50", "none"]),
        ("arms.again.prior.interval", [6.0, 24.0]),
        ("arms.again.prior.interval.median", [6.0, 24.0]),
        ("arms.again.prior.dose", [20.0, 40.0]),
    ],
)
def test_any_key_can_be_varied_and_changes_what_the_file_would(key, values):
    made = experiment(
        sweep={key: values},
        tcp={
            **settings()["tcp"],
            "alternatives": ["hytec-log-logistic", {"dose": {"metric": "D95"}, "label": "D95"}],
        },
        eligibility={"upper": {"where": {"region": ["lumbar"]}, "action": "exclude"}},
    )
    check_variants(made)
    maker = VariantMaker(made)
    first, second = (maker.make({key: value}) for value in values)
    assert first != second
    for value, variant in zip(values, (first, second), strict=True):
        whole = maker._checked({key: value})  # through the whole file, never in place
        sections = ("eligibility", "dose", "arms", "tcp", "ntcp", "survival")
        for section in sections:
            assert getattr(variant, section) == getattr(whole, section), section
        for name, variable in whole.cohort.variables.items():
            assert variant.cohort.variables[name].distribution == variable.distribution


def test_a_preset_and_one_of_its_parameters_can_be_swept_together():
    made = experiment(
        sweep={"ntcp.vcf.hazard_ratio_lytic": [2, 3], "ntcp.vcf.preset": ["vcf-2013", "vcf-pooled"]}
    )
    vcf = VariantMaker(made).make(made.study.design.variant(3)).ntcp["vcf"].models[0]
    assert (vcf.preset, vcf.hazard_ratio_lytic, vcf.onset.median) == ("vcf-pooled", 3.0, 5.0)


def test_a_recalibrated_model_is_calibrated_to_each_variants_cohort():
    ntcp = {**settings()["ntcp"]}
    ntcp["vcf"] = {"preset": "vcf-2013", "recalibrate": {"probability": 0.1, "fraction_dose": 12.0}}
    made = experiment(ntcp=ntcp, sweep={"cohort.malalignment.probability": [0.1, 0.6]})
    maker = VariantMaker(made)
    vcf = [maker.make(made.study.design.variant(i)).ntcp["vcf"].models[0] for i in (0, 1)]
    assert vcf[0].reference_risk > vcf[1].reference_risk


@pytest.mark.parametrize(
    ("sweep", "said"),
    [
        ({}, "sweep: is empty"),
        ({"tcp.alpha_beta": []}, "sweep.tcp.alpha_beta: must not be empty"),
        ({"tcp.alpha_beta": [6]}, "one value is no sweep; set the key to 6.0"),
        ({"tcp.alpha_beta": 6}, "must be a list of values or a range"),
        ({"tcp.alpha_beta": [3, NAN]}, "must hold finite numbers, got nan"),
        ({"tcp.alpha_beta": [3, INF]}, "must hold finite numbers, got inf"),
        ({"tcp.alpha_beta": [6, 6.0]}, "holds 6.0 twice"),
        ({"tcp.alpha_beta": [3, "six"]}, "must be all numbers or none"),
        ({"tcp.alpha_beta": [3, -1]}, "tcp.alpha_beta = -1.0: alpha_beta must be above 0"),
        ({"tcp.alpha_beta": {"from": 3, "to": 10}}, "a range needs step or count"),
        ({"tcp.alpha_beta": {"from": 3, "to": INF, "count": 4}}, "to must be a finite number"),
        ({"tcp.alpha_beta": {"from": 3, "to": 4, "step": 1e-9}}, "makes 1,000,000,000 values"),
        ({"tcp.alpha_bta": [3, 6]}, "no such key; did you mean 'tcp.alpha_beta'?"),
        ({"arms.bosted.boost": [40, 45]}, "did you mean 'arms.boosted.boost'?"),
        ({"cohort.gtv_volum.median": [4, 5]}, "did you mean 'cohort.gtv_volume.median'?"),
        ({"workers": [1, 2]}, "decides only speed or place, not a number"),
        ({"chunk_size": [1, 2]}, "it belongs on the command line as --chunk-size"),
        ({"seed": [1, 2]}, "all variants share one seed"),
        ({"patients": [10, 20]}, "can't be varied"),
        ({**ALPHA_BETA, "survival.shape": [1, 2], "zipped": True}, "lists must be of equal length"),
        ({**ALPHA_BETA, "zipped": [["tcp.alpha_beta", "tcp.d50"]]}, "'tcp.d50' is not swept"),
        ({"variants": [{"tcp.alpha_beta": 3}]}, "1 variant is no sweep"),
        (
            {
                "tcp.dose": [{"metric": "D98"}, {"metric": "D50"}],
                "tcp.dose.course": ["planned", "delivered"],
            },
            "varies tcp.dose already",
        ),
        ({"arms.boosted.boost": [20.0, 40.0]}, "must not be below the prescription"),
        ({"arms.one": [1, 2]}, "arms.one: must be a table, got 1"),
        ({"tcp.d50": {"from": 1, "to": 10**400, "count": 3}}, "to: must be below 2^63"),
        ({"tcp.alternatives": [1, 2]}, "name a key of one of them (tcp.alternatives[0]. ...)"),
        ({"tcp.alternatives[3].d50": [1, 2]}, "no such key"),
        (
            {"trial.patients": [1, 2]},
            "[sweep] varies a trial where there is a [trial], and [trial.uncertainty] draws it",
        ),
        ({"name": ["a", "b"]}, "it only names the run"),
        ({"cohort.age.units": ["years", "a"]}, "changes no number"),
        ({**ALPHA_BETA, "zipd": True}, "sweep.zipd: unknown key; did you mean 'zipped'?"),
        ({"variants": [{"tcp.d50": 18, "label": [1]}, {"tcp.d50": 19}]}, "label must be text"),
        (
            {"arms.one.prescription": [24, 24], "arms.one.fractions": [2, 2], "zipped": True},
            "hold 24.0, 2.0 twice",
        ),
    ],
)
def test_a_wrong_sweep_is_refused_in_one_clear_line(sweep, said):
    found = mistakes(sweep=sweep)
    assert len(found) == 1, found
    assert said in found[0]


GROUP = {"keys": ["tcp.d50", "tcp.gamma50"], "center": [19.44, 0.814]}


@pytest.mark.parametrize(
    ("uncertainty", "said"),
    [
        ({"draws": 100}, "no key has a distribution"),
        ({"draws": 1, "tcp.alpha_beta": NORMAL}, "draws: must be a whole number, 2 or more"),
        ({"method": "halton", "tcp.alpha_beta": NORMAL}, "no 'halton'"),
        ({"tcp.alpha_beta": {**NORMAL, "sd": -1.0}}, "alpha_beta.sd: must be above 0"),
        ({"tcp.alpha_beta": {**NORMAL, "sd": NAN}}, "sd"),
        ({"tcp.alpha_beta": 3.0}, "must be a distribution with a kind"),
        (
            {"tcp.alpha_beta": {**NORMAL, "sd": 1.1}},
            "; one draw of tcp.alpha_beta in 10^9 lies below that; lower and upper cut it off",
        ),
        ({"groups": [{**GROUP, "covariance": [[1, 2], [2, 1]]}]}, "must be positive definite"),
        ({"groups": [{**GROUP, "covariance": [[1, 1], [1, 1]]}]}, "must be positive definite"),
        ({"groups": [{**GROUP, "covariance": [[1, 0.5], [0, 1]]}]}, "must be symmetric"),
        ({"groups": [{**GROUP, "covariance": [[1, NAN], [NAN, 1]]}]}, "must be finite"),
        ({"groups": [{**GROUP, "covariance": [[1]]}]}, "must be 2 by 2"),
        ({"groups": [{"keys": ["tcp.d50"], "table": "hytec-spine-2021"}]}, "two or more"),
        ({"models": {"ntcp.vcf.prest": ["vcf-pooled"]}}, "did you mean 'ntcp.vcf.preset'?"),
        ({"tcp.d50": {"mean": 20.0, "sd": 1.0}}, "tcp.d50: needs a kind"),
        ({"tcp.d50": {"kind": "normal", "mean": 20.0}}, "tcp.d50.sd: is missing"),
        ({"tcp.d50": {"kind": "norml", "mean": 20.0, "sd": 1.0}}, "did you mean 'normal'?"),
        ({"drwas": 100, "tcp.alpha_beta": NORMAL}, "drwas: unknown key; did you mean 'draws'?"),
        ({"draws": 10**9, "tcp.alpha_beta": NORMAL}, "at most 1,000,000, got 1000000000"),
        ({"groups": [{**GROUP, "keys": 7, "table": "hytec-spine-2021"}]}, "keys, a list of two"),
        (
            {"groups": [{**GROUP, "center": 20, "covariance": [[1, 0], [0, 1]]}]},
            "2 numbers, got 20",
        ),
        (
            {"groups": [{"keys": ["tcp.d50", "tcp.alpha_beta"], "table": "hytec-spine-2021"}]},
            "no column 'alpha_beta'; it has: d50, gamma50",
        ),
    ],
)
def test_wrong_uncertainty_is_refused_in_one_clear_line(uncertainty, said):
    found = mistakes(uncertainty=uncertainty)
    assert said in found[0], found
    assert len(found) == 1, found


def test_lists_that_go_together_may_repeat_a_value_and_are_labeled_apart():
    sweep = {
        "arms.one.prescription": [24.0, 24.0, 18.0],
        "arms.one.fractions": [1, 2, 1],
        "zipped": True,
    }
    axis = experiment(sweep=sweep).study.design.axes[0]
    assert axis.labels == ("24, 1", "24, 2", "18, 1")


def test_another_model_cannot_stand_in_for_what_is_swept_already():
    """The swept key would be laid over the other model, whose spread would then be nothing."""
    models = {"tcp.dose": [{"structure": "prescribed", "metric": "D98"}]}
    for sweep in ({"tcp.dose.metric": ["D90", "D95"]}, {"tcp.dose": [{"metric": "D90"}, {}]}):
        found = mistakes(sweep=sweep, uncertainty={"models": models})
        assert len(found) == 1
        assert f"uncertainty.models.tcp.dose: sweep varies {next(iter(sweep))} already" in found[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "no column 'd50'; it has: a, b"),
        ("# units\nd50,gamma50\n18,0.8\n20,x\n", "row 4: gamma50 must be a number, got 'x'"),
        ("d50;gamma50\n18;0,8\n20\n", "row 3: gamma50 must be a number, got ''"),
        ("", "own.csv is empty"),
    ],
)
def test_a_wrong_bootstrap_file_is_one_line_with_its_place(tmp_path, text, said):
    (tmp_path / "own.csv").write_text(text, encoding="utf-8")
    group = {"keys": ["tcp.d50", "tcp.gamma50"], "table": "own.csv"}
    with pytest.raises(ExperimentError) as caught:
        make_experiment({**settings(), "uncertainty": {"groups": [group]}}, tmp_path)
    assert len(caught.value.mistakes) == 1
    assert caught.value.mistakes[0].startswith("uncertainty.groups[0].table: own.csv")
    assert said in caught.value.mistakes[0]


def test_two_sections_cannot_vary_one_key():
    for other in ("uncertainty", "sensitivity"):
        changes = {"sweep": ALPHA_BETA, other: {"tcp.alpha_beta": NORMAL}}
        assert "sweep varies tcp.alpha_beta already" in mistakes(**changes)[0]
    both = {
        "uncertainty": {"tcp.alpha_beta": NORMAL},
        "sensitivity": {"tcp.alpha_beta": NORMAL},
    }
    assert "uncertainty varies tcp.alpha_beta already" in mistakes(**both)[0]
    group = {**GROUP, "covariance": [[1, 0.1], [0.1, 0.02]]}
    twice = {"uncertainty": {"tcp.d50": NORMAL, "groups": [group]}}
    assert "uncertainty varies tcp.d50 already" in mistakes(**twice)[0]


def test_every_mistake_of_a_design_is_reported_at_once():
    found = mistakes(sweep={"tcp.alpha_bta": [3, 6], "survival.shape": [], "workers": [1, 2]})
    assert len(found) == 3


def test_a_design_survives_the_round_trip_through_its_own_file_and_attributes():
    made = experiment(
        sweep=ALPHA_BETA,
        uncertainty={"draws": 8, "groups": [{"keys": GROUP["keys"], "table": "hytec-spine-2021"}]},
    )
    import tomllib

    again = make_experiment(tomllib.loads(made.to_toml()))
    assert changes_of(again.study.design) == changes_of(made.study.design)
    loaded = type(made).model_validate_json(made.model_dump_json(exclude_none=True))
    assert changes_of(loaded.study.design) == changes_of(made.study.design)
    other = made.model_copy(update={"seed": 5})
    assert changes_of(other.study.design) != changes_of(made.study.design)
