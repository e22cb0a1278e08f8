"""Who is treated: cohorts, tables of patients, eligibility.

Random numbers belong in `radsim.randomness`, what happens to patients in `radsim.response`.
"""
