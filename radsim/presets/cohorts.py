"""Cohorts of presets, with every variable spelled out."""

from typing import Any

from radsim.presets import load_preset


def cohort_settings(name: str) -> dict[str, Any]:
    """Give variables and correlations of a cohort's preset, each variable with its source.

    Examples
    --------
    >>> cohort_settings("sib-phase2")["variables"]["ecog"]["units"]
    '1'
    """
    preset, variables = load_preset("cohort", name), {}
    for variable, parameter in preset.parameters.items():
        source = preset.sources.get(parameter.source)
        variables[variable] = {
            "distribution": parameter.value,
            "units": parameter.units,
            "meaning": parameter.meaning,
            "source": f"{parameter.flag}: {source}" if source else parameter.flag,
        }
    drawn = [{key: pair[key] for key in ("between", "rho")} for pair in preset.correlations]
    return {"preset": name, "variables": variables, "correlations": drawn}
