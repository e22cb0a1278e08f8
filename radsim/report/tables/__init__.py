"""Rows of the CSV files, from a result; numbers are written with ``repr``.

Sentences belong in `radsim.report.text`, the writing of files in `radsim.report.files`.
"""
