"""Every target beside its simulation, with a verdict."""

from collections.abc import Callable
from dataclasses import dataclass

from radsim.config import make_experiment
from radsim.driver import run
from radsim.validation.readings import Run, read
from radsim.validation.targets import Target, experiment_settings, load_targets


@dataclass(frozen=True, kw_only=True)
class Row:
    """A target and what the simulation gives.

    Attributes
    ----------
    simulated, error
        The simulated figure and its Monte Carlo standard error, in the target's units.
    """

    target: Target
    simulated: float
    error: float

    @property
    def verdict(self) -> str:
        """``met`` inside the target's interval, else ``missed``."""
        met = self.target.lower <= self.simulated <= self.target.upper
        return "met" if met else "missed"


def run_validation(
    targets: list[Target] | None = None,
    scheduler: str = "threads",
    progress: Callable[[str], None] | None = None,
    largest: int | None = None,
) -> list[Row]:
    """Run every experiment that the targets name, and read them.

    Parameters
    ----------
    targets
        All of them unless given.
    progress
        Told the name of each run before it begins.
    largest
        Most patients of a run, for tests.
    """
    targets = load_targets() if targets is None else targets
    runs: dict[str, Run | None] = {"": None}
    for name in dict.fromkeys(t.experiment for t in targets if t.experiment):
        if progress is not None:
            progress(name)
        settings = experiment_settings(name)
        settings["patients"] = min(settings["patients"], largest or settings["patients"])
        experiment = make_experiment(settings)
        runs[name] = Run(experiment, run(experiment, scheduler=scheduler))
    rows = []
    for target in targets:
        simulated, error = read(target.read, runs[target.experiment])
        rows.append(Row(target=target, simulated=simulated, error=error))
    return rows
