"""What a trial decides before its end: to stop at a look, or to become larger.

What is asked of the trial at its end belongs in `radsim.trial.questions`.
"""
