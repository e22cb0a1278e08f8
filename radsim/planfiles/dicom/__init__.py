"""Plans from DICOM-RT: files, dose grids, contours, and the doses inside them.

What any format comes to, a structure with its dose, belongs in `radsim.planfiles`.
"""
