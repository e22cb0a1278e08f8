"""What a trial compares: an experimental arm with control, in everybody or in a subgroup."""

from dataclasses import dataclass

EVERYBODY, INSIDE, OUTSIDE = "everybody", "subgroup", "others"
POPULATIONS = (EVERYBODY, INSIDE, OUTSIDE)


@dataclass(frozen=True)
class Comparison:
    """One experimental arm against control.

    Attributes
    ----------
    arm
        Number of the experimental arm, from 1.
    population
        In whom: ``everybody``, ``subgroup`` or ``others``.
    """

    arm: int = 1
    population: str = EVERYBODY
