"""Plans from texts of DVHs, a layout a file; what layouts share is in `written` and `text`.

What any format comes to, a structure with its dose, belongs in `radsim.planfiles`.
"""
