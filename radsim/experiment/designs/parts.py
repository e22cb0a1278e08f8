"""Names of the sections and of the parts of a design."""

DESIGN_SECTIONS = ("sweep", "uncertainty", "sensitivity")
DRAWS, ALTERNATIVES, SALTELLI, TORNADO = "draw", "alternative", "saltelli", "tornado"
MOST_DRAWS = 10**6  # and most base points; more than any run of them would take
