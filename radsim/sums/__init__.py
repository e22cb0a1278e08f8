"""Sums over patients, their errors, differences and shares; blind to what is summed.

What is summed belongs in `radsim.simulation`, what becomes of the sums in `radsim.results`.
"""
