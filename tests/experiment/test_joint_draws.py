"""Joint draws: the right distributions, the right ties, and the same numbers for the same seed."""

import numpy as np
import pytest
from covering import covers
from examples import experiment
from scipy import stats

from radsim.experiment.designs.draws import (
    METHODS,
    BootstrapGroup,
    NormalGroup,
    Single,
    draw_table,
    draw_uniforms,
)
from radsim.experiment.designs.tables import SALTELLI
from radsim.randomness.distributions.continuous import LogNormal, Uniform
from radsim.randomness.distributions.discrete import Categorical
from radsim.randomness.streams import Streams
from radsim.sums.parameter_spread import hypercube_error

DRAWS = 4096
COVARIANCE = ((1.0, 0.72), (0.72, 0.64))  # correlation 0.9
GROUP = NormalGroup(keys=("a", "b"), center=(10.0, 2.0), covariance=COVARIANCE)
SINGLE = Single("c", LogNormal(median=3.0, sigma=0.5))


def drawn(factors, method="random", draws=DRAWS, seed=3):
    table = draw_table(factors, draw_uniforms(factors, draws, method, Streams(seed)))
    return {key: np.array(values) for key, values in table.columns.items()}


@pytest.mark.parametrize("method", METHODS)
def test_each_parameter_has_its_distribution_whatever_the_method(method):
    values = drawn([GROUP, SINGLE], method)
    # fixed seed; at the 0.1 % level a right sampler would fail one of 1,000 seeds
    assert stats.kstest(values["a"], "norm", (10.0, 1.0)).pvalue > 1e-3
    assert stats.kstest(values["b"], "norm", (2.0, 0.8)).pvalue > 1e-3
    assert stats.kstest(np.log(values["c"] / 3.0), "norm", (0.0, 0.5)).pvalue > 1e-3
    assert np.corrcoef(values["a"], values["b"])[0, 1] == pytest.approx(0.9, abs=0.02)
    assert abs(np.corrcoef(values["a"], values["c"])[0, 1]) < 0.06


def test_random_draws_do_not_depend_on_how_many_there_are():
    fewer, more = drawn([GROUP, SINGLE], draws=50), drawn([GROUP, SINGLE], draws=500)
    for key in fewer:
        np.testing.assert_array_equal(fewer[key], more[key][:50])


def test_a_latin_hypercube_puts_one_draw_in_each_slice():
    u = draw_uniforms([GROUP, SINGLE], 100, "latin-hypercube", Streams(1))
    for column in u.T:
        assert sorted(np.floor(100 * column).astype(int)) == list(range(100))


@pytest.mark.parametrize("method", METHODS)
def test_the_order_of_keys_in_a_file_changes_no_draw(method):
    other = Single("b.x", Uniform(lower=0.0, upper=1.0))
    here, there = drawn([GROUP, SINGLE, other], method), drawn([other, SINGLE, GROUP], method)
    for key, values in here.items():
        np.testing.assert_array_equal(values, there[key])


def test_the_order_of_keys_changes_no_row_of_a_sensitivity_analysis():
    keys = {
        "tcp.d50": {"kind": "uniform", "lower": 18.0, "upper": 20.0},
        "tcp.alpha_beta": {"kind": "uniform", "lower": 6.0, "upper": 12.0},
    }
    tables = []
    for section in (keys, dict(reversed(keys.items()))):
        made = experiment(sensitivity={"samples": 64, "method": "sobol", **section})
        tables.append(made.study.design.parts[SALTELLI].columns)
    for key in keys:  # A and B; what follows is exchanged factor by factor, in the file's order
        np.testing.assert_array_equal(tables[0][key][:128], tables[1][key][:128])


@pytest.mark.parametrize(
    ("name", "least"), [("additive", 4.0), ("logistic", 4.0), ("product", 0.8), ("steps", 1.5)]
)
def test_the_mean_of_a_latin_hypercube_has_its_own_error(name, least):
    """Of 200 seeds at 60 draws; the error of independent draws is at least so many times as large
    where the output is nearly a sum of functions of one key each, and is right where it is none."""
    outputs = {
        "additive": lambda u: u[:, 0] + stats.norm.ppf(u[:, 1]),
        "logistic": lambda u: 1 / (1 + np.exp(-1 - 0.3 * stats.norm.ppf(u) @ [1.0, 0.7])),
        "product": lambda u: np.prod(stats.norm.ppf(u), axis=1),
        "steps": lambda u: np.floor(3.0 * u[:, 0]) + u[:, 1] * u[:, 0],
    }
    output, factors = outputs[name], [SINGLE, Single("d", Uniform(lower=0.0, upper=1.0))]
    middle = (np.arange(1000) + 0.5) / 1000
    truth = output(np.stack(np.meshgrid(middle, middle), axis=-1).reshape(-1, 2)).mean()
    ends, larger = [], []
    for seed in range(200):
        u = draw_uniforms(factors, 60, "latin-hypercube", Streams(seed))
        values = output(u)
        error = hypercube_error(values, u)
        ends.append((values.mean() - 1.96 * error, values.mean() + 1.96 * error))
        larger.append(values.std(ddof=1) / np.sqrt(60) / error)
    covers(*np.transpose(ends), truth=truth, least=0.94)
    assert np.median(larger) > least


def test_a_hypercube_of_few_draws_has_the_error_of_independent_ones():
    u = draw_uniforms([GROUP, SINGLE], 8, "latin-hypercube", Streams(1))
    values = np.stack([u.sum(axis=1), np.full(8, np.nan)], axis=1)
    errors = hypercube_error(values, u)
    assert errors[0] == pytest.approx(u.sum(axis=1).std(ddof=1) / np.sqrt(8))
    assert np.isnan(errors[1])


def test_another_seed_gives_other_draws():
    for method in METHODS:
        assert not np.array_equal(
            drawn([SINGLE], method)["c"], drawn([SINGLE], method, seed=4)["c"]
        )


def test_logarithmic_groups_have_their_medians_and_stay_positive():
    group = NormalGroup(keys=("a", "b"), center=(10.0, 2.0), covariance=COVARIANCE, log=True)
    values = drawn([group])
    assert values["b"].min() > 0
    assert np.median(values["a"]) == pytest.approx(10.0, rel=0.05)
    logs = np.log([values["a"], values["b"]])
    np.testing.assert_allclose(np.cov(logs), COVARIANCE, atol=0.06)


def test_rows_of_a_bootstrap_stay_together_and_are_drawn_alike():
    group = BootstrapGroup(keys=("a", "b"), columns=((3.0, 1.0, 2.0), (30.0, 10.0, 20.0)))
    values = drawn([group])
    np.testing.assert_array_equal(values["b"], 10.0 * values["a"])
    counts = np.array([np.sum(values["a"] == row) for row in (1.0, 2.0, 3.0)])
    assert stats.chisquare(counts).pvalue > 1e-3


def test_labels_can_be_uncertain():
    values = drawn([Single("rule", Categorical(shares={"none": 1, "25-50": 3}))])["rule"]
    assert np.mean(values == "25-50") == pytest.approx(0.75, abs=0.03)


def test_ends_of_a_group_move_its_other_members_along():
    low, high = GROUP.ends(0.025), GROUP.ends(0.975)
    assert high[0]["a"] == pytest.approx(10.0 + 1.959964)
    assert high[0]["b"] == pytest.approx(2.0 + 1.959964 * 0.72)
    assert low[1]["b"] == pytest.approx(2.0 - 1.959964 * 0.8)
    assert Single("x", Uniform(lower=0.0, upper=1.0)).ends(0.975) == [{"x": 0.975}]


def test_ends_of_a_bootstrap_carry_no_row_of_their_own():
    rng = np.random.default_rng(5)
    key = rng.normal(10.0, 1.0, 2000)
    table = (tuple(key), tuple(3.0 * key + rng.normal(0.0, 2.0, 2000)))
    low, high = (BootstrapGroup(keys=("a", "b"), columns=table).ends(s) for s in (0.025, 0.975))
    assert [low[0]["a"], high[0]["a"]] == list(np.quantile(key, (0.025, 0.975)))
    # the line is known to 0.1 at the ends, where a single row would be 2 off
    assert low[0]["b"] == pytest.approx(3.0 * low[0]["a"], abs=0.4)
    assert high[0]["b"] == pytest.approx(3.0 * high[0]["a"], abs=0.4)
    steep = BootstrapGroup(keys=("a", "b"), columns=((0.0, 0.0, 9.0), (1.0, 1.0, 2.0)))
    assert all(1.0 <= entry["b"] <= 2.0 for s in (0.0, 0.5, 1.0) for entry in steep.ends(s))
