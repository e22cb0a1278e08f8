"""How many patients a trial takes: by simulation, by formulas, over a number of the design.

What a trial of a given size shows belongs in `radsim.trial.questions`.
"""
