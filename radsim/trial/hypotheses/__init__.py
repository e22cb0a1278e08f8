"""Several hypotheses in one trial: what each is of, how they are tested, what is shown and falsely.

Analyses of one endpoint belong in `radsim.trial.conduct`, adjusted p values in
`radsim.trial.formulas`.
"""
