"""Monte Carlo radiobiology: compare radiotherapy strategies for spine metastases.

Start with `load_experiment` and `run`; every public name is loaded when it is first used.
"""

from importlib import import_module
from typing import Any

from radsim.vocabulary.versions import __version__

_PUBLIC = {
    "Experiment": "radsim.experiment.model",
    "ExperimentError": "radsim.experiment.model",
    "Streams": "radsim.randomness.streams",
    "load_experiment": "radsim.experiment.reading",
    "load_ntcp": "radsim.ntcp",
    "load_preset": "radsim.presets",
    "load_tcp": "radsim.tcp",
    "load_trial": "radsim.experiment.trial_file",
    "make_experiment": "radsim.experiment.reading",
    "make_trial": "radsim.experiment.trial_file",
    "open_result": "radsim.report.files.result_files",
    "run": "radsim.results.run",
    "run_trial": "radsim.simulation.virtual_trial",
    "save_result": "radsim.report.files.result_files",
    "simulate": "radsim.simulation.patients",
    "trial_dataset": "radsim.results.trials",
}

__all__ = ["__version__", *sorted(_PUBLIC)]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'radsim' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return __all__
