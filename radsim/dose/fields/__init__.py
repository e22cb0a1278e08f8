"""Kinds of plan whose dose needs no planning: fields, libraries, intraoperative sources.

Planned courses belong in `radsim.dose.course`.
"""
