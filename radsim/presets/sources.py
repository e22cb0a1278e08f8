"""Where presets lie in a user's folder, and the sources that presets cite."""

from collections.abc import Iterable
from typing import Any

from radsim.presets import load_preset

PRESET_FILE = ".toml"  # what tells a file of one's own from a preset's name


def sources_of(presets: Iterable[str]) -> list[str]:
    """List the sources of presets given as ``family/name``, each once.

    Examples
    --------
    >>> sources_of(["tcp/hytec-spine-2021"])[0].split(":")[0]
    'tcp/hytec-spine-2021'
    """
    lines: dict[str, Any] = {}
    for key in presets:
        family, _, name = key.partition("/")
        for source in load_preset(family, name).sources.values():
            lines[f"{key}: {source} [{source.flag}]"] = None
    return list(lines)
