"""Virtual trials: draw them, analyse them, and say what a design can be expected to show."""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "Boundaries": "group_sequential",
    "Difference": "landmark",
    "Estimate": "verdict",
    "HazardRatio": "cox",
    "PatientPool": "arms",
    "PiecewiseAccrual": "accrual",
    "RampAccrual": "accrual",
    "RiskTable": "subjects",
    "SampleSize": "size",
    "Settings": "analyses",
    "Shown": "run",
    "SingleArm": "single_arm",
    "StatedArm": "arms",
    "Stratum": "design",
    "TrialDesign": "design",
    "TrialPlan": "run",
    "Trials": "observe",
    "TwoStage": "single_arm",
    "UncertainArms": "uncertainty",
    "UniformAccrual": "accrual",
    "Verdict": "verdict",
    "Visits": "design",
    "assurance_of_events": "assurance",
    "assurance_of_proportions": "assurance",
    "boundaries": "group_sequential",
    "clopper_pearson": "single_arm",
    "compare_proportions": "proportions",
    "cox_ratio": "cox",
    "cumulative_incidence": "incidence",
    "dose_response_power": "dose_response",
    "draw_trials": "observe",
    "event_probability": "event_formulas",
    "events_needed": "event_formulas",
    "exact_p_value": "exact_tests",
    "exact_power": "exact_tests",
    "exact_size": "exact_tests",
    "expected_curves": "curves",
    "fine_gray_ratio": "fine_gray",
    "flow_of": "flow",
    "gray_test": "gray",
    "incidence_difference": "landmark",
    "kaplan_meier": "survival_curve",
    "logrank": "log_rank",
    "mc_error": "characteristics",
    "median_trial": "flow",
    "non_inferiority_test": "binary_tests",
    "patients_needed": "event_formulas",
    "power_of": "characteristics",
    "power_of_events": "event_formulas",
    "power_of_proportions": "proportion_formulas",
    "proportion_test": "binary_tests",
    "restricted_mean": "survival_curve",
    "restricted_mean_difference": "landmark",
    "risk_table": "subjects",
    "run_sequential": "looks",
    "run_trials": "run",
    "sample_size": "size",
    "simon_design": "single_arm",
    "single_arm_design": "single_arm",
    "size_for_non_inferiority": "proportion_formulas",
    "size_for_proportions": "proportion_formulas",
    "smallest_exact_size": "proportion_formulas",
    "smallest_single_arm": "single_arm",
    "survival_difference": "landmark",
    "time_lost": "incidence",
    "time_lost_difference": "landmark",
    "trials_needed": "characteristics",
    "under_null": "nulls",
}

__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'radsim.trial' has no attribute {name!r}")
    return getattr(import_module(f"radsim.trial.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return __all__
