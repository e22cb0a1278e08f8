"""Calibrate HyTEC's curve through plans: the presets that radsim ships, and all joint draws of it.

Each preset reads another dose of the plans (GTV D90, GTV D98, the whole GTV, PTV D90), and its
curve is calibrated so that the mean over the plans of the cohort ``hytec-reference`` meets, at each
anchor's schedule, the published curve's value there (`radsim.fitting.calibration`). Factors of its
parameters follow the weight of tumor beyond the GTV: with each weight the same anchors are met.

The draws are of the published pair, D50 and gamma50, from its 95 % intervals; each side of an
interval is half of a normal distribution. Their correlation of 0.95 is an assumption: the paper's
is not known, and a refit of the anchors has 0.96. They are the table ``hytec-spine-2021``, for the
curve as published. The tables of the presets follow it row by row: from each drawn curve the
anchors' values are taken, and the curve is calibrated anew through plans of fewer patients than the
preset's, moved so that the published pair gives the preset's.

Run ``python benchmarks/calibrated_presets.py`` to write the files again; they come out the same.
"""

import re
import sys
from dataclasses import replace
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
import tomli_w
from parameter_tables import write_table
from scipy import special

from radsim.dose.anatomy.dose_model import default_dose_model
from radsim.dose.metrics import DoseMetric
from radsim.fitting.calibration import (
    AGAIN,
    AGAIN_COHORT,
    OF_A_DVH,
    PATIENTS,
    AnchorPlans,
    anchors_of,
    calibrate,
    draw_anchor_plans,
    fit_through_plans,
    ratio_in_whole_plans,
)
from radsim.presets import load_preset
from radsim.randomness.streams import Streams
from radsim.tcp import load_tcp
from radsim.tcp.control import ControlModel

CURVE = "hytec-spine-2021"
READS = {  # preset: what it reads, and what that is called
    "hytec-spine-gtv-d90": (DoseMetric(structure="gtv", metric="D90"), "the planned GTV D90"),
    "hytec-spine-gtv-d98": (DoseMetric(structure="gtv", metric="D98"), "the planned GTV D98"),
    "hytec-spine-gtv-dvh": (DoseMetric(structure="gtv", metric="DVH"), "the whole planned GTV"),
    "hytec-spine-ptv-d90": (DoseMetric(structure="ptv", metric="D90"), "the planned PTV D90"),
}
CHOSEN = {
    "hytec-spine-gtv-d90": "Of the doses that predict control it is the nearest to what a "
    "prescription means, which is why it is the default; it was not chosen by its fit.",
    "hytec-spine-gtv-d98": "Doses near the minimum predict local failure in one series "
    "(Lovelock 2010: Dmin, D98 and D95), which does not tell them apart.",
    "hytec-spine-gtv-dvh": "The parts of the GTV are independent: their hazards add up.",
    "hytec-spine-ptv-d90": "The volume of the prescription, which hardly feels what cord limits "
    "take from the tumor.",
}
WEIGHTS = (*(round(0.05 * step, 2) for step in range(1, 20)), 0.99)  # of tumor beyond the GTV
PAIR = ("d50", "gamma50")
CORRELATION = 0.95  # an assumption
HALF_WIDTH = special.ndtri(0.975)
ROWS, SEED = 1000, 2021
LINE = 98  # characters
PUBLISHED, LOWEST, HIGHEST = 0.76, 0.66, 0.90  # control 12 months after reirradiation
FEWER = 16_384  # patients through whose plans each row is fitted, and
FEWEST = 2048  # of whole GTVs
SCRIPT, UNITS = Path(__file__).name, "Units: Gy in 3 fractions, 1."
RESTS_ON = (
    "D50 and gamma50 of HyTEC's curve from their published 95 % intervals, each side of them half",
    "a normal distribution. ASSUMED: their correlation of 0.95.",
)


def model_of(name: str) -> ControlModel:
    """The published curve, where it is to be calibrated for what a preset reads."""
    model: ControlModel = load_tcp(CURVE, dose=READS[name][0], calibrate="plans")
    return model


def published_pairs(rows: int = ROWS) -> np.ndarray:
    """Draw D50 [Gy in 3 fractions] and gamma50 of the published curve, shape (row, 2)."""
    streams = Streams(SEED)
    first, other = (special.ndtri(streams.uniforms(f"published/{n}", range(rows))) for n in PAIR)
    scores = (first, CORRELATION * first + np.sqrt(1.0 - CORRELATION**2) * other)
    columns = []
    for name, score in zip(PAIR, scores, strict=True):
        stated = load_preset("tcp", CURVE).parameters[name]
        low, high = stated.uncertainty
        side = np.where(score < 0, stated.value - low, high - stated.value)
        columns.append(stated.value + score * side / HALF_WIDTH)
    return np.stack(columns, axis=1)


def plans_of(name: str, patients: int) -> AnchorPlans:
    """Draw what a preset reads of its anchors' plans."""
    anchors = anchors_of(load_tcp(CURVE))
    return draw_anchor_plans(anchors, [READS[name][0]], default_dose_model(), patients)


def draws(name: str, rows: int = ROWS) -> np.ndarray:
    """Calibrate each drawn curve anew; its D50 and gamma50, shape (row, 2)."""
    model = model_of(name)
    plans = plans_of(name, FEWEST if model.dose.is_dvh else FEWER)
    curve = load_tcp(CURVE)

    def pair(drawn: ControlModel, start: ControlModel) -> list[float]:
        asked = replace(plans, anchors=anchors_of(drawn))
        fitted = fit_through_plans(start, asked)
        return [getattr(fitted, key) for key in PAIR]

    at_published = pair(curve, load_tcp(name))
    shipped = [getattr(load_tcp(name), key) for key in PAIR]
    start = replace(model, **dict(zip(PAIR, at_published, strict=True)))
    fits = [
        pair(replace(curve, d50=float(d50), gamma50=float(gamma50)), start)
        for d50, gamma50 in published_pairs(rows)
    ]
    return np.array(fits) * (np.array(shipped) / at_published)


def factors(model: ControlModel, calibrated: ControlModel) -> tuple[tuple[float, ...], ...]:
    """Factors of the calibrated pair with each weight of tumor beyond the GTV, after the weight."""
    if model.dose.structure != "gtv":
        return ()
    anchors, metrics = anchors_of(load_tcp(CURVE)), replace(model, beyond=0.5).reads
    patients = OF_A_DVH if model.dose.is_dvh else PATIENTS
    plans = draw_anchor_plans(anchors, metrics, default_dose_model(), patients)
    lines, now = [(0.0, 1.0, 1.0)], replace(calibrated, calibration=None, calibrate="plans")
    for weight in WEIGHTS:
        now = fit_through_plans(replace(now, beyond=weight), plans)
        ratios = (getattr(now, key) / getattr(calibrated, key) for key in PAIR)
        lines.append((weight, *(float(f"{ratio:.5g}") for ratio in ratios)))
    return tuple(lines)


def after_earlier(calibrated: ControlModel, entry: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Name and entry of what the hazard after an earlier course is multiplied by."""
    source = {"flag": "assumption", "source": entry["source"]}
    known = (
        f"from the review's median 1-year control of {100 * PUBLISHED:.0f} % "
        f"({100 * LOWEST:.0f}-{100 * HIGHEST:.0f}), crude figures that already hold the "
        f"under-dosing that limits force, read as net. In plans of {AGAIN.regimen} for "
        f"{AGAIN_COHORT}, with {{}}; results are given without it as well."
    )
    in_each_draw = "the curve and the growth of the hazard as they stand in each draw"
    of_preset = "the preset's own curve and growth and no tumor beyond the GTV"
    if calibrated.dose.is_dvh:
        ratio, most, least = (
            float(f"{ratio_in_whole_plans(calibrated, p, default_dose_model()):.3g}")
            for p in (PUBLISHED, LOWEST, HIGHEST)
        )
        return "reirradiation_hazard_ratio", {
            "value": ratio, "units": "1", "uncertainty": [least, most], **source,
            "meaning": "multiplies the hazard of local failure in an arm with a prior course",
            "note": f"Solved {known.format(of_preset)} Whole plans are not kept, so the ratio "
            "follows neither draws nor w.",
        }  # fmt: skip
    return "reirradiation_control", {
        "value": PUBLISHED, "units": "1", **source,
        "meaning": "net control 12 months after reirradiation, from which the ratio of hazards "
        "in an arm with a prior course is solved",
        "uncertainty": {
            "kind": "triangular", "lower": LOWEST, "mode": PUBLISHED, "upper": HIGHEST
        },
        "note": f"The ratio is solved {known.format(in_each_draw)}",
    }  # fmt: skip


def preset_text(name: str) -> str:
    """Write a preset (TOML)."""
    model, (_, words) = model_of(name), READS[name]
    calibrated = calibrate(model)
    record = calibrated.calibration
    assert record is not None
    published = load_preset("tcp", CURVE)
    record = record.model_copy(update={"factors": factors(model, calibrated)})
    worst = max(record.anchors, key=lambda anchor: abs(anchor.missed))
    parameters = {}
    for key, stated in published.parameters.items():
        entry = stated.model_dump(mode="json", exclude_none=True)
        if key in PAIR:
            entry |= {"value": getattr(calibrated, key), "flag": "derived"}
            entry["note"] = (
                f"{published.parameters[key].value} as published. Uncertain together with the "
                f"other: draw both from the table {name}."
            )
            del entry["uncertainty"]
        if key == "valid_eqd2":
            entry["value"] = list(calibrated.valid_eqd2)
            entry["meaning"] = "range of EQD2 of the anchors' plans"
            entry["note"] = "It holds 98 % of the plans of every anchor at what the curve reads."
        if key == "reirradiation_hazard_ratio":
            key, entry = after_earlier(calibrated, entry)
        parameters[key] = {k: v for k, v in entry.items() if v != ""}
        if key == "alpha_beta":
            read = {k: getattr(model.dose, k) for k in ("structure", "metric", "course")}
            parameters["dose"] = {
                "value": read, "units": "Gy", "meaning": "dose that the curve reads",
                "flag": "assumption", "note": CHOSEN[name],
            }  # fmt: skip
    low, high = calibrated.valid_eqd2
    preset = {
        "title": f"HyTEC local control of spinal metastases, calibrated for {words} through plans",
        "kind": model.kind,
        "endpoint": "local_control",
        "flag": "derived",
        "range": f"EQD2 at alpha/beta 6 of {low:g} to {high:g} Gy in {words}, SBRT in 1 to 5 "
        "fractions",
        "note": "The mean over the plans of the reference cohort meets HyTEC's curve at each "
        f"schedule; the worst is {worst.regimen}, by {worst.missed:+.1f} "
        "points. These schedules are anchored, not predicted. The slope between patients of one "
        "schedule is that between schedules, steepened by the assumed scatter of plans. Plans are "
        "those of the dose model, so the curve holds for it alone. Not for conventional "
        "radiotherapy.",
        "sources": {
            key: source.model_dump(mode="json", exclude_defaults=True)
            for key, source in published.sources.items()
        },
        "parameters": parameters,
        "calibration": record.model_dump(mode="json", exclude_defaults=True),
    }
    return re.sub(r"\[\s+(?:[\d.]+,\s+)+\]", _in_few_lines, tomli_w.dumps(preset))


def _in_few_lines(numbers: re.Match[str]) -> str:
    """Write a list of numbers in lines that are as long as may be."""
    text = " ".join(numbers[0].split()).removeprefix("[ ").removesuffix(", ]")
    return f"[{fill(text, LINE)}]"


def main() -> None:
    """Write presets and tables of the names that were typed, of all of them without any."""
    for name in sys.argv[1:] or (CURVE, *READS):
        if name == CURVE:
            write_table(name, SCRIPT, (*RESTS_ON, UNITS), PAIR, published_pairs())
            continue
        path = Path(__file__).parent.parent / "radsim" / "presets" / "tcp" / f"{name}.toml"
        path.write_text(preset_text(name), encoding="utf-8")
        load_preset.cache_clear()
        write_table(
            name,
            SCRIPT,
            (*RESTS_ON, "Each pair is calibrated anew through plans of hytec-reference.", UNITS),
            PAIR,
            draws(name),
        )


if __name__ == "__main__":
    main()
