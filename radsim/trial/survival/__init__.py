"""Analyses of events in time: curves, incidences, tests, regressions.

What is analysed when belongs in `radsim.trial.conduct`.
"""
