"""Virtual trials: draw them, analyse them, and say what a design can be expected to show.

Nothing here knows an experiment: pools of simulated patients are handed in by `radsim.simulation`.
"""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "Boundaries": "formulas.group_sequential",
    "Difference": "survival.landmark",
    "Differences": "survival.landmarks",
    "Estimate": "survival.verdict",
    "HazardRatio": "survival.cox",
    "PatientPool": "protocol.arms",
    "Pieces": "protocol.laws",
    "PiecewiseAccrual": "protocol.accrual",
    "PredictiveDesign": "formulas.predictive_probability",
    "Quantile": "survival.quantiles",
    "RampAccrual": "protocol.accrual",
    "RateAccrual": "protocol.accrual",
    "Regression": "survival.cox_covariates",
    "Resize": "questions.resize",
    "RiskTable": "survival.subjects",
    "SampleSize": "questions.size",
    "Settings": "conduct.analyses",
    "Shown": "conduct.run",
    "SingleArm": "formulas.single_arm",
    "StatedArm": "protocol.arms",
    "Stratum": "protocol.design",
    "TrialDesign": "protocol.design",
    "TrialPlan": "conduct.run",
    "Trials": "conduct.observe",
    "TwoStage": "formulas.single_arm",
    "UncertainArms": "conduct.uncertainty",
    "UniformAccrual": "protocol.accrual",
    "Verdict": "survival.verdict",
    "Visits": "protocol.design",
    "assurance_of_events": "formulas.assurance",
    "assurance_of_proportions": "formulas.assurance",
    "boundaries": "formulas.group_sequential",
    "clopper_pearson": "formulas.single_arm",
    "compare_proportions": "proportions.proportions",
    "conditional_power": "formulas.group_sequential",
    "cox_ratio": "survival.cox",
    "cox_regression": "survival.cox_covariates",
    "cumulative_incidence": "survival.incidence",
    "dose_response_power": "questions.dose_response",
    "draw_trials": "conduct.observe",
    "event_probability": "formulas.event_formulas",
    "events_needed": "formulas.event_formulas",
    "exact_p_value": "proportions.exact_tests",
    "exact_power": "proportions.exact_tests",
    "exact_size": "proportions.exact_tests",
    "expected_curves": "questions.curves",
    "fine_gray_ratio": "survival.fine_gray",
    "fleming_harrington": "survival.weighted_log_rank",
    "flow_of": "questions.flow",
    "gray_test": "survival.gray",
    "incidence_difference": "survival.landmark",
    "incidence_differences": "survival.landmarks",
    "kaplan_meier": "survival.survival_curve",
    "logrank": "survival.log_rank",
    "max_combo": "survival.weighted_log_rank",
    "mc_error": "questions.characteristics",
    "median_trial": "questions.flow",
    "non_inferiority_test": "proportions.binary_tests",
    "one_arm_power": "questions.one_arm",
    "one_sample_logrank": "survival.one_sample",
    "patients_needed": "formulas.event_formulas",
    "power_of": "questions.characteristics",
    "power_of_events": "formulas.event_formulas",
    "power_of_proportions": "formulas.proportion_formulas",
    "predictive_design": "formulas.predictive_probability",
    "predictive_power": "formulas.group_sequential",
    "predictive_probability": "formulas.predictive_probability",
    "proportion_test": "proportions.binary_tests",
    "restricted_mean": "survival.survival_curve",
    "restricted_mean_difference": "survival.landmark",
    "risk_table": "survival.subjects",
    "run_resized": "questions.resize",
    "run_sequential": "questions.looks",
    "run_trials": "conduct.run",
    "sample_size": "questions.size",
    "simon_design": "formulas.single_arm",
    "single_arm_design": "formulas.single_arm",
    "size_for_non_inferiority": "formulas.proportion_formulas",
    "size_for_proportions": "formulas.proportion_formulas",
    "smallest_exact_size": "formulas.proportion_formulas",
    "smallest_predictive_design": "formulas.predictive_probability",
    "smallest_single_arm": "formulas.single_arm",
    "survival_difference": "survival.landmark",
    "survival_quantile": "survival.quantiles",
    "time_lost": "survival.incidence",
    "time_lost_difference": "survival.landmark",
    "trials_needed": "questions.characteristics",
    "under_null": "questions.nulls",
}

__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'radsim.trial' has no attribute {name!r}")
    return getattr(import_module(f"radsim.trial.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return __all__
