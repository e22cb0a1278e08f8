"""Luck by address: uniform numbers fixed by seed, name and patient, and distributions.

Nothing here knows what a number is drawn for.
"""
