"""Which pieces of a run are simulated, where, in which order, and how they are remembered.

Nothing here changes a number. Dask is imported in this room only.
"""
