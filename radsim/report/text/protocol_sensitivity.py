"""What a trial's protocol varies: survival and the effect, by scenarios, curves and assurance."""

from collections.abc import Collection, Iterator, Mapping

from radsim.experiment.designs.tables import DRAWS
from radsim.experiment.model import Experiment
from radsim.experiment.trial_file import VirtualTrial
from radsim.report.tables.trial import Results
from radsim.report.text.page import Block, Table, briefly
from radsim.report.text.protocol_tables import changed_keys
from radsim.trial.protocol.arms import COMPANIONS, DEATH_WAYS, ROLES
from radsim.trial.questions.nulls import FAILURE
from radsim.trial.questions.scenario import TrialResult
from radsim.vocabulary.words import listed

DEATH = (*DEATH_WAYS, *(key for key, ways in COMPANIONS.items() if set(ways) <= set(DEATH_WAYS)))
ABOUT = {  # what is varied: words, last parts of keys of a trial, first parts of an experiment's
    "survival": (DEATH, ("survival",)),
    "the dose-response, or to the effect that is assumed": (FAILURE, ("tcp", "ntcp")),
}


def sensitivity_blocks(
    results: Results, source: Experiment | VirtualTrial, tables: Mapping[str, Table]
) -> Iterator[Block]:
    """Say by what survival and the effect are varied, or that nobody asked, with what it shows."""
    scenarios, others = _by_scenarios(results), list(_by_other_means(results, source, tables))
    for words, about in ABOUT.items():
        names = [name for name, keys in scenarios.items() if _concerns(keys, *about)]
        by = [how for keys, how in others if _concerns(keys, *about)]
        if names:
            s = "s" if len(names) > 1 else ""
            by.insert(0, f"scenario{s} {listed(briefly(names))} ({tables['scenarios'].called})")
        if by:
            yield f"Sensitivity to {words}: {listed(list(dict.fromkeys(by)))}."
        else:
            yield (
                f"Sensitivity to {words}: none was asked for; no scenario, sweep, curve or "
                "uncertainty of the file varies it."
            )
    yield from (tables[name] for name in ("scenarios", "curve", "assurance") if name in tables)


def _by_scenarios(results: Results) -> dict[str, list[str]]:
    """Keys that scenarios have otherwise than the first one."""
    varied, (first, *_) = {}, results.values()
    for name, changes in changed_keys(results).items():
        varied[name] = [key for key in changes if key not in ROLES]
        if _arms_of(results[name]) != _arms_of(first):
            varied[name] += [*DEATH, *FAILURE]  # simulated arms for stated ones, or others
    return varied


def _by_other_means(
    results: Results, source: Experiment | VirtualTrial, tables: Mapping[str, Table]
) -> Iterator[tuple[list[str], str]]:
    """Keys that curves and the assurance vary, and how that is told."""
    for result in results.values():
        if result.curve:
            over = list(dict.fromkeys(point.over for point in result.curve))
            yield over, f"the power curve ({tables['curve'].called})"
        if result.assurance is not None:
            keys = list(result.section.uncertainty)
            if isinstance(result.section.control, str) and isinstance(source, Experiment):
                keys = list(source.study.design.parts[DRAWS].columns)
            yield keys, f"the assurance ({tables['assurance'].called}), over {listed(keys)}"


def _arms_of(result: TrialResult) -> tuple[str | None, ...]:
    """Names of the experiment's arms; None for one that is stated."""
    return tuple(arm if isinstance(arm, str) else None for arm in result.section.arms)


def _concerns(keys: list[str], ends: Collection[str], beginnings: Collection[str]) -> bool:
    parts = [key.split(".") for key in keys]
    return any(path[-1] in ends or path[0] in beginnings for path in parts)
