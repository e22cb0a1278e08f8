"""A plan's dose in each patient: plans, anatomy, courses, nodes of volume, fields.

What dose does belongs in `radsim.tcp` and `radsim.ntcp`; formulas of dose alone in
`radsim.radiobiology`; reading plans from files in `radsim.planfiles`.
"""
