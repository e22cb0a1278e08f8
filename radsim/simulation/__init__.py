"""The walk from patients to sums: cohort, dose, risk, events, for any patients and variants.

What a step computes belongs in the room that is named after it; where it is computed in
`radsim.execution`.
"""
