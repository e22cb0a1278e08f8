"""Folders of results: what is in them, who may write there, how they are read again.

The content of a file belongs in `radsim.report.tables` and its neighbors.
"""
