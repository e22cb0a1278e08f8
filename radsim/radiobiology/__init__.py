"""Formulas of dose on numbers: fractionation, cell kill, repair, DVH reductions.

No patients, no presets, no labels: models belong in `radsim.tcp` and `radsim.ntcp`.
"""
