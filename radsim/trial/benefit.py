"""What a trial's experimental arm gains against what each harm costs."""

from dataclasses import dataclass

import numpy as np

from radsim.trial.run import Shown


@dataclass(frozen=True)
class Benefit:
    """What the experimental arm gains against what one harm costs, per patient.

    Attributes
    ----------
    avoided
        Control minus experimental share of patients seen with the event.
    caused
        Experimental minus control share of patients seen with the harm.
    per_harm
        Events avoided for each harm caused (or suffered for each harm avoided); None where one arm
        is better in both.
    """

    harm: str
    control: float
    experimental: float
    caused: float
    caused_error: float
    avoided: float
    avoided_error: float
    per_harm: float | None


def benefits_of(shown: Shown) -> list[Benefit]:
    """Weigh the events avoided against each harm, averaged over trials."""
    n = shown.counts["evaluable"]
    usable = (n > 0).all(axis=1)
    trials = int(np.count_nonzero(usable))
    if trials == 0:
        return []

    def shares(name: str) -> np.ndarray:
        return shown.counts[name][usable] / n[usable]

    gap = shares("events")[:, 0] - shares("events")[:, 1]
    rows = []
    for name in shown.counts:
        if name.startswith("harm/"):
            share = shares(name)
            caused = share[:, 1] - share[:, 0]
            traded = gap.mean() * caused.mean() > 0.0
            rows.append(
                Benefit(
                    name.removeprefix("harm/"),
                    float(share[:, 0].mean()),
                    float(share[:, 1].mean()),
                    float(caused.mean()),
                    float(caused.std() / np.sqrt(trials)),
                    float(gap.mean()),
                    float(gap.std() / np.sqrt(trials)),
                    float(gap.mean() / caused.mean()) if traded else None,
                )
            )
    return rows
