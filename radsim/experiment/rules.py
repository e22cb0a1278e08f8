"""Whether the rules of ``[eligibility]`` name what patients have, and anybody meets them."""

from collections.abc import Iterator, Sequence

import numpy as np

from radsim.experiment.model import Experiment
from radsim.patients.cohort import Cohort, draw_cohort
from radsim.patients.eligibility import CANDIDATES, draw_eligible
from radsim.randomness.streams import Streams
from radsim.vocabulary.cohort_variables import LABELS
from radsim.vocabulary.words import nearest

FIRST = 4096  # patients who are drawn to see
LIKELY = 0.01  # chance that a place stays empty, above which it is said at once


def wrong_rules(experiment: Experiment) -> Iterator[str]:
    """Give a line for each label that no patient has, and where too few are eligible."""
    arms = {f"arms.{name}.cohort": arm.cohort for name, arm in experiment.arms.items()}
    cohorts = {k: c for k, c in {"cohort": experiment.cohort, **arms}.items() if c and c.names}
    rules = experiment.eligibility
    wanted = {variable for rule in rules.values() for variable in rule.where}
    if not rules or not cohorts or any(c.table or not wanted <= c.names for c in cohorts.values()):
        return  # what is missing, and why a table takes no rules, is said elsewhere
    lines: list[str] = []
    for name, rule in rules.items():
        same = [n for n, r in rules.items() if (r.where, r.action) == (rule.where, rule.action)]
        if same[0] != name:
            lines.append(f"eligibility.{name}: is the rule {same[0]!r} once more")
        for variable, labels in rule.where.items():
            key = f"eligibility.{name}.where.{variable}"
            lines += [f"{key}: {p}" for p in _problems(variable, labels, [*cohorts.values()])]
    yield from lines
    if not lines:
        for key, cohort in cohorts.items():
            if problem := _too_few(experiment, cohort):
                yield f"eligibility: {problem}{'' if key == 'cohort' else f' of {key}'}"


def _problems(variable: str, labels: Sequence[str], cohorts: Sequence[Cohort]) -> Iterator[str]:
    """Say what is wrong with the labels of a variable in a rule."""
    held = [label for cohort in cohorts for label in cohort.labels(variable)]
    if held:
        known = dict.fromkeys((*LABELS.get(variable, ()), *held))
        yield from (f"no label {x!r}; {nearest(x, known)}" for x in labels if x not in known)
        return
    drawn = [draw_cohort(cohort, range(FIRST), Streams(0))[variable] for cohort in cohorts]
    values = np.unique(np.concatenate(drawn))
    lowest, highest = (f(end for c in cohorts for end in c.ends(variable)) for f in (min, max))
    for label in labels:
        number = _number(label)
        if number is None:
            yield f'holds numbers, such as "{values[0]:g}"; got {label!r}'
        elif len(values) > FIRST // 2:
            yield f"differs in each patient, so nobody has just {label}; give a group a variable"
        elif not lowest <= number <= highest:
            yield f"lies between {lowest:g} and {highest:g}, so nobody has {label}"
        elif number not in values and set(values) <= {0.0, 1.0}:
            yield f"is 0 or 1, so nobody has {label}"


def _number(label: str) -> float | None:
    """Read a number that is written as numbers are, or nothing."""
    try:
        number = float(label)
    except ValueError:
        return None
    return number if label == f"{number + 0.0:g}" and np.isfinite(number) else None


def _too_few(experiment: Experiment, cohort: Cohort) -> str:
    """Say that a place can't be filled, or that one of many is likely to stay empty."""
    patients, streams = experiment.patients, Streams(experiment.seed)
    try:
        first = range(min(patients, FIRST))
        _, flags = draw_eligible(cohort, experiment.eligibility, first, streams)
    except ValueError as error:
        return str(error).removeprefix("eligibility: ")
    share = float(flags["meets_eligibility"].mean())
    if patients <= FIRST or patients * (1.0 - share) ** CANDIDATES < LIKELY:
        return ""
    return (
        f"{share:.2g} of the candidates are eligible, and {CANDIDATES} for each of "
        f"{patients} places are too few to find one"
    )
