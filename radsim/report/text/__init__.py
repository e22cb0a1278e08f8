"""What is printed: comparisons, warnings, descriptions of files, lists of models.

Rows for machines belong in `radsim.report.tables`.
"""
