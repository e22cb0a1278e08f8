"""The tutorial's commands and files do what the page says."""

import re
from pathlib import Path

from command_line import radsim
from synthetic_plan import save, synthetic_plan

from radsim import open_result

PAGE = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text(encoding="utf-8")


def test_the_tutorial_runs(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save(synthetic_plan(), Path("plans/synthetic"))
    Path("library").mkdir()
    Path("mine.toml").write_text(re.search(r"```toml\n(.*?)```", PAGE, re.S).group(1))
    commands = re.findall(r"^\.venv/bin/radsim (.*)$", PAGE, re.M)
    assert [command.split()[0] for command in commands] == ["dvh", "dvh", "check", "run"]
    for command in commands:
        extra = ("--patients", "200", "--no-figures") if command.startswith("run") else ()
        ended = radsim(capsys, *command.split(), *extra)
        assert ended.code == 0, ended.errors
    result = open_result("results/mine")
    control = result["local_control_net"].sel(arm="ours", control_model="file", months=24)
    assert 0.5 < float(control) < 1.0


def test_a_library_of_one_plan_is_used_as_it_is_with_a_warning(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save(synthetic_plan(), Path("library/001"))
    Path("mine.toml").write_text(re.search(r"```toml\n(.*?)```", PAGE, re.S).group(1))
    ended = radsim(capsys, "check", "mine.toml")
    assert ended.code == 0
    assert any("library holds 1 of the 25 plans" in line for line in ended.errors)
