"""The share of draws in which an arm is best, freed from the luck of the patients."""

import numpy as np
import pytest
from covering import covers
from scipy import stats

from radsim.sums.best_over_draws import CORRECTED, TOWARDS_HALF, best_over_draws
from radsim.sums.intervals import wilson_interval

DRAWS = 200


def simulated(seed, center, patients, own, shared=0.0):
    """Best of two arms whose margin has mean ``center`` and variance 1 over the parameters.

    Patients differ by ``own`` in the margin, and by ``shared`` in what the parameter does to it.
    """
    rng = np.random.default_rng(seed)
    score = stats.norm.ppf((rng.permutation(DRAWS) + rng.random(DRAWS)) / DRAWS)
    turned = np.sin(2.0 * score + rng.uniform(0.0, 2.0 * np.pi, (patients, 1)))
    effect = own * rng.standard_normal((patients, 1)) + shared * turned
    margin = center + score + effect

    def arms(of):
        return np.stack([margin[of].mean(axis=0), np.zeros(DRAWS)])

    half = patients // 2
    error = effect.std(axis=0, ddof=1).mean() / np.sqrt(patients)
    parts = (slice(None), slice(0, half), slice(half, None))
    return best_over_draws(*map(arms, parts), np.array([error, 0.0]))


@pytest.mark.parametrize(
    ("center", "patients", "own", "shared"),
    [(0.5, 30, 3.0, 0.0), (1.0, 200, 6.0, 0.0), (1.0, 30, 6.0, 2.0), (0.5, 30, 3.0, 6.0)],
)
def test_the_share_has_an_interval_that_holds_the_luck_of_the_patients(
    center, patients, own, shared
):
    """Of 300 seeds; Wilson's interval of the draws as they are holds the truth in 4 to 40 %."""
    truth = stats.norm.cdf(center)
    every = [simulated(seed, center, patients, own, shared) for seed in range(300)]
    covers([b.lower[0] for b in every], [b.upper[0] for b in every], truth, least=0.94)
    lower, upper = wilson_interval(np.array([b.as_drawn[0] for b in every]), DRAWS)
    assert ((lower <= truth) & (truth <= upper)).mean() < 0.45
    for best in every:
        assert best.share.sum() == pytest.approx(1.0)
        assert (best.lower <= best.share).all() and (best.share <= best.upper).all()


def test_the_share_is_right_on_average_where_the_parameters_outweigh_the_patients():
    """Of 600 seeds: the mean share is good to 0.006, and that of the draws is too near a half."""
    truth = stats.norm.cdf(1.0)
    every = [simulated(seed, 1.0, 30, 3.0) for seed in range(600)]
    assert np.mean([b.as_drawn[0] for b in every]) < truth - 0.02
    assert np.mean([b.share[0] for b in every]) == pytest.approx(truth, abs=0.02)


def test_a_share_that_the_patients_decide_says_so():
    assert (simulated(1, 0.5, 30, 12.0).state == TOWARDS_HALF).all()
    assert (simulated(1, 0.5, 30, 1.0).state == CORRECTED).all()


def test_arms_that_are_alike_share_and_exact_draws_are_counted():
    alike = np.tile(np.linspace(0.0, 1.0, DRAWS), (3, 1))
    best = best_over_draws(alike, alike, alike, np.zeros(3))
    assert best.share.tolist() == pytest.approx([1 / 3] * 3)
    assert (best.state == CORRECTED).all()
    apart = alike + np.array([[0.0], [-0.5], [0.001]]) * np.cos(np.arange(DRAWS))
    best = best_over_draws(apart, apart, apart, np.zeros(3))
    assert best.share == pytest.approx(best.as_drawn)
    assert (best.lower, best.upper) == (
        pytest.approx(wilson_interval(best.share, DRAWS)[0]),
        pytest.approx(wilson_interval(best.share, DRAWS)[1]),
    )
