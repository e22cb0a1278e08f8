"""Tumor control models, one a file."""
