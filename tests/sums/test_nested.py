"""Nested estimation: parameter uncertainty, with the noise of the patients kept out."""

import numpy as np
import pytest
from scipy import integrate, special, stats

from radsim import make_experiment, run
from radsim.sums.parameter_spread import (
    AT_MOST,
    NOT_MOVED,
    TOLD,
    parameter_spread,
    parameter_variance,
)

DRAWS, PATIENTS = 400, 200
Z = 1.959963984540054


def simulated(rng, interaction=1.0, sd=0.05):
    """Estimates by draw, whole and from each half: truth, common noise, noise of each draw."""
    truth = sd * rng.standard_normal(DRAWS)
    effect = truth[:, None] + interaction * rng.standard_normal((DRAWS, PATIENTS))
    patients = effect + rng.standard_normal(PATIENTS)  # the same patients in every draw
    half = PATIENTS // 2
    return patients.mean(1), patients[:, :half].mean(1), patients[:, half:].mean(1)


def test_inner_noise_is_not_counted_as_parameter_uncertainty():
    rng = np.random.default_rng(1)
    cases = [simulated(rng) for _ in range(100)]
    made = np.mean([parameter_variance(first, second) for _, first, second in cases])
    raw = np.mean([np.var(whole, ddof=1) for whole, _, _ in cases])
    assert raw == pytest.approx(0.05**2 + 1 / PATIENTS, rel=0.05)
    assert made == pytest.approx(0.05**2, rel=0.08)  # 4 standard errors of the mean of 100
    shares = np.mean([parameter_spread(*case).noise_share for case in cases])
    assert shares == pytest.approx((1 / PATIENTS) / raw, abs=0.05)


def test_noise_alone_is_seldom_taken_for_parameters():
    # counts that move with one parameter, a Brownian motion in each half, and no effect at all.
    # Told in 1.6 % of 2,000 cases; if in 2 %, more than 18 of 400 have probability 0.1 %
    rng = np.random.default_rng(4)
    told = 0
    for _ in range(400):
        first, second = rng.standard_normal((2, 200)).cumsum(axis=1)
        spread = parameter_spread((first + second) / 2.0, first, second)
        told += bool(spread.state == TOLD)
        assert spread.state in (TOLD, AT_MOST) and spread.lower < spread.upper
    assert told <= 18


def test_a_spread_that_noise_hides_is_an_upper_bound_and_never_a_point():
    rng = np.random.default_rng(6)
    for _ in range(50):
        whole, first, second = simulated(rng, sd=0.0)
        spread = parameter_spread(whole, first, second, 0.1)
        assert spread.state == AT_MOST
        assert spread.sd == pytest.approx(np.hypot(np.std(whole, ddof=1), 0.1))
        low, high = np.quantile(whole, (0.025, 0.975), method="hazen")
        assert (spread.lower, spread.upper) == pytest.approx((low - Z * 0.1, high + Z * 0.1))


def test_an_estimate_that_no_draw_moves_has_no_interval_unless_it_is_of_events():
    nothing = np.full((DRAWS, 2), 0.1) + 1e-17 * np.arange(DRAWS)[:, None]
    for draws in (nothing, nothing - nothing):
        spread = parameter_spread(draws, draws, draws, 0.02, scale=np.full(2, 0.1))
        assert (spread.state == NOT_MOVED).all()
        for field in (spread.sd, spread.lower, spread.upper, spread.noise_share):
            assert np.isnan(field).all()
    none = np.zeros((DRAWS, 2))  # of a rare event, in any draw
    spread = parameter_spread(none, none, none, 0.02, reached=np.array([True, False]))
    assert spread.state.tolist() == [AT_MOST, NOT_MOVED]
    assert spread.upper[0] == pytest.approx(Z * 0.02) and spread.sd[0] == 0.02


def test_noise_that_all_draws_share_adds_nothing():
    rng = np.random.default_rng(2)
    spread = parameter_spread(*simulated(rng, interaction=0.0))
    assert spread.noise_share == pytest.approx(0.0, abs=1e-12)
    assert spread.sd == pytest.approx(0.05, rel=0.15)


@pytest.mark.parametrize(("interaction", "most"), [(0.2, 396), (0.7, 400)])
def test_bands_hold_a_new_truth_as_often_as_they_claim(interaction, most):
    # 400 cases, each a band from 400 draws and one new truth; a noise of a thirteenth of the
    # variance is told and taken out, one of half of it is left in and called an upper bound. The
    # number held is binomial(400, 0.95), a little wider for the band's own error: outside 360 to
    # 396 with probability below 0.2 %
    rng = np.random.default_rng(3)
    held = told = 0
    for _ in range(400):
        whole, first, second = simulated(rng, interaction=interaction)
        center = whole.mean()
        truth = 0.05 * rng.standard_normal()
        spread = parameter_spread(whole - center, first - center, second - center)
        held += bool(spread.lower <= truth <= spread.upper)
        told += bool(spread.state == TOLD)
    assert 360 <= held <= most
    assert told > 390 if interaction < 0.5 else told == 0


def known(seed, patients, center, **changes):
    """One fraction of 8 Gy, and a lognormal onset that death may come before."""
    model = {"preset": "sbrt-cord-default", "threshold": 0.0, "intercept": center, "center": 0.0}
    return make_experiment(
        {
            "name": "known", "seed": seed, "patients": patients, "months": [24],
            "cohort": {"preset": "sib-phase2"}, "dose": {"nodes": 8},
            "arms": {"a": {"prescription": 8.0, "fractions": 1, "field": "uniform"}},
            "ntcp": {"myelopathy": model, "myelopathy_alternatives": []},
            "survival": {"shape": 1.4, "scale": 30.0}, **changes,
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def incidence():
    """Cumulative incidence at 24 months of a large cohort by intercept, death by quadrature.

    Onset and death are alike for all, so it is the mean lifetime risk, which has no noise of
    events, times the integral of the density of onset times survival.
    """
    grid = np.linspace(-9.0, 0.0, 10)
    swept = run(known(1, 20_000, -4.0, sweep={"ntcp.myelopathy.intercept": grid.tolist()}))
    onset = stats.lognorm(0.4, scale=6.0)
    net = swept["myelopathy_net"].values.ravel() / onset.cdf(24.0)
    first = integrate.quad(lambda t: onset.pdf(t) * np.exp(-((t / 30.0) ** 1.4)), 0.0, 24.0)[0]
    return lambda at: first * special.expit(np.interp(at, grid, special.logit(net)))


@pytest.mark.parametrize(("center", "share"), [(-3.0, "an eighth"), (-6.0, "one of 125")])
def test_the_bands_of_a_run_hold_the_truth_of_new_parameters(incidence, center, share):
    # 30 seeds; a 95 % band holds fewer than 25 of 30 new truths with probability 0.3 %. A band
    # that is told is of the parameters alone, so it is laid around the true mean; an upper bound
    # stands as it is, noise included
    rng = np.random.default_rng(11)
    mean = incidence(stats.norm.ppf((np.arange(2000) + 0.5) / 2000, center, 0.5)).mean()
    drawn = {"kind": "normal", "mean": center, "sd": 0.5}
    held, states = 0, []
    for seed in range(30):
        uncertainty = {"draws": 20, "ntcp.myelopathy.intercept": drawn}
        result = run(known(seed, 400, center, uncertainty=uncertainty), scheduler="single")
        name = "myelopathy_cumulative_incidence_parameters"
        center_of, lower, upper, state = (
            result[name + end].item() for end in ("", "_lower", "_upper", "_state")
        )
        truth = incidence(rng.normal(center, 0.5))
        shift = mean - center_of if state == TOLD else 0.0
        held += lower + shift <= truth <= upper + shift
        assert lower < upper
        states.append(state)
    assert held >= 25
    hidden = states.count(AT_MOST)
    assert hidden <= 4 if share == "an eighth" else hidden >= 10


def test_a_smooth_response_has_its_exact_interval():
    u = (np.arange(20_000) + 0.5) / 20_000
    response = special.expit(1.0 + 0.5 * special.ndtri(u))
    spread = parameter_spread(response, response, response)
    np.testing.assert_allclose(
        [spread.lower, spread.upper], special.expit(1.0 + 0.5 * np.array([-Z, Z])), atol=1e-3
    )


def test_one_patient_has_no_halves_and_says_so():
    draws = np.array([[0.1], [0.4]])
    spread = parameter_spread(draws, np.full((2, 1), np.nan), draws)
    assert np.isnan(spread.noise_share).all() and (spread.state == AT_MOST).all()
    assert spread.sd == pytest.approx(np.std(draws, ddof=1))


def test_a_single_draw_is_refused():
    with pytest.raises(ValueError, match="two draws or more"):
        parameter_spread(np.ones(1), np.ones(1), np.ones(1))
