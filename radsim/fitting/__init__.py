"""Models fitted to outcomes of patients, and presets refitted to their anchors.

A model's formula belongs in `radsim.tcp` or `radsim.ntcp`.
"""
