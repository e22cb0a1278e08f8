"""The [uncertainty] section: keys with distributions."""

from collections.abc import Iterator, Mapping
from typing import Any

from radsim.experiment.designs.keys import check_key, names_of
from radsim.experiment.designs.parts import MOST_DRAWS
from radsim.experiment.designs.tables import Table
from radsim.randomness.distributions.continuous import LogNormal
from radsim.response.modifiers import published_ratio
from radsim.vocabulary.mistakes import require

MODEL_DRAWS = "draw with alternative"
MOST_MODEL_DRAWS = 100  # draws that are repeated with each other model
FEWEST_DRAWS = 2
UNCERTAINTY_KEYS = ("draws", "method", "groups", "models")
PUBLISHED = "published"  # in the place of a distribution: that of the published interval


def published_ratios(known: Mapping[str, Any], key: str) -> dict[str, LogNormal]:
    """Distributions of modifiers' hazard ratios at or below a key, by their published intervals.

    Parameters
    ----------
    known
        The tables of the experiment with every preset spelled out.
    key
        ``tcp.modifiers``, one of them, or one of its ratios.

    Raises
    ------
    ValueError
        If the key is no such ratio, or no interval is published for one.
    """
    check_key(key, known)
    found, lacking = {}, []
    modifiers = (known.get("tcp") or {}).get("modifiers") or ()
    for name, one in zip(names_of(modifiers), modifiers, strict=True):
        for group, ratio in one["hazard_ratio"].items():
            path = f"tcp.modifiers.{name}.hazard_ratio.{group}"
            if not f"{path}.".startswith(f"{key}."):
                continue
            interval = (one.get("interval") or {}).get(group)
            if interval is None:
                lacking.append(path)
            else:
                found[path] = published_ratio(ratio, interval)
    require(
        bool(found or lacking), f'"{PUBLISHED}" is for hazard ratios of tcp.modifiers, not for this'
    )
    require(not lacking, f"no interval is published for {', '.join(lacking)}; give a distribution")
    return found


def drawn_with(entries: list[dict[str, Any]], draws: Table) -> Iterator[dict[str, Any]]:
    """Repeat the first draws with each other model.

    What was drawn for a model that another preset takes the place of is left out: it belongs to
    the model that is replaced.
    """
    for entry in entries:
        replaced = tuple(key.removesuffix("preset") for key in entry if key.endswith(".preset"))
        for index in range(min(len(draws), MOST_MODEL_DRAWS)):
            drawn = draws.row(index).items()
            yield {**{k: v for k, v in drawn if not k.startswith(replaced)}, **entry}


def count_of(value: Any) -> int:
    """Check a number of draws."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    require(
        whole and FEWEST_DRAWS <= value <= MOST_DRAWS,
        f"must be a whole number, {FEWEST_DRAWS} or more and at most {MOST_DRAWS:,}, got {value!r}",
    )
    return int(value)
