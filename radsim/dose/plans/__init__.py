"""What an arm prescribes: each kind of plan, its limits, its earlier course.

How a plan is met in a patient belongs in `radsim.dose.course`.
"""
