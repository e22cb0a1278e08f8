"""Complication models, one a file."""
