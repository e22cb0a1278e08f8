"""Dose at the nodes of each volume, in plain numpy or compiled, equal to rounding.

Compiled loops are in `kernels`; what they are compared with in `plain`.
"""
