"""A plan in a patient: solving for the prescription, judging limits, delivering fractions.

Dose at the nodes of a volume belongs in `radsim.dose.nodes`.
"""
