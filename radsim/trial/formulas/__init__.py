"""Power and size from formulas: events, proportions, one arm, looks, assurance.

What is simulated belongs in `radsim.trial.questions`.
"""
