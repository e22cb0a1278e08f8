"""Plans made by a treatment planning system, brought to the nodes of `radsim.dvh`."""
