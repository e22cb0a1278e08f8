"""``radsim check``: what a file would do, and what is wrong with it."""

import json

from radsim.cli.arguments import AsJson, Confirm, ExperimentFile
from radsim.cli.messages import print_purpose, say, warn

CHECKED = 8  # values of each swept key that are checked in a design too large to check in full


def check(file: ExperimentFile, confirm: Confirm = None, as_json: AsJson = False) -> None:
    """Say what an experiment file would do, and what is wrong with it."""
    from radsim.experiment.model import ExperimentError
    from radsim.experiment.reading import load_experiment
    from radsim.experiment.trial_file import load_trial, states_trial_only
    from radsim.report.text.description import describe, description_of
    from radsim.report.text.trial_plan import describe_trial, trial_description

    try:
        if states_trial_only(file):
            trial_only = load_trial(file, confirm or ())
            if as_json:
                settings = trial_only.model_dump(mode="json", exclude_none=True)
                print(json.dumps({**settings, "trials": trial_description(trial_only)}, indent=2))
            else:
                print_purpose(question=trial_only.question, expected=trial_only.expect)
                say(f"{describe_trial(trial_only)}\nno mistakes found")
            return
        experiment = load_experiment(file, confirm or ())
    except ExperimentError as error:
        if as_json:
            print(json.dumps({"mistakes": error.mistakes}, indent=2))
        raise
    if experiment.has_design:
        from radsim.execution.cost import TooLarge, check_cost
        from radsim.experiment.variants import check_variants

        try:
            check_cost(experiment)
            check_variants(experiment)
        except TooLarge as error:
            warn(f"{error}; only some of its variants are checked")
            check_variants(experiment, most=CHECKED)
    if as_json:
        trials = {} if experiment.trial is None else {"trials": trial_description(experiment)}
        print(json.dumps({**description_of(experiment), **trials}, indent=2))
        return
    print_purpose(question=experiment.question, expected=experiment.expect)
    if experiment.trial is not None:
        say(describe_trial(experiment))
    say(describe(experiment))
