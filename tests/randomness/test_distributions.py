"""Distributions. Statistical tests have fixed seeds and state their probability of failing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from scipy import stats

from radsim import Streams
from radsim.experiment.filling_cohort import as_distribution
from radsim.randomness.distributions import composed as d

FAILURE = 1e-6  # probability that a right sampler fails, for each distribution
MANY = 20_000
U = st.floats(2.0**-54, 1.0 - 2.0**-53)


def lognormal(mean, cv):
    sigma = np.sqrt(np.log1p(cv**2))
    return stats.lognorm(sigma, scale=mean / np.sqrt(1 + cv**2))


CONTINUOUS = {
    "uniform": (d.Uniform(lower=-1.0, upper=3.0), stats.uniform(-1.0, 4.0)),
    "normal": (d.Normal(mean=10.0, sd=2.0), stats.norm(10.0, 2.0)),
    "truncated_normal": (
        d.TruncatedNormal(mean=70.0, sd=10.9, lower=18.0, upper=100.0),
        stats.truncnorm((18 - 70) / 10.9, (100 - 70) / 10.9, 70.0, 10.9),
    ),
    "truncated_normal_upper_tail": (
        d.TruncatedNormal(mean=0.0, sd=1.0, lower=8.0, upper=9.0),
        stats.truncnorm(8.0, 9.0),
    ),
    "truncated_normal_lower_tail": (
        d.TruncatedNormal(mean=0.0, sd=1.0, lower=-9.0, upper=-8.0),
        stats.truncnorm(-9.0, -8.0),
    ),
    "lognormal_median": (d.LogNormal(median=9.5, sigma=1.28), stats.lognorm(1.28, scale=9.5)),
    "lognormal_mean": (d.LogNormal(mean=0.3, cv=0.2), lognormal(0.3, 0.2)),
    "triangular": (d.Triangular(lower=1.0, mode=2.0, upper=5.0), stats.triang(0.25, 1.0, 4.0)),
    "triangular_left": (d.Triangular(lower=1.0, mode=1.0, upper=5.0), stats.triang(0.0, 1.0, 4.0)),
    "triangular_right": (d.Triangular(lower=1.0, mode=5.0, upper=5.0), stats.triang(1.0, 1.0, 4.0)),
    "beta": (d.Beta(a=2.0, b=5.0), stats.beta(2.0, 5.0)),
    "beta_stretched": (d.Beta(a=0.5, b=0.5, lower=2.0, upper=6.0), stats.beta(0.5, 0.5, 2.0, 4.0)),
    "gamma": (d.Gamma(shape=2.5, scale=3.0), stats.gamma(2.5, scale=3.0)),
    "weibull": (d.Weibull(shape=1.93, scale=43.5), stats.weibull_min(1.93, scale=43.5)),
}
EVERY = {
    **{name: ours for name, (ours, _) in CONTINUOUS.items()},
    "fixed": d.Fixed(value=3.0),
    "bernoulli": d.Bernoulli(probability=0.35),
    "empirical": d.Empirical(values=(3.0, 1.0, 2.0, 2.0)),
    "empirical_weights": d.Empirical(values=(3.0, 1.0, 2.0), weights=(1.0, 0.0, 3.0)),
    "truncated": d.Truncated(of=d.LogNormal(median=10.0, sigma=1.0), lower=5.0, upper=50.0),
    "mixture": d.Mixture(
        components=(d.Normal(mean=0.0, sd=1.0), d.Gamma(shape=2.0, scale=5.0)), weights=(1.0, 3.0)
    ),
    "mixture_discrete": d.Mixture(
        components=(d.Fixed(value=0.0), d.Uniform(lower=1.0, upper=2.0)), weights=(0.3, 0.7)
    ),
    "categorical": d.Categorical(shares={"lytic": 5, "mixed": 16, "blastic": 7}),
}


@pytest.mark.parametrize("name", CONTINUOUS)
def test_samples_pass_kolmogorov_smirnov_against_scipy(name):
    ours, theirs = CONTINUOUS[name]
    sample = ours.ppf(Streams(5).uniforms(name, range(MANY)))
    assert stats.kstest(sample, theirs.cdf).pvalue > FAILURE


@pytest.mark.parametrize("name", CONTINUOUS)
def test_quantiles_and_probabilities_agree_with_scipy(name):
    ours, theirs = CONTINUOUS[name]
    u = np.array([1e-9, 0.001, 0.1, 0.5, 0.9, 0.999, 1 - 1e-9])
    assert ours.ppf(u) == pytest.approx(theirs.ppf(u), rel=1e-7, abs=1e-9)
    assert ours.cdf(theirs.ppf(u)) == pytest.approx(u, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("name", CONTINUOUS)
@given(u=st.floats(1e-6, 1.0 - 1e-6))
def test_the_cdf_undoes_the_quantile(name, u):
    ours, _ = CONTINUOUS[name]
    assert float(ours.cdf(ours.ppf(np.array(u)))) == pytest.approx(u, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("name", EVERY)
@given(one=U, other=U)
def test_a_larger_uniform_never_gives_a_smaller_value(name, one, other):
    low, high = sorted((one, other))
    values = EVERY[name].ppf(np.array([low, high]))
    assert values[0] <= values[1]


@pytest.mark.parametrize("name", EVERY)
def test_the_ends_of_the_open_interval_give_finite_values(name):
    assert np.isfinite(EVERY[name].ppf(np.array([2.0**-54, 1.0 - 2.0**-53]))).all()


@pytest.mark.parametrize("name", [n for n in EVERY if n != "categorical"])
def test_the_cdf_is_zero_far_below_and_one_far_above(name):
    low, high = EVERY[name].cdf(np.array([-1e6, 1e6]))
    assert (low, high) == (0.0, 1.0)


def test_the_two_ways_to_give_a_lognormal_agree():
    by_mean = d.LogNormal(mean=2.0, cv=0.5)
    sigma = np.sqrt(np.log(1.25))
    by_median = d.LogNormal(median=2.0 / np.sqrt(1.25), sigma=float(sigma))
    u = np.linspace(0.01, 0.99, 9)
    assert by_mean.ppf(u) == pytest.approx(by_median.ppf(u), rel=1e-12)


def test_the_lognormal_median_is_exact():
    assert float(d.LogNormal(median=9.5, sigma=1.28).ppf(0.5)) == 9.5


def test_a_weibull_of_shape_one_is_exponential():
    u = np.linspace(0.01, 0.99, 9)
    expected = stats.expon(scale=15.0).ppf(u)
    assert d.Weibull(shape=1.0, scale=15.0).ppf(u) == pytest.approx(expected)


@pytest.mark.parametrize(
    "shares",
    [
        {"lytic": 5, "mixed": 16, "blastic": 7},
        {"a": 0.25, "b": 0.75},
        {"only": 3},
        {"none": 0, "some": 1},
        {"some": 1, "none": 0},
    ],
)
def test_labels_come_up_as_often_as_their_shares_say(shares):
    u = (np.arange(28_000) + 0.5) / 28_000
    codes = d.Categorical(shares=shares).ppf(u)
    counts = np.bincount(codes, minlength=len(shares)) / len(u)
    expected = np.array(list(shares.values())) / sum(shares.values())
    assert counts == pytest.approx(expected, abs=1 / 28_000)


@given(weights=st.lists(st.floats(0.0, 10.0), min_size=1, max_size=8).filter(lambda w: sum(w) > 0))
def test_a_value_without_weight_is_never_drawn(weights):
    values = tuple(float(i) for i in range(len(weights)))
    drawn = d.Empirical(values=values, weights=tuple(weights)).ppf(
        np.array([2.0**-54, *np.linspace(0.001, 0.999, 50), 1.0 - 2.0**-53])
    )
    assert all(weights[int(value)] > 0 for value in drawn)


def test_a_label_has_a_code_and_an_unknown_one_names_the_nearest():
    kinds = d.Categorical(shares={"lytic": 5, "mixed": 16})
    assert kinds.code("mixed") == 1
    with pytest.raises(ValueError, match="did you mean 'lytic'"):
        kinds.code("lytc")


def test_bernoulli_is_one_as_often_as_its_probability():
    u = (np.arange(1000) + 0.5) / 1000
    assert d.Bernoulli(probability=0.35).ppf(u).mean() == 0.35
    assert d.Bernoulli(probability=0.0).ppf(u).max() == 0.0
    assert d.Bernoulli(probability=1.0).ppf(np.append(u, 2.0**-54)).min() == 1.0


def test_a_mixture_is_drawn_from_its_parts_by_weight():
    mixture = EVERY["mixture_discrete"]
    sample = mixture.ppf(Streams(2).uniforms("mixture", range(MANY)))
    error = np.sqrt(0.3 * 0.7 / MANY)
    assert abs((sample < 0.5).mean() - 0.3) < stats.norm.isf(FAILURE / 2) * error
    rest = sample[sample > 0.5]
    assert stats.kstest(rest, stats.uniform(1.0, 1.0).cdf).pvalue > FAILURE


def test_a_truncated_distribution_keeps_its_shape_between_the_bounds():
    truncated = EVERY["truncated"]
    law = stats.lognorm(1.0, scale=10.0)
    low, high = law.cdf([5.0, 50.0])
    sample = truncated.ppf(Streams(2).uniforms("truncated", range(MANY)))
    assert sample.min() >= 5.0
    assert sample.max() <= 50.0
    assert stats.kstest(sample, lambda x: (law.cdf(x) - low) / (high - low)).pvalue > FAILURE


BAD = [
    ({"kind": "fixed", "value": float("inf")}, "finite number"),
    ({"kind": "fixed", "value": "3"}, "valid number"),
    ({"kind": "fixed", "value": True}, "valid number"),
    ({"kind": "uniform", "lower": 3.0, "upper": 3.0}, "lower must be below upper, got 3.0, 3.0"),
    ({"kind": "normal", "mean": 1.0, "sd": 0.0}, "sd must be above 0, got 0.0"),
    ({"kind": "normal", "mean": float("nan"), "sd": 1.0}, "finite number"),
    (
        {"kind": "truncated_normal", "mean": 1.0, "sd": -1.0, "lower": 0.0, "upper": 2.0},
        "sd must be above 0, got -1.0",
    ),
    (
        {"kind": "truncated_normal", "mean": 1.0, "sd": 1.0, "lower": 2.0, "upper": 0.0},
        "lower must be below upper, got 2.0, 0.0",
    ),
    (
        {"kind": "truncated_normal", "mean": 0.0, "sd": 1.0, "lower": 50.0, "upper": 60.0},
        "no part of normal",
    ),
    ({"kind": "lognormal", "median": 1.0}, "median and sigma, or mean and cv, got median"),
    ({"kind": "lognormal"}, "median and sigma, or mean and cv, got nothing"),
    ({"kind": "lognormal", "median": 1.0, "cv": 1.0}, "got median, cv"),
    ({"kind": "lognormal", "median": 0.0, "sigma": 1.0}, "median must be above 0, got 0.0"),
    (
        {"kind": "lognormal", "median": 1.0, "sigma": 1e6},
        "values must be finite numbers, got 0 to inf",
    ),
    ({"kind": "weibull", "shape": 1e-3, "scale": 1.0}, "values must be finite numbers"),
    ({"kind": "lognormal", "mean": 1.0, "cv": -1.0}, "cv must be above 0, got -1.0"),
    ({"kind": "triangular", "lower": 1.0, "mode": 0.0, "upper": 2.0}, "mode must lie between"),
    ({"kind": "triangular", "lower": 2.0, "mode": 2.0, "upper": 2.0}, "lower must be below upper"),
    ({"kind": "beta", "a": 0.0, "b": 1.0}, "a and b must be above 0, got 0.0, 1.0"),
    ({"kind": "beta", "a": 1.0, "b": 1.0, "lower": 2.0}, "lower must be below upper"),
    ({"kind": "gamma", "shape": 0.0, "scale": 1.0}, "shape must be above 0, got 0.0"),
    ({"kind": "gamma", "shape": 1.0, "scale": -1.0}, "scale must be above 0, got -1.0"),
    ({"kind": "weibull", "shape": 0.0, "scale": 1.0}, "shape must be above 0, got 0.0"),
    ({"kind": "weibull", "shape": 1.0, "scale": 0.0}, "scale must be above 0, got 0.0"),
    ({"kind": "bernoulli", "probability": 1.5}, "probability must lie between 0 and 1, got 1.5"),
    ({"kind": "bernoulli", "probability": -0.1}, "probability must lie between 0 and 1, got -0.1"),
    ({"kind": "categorical", "shares": {}}, "shares must name at least one label"),
    ({"kind": "categorical", "shares": {"a": 0}}, "shares must not all be 0"),
    ({"kind": "categorical", "shares": {"a": -1, "b": 2}}, "shares must not be negative, got -1"),
    ({"kind": "categorical", "shares": {str(i): 1 for i in range(127)}}, "at most 126 labels"),
    ({"kind": "empirical", "values": []}, "values must not be empty"),
    (
        {"kind": "empirical", "values": [1.0, 2.0], "weights": [1.0]},
        "one weight a value: got 1 weights, 2 values",
    ),
    ({"kind": "empirical", "values": [1.0], "weights": [0.0]}, "weights must not all be 0"),
    ({"kind": "truncated", "of": {"kind": "fixed", "value": 1.0}}, "give lower, upper or both"),
    (
        {"kind": "truncated", "of": {"kind": "fixed", "value": 1.0}, "lower": 2.0},
        "no part of the fixed lies between",
    ),
    (
        {
            "kind": "truncated",
            "of": {"kind": "normal", "mean": 0.0, "sd": 1.0},
            "lower": 2.0,
            "upper": 1.0,
        },
        "lower must be below upper, got 2.0, 1.0",
    ),
    ({"kind": "mixture", "components": [], "weights": []}, "components must not be empty"),
    (
        {"kind": "mixture", "components": [{"kind": "fixed", "value": 1.0}], "weights": [1.0, 2.0]},
        "one weight a component: got 2 weights, 1 components",
    ),
]


@pytest.mark.parametrize(("settings", "message"), BAD)
def test_each_distribution_refuses_bad_values_of_its_own(settings, message):
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(d.Distribution).validate_python(settings)
    assert message in str(caught.value)


def test_values_may_come_from_a_column_of_a_csv_file_with_weights(tmp_path):
    (tmp_path / "ages.csv").write_text("age,count\n60,1\n70,3\n", encoding="utf-8")
    settings = as_distribution(
        {"kind": "empirical", "file": "ages.csv", "column": "age", "weight_column": "count"},
        tmp_path,
    )
    found = TypeAdapter(d.Distribution).validate_python(settings)
    assert found == d.Empirical(values=(60.0, 70.0), weights=(1.0, 3.0))
    assert found.ppf(np.array([0.2, 0.3])).tolist() == [60.0, 70.0]
