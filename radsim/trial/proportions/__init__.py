"""Tests and intervals of proportions, and of restricted mean times.

Sizes from formulas belong in `radsim.trial.formulas`.
"""
