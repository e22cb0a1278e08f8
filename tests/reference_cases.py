"""Reference values of other programs and papers, by the number of the case."""

import json
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "reference" / "radiobiology.json"


@cache
def _cases() -> dict[str, dict[str, Any]]:
    cases = json.loads(FILE.read_text(encoding="utf-8"))["cases"]
    return {case["id"]: case for case in cases}


def case(number: str) -> tuple[dict[str, Any], Any, float]:
    """Inputs, expected answer and absolute tolerance of a case."""
    found = _cases()[number]
    return found["inputs"], found["expected"], found["tol"]
