"""What a protocol states: arms, accrual, follow-up, strata.

How it is carried out belongs in `radsim.trial.conduct`.
"""
