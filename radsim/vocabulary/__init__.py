"""Words, units, endpoints, structures, numbers, and how mistakes are told.

Everything here is a name or a check of one value; it knows no patient and no file.
"""
