"""Where the target and the organs lie, and how dose falls off around them.

Everything here is of the patient, before any plan.
"""
