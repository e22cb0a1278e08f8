"""Whether the arms differ otherwise in a subgroup than in the others."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from radsim.trial.conduct.analyses import EVERY_ANALYSIS, Outcome
from radsim.trial.conduct.run import Shown, TrialPlan, run_comparisons
from radsim.trial.protocol.comparison import POPULATIONS, Comparison
from radsim.trial.questions.characteristics import Power, power_of

INTERACTION = "interaction"
IN_PLACE = {"gray": "incidence_difference"}  # whose effect has an error of its own


@dataclass(frozen=True)
class Part:
    """An analysis in a population, or the interaction of the subgroup with the arms."""

    population: str
    power: Power


def parts_of(
    plan: TrialPlan,
    analysis: str,
    *,
    trials: int,
    seed: int,
    workers: int = 1,
    higher_is_better: bool | None = None,
) -> list[Part]:
    """Simulate an analysis in everybody, in the subgroup and in the others, and the interaction.

    Each is tested by itself, at the level of the plan.
    """
    name = IN_PLACE.get(analysis, analysis)
    everywhere = [Comparison(1, population) for population in POPULATIONS]
    only = replace(plan, analyses=tuple(dict.fromkeys((analysis, name))))
    shown = run_comparisons(only, everywhere, trials, seed=seed, workers=workers)
    powers = [
        power_of(analysis, each, plan.alpha, higher_is_better=higher_is_better) for each in shown
    ]
    parts = [Part(*pair) for pair in zip(POPULATIONS, powers, strict=True)]
    _, inside, outside = shown
    outcome = interaction(name, inside, outside)
    both = power_of(name, replace(inside, outcomes={name: outcome}), plan.alpha)
    what = f"{both.estimates} in the subgroup against the others"
    return [*parts, Part(INTERACTION, replace(both, estimates=what, favorable=None))]


def interaction(name: str, inside: Shown, outside: Shown) -> Outcome:
    r"""Test whether an effect (log for ratios) is the same in two groups of patients.

    .. math:: z = \frac{e_1 - e_0}{\sqrt{v_1 + v_0}}

    Parameters
    ----------
    name
        An analysis whose information is 1 over the variance of its effect; of a binary one the
        effect is the difference of proportions.
    """
    variance, effects, known = np.zeros(len(inside.duration)), [], np.ones(1, bool)
    for shown in (inside, outside):
        outcome = shown.outcomes[name]
        information = outcome.information
        if name not in EVERY_ANALYSIS:
            information = _information_of_proportions(shown)
        usable = outcome.estimable & (information > 0.0)
        variance = variance + 1.0 / np.where(usable, information, 1.0)
        effects.append(outcome.effect)
        known = known & usable
    effect = np.where(known, effects[0] - effects[1], 0.0)
    z = effect / np.sqrt(variance)
    p = np.where(known, 2.0 * special.ndtr(-np.abs(z)), 1.0)
    return Outcome(z, p, effect, known, known, np.where(known, 1.0 / variance, 0.0))


def _information_of_proportions(shown: Shown) -> np.ndarray:
    n = np.maximum(shown.counts["evaluable"], 1)
    p = shown.counts["events"] / n
    variance = (p * (1.0 - p) / n).sum(axis=1)
    return np.where(variance > 0.0, 1.0 / np.where(variance > 0.0, variance, 1.0), 0.0)
