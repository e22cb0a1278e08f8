"""Metrics of a dose-volume histogram, as a file or a command line writes them."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from radsim.vocabulary.mistakes import require
from radsim.vocabulary.structures import HOT_SPOT

Kind = Literal["dose_at_share", "dose_at_volume", "share_above", "volume_above", "eud"]
KINDS: dict[Kind, str] = {  # as a line lists them
    "dose_at_share": "Dx for x from 0 to 100 %",
    "dose_at_volume": "DXcc",
    "share_above": "VxGy",
    "volume_above": "VxGy_cc",
    "eud": "gEUD(a), mean",
}
UNITS: dict[Kind, str] = {"share_above": "1", "volume_above": "cm3"}  # of others Gy
WHOLE = ("DVH", "prescription")  # what a model may read that is no metric of a DVH
KNOWN = "D98 (in %), D0.03cc, V20Gy (share), V20Gy_cc, mean, max, gEUD(-10), DVH, prescription"
FORGOTTEN_CC = 0.5  # [%] Dx below it almost certainly means cm3: write D0.03% for a share

_NUMBER = r"(\d+(?:\.\d+)?)"
_FORMS: dict[Kind, str] = {
    "dose_at_share": rf"D{_NUMBER}%?",
    "dose_at_volume": rf"D{_NUMBER}cc",
    "share_above": rf"V{_NUMBER}Gy",
    "volume_above": rf"V{_NUMBER}Gy_cc",
    "eud": r"gEUD\((-?\d+(?:\.\d+)?)\)",
}
_WRITTEN: dict[Kind, str] = {
    "dose_at_share": "D{}",
    "dose_at_volume": "D{}cc",
    "share_above": "V{}Gy",
    "volume_above": "V{}Gy_cc",
    "eud": "gEUD({})",
}


@dataclass(frozen=True)
class Metric:
    """One number of a dose-volume histogram.

    Attributes
    ----------
    kind
        ``dose_at_share`` and ``dose_at_volume``: the lowest dose in the hottest part of a volume
        [Gy]; ``share_above`` and ``volume_above``: the part at or above a dose; ``eud``: the
        generalized mean dose [Gy].
    number
        Share of the volume, 0 for the maximum and 1 for the minimum; volume [cm3]; dose [Gy];
        or exponent, 1 for the mean.
    """

    kind: Kind
    number: float

    @property
    def units(self) -> str:
        """Of its value: Gy, a share of the volume (1) or cm3."""
        return UNITS.get(self.kind, "Gy")

    @property
    def is_dose(self) -> bool:
        """Say whether it is a dose, and no part of a volume."""
        return self.kind not in UNITS

    @property
    def is_hot_spot(self) -> bool:
        """Say whether it is D0.03cc, which stands for the maximum of an organ."""
        return self.kind == "dose_at_volume" and self.number == HOT_SPOT

    @property
    def needs_volume(self) -> bool:
        """Say whether it is of cm3, so that the structure's volume must be known."""
        return self.kind in ("dose_at_volume", "volume_above")

    @property
    def is_quantile(self) -> bool:
        """Say whether it is Dx with x above 0 and below 100 %."""
        return self.kind == "dose_at_share" and 0.0 < self.number < 1.0

    def __str__(self) -> str:
        number = f"{100.0 * self.number:g}%" if self.kind == "dose_at_share" else f"{self.number:g}"
        return _WRITTEN[self.kind].format(number)


@lru_cache(maxsize=256)  # asked anew for every variant and block
def parse_metric(text: str) -> Metric | None:
    """Metric that a text names; None of ``DVH`` and ``prescription``, which are none.

    Raises
    ------
    ValueError
        If there is no such metric, or cm3 are almost certainly meant: a share that small is
        written with its sign, ``D0.03%``.

    Examples
    --------
    >>> parse_metric("D98"), parse_metric("D0") == parse_metric("max")
    (Metric(kind='dose_at_share', number=0.98), True)
    >>> parse_metric("V20Gy_cc"), parse_metric("mean")
    (Metric(kind='volume_above', number=20.0), Metric(kind='eud', number=1.0))
    """
    if text in WHOLE:
        return None
    if text in ("mean", "max"):
        return Metric("eud", 1.0) if text == "mean" else Metric("dose_at_share", 0.0)
    for kind, form in _FORMS.items():
        if match := re.fullmatch(form, text):
            return _checked(kind, float(match[1]), text)
    bare = re.fullmatch(rf"V{_NUMBER}", text)
    hint = f"did you mean '{text}Gy'?" if bare else f"known: {KNOWN}"
    raise ValueError(f"no metric {text!r}; {hint}")


def _checked(kind: Kind, number: float, text: str) -> Metric:
    """Return a metric whose number is one that its kind can have."""
    if kind == "dose_at_share":
        require(number <= 100.0, f"{text}: a share of the volume is at most 100 %")
        meant = number == 0.0 or number >= FORGOTTEN_CC or "%" in text
        require(meant, f"no metric {text!r}; did you mean '{text}cc'? As a share, '{text}%'")
        return Metric(kind, number / 100.0)
    possible = number != 0.0 if kind == "eud" else number > 0.0
    require(possible, f"no metric {text!r}: its number must not be 0")
    return Metric(kind, number)
