"""Virtual trials: draw them, analyse them, and say what a design can be expected to show."""

from radsim.trial.cox import HazardRatio, cox_ratio
from radsim.trial.fine_gray import fine_gray_ratio
from radsim.trial.gray import gray_test
from radsim.trial.incidence import cumulative_incidence, time_lost
from radsim.trial.kaplan_meier import kaplan_meier, restricted_mean
from radsim.trial.logrank import logrank
from radsim.trial.risk_table import RiskTable, risk_table
from radsim.trial.verdict import Estimate, Verdict

__all__ = [
    "Estimate",
    "HazardRatio",
    "RiskTable",
    "Verdict",
    "cox_ratio",
    "cumulative_incidence",
    "fine_gray_ratio",
    "gray_test",
    "kaplan_meier",
    "logrank",
    "restricted_mean",
    "risk_table",
    "time_lost",
]
