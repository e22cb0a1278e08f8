"""The file that a person writes, checked once and then never changed; its variants.

Reading a table of patients belongs in `radsim.patients`, saying what a file does in
`radsim.report.text`.
"""
