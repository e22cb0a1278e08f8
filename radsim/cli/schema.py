"""``radsim schema``: the JSON schema of the experiment file."""

import json


def schema() -> None:
    """Print the JSON schema of the experiment file, for editors."""
    from radsim.experiment.file_schema import file_schema

    print(json.dumps(file_schema(), indent=2))
