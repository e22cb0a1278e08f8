"""What a design is asked: power, benefit, curves, flow of patients.

One analysis of one trial belongs in `radsim.trial.survival` or `radsim.trial.proportions`.
"""
