"""Sections that make many variants of one file: sweeps, uncertainty, sensitivity.

What is estimated from the variants belongs in `radsim.results`.
"""
