"""Other sources of uniforms: the same promises as the plain one, less noise, an honest error."""

import numpy as np
import pytest
from covering import covers
from examples import experiment, settings
from row_moments import moments_of
from scipy import stats

from radsim import ExperimentError, Streams, run
from radsim.execution.pieces import Cutting, Work, pieces_of
from radsim.radiobiology.dvh import volume_nodes
from radsim.randomness.sources import REPLICATES, SLICE, WHOLE, Antithetic, Sobol, replicate_of
from radsim.simulation.patients import simulate
from radsim.simulation.sources import source_of
from radsim.sums.intervals import wilson_interval
from radsim.sums.moments import counted_as, replicated

NAMES = ("a", "b", "c")
SOURCES = [Antithetic(3), Sobol(3, NAMES)]


@pytest.mark.parametrize("source", SOURCES, ids=["antithetic", "sobol"])
@pytest.mark.parametrize("name", ["a", "not in the sequence"])
def test_a_patient_has_the_same_number_in_whatever_range(source, name):
    whole = source.uniforms(name, range(0, 2 * WHOLE))
    for first, last in ((0, 1), (5, 4000), (SLICE - 1, SLICE + 1), (WHOLE - 3, WHOLE + 9), (7, 7)):
        np.testing.assert_array_equal(source.uniforms(name, range(first, last)), whole[first:last])
    assert ((whole > 0) & (whole < 1)).all()
    assert stats.kstest(whole, "uniform").pvalue > 1e-3


def replicated_slices(values):
    """Moments of values that come in slices, one of each replicate."""
    slices = [moments_of(part[None]) for part in values.reshape(-1, SLICE)]
    return replicated(slices, moments_of(values[None]))


def test_names_and_replicates_are_independent():
    u = np.stack([Sobol(3, NAMES).uniforms(name, range(WHOLE)) for name in NAMES])
    assert np.abs(np.corrcoef(u) - np.eye(3)).max() < 0.02
    assert len(np.unique(u[0].reshape(-1, SLICE)[:, 0])) == REPLICATES


def test_a_smooth_mean_is_far_more_exact_with_sobol_points_and_the_error_says_so():
    def mean_and_error(source):
        u = [source.uniforms(name, range(WHOLE)) for name in NAMES]
        f = np.exp(u[0]) * np.sqrt(u[1]) + u[2] ** 2
        moments = replicated_slices(f)
        return float(moments.mean[0]), float(moments.standard_error[0])

    exact = (np.e - 1) * 2 / 3 + 1 / 3
    plain = np.std(np.exp(Streams(1).uniforms("a", range(WHOLE)))) / np.sqrt(WHOLE)
    for source, share in ((Sobol(3, NAMES), 0.1), (Antithetic(3), 0.8)):
        mean, error = mean_and_error(source)
        assert abs(mean - exact) < 5 * error  # t with 15 degrees of freedom: 0.02 %
        assert error < share * plain


def test_intervals_of_replicates_cover_the_truth_as_often_as_they_claim():
    # the mean of max(a + b c - 0.8, 0), which has a kink as clinical rules have: given a, exact
    middle = (np.arange(1000) + 0.5) / 1000
    k = 0.8 - np.multiply.outer(middle, middle)
    exact = np.where(k > 0, (1.0 - k) ** 2 / 2.0, 0.5 - k).mean()
    # 100 seeds: a 95 % interval holds the truth fewer than 86 times with probability 0.05 %
    held = 0
    for seed in range(100):
        a, b, c = (Sobol(seed, NAMES).uniforms(name, range(WHOLE)) for name in NAMES)
        f = np.maximum(a + b * c - 0.8, 0.0)
        moments = replicated_slices(f)
        held += bool(abs(moments.mean[0] - exact) <= moments.reach * moments.standard_error[0])
    assert held >= 86


@pytest.mark.parametrize(("kind", "narrower"), [(Sobol, 0.5), (Antithetic, 0.95)])
def test_intervals_of_counts_are_those_of_their_own_source(kind, narrower):
    """Of 100 seeds; the binomial interval is what they would have without a source of their own."""
    size, ends, widths = 128, [], []
    for seed in range(100):
        source = kind(seed, NAMES, size) if kind is Sobol else kind(seed)
        a, b = (source.uniforms(name, range(size * REPLICATES)) for name in NAMES[:2])
        event = (a + 0.2 * b < 0.4)[np.newaxis].astype(float)
        slices = [moments_of(part[np.newaxis]) for part in event.reshape(-1, size)]
        joined = replicated(slices, moments_of(event))
        lower, upper = wilson_interval(joined.mean, counted_as(joined), joined.reach)
        ends.append((lower[0], upper[0]))
        binomial = wilson_interval(joined.mean, event.size)
        widths.append((upper[0] - lower[0]) / (binomial[1][0] - binomial[0][0]))
    covers(*np.transpose(ends), truth=0.3, least=0.95)
    assert np.mean(widths) < narrower


@pytest.mark.parametrize("uniforms", ["antithetic", "sobol"])
def test_patients_do_not_depend_on_the_range_with_any_source(uniforms):
    made = experiment(uniforms=uniforms, patients=WHOLE)
    whole = simulate(made, range(0, 60), source_of(made))
    part = simulate(made, range(20, 41))
    for name in whole.data_vars:
        np.testing.assert_array_equal(part[name].values, whole[name].values[..., 20:41], name)


@pytest.mark.parametrize("section", ["cohort", "arms", "ntcp"])
def test_the_order_of_a_section_changes_no_dimension(section):
    turned = dict(reversed(settings()[section].items()))
    here, there = (
        source_of(experiment(uniforms="sobol", patients=WHOLE, **changes))
        for changes in ({}, {section: turned})
    )
    assert here.names == there.names


def test_other_sources_take_whole_replicates_only():
    with pytest.raises(ExperimentError, match=f"must be a multiple of {WHOLE}"):
        experiment(uniforms="sobol", patients=1000)
    with pytest.raises(ExperimentError, match="uniforms"):
        experiment(uniforms="halton")


def test_replicates_agree_with_plain_numbers_and_chunks_change_nothing():
    cutting = Cutting(slice=16)
    cheap = {
        "arms": {"one": {"prescription": 8.0, "fractions": 1, "field": "uniform"}},
        "compare": {},
    }
    plain = run(experiment(**cheap, patients=4096), scheduler="single")
    made = experiment(**cheap, uniforms="antithetic", patients=WHOLE)
    made = made.model_copy(update={"patients": 512})
    result = run(made, scheduler="single", cutting=cutting)
    again = run(made, workers=2, chunk_size=100, cutting=cutting)
    assert result.identical(again)
    name = "local_control_net"
    gap = float(abs(result[name] - plain[name]).max())
    spread = np.hypot(result[f"{name}_mc_standard_error"], plain[f"{name}_mc_standard_error"])
    assert gap < 5 * float(spread.max())
    assert replicate_of(16 * REPLICATES, 16) == 0
    assert settings()["patients"] == 200


def test_how_much_patients_differ_does_not_depend_on_the_source():
    cutting = Cutting(slice=256)
    cheap = {
        "arms": {"one": {"prescription": 20.0, "fractions": 5, "field": "uniform"}},
        "compare": {},
        "uncertainty": {"draws": 2, "tcp.d50": {"kind": "uniform", "lower": 18, "upper": 20}},
    }
    between, errors = {}, {}
    for uniforms in ("plain", "antithetic", "sobol"):
        made = experiment(**cheap, uniforms=uniforms, patients=WHOLE)
        result = run(
            made.model_copy(update={"patients": 4096}), scheduler="single", cutting=cutting
        )
        sd = result["vcf_net_uncertainty"].sel(arm="one", months=24)
        between[uniforms] = float(sd.sel(source="patients"))
        errors[uniforms] = float(sd.sel(source="monte_carlo"))
    # the spread of 4,096 patients; taken for n times the error it would be a third of that
    assert between["antithetic"] == pytest.approx(between["plain"], rel=0.1)
    assert between["sobol"] == pytest.approx(between["plain"], rel=0.1)
    assert errors["sobol"] < 0.5 * errors["plain"]


def test_sampled_doses_are_those_of_the_runs_own_patients():
    made = experiment(uniforms="sobol", patients=WHOLE)
    drawn = simulate(made, range(40)).sel(arm="one")
    piece = pieces_of(made, 0, 16 * REPLICATES, Cutting(slice=16))[0]
    state = Work(made, Cutting(slice=16))([piece])[0].states["sample", ""]
    dose = state["gtv_d98_planned"][0, list(made.arms).index("one")]
    assert dose.tolist() == drawn["gtv_d98_planned"].values[:16].astype(np.float32).tolist()
    gtv = state["dvh_single"][0, list(made.arms).index("one"), 0]
    metric = drawn["gtv_d98_planned"].values[: len(gtv)]
    volume, _ = volume_nodes(made.dose.nodes)
    np.testing.assert_allclose([np.interp(0.98, volume, one) for one in gtv], metric, rtol=0.01)
