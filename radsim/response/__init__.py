"""Risk over time, and what models of control and of complication share.

A model of its own belongs in `radsim.tcp` or `radsim.ntcp`.
"""
