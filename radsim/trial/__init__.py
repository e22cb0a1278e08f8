"""Virtual trials: draw them, analyse them, and say what a design can be expected to show.

Nothing here knows an experiment: pools of simulated patients are handed in by `radsim.simulation`.
"""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "Boundaries": "formulas.group_sequential",
    "Compared": "survival.wins",
    "Difference": "survival.landmark",
    "Estimate": "survival.verdict",
    "Family": "conduct.hypotheses",
    "HazardRatio": "survival.cox",
    "Hypothesis": "conduct.hypotheses",
    "OtherEndpoint": "conduct.others",
    "PatientPool": "protocol.arms",
    "Pieces": "protocol.laws",
    "PiecewiseAccrual": "protocol.accrual",
    "Procedure": "protocol.procedure",
    "RampAccrual": "protocol.accrual",
    "RateAccrual": "protocol.accrual",
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
    "Wins": "survival.wins",
    "assurance_of_events": "formulas.assurance",
    "assurance_of_proportions": "formulas.assurance",
    "boundaries": "formulas.group_sequential",
    "clopper_pearson": "formulas.single_arm",
    "compare_patients": "survival.wins",
    "compare_proportions": "proportions.proportions",
    "cox_ratio": "survival.cox",
    "cumulative_incidence": "survival.incidence",
    "decided_pairs": "questions.pairs",
    "dose_response_power": "questions.dose_response",
    "draw_trials": "conduct.observe",
    "event_probability": "formulas.event_formulas",
    "events_needed": "formulas.event_formulas",
    "exact_p_value": "proportions.exact_tests",
    "exact_power": "proportions.exact_tests",
    "exact_size": "proportions.exact_tests",
    "expected_curves": "questions.curves",
    "family_powers": "questions.testing",
    "fine_gray_ratio": "survival.fine_gray",
    "fixed_sequence": "formulas.multiplicity",
    "flow_of": "questions.flow",
    "gatekeeping": "formulas.multiplicity",
    "graphical": "formulas.multiplicity",
    "gray_test": "survival.gray",
    "hochberg": "formulas.multiplicity",
    "holm": "formulas.multiplicity",
    "incidence_difference": "survival.landmark",
    "kaplan_meier": "survival.survival_curve",
    "logrank": "survival.log_rank",
    "mc_error": "questions.characteristics",
    "median_trial": "questions.flow",
    "non_inferiority_test": "proportions.binary_tests",
    "patients_needed": "formulas.event_formulas",
    "power_of": "questions.characteristics",
    "power_of_events": "formulas.event_formulas",
    "power_of_proportions": "formulas.proportion_formulas",
    "proportion_test": "proportions.binary_tests",
    "restricted_mean": "survival.survival_curve",
    "restricted_mean_difference": "survival.landmark",
    "risk_table": "survival.subjects",
    "run_sequential": "questions.looks",
    "run_trials": "conduct.run",
    "sample_size": "questions.size",
    "simon_design": "formulas.single_arm",
    "single_arm_design": "formulas.single_arm",
    "size_for_non_inferiority": "formulas.proportion_formulas",
    "size_for_proportions": "formulas.proportion_formulas",
    "smallest_exact_size": "formulas.proportion_formulas",
    "smallest_single_arm": "formulas.single_arm",
    "survival_difference": "survival.landmark",
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
