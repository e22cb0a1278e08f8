"""Derive ``radsim/presets/bootstrap/vcf-2013.csv`` and ``vcf-default.csv``, of fracture models.

``vcf-default`` is drawn by `radsim.fitting.fractures.draw_preset`, where its level and onset are
solved too; what follows is of ``vcf-2013``.

The 2013 series publishes hazard ratios with 95 % intervals and one marginal figure, a cumulative
incidence of 12.35 % at 1 year (410 segments, 57 fractures in all). The risk of the reference
patient is not published: it is whatever gives the series that incidence under its hazard ratios.
So the two can't be drawn apart. Each row draws the hazard ratios, lognormal with the width of
their published intervals, and the incidence, from the Beta distribution that 12.35 % of 410
segments leave; then it solves for the reference risk.

What is assumed:

- the series' mix of covariates, which is not published: that of
  ``radsim/validation/experiments/fracture_2013.toml``, with 20 % of the segments at 20 Gy or more
  a fraction, covariates independent; and its survival, exponential with a median of 16 months;
- hazard ratios independent of each other: their covariances are not published;
- segments independent, although 252 patients had 410 of them;
- the step at 20 Gy a fraction is as uncertain as the published ratio of 24 Gy or more (5.25,
  2.29-12.01), which is the stratum of 24 Gy in one fraction; that of 20-23 Gy is 1.96-12.28.

The preset's reference risk is kept as the center: it lies between those of two mixes, 0.73 and
1.2 %, and rows are moved, on the log scale, so that it is their median. How far the mix itself
may be off is not in the rows.

Run ``python benchmarks/vcf_bootstrap.py`` to write the files again; they come out the same.
"""

import itertools
import tomllib
from pathlib import Path

import numpy as np
from parameter_tables import ROWS, write_table
from scipy import special

import radsim
from radsim.fitting.fractures import draw_preset
from radsim.presets import load_preset
from radsim.randomness.streams import Streams

PRESET = "vcf-2013"
MIX = Path(radsim.__file__).parent / "validation" / "experiments" / "fracture_2013.toml"
HIGH_DOSE_SHARE = 0.20  # of the segments, at 20 Gy or more a fraction; as that file says
SEGMENTS, INCIDENCE = 410, 0.1235  # at 12 months
HIGHEST_STRATUM = (2.29, 12.01)  # published interval of 24 Gy or more a fraction
PRIOR = 0.5  # Jeffreys' prior of a share
REFERENCE = 12.0  # months
STEPS = 120  # of the year, over which fractures and deaths compete
NEWTON_STEPS = 12
CLOSE = 1e-9  # relative step at which the reference risk is found
SEED = 2013
HALF_WIDTH = special.ndtri(0.975)  # standard deviations
RATIOS = (  # the one that decides most first: draws are spread evenly along the first column
    "fraction_dose",
    "fracture_below_half",
    "fracture_half_or_more",
    "body_involved",
    "malalignment",
    "lytic",
)


def bootstrap() -> np.ndarray:
    """Draw hazard ratios and incidence, solve; columns of `RATIOS`, then the reference risk."""
    ratios = _draw_ratios()
    streams = Streams(SEED)
    u = streams.uniforms("bootstrap/incidence", range(ROWS))
    events = INCIDENCE * SEGMENTS
    incidence = special.betaincinv(events + PRIOR, SEGMENTS - events + PRIOR, u)
    hazard = _solve(ratios, incidence)
    published = load_preset("ntcp", PRESET).parameters["reference_risk"].value
    risk = -np.expm1(-hazard * (-np.log1p(-published) / np.median(hazard)))
    return np.column_stack([ratios, risk])


def _draw_ratios() -> np.ndarray:
    preset, streams = load_preset("ntcp", PRESET), Streams(SEED)
    columns = []
    for name in RATIOS:
        parameter = preset.parameters[f"hazard_ratio_{name}"]
        low, high = HIGHEST_STRATUM if name == "fraction_dose" else parameter.uncertainty
        sd = np.log(high / low) / (2.0 * HALF_WIDTH)
        score = special.ndtri(streams.uniforms(f"bootstrap/{name}", range(ROWS)))
        columns.append(parameter.value * np.exp(sd * score))
    return np.stack(columns, axis=1)


def _solve(ratios: np.ndarray, incidence: np.ndarray) -> np.ndarray:
    """Hazard of the reference patient over a year that gives each row its incidence.

    Incidence rises with the hazard ever less steeply, so that Newton's steps from 0 never pass it.
    """
    share, hazard_ratio = _cells(ratios)
    hazard = np.zeros(len(ratios))
    for _ in range(NEWTON_STEPS):
        found, slope = _incidence(hazard[:, None] * hazard_ratio)
        step = (incidence - found @ share) / ((slope * hazard_ratio) @ share)
        hazard += step
    if np.abs(step / hazard).max() > CLOSE:
        raise RuntimeError("no reference risk was found for some rows")
    return hazard


def _cells(ratios: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of each combination of covariates, and its hazard ratio, shape (row, cell)."""
    ratio = dict(zip(RATIOS, ratios.T, strict=True))
    cohort = _mix()["cohort"]
    fracture = _shares(cohort["baseline_fracture"])
    involved = cohort["body_involved_over_half"]["probability"]
    one = np.ones(len(ratios))
    covariates = (
        [(HIGH_DOSE_SHARE, ratio["fraction_dose"]), (1.0 - HIGH_DOSE_SHARE, one)],
        [
            (fracture["below_half"], ratio["fracture_below_half"]),
            (fracture["half_or_more"], ratio["fracture_half_or_more"]),
            (fracture["none"] * involved, ratio["body_involved"]),
            (fracture["none"] * (1.0 - involved), one),
        ],
        [
            (p := cohort["malalignment"]["probability"], ratio["malalignment"]),
            (1.0 - p, one),
        ],
        [
            (lytic := _shares(cohort["lesion_type"])["lytic"], ratio["lytic"]),
            (1.0 - lytic, one),
        ],
    )
    cells = list(itertools.product(*covariates))
    share = np.array([np.prod([s for s, _ in cell]) for cell in cells])
    return share, np.stack([np.prod([hr for _, hr in cell], axis=0) for cell in cells], axis=1)


def _incidence(hazard: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cumulative incidence at a year, death competing, of this yearly hazard; and its slope."""
    months = np.linspace(0.0, REFERENCE, STEPS + 1)
    onset = load_preset("ntcp", PRESET).parameters["onset"].value
    with np.errstate(divide="ignore"):
        growth = special.ndtr(np.log(months / onset["median"]) / onset["sigma"])
    growth /= growth[-1]
    law = _mix()["survival"]
    alive = np.exp(-((((months[1:] + months[:-1]) / 2.0) / law["scale"]) ** law["shape"]))
    weight = np.append(alive[0], np.diff(np.append(alive, 0.0)))  # of being free at each month
    incidence, slope = np.zeros_like(hazard), np.zeros_like(hazard)
    for time, share in zip(growth, weight, strict=True):
        free = share * np.exp(-hazard * time)
        incidence += free
        slope -= time * free
    return incidence, slope


def _mix() -> dict:
    return tomllib.loads(MIX.read_text(encoding="utf-8"))


def _shares(distribution: dict) -> dict[str, float]:
    total = sum(distribution["shares"].values())
    return {name: share / total for name, share in distribution["shares"].items()}


def bootstrap_default() -> np.ndarray:
    """Draw ratios and incidences of ``vcf-default``, solve; columns as in its table."""
    return np.column_stack(list(draw_preset("vcf-default", ROWS).values()))


def main() -> None:
    """Write the files, and print what they hold."""
    write_table(
        PRESET,
        "vcf_bootstrap.py",
        (
            "Parametric bootstrap: hazard ratios from their published 95 % intervals, reference",
            "risk solved for the 1-year incidence of 12.35 % in 410 segments. ASSUMED: the mix of",
            "covariates of that series (not published), hazard ratios independent of each other,",
            "segments independent; rows are moved so that their median is the preset's 0.9 %.",
            "Units: 1.",
        ),
        [*(f"hazard_ratio_{name}" for name in RATIOS), "reference_risk"],
        bootstrap(),
    )
    write_table(
        "vcf-default",
        "vcf_bootstrap.py",
        (
            "Hazard ratios from their published 95 % intervals, incidence at 1 and 3 years from",
            "those of the series pittsburgh-2026, reference risk and exponent of the onset solved",
            "again for each row. ASSUMED: mix of covariates, doses and survival of that series",
            "(the same in each row), hazard ratios independent of each other and of the",
            "incidences, and what comes after the first year of what came before. Units: 1.",
        ),
        list(draw_preset("vcf-default", 1)),
        bootstrap_default(),
    )


if __name__ == "__main__":
    main()
