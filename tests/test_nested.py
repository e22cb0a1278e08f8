"""Nested estimation: parameter uncertainty, with the noise of the patients kept out."""

import numpy as np
import pytest
from scipy import special

from radsim.nested import parameter_spread

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
    spreads = [parameter_spread(*simulated(rng)) for _ in range(100)]
    made = np.mean([spread.sd**2 for spread in spreads])
    raw = np.mean([np.var(simulated(rng)[0], ddof=1) for _ in range(100)])
    assert raw == pytest.approx(0.05**2 + 1 / PATIENTS, rel=0.05)
    assert made == pytest.approx(0.05**2, rel=0.08)  # 4 standard errors of the mean of 100
    shares = np.mean([spread.noise_share for spread in spreads])
    assert shares == pytest.approx((1 / PATIENTS) / raw, abs=0.05)


def test_noise_that_all_draws_share_adds_nothing():
    rng = np.random.default_rng(2)
    spread = parameter_spread(*simulated(rng, interaction=0.0))
    assert spread.noise_share == pytest.approx(0.0, abs=1e-12)
    assert spread.sd == pytest.approx(0.05, rel=0.15)


def test_bands_hold_a_new_truth_as_often_as_they_claim():
    # 400 cases, each a band from 400 draws with inner noise as large as the signal, and one new
    # truth. The number held is binomial(400, 0.95), a little wider for the band's own error:
    # outside 360 to 396 with probability below 0.2 %. Without the correction 99 % would be held.
    rng = np.random.default_rng(3)
    held = uncorrected = 0
    for _ in range(400):
        whole, first, second = simulated(rng, interaction=0.7)
        center = whole.mean()
        truth = 0.05 * rng.standard_normal()
        spread = parameter_spread(whole - center, first - center, second - center)
        held += bool(spread.lower <= truth <= spread.upper)
        low, high = np.quantile(whole - center, (0.025, 0.975))
        uncorrected += bool(low <= truth <= high)
    assert 360 <= held <= 396
    assert uncorrected > held


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
    assert np.isnan(spread.noise_share).all()
    assert spread.sd == pytest.approx(np.std(draws, ddof=1))


def test_a_single_draw_is_refused():
    with pytest.raises(ValueError, match="two draws or more"):
        parameter_spread(np.ones(1), np.ones(1), np.ones(1))
