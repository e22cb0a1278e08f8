"""Distributions as values, each with an inverse CDF; the union lists them.

Values of a cohort variable that come from a table belong in `radsim.patients`.
"""
