"""A trial carried out many times: drawn, observed, analysed.

What is asked of the trials belongs in `radsim.trial.questions`.
"""
