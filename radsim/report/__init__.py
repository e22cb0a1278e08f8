"""A result for readers and disks: tables, text, figures, files.

Nothing here simulates or estimates: numbers that a table needs and a result lacks belong in
`radsim.results`.
"""
