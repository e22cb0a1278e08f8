"""Pictures of a result, a file a kind of picture.

What is drawn is read off the result; an estimate that is missing there belongs in
`radsim.results`.
"""
