"""Every target beside its simulation, with a verdict."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import xarray as xr

from radsim.experiment.reading import make_experiment
from radsim.results.run import run
from radsim.validation.readings import Run, read
from radsim.validation.rivals import rivals_of
from radsim.validation.targets import Target, experiment_settings, load_targets

Z95 = 1.96  # standard normal quantile of a two-sided 95 % interval


@dataclass(frozen=True, kw_only=True)
class Row:
    """A target, the simulated figure with its Monte Carlo standard error, and those of rivals.

    ``rivals`` are what other shipped models of the endpoint give, by preset; all in its units.
    """

    target: Target
    simulated: float
    error: float
    rivals: Mapping[str, float] = field(default_factory=dict)

    @property
    def met_by(self) -> list[str]:
        """Other shipped models that meet the figure, too."""
        t = self.target
        return [name for name, figure in self.rivals.items() if t.lower <= figure <= t.upper]

    @property
    def weak(self) -> bool:
        """Whether it is a prediction that is met, and that another shipped model would meet."""
        return self.target.role == "prediction" and self.verdict == "met" and bool(self.met_by)

    @property
    def verdict(self) -> str:
        """``met`` inside the target's interval, else ``missed``.

        ``undecided`` where an end of the interval lies within the 95 % Monte Carlo interval.
        """
        t, reach = self.target, Z95 * self.error
        if any(abs(self.simulated - end) < reach for end in (t.lower, t.upper)):
            return "undecided"
        return "met" if t.lower <= self.simulated <= t.upper else "missed"


@dataclass(frozen=True, kw_only=True)
class Validation:
    """All rows, and the results that they were read from, by the name of the run."""

    rows: tuple[Row, ...]
    results: dict[str, xr.Dataset]


def run_validation(
    targets: list[Target] | None = None,
    scheduler: str = "threads",
    progress: Callable[[str], None] | None = None,
    largest: int | None = None,
) -> Validation:
    """Run every experiment that the targets name, all of them unless given, and read them.

    ``progress`` is told the name of each run before it begins; ``largest`` is the most patients of
    a run, for tests, whose uniform numbers are then plain.
    """
    targets = load_targets() if targets is None else targets
    runs: dict[str, Run] = {}
    for name in dict.fromkeys(t.experiment for t in targets if t.experiment):
        if progress is not None:
            progress(name)
        settings = experiment_settings(name)
        if largest is not None:
            settings["patients"] = min(settings["patients"], largest)
            settings["uniforms"] = "plain"  # the others take patients in large multiples
        experiment = make_experiment(settings)
        runs[name] = Run(experiment, run(experiment, scheduler=scheduler))
    rivals = rivals_of(targets, scheduler)
    rows = []
    for target in targets:
        simulated, error = read(target.read, runs.get(target.experiment))
        others = rivals.get(target.id, {})
        rows.append(Row(target=target, simulated=simulated, error=error, rivals=others))
    return Validation(rows=tuple(rows), results={name: r.result for name, r in runs.items()})
