"""What a file with a virtual trial would simulate, in words."""

from dataclasses import replace
from typing import Any

from radsim.experiment.model import Experiment
from radsim.experiment.trial_file import VirtualTrial, trials_of
from radsim.simulation.virtual_trial import plan_of
from radsim.trial.conduct.run import TrialPlan
from radsim.trial.section import TrialSection
from radsim.trial.wording import analysis_sentences, notes_of, protocol_sentences
from radsim.vocabulary.mistakes import Mistake

FEW_PATIENTS = 500  # of an experiment, from whom the numbers at risk are reckoned


def describe_trial(source: Experiment | VirtualTrial) -> str:
    """Say what a file with a trial would simulate, and what it can't show."""
    variants = trials_of(source)
    lines = [f"{source.name}: {len(variants)} virtual trial{'s' if len(variants) > 1 else ''}"]
    for name, section in variants.items():
        lines.append(
            f"  {name}: {section.trials:,} trials of {section.patients} patients, primary "
            f"analysis {section.primary_analysis}"
        )
        lines += [f"    {sentence}" for sentence in (*_protocol(section, source), _cost(section))]
        lines += [f"    note: {note}" for note in _notes(section, source)]
    return "\n".join(lines)


def trial_description(source: Experiment | VirtualTrial) -> dict[str, Any]:
    """Give the same as plain data, for `radsim check --json`."""
    return {
        name: {
            "trials": section.trials,
            "patients": section.patients,
            "primary": section.primary_analysis,
            "analyses": list(section.named_analyses),
            "protocol": _protocol(section, source),
            "notes": _notes(section, source),
        }
        for name, section in trials_of(source).items()
    }


def _protocol(section: TrialSection, source: Experiment | VirtualTrial) -> list[str]:
    arms = source.arms if isinstance(source, Experiment) else {}
    labels = {name: arm.label or name for name, arm in arms.items()}
    design = _plan(section, source).design
    return [*protocol_sentences(section, labels, design), *analysis_sentences(section)]


def _notes(section: TrialSection, source: Experiment | VirtualTrial) -> list[str]:
    """What the design can't show."""
    return [] if section.binary else list(notes_of(section, _plan(section, source)))


def _plan(section: TrialSection, source: Experiment | VirtualTrial) -> TrialPlan:
    """Make the plan; of arms of an experiment, with a few of its patients."""
    few = section
    if isinstance(section.control, str):
        few = replace(section, simulated_patients=min(section.simulated_patients, FEW_PATIENTS))
    try:
        return plan_of(few, source)
    except Mistake:
        raise
    except ValueError as error:
        raise Mistake(f"trial.{error}") from None


def _cost(section: TrialSection) -> str:
    """Say what is simulated; the search tries about so many sizes."""
    what = [f"{section.trials:,} trials under the design and under each null"]
    if section.find_size:
        what.append(f"a search for the size, up to {section.most_patients:,} patients")
    if section.secondary:
        what.append(f"{1 + len(section.secondary)} hypotheses under each set of their nulls")
    if section.curve is not None:
        points = sum(len(values or ()) for values in vars(section.curve).values())
        what.append(f"{points} points of a power curve")
    if section.looks is not None:
        what.append(f"{len(section.looks.information)} looks at each trial")
    if section.resize is not None:
        what.append("a size that is reckoned anew")
    if section.uncertainty:
        what.append("the assurance")
    return f"Simulates {', '.join(what)}."
