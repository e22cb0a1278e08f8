"""From sums to a labeled Dataset: estimates, errors, comparisons, uncertainty, provenance.

`run` does all of it. How sums are formed belongs in `radsim.simulation` and `radsim.sums`, how a
result looks to a reader in `radsim.report`.
"""
