"""The answer in plain words: what each arm buys and costs, and the choices that move it most."""

from collections.abc import Iterator
from textwrap import fill

import numpy as np
import xarray as xr

from radsim.experiment.designs.tables import DRAWS
from radsim.report.view import View
from radsim.results.choices import Choice, choices_of
from radsim.results.reading import has_role
from radsim.sums.best_over_draws import STATES
from radsim.sums.parameter_spread import AT_MOST, NOT_MOVED
from radsim.vocabulary.endpoints import ALIVE, NET, PREVALENCE, Endpoint, Estimate, Joint

MOST_CHOICES = 3
OVER_DRAWS = "95 % over the parameters"
MONTE_CARLO = "95 % Monte Carlo intervals, without the uncertainty of the models"
LINE = 100  # characters
LEAST = 0.05  # points below which a difference and its interval are told from none


def answer_text(result: xr.Dataset) -> str:
    """Say in words what each arm buys and costs against the reference, at the last time.

    With draws of parameters the interval is over them, and the choices follow that move the
    difference most; nothing is said where no other arm treats the same people, nor of a sweep.
    """
    view = View(result)
    if not view.compared or view.axes:
        return ""
    called, reference = view.experiment.called, view.experiment.called(view.reference)
    kind = OVER_DRAWS if has_role(result, "difference_parameters_lower") else MONTE_CARLO
    months = view.experiment.months[-1]
    lines = [f"In words, at {months:g} months, against {reference} (in brackets {kind}):"]
    for arm in view.compared:
        said = "; ".join(_change(view, estimate, arm) for estimate in _told(view))
        lines.append(_item(f"{called(arm)}: {said}."))
    if overall := _overall(view):
        lines += _best(view, overall)
        lines += _moving(result, view, overall)
    return "\n".join(lines)


def _told(view: View) -> list[Estimate]:
    """Endpoints by themselves, then together: net, in a state, and alive without any."""
    return [
        e for e in view.estimates
        if (isinstance(e.of, Endpoint) and e.estimator is _estimator(view, e.of))
        or (isinstance(e.of, Joint) and e.of.free_of and e.estimator is ALIVE)
    ]  # fmt: skip


def _estimator(view: View, endpoint: Endpoint) -> object:
    states = Estimate(endpoint, PREVALENCE) in view.estimates
    return PREVALENCE if states else NET


def _overall(view: View) -> Estimate | None:
    """What the arms are compared by as a whole: control without complication, or what is good."""
    nets = [e for e in view.estimates if e.estimator is NET]
    joint = [e for e in nets if isinstance(e.of, Joint)]
    return next(iter([*joint, *(e for e in nets if e.good)]), None)


def _change(view: View, estimate: Estimate, arm: str) -> str:
    difference = estimate.difference
    value = float(view.percent(difference, arm=arm))
    lower, upper, kind = _interval(view, difference, arm)
    if np.isnan(value):
        return f"{estimate.words} is not known"
    if not any(abs(number) >= LEAST for number in (value, lower, upper)):
        return f"{estimate.words} the same (to {LEAST:g} points)"
    side = "more" if value > 0 else "less"
    unclear = ", either way" if lower < 0 < upper else ""
    said = "" if np.isnan(lower) else f" ({points(lower)} to {points(upper)}{kind}{unclear})"
    return f"{_words(estimate)} {points(abs(value), sign='')} points {side}{said}"


def _words(estimate: Estimate) -> str:
    return estimate.meaning if isinstance(estimate.of, Joint) else estimate.words


def _interval(view: View, difference: Estimate, arm: str) -> tuple[float, float, str]:
    """Interval of a difference [points]: over the draws, or of the simulation alone."""
    if view.has(difference, "parameters_state"):
        state = view.numbers(difference, "parameters_state", arm=arm)
        if state == NOT_MOVED:
            return np.nan, np.nan, ""
        ends = (
            view.percent(difference, f"parameters_{end}", arm=arm) for end in ("lower", "upper")
        )
        lower, upper = map(float, ends)
        return lower, upper, ", at most" if state == AT_MOST else ""
    lower, upper = (float(view.percent(difference, end, arm=arm)) for end in ("lower", "upper"))
    return lower, upper, ""


def _best(view: View, overall: Estimate) -> Iterator[str]:
    """How often each arm is best over the draws."""
    if not view.has(overall, "best_probability"):
        return
    shares = view.percent(overall, "best_probability")
    ends = (view.percent(overall, f"best_probability_{end}") for end in ("lower", "upper"))
    ranked = sorted(
        (
            (float(s), view.experiment.called(str(s["ranked_arm"].values)), float(low), float(high))
            for s, low, high in zip(shares, *ends, strict=True)
        ),
        reverse=True,
    )
    draws = len(view.experiment.study.design.parts[DRAWS])
    each = ", ".join(
        f"{arm} in {share:.0f} % ({low:.0f} to {high:.0f})"
        for share, arm, low, high in ranked
        if share > 0.0
    )
    note = STATES[int(view.numbers(overall, "best_probability_state").max())]
    said = f" The shares are {note}." if note else ""
    yield _line(f"Highest {overall.label}, of {draws:,} draws of the parameters: {each}.{said}")
    if not view.has(overall, "best_probability_with"):
        return
    others = []
    for with_other in view.percent(overall, "best_probability_with"):
        leader = with_other[int(np.argmax(with_other.values))]
        arm = view.experiment.called(str(leader["ranked_arm"].values))
        if arm != ranked[0][1]:
            others.append(f"{arm} in {float(leader):.0f} % with {with_other['alternative'].item()}")
    if others:
        yield _line(f"Another arm leads under other choices: {'; '.join(others)}.")


def _moving(result: xr.Dataset, view: View, overall: Estimate) -> Iterator[str]:
    """The choices that move each difference most."""
    told = {arm: choices_of(result, view.experiment, overall, arm) for arm in view.compared}
    if not any(told.values()):
        return
    yield f"What moves the difference in {overall.label} most [points]:"
    for arm, choices in told.items():
        value = float(view.percent(overall.difference, arm=arm))
        each = "; ".join(map(_choice, choices[:MOST_CHOICES]))
        yield _item(f"{view.experiment.called(arm)}, {points(value)}: {each}.")


def _choice(choice: Choice) -> str:
    lowest, highest = points(100.0 * choice.lowest), points(100.0 * choice.highest)
    if choice.is_drawn:
        return f"{choice.name}, drawn: {lowest} to {highest}"
    return f"{choice.name}: {lowest} ({choice.lowest_at}) to {highest} ({choice.highest_at})"


def _line(text: str) -> str:
    return fill(text, LINE, subsequent_indent="  ", break_on_hyphens=False)


def _item(text: str) -> str:
    return fill(text, LINE, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)


def points(value: float, sign: str = "+") -> str:
    """Write percentage points, with more digits where they are few.

    Examples
    --------
    >>> points(12.34), points(-0.034), points(3.0, sign="")
    ('+12.3', '-0.034', '3.0')
    """
    digits = 1 if abs(value) >= 1.0 or value == 0.0 else 2 if abs(value) >= 0.1 else 3
    return f"{value:{sign}.{digits}f}"
