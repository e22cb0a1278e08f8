"""Run many command lines of radsim in one process, and keep what each of them says.

For ``same_bytes.py``, which starts it with a checkout on ``PYTHONPATH``: starting Python costs
more than most of the command lines. The first line of its output says where radsim was imported
from. Then each line of its input is a run, as JSON, and is answered by a line once it's done.
"""

import importlib.util
import json
import os
import runpy
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any


def main() -> None:
    import radsim

    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    print(radsim.__file__, file=answers, flush=True)
    for line in sys.stdin:
        run = json.loads(line)
        os.chdir(run["folder"])
        for command in run["commands"]:
            carry_out(command)
        os.chdir("/")
        print("done", file=answers, flush=True)


def carry_out(command: dict[str, Any]) -> None:
    """Run a command line, and write what it says and its exit code beside its files.

    The descriptors themselves are redirected, so that worker processes are heard, too.
    """
    label = command["label"]
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        with Path(f"{label}.{name}").open("wb") as file:
            os.dup2(file.fileno(), descriptor)
    try:
        code = _exit_code(command["modules"], command["arguments"])
    except BaseException:
        traceback.print_exc()
        code = "traceback"
    sys.stdout.flush()
    sys.stderr.flush()
    Path(f"{label}.code").write_text(f"{code}\n", encoding="utf-8")


def _exit_code(modules: list[str], arguments: list[str]) -> object:
    """Run the first of some modules that there is, as ``python -m`` does."""
    module = next((name for name in modules if _exists(name)), None)
    if module is None:
        raise ImportError(f"there is no {' nor '.join(modules)}")
    sys.argv = ["radsim", *arguments]
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*found in sys.modules.*", RuntimeWarning)
            runpy.run_module(module, run_name="__main__")
    except SystemExit as end:
        return end.code
    return 0


def _exists(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # a package around it
        return False


if __name__ == "__main__":
    main()
