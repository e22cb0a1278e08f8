"""radsim."""
