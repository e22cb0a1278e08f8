"""Published results beside simulations of the cohorts and schedules they came from.

Outcomes of single patients belong in `radsim.fitting`, figures of models in `radsim.presets`.
"""

from radsim.validation.report import draw_forest, rows_to_csv, save_validation, validation_text
from radsim.validation.run import Row, Validation, run_validation
from radsim.validation.targets import Target, load_targets

__all__ = [
    "Row",
    "Target",
    "Validation",
    "draw_forest",
    "load_targets",
    "rows_to_csv",
    "run_validation",
    "save_validation",
    "validation_text",
]
