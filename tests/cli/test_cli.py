"""The command line: exit codes, one line a mistake, nothing lost, nothing half done."""

import json
import os
import re
import signal
import time
import tomllib

import jsonschema
import pytest
from command_line import files, finish, radsim, start
from examples import SHIPPED, SMALL

from radsim import __version__
from radsim.presets import preset_families, preset_names
from radsim.report.files.result_files import RESULT, WORK
from radsim.report.text.kinds import find_kinds

CHEAP = """
name = "cheap"
seed = 5
patients = 60
cohort = { preset = "sib-phase2" }
dose = { nodes = 16 }
arms.a = { prescription = 8.0, fractions = 1, field = "uniform" }
arms.b = { prescription = 20.0, fractions = 5, field = "uniform" }
tcp = { preset = "hytec-spine-2021" }
survival = { preset = "rtog-0631" }
"""


@pytest.fixture
def cheap(tmp_path):
    path = tmp_path / "cheap.toml"
    path.write_text(CHEAP, encoding="utf-8")
    return path


def run(capsys, file, folder, *more):
    return radsim(
        capsys, "run", file, "--out", folder, "--scheduler", "single", "--no-figures", *more
    )


def fail_after_the_blocks(folder):
    """Lay a file where a run writes its tables aside; it goes on from its blocks without it."""
    path = folder / WORK / "staging"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_a_run_prints_its_comparison_and_where_it_lies_and_exits_0(capsys, cheap, tmp_path):
    ended = run(capsys, cheap, tmp_path / "out")
    assert ended.code == 0
    assert "cheap: 60 patients" in ended.output
    assert ended.output.splitlines()[-1] == f"result in {tmp_path / 'out'}"
    assert all(line.startswith("warning: ") for line in ended.errors)


def test_patients_outside_a_models_range_are_a_warning(capsys, cheap, tmp_path):
    ended = run(capsys, cheap, tmp_path / "out")
    assert any(
        "outside what a model was fitted on" in line and "local control" in line and "below" in line
        for line in ended.errors
    )


def test_check_of_a_good_file_describes_it(capsys):
    ended = radsim(capsys, "check", SMALL)
    assert (ended.code, ended.errors) == (0, [])
    assert ended.output.splitlines()[-1] == "no mistakes found"
    for arm in ("one", "boosted", "conventional", "again", "source"):
        assert f"  {arm} " in ended.output


def test_check_as_json_is_json(capsys):
    ended = radsim(capsys, "check", SMALL, "--json")
    found = json.loads(ended.output)
    assert found["reference"] == "boosted"
    assert found["patients"] == 200
    assert "ntcp/sbrt-cord-default" in found["presets"]


def test_each_mistake_is_one_line_on_stderr_and_the_exit_code_is_2(capsys, cheap, tmp_path):
    wrong = CHEAP.replace("seed = 5", "sede = 5").replace("fractions = 1,", "fractions = 0,")
    cheap.write_text(wrong + 'compare = { reference = "c" }\n', encoding="utf-8")
    lines = [
        "error: seed: is missing",
        "error: arms.a.fractions: must be 1 or more, got 0",
        "error: sede: unknown key; did you mean 'seed'?",
        "error: compare.reference: no arm 'c'; known: a, b",
    ]
    for command in (("check", cheap), ("run", cheap, "--out", tmp_path / "out")):
        ended = radsim(capsys, *command)
        assert (ended.code, ended.output) == (2, "")
        assert sorted(ended.errors) == sorted(lines)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"this is not = = toml", "is not valid TOML"),
        (b'name = "a\n', "is not valid TOML"),
        (b"seed = 1\nseed = 2\n", "is not valid TOML"),
        ('name = "Größe"'.encode("latin-1"), "is not text in UTF-8"),
        ('name = "x"'.encode("utf-16"), "is not text in UTF-8"),
        (bytes(range(256)), "is not text in UTF-8"),
    ],
)
def test_a_file_that_is_no_toml_is_one_line(capsys, tmp_path, content, says):
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    for command in (("check", path), ("run", path, "--out", tmp_path / "out")):
        ended = radsim(capsys, *command)
        assert ended.code == 2
        assert len(ended.errors) == 1
        assert says in ended.errors[0]
        assert str(path) in ended.errors[0]


def test_a_byte_order_mark_does_no_harm(capsys, cheap):
    cheap.write_bytes(b"\xef\xbb\xbf" + CHEAP.encode())
    assert radsim(capsys, "check", cheap).code == 0


@pytest.mark.parametrize("name", ["missing.toml", "."])
def test_a_file_that_can_not_be_read_is_one_line(capsys, tmp_path, name):
    ended = radsim(capsys, "check", tmp_path / name)
    assert ended.code == 2
    assert len(ended.errors) == 1
    assert ended.errors[0].startswith("error: can't read ")


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--patients", "0", "--patients: must be above 0, got 0"),
        ("--patients", "-1", "--patients: must be above 0, got -1"),
        ("--patients", "many", "'--patients'"),
        ("--patients", "1.5", "'--patients'"),
        ("--patients", "1" + "0" * 30, "--patients: must be at most 10,000,000,000"),
        ("--seed", "-1", "--seed: must not be negative, got -1"),
        ("--seed", "1" + "0" * 30, "--seed: must be at most"),
        ("--workers", "0", "'--workers'"),
        ("--chunk-size", "0", "'--chunk-size'"),
        ("--scheduler", "thread", "did you mean 'threads'?"),
        ("--patints", "5", "--patints"),
    ],
)
def test_impossible_options_are_one_line_and_touch_nothing(
    capsys, cheap, tmp_path, option, value, says
):
    ended = radsim(capsys, "run", cheap, "--out", tmp_path / "out", option, value)
    assert (ended.code, ended.output) == (2, "")
    assert len(ended.errors) == 1
    assert says in ended.errors[0]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("patients", [1, 2, 60_00_0 // 10_000])
def test_very_few_patients_are_enough(capsys, cheap, tmp_path, patients):
    ended = run(capsys, cheap, tmp_path / "out", "--patients", patients)
    assert ended.code == 0
    assert "nan" not in (tmp_path / "out" / "summary.csv").read_text()
    assert "nan" not in (tmp_path / "out" / "comparison.csv").read_text()


@pytest.mark.parametrize(
    "arguments",
    [("bogus",), ("run",), ("check",), ("plot",), ("check", "a", "b"), ("models", "--x")],
)
def test_commands_that_are_not_there_or_lack_something_exit_2(capsys, arguments):
    ended = radsim(capsys, *arguments)
    assert ended.code == 2
    assert len(ended.errors) == 1


def test_the_version_is_printed(capsys):
    assert radsim(capsys, "--version").output == f"radsim {__version__}\n"


@pytest.fixture
def finished(capsys, cheap, tmp_path):
    folder = tmp_path / "finished"
    assert run(capsys, cheap, folder).code == 0
    return folder


def test_a_finished_folder_is_refused_and_left_as_it_is(capsys, cheap, finished):
    before = files(finished)
    for more, says in (
        ((), "is finished, with 60 patients"),
        (("--patients", "30"), "is finished, with 60 patients"),
        (("--seed", "6"), "seed was 5, now 6"),
    ):
        ended = run(capsys, cheap, finished, *more)
        assert (ended.code, ended.output) == (2, "")
        assert len(ended.errors) == 1
        assert says in ended.errors[0]
        assert files(finished) == before


def test_a_wrong_file_leaves_an_earlier_result_as_it_is(capsys, cheap, finished):
    before = files(finished)
    cheap.write_text(CHEAP.replace("seed = 5", "seed = -5"), encoding="utf-8")
    assert run(capsys, cheap, finished, "--overwrite").code == 2
    assert files(finished) == before


def test_a_run_that_fails_leaves_an_earlier_result_as_it_is(capsys, cheap, finished):
    before = files(finished)
    in_the_way = fail_after_the_blocks(finished)
    ended = run(capsys, cheap, finished, "--overwrite")
    assert (ended.code, len(ended.errors)) == (1, 1)
    assert ended.errors[0].startswith("error: ") and str(in_the_way) in ended.errors[0]
    assert files(finished) == before
    in_the_way.unlink()
    assert run(capsys, cheap, finished, "--overwrite").code == 0
    assert files(finished).keys() == before.keys()


def test_overwrite_replaces_a_result(capsys, cheap, finished):
    before = files(finished)
    assert run(capsys, cheap, finished, "--overwrite", "--seed", "6").code == 0
    after = files(finished)
    assert after.keys() == before.keys()
    assert after["summary.csv"] != before["summary.csv"]


def test_a_finished_run_may_be_extended_to_what_a_fresh_one_gives(
    capsys, cheap, finished, tmp_path
):
    assert run(capsys, cheap, finished, "--patients", "90").code == 0
    assert run(capsys, cheap, tmp_path / "fresh", "--patients", "90").code == 0
    fresh, extended = files(tmp_path / "fresh"), files(finished)
    for name in ("summary.csv", "comparison.csv", "best.csv", "experiment.toml"):
        assert extended[name] == fresh[name], name


def test_a_folder_that_is_a_file_is_refused(capsys, cheap, tmp_path):
    (tmp_path / "file").write_text("mine")
    ended = run(capsys, cheap, tmp_path / "file")
    assert ended.code == 2
    assert len(ended.errors) == 1
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_below_a_file_is_refused(capsys, cheap, tmp_path):
    (tmp_path / "file").write_text("mine")
    ended = run(capsys, cheap, tmp_path / "file" / "out")
    assert ended.code == 2
    assert ended.errors[0].startswith("error: --out: can't write to ")


def test_a_folder_that_can_not_be_written_is_refused(capsys, cheap, tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.mkdir", refuse)  # root may write anywhere
    ended = run(capsys, cheap, tmp_path / "out")
    assert (ended.code, len(ended.errors)) == (2, 1)
    assert "can't write to" in ended.errors[0]


def test_tables_of_somebody_else_are_not_overwritten(capsys, cheap, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "summary.csv").write_text("mine")
    ended = run(capsys, cheap, tmp_path / "out")
    assert (ended.code, len(ended.errors)) == (2, 1)
    assert (tmp_path / "out" / "summary.csv").read_text() == "mine"


def test_a_folder_with_other_things_in_it_keeps_them(capsys, cheap, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    assert run(capsys, cheap, tmp_path / "out").code == 0
    assert (tmp_path / "out" / "notes.txt").read_text() == "mine"


def test_an_unfinished_run_of_another_experiment_is_refused(capsys, cheap, tmp_path):
    in_the_way = fail_after_the_blocks(tmp_path / "out")
    assert run(capsys, cheap, tmp_path / "out").code == 1
    assert not (tmp_path / "out" / RESULT).exists()
    in_the_way.unlink()
    ended = run(capsys, cheap, tmp_path / "out", "--seed", "6")
    assert (ended.code, len(ended.errors)) == (2, 1)
    assert "seed was 5, now 6" in ended.errors[0]
    assert run(capsys, cheap, tmp_path / "out").code == 0


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # sockets that distributed leaves open
def test_an_unreachable_scheduler_is_one_line(capsys, cheap, tmp_path):
    address = "tcp://127.0.0.1:9"
    ended = radsim(capsys, "run", cheap, "--out", tmp_path / "out", "--scheduler", address)
    assert (ended.code, ended.output) == (2, "")
    assert len(ended.errors) == 1
    assert ended.errors[0].startswith(f"error: scheduler: can't reach {address}")
    assert not (tmp_path / "out" / RESULT).exists()


def test_two_runs_on_one_folder_do_not_mix(cheap, tmp_path):
    first = start("run", cheap, "--out", tmp_path / "out", "--patients", 5_000_000)
    lock = tmp_path / "out" / ".radsim" / "journal"
    for _ in range(400):
        if lock.exists():
            break
        time.sleep(0.05)
    second = finish(start("run", cheap, "--out", tmp_path / "out", "--patients", 5_000_000))
    assert (second.code, second.output) == (2, "")
    assert second.errors == [f"error: another run is writing to {tmp_path / 'out'}"]
    first.send_signal(signal.SIGINT)
    assert finish(first).code == 130


def test_a_real_process_ends_as_the_function_does(cheap, tmp_path):
    cheap.write_text(CHEAP.replace("seed = 5", "sede = 5"), encoding="utf-8")
    ended = finish(start("check", cheap))
    assert (ended.code, ended.output) == (2, "")
    assert ended.errors == [
        "error: seed: is missing",
        "error: sede: unknown key; did you mean 'seed'?",
    ]


def test_a_reader_that_has_seen_enough_is_no_error(cheap):
    process = start("models")
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 0
    assert errors == ""


def test_plot_draws_the_figures_of_a_finished_run_again(capsys, finished):
    assert not (finished / "figures").exists()  # it was run with --no-figures
    assert radsim(capsys, "plot", finished).code == 0
    before = files(finished)
    for path in (finished / "figures").iterdir():
        os.remove(path)
    ended = radsim(capsys, "plot", finished)
    assert ended.code == 0
    assert files(finished) == before
    assert all(line.endswith(".png") for line in ended.output.split())


def test_patients_on_the_command_line_mend_those_of_the_file(capsys, tmp_path):
    text = SMALL.read_text(encoding="utf-8")
    path = tmp_path / "sobol.toml"
    path.write_text('uniforms = "sobol"\n' + text, encoding="utf-8")
    wrong = radsim(capsys, "run", path, "--out", tmp_path / "out")
    assert wrong.code == 2
    assert "patients: must be a multiple of" in wrong.errors[0]
    still = radsim(capsys, "run", path, "--out", tmp_path / "out", "--patients", 1001)
    assert still.code == 2
    assert not (tmp_path / "out").exists()
    unit = int(re.search(r"take (\d+)", wrong.errors[0])[1])
    done = radsim(
        capsys, "run", path, "--out", tmp_path / "out", "--patients", unit, "--no-figures"
    )
    assert done.code == 0, done.errors


def test_plot_of_anything_else_is_one_line(capsys, tmp_path):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / RESULT).write_bytes(b"no netCDF")
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "missing", tmp_path / "broken"):
        ended = radsim(capsys, "plot", folder)
        assert (ended.code, len(ended.errors)) == (2, 1), folder
        assert str(folder) in ended.errors[0]


def test_models_lists_every_preset(capsys):
    output = radsim(capsys, "models").output
    for family in preset_families():
        for name in preset_names(family):
            assert name in output


@pytest.mark.parametrize("name", ["hytec-spine-2021", "ntcp/vcf-2013", "sib-phase2"])
def test_models_shows_one_preset_in_full(capsys, name):
    ended = radsim(capsys, "models", name)
    assert ended.code == 0
    assert "flag: " in ended.output
    assert "sources:" in ended.output


def test_models_lists_every_kind(capsys):
    output = radsim(capsys, "models").output
    assert all(one["kind"] in output for one in find_kinds())


@pytest.mark.parametrize("kind", sorted({one["kind"] for one in find_kinds()}))
def test_models_shows_a_kind_with_all_that_it_can_be_told(capsys, kind):
    ended = radsim(capsys, "models", kind)
    assert ended.code == 0
    for one in find_kinds(kind):
        assert f"{one['family']}/{kind}: {one['what']}" in ended.output
        assert f"takes: {one['takes']}" in ended.output or one["family"] == "cell_kill"
        for setting in one["settings"]:
            assert setting["name"] in ended.output
            assert setting["meaning"], setting


def test_a_kind_as_json_names_its_settings_and_those_it_needs(capsys):
    (poisson,) = json.loads(radsim(capsys, "models", "poisson", "--json").output)
    needed = [one["name"] for one in poisson["settings"] if one["default"] == "needed"]
    assert needed == ["alpha_beta", "alpha", "clonogen_density"]
    assert poisson["presets"] == []


def test_models_as_json_has_parameters_range_source_and_flag(capsys):
    found = json.loads(radsim(capsys, "models", "--json").output)
    assert len(found) == sum(len(preset_names(family)) for family in preset_families())
    for preset in found:
        assert preset["parameters"] or preset["family"] == "limits"
        assert preset["range"]
        assert preset["flag"] in ("verified", "recalled", "derived", "assumption")
    one = json.loads(radsim(capsys, "models", "vcf-2013", "--json").output)
    assert one[0]["parameters"]["hazard_ratio_lytic"]["value"] == 3.53


def test_a_preset_that_does_not_exist_is_one_line_with_the_list(capsys):
    ended = radsim(capsys, "models", "hytec")
    assert (ended.code, len(ended.errors)) == (2, 1)
    assert "tcp/hytec-spine-2021" in ended.errors[0]


@pytest.fixture
def validator(capsys):
    schema = json.loads(radsim(capsys, "schema").output)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("path", [*SHIPPED, SMALL], ids=lambda path: path.stem)
def test_the_schema_accepts_every_experiment(validator, path):
    validator.validate(tomllib.loads(path.read_text(encoding="utf-8")))


def test_the_schema_accepts_resolved_experiments(validator, finished):
    validator.validate(tomllib.loads((finished / "experiment.toml").read_text(encoding="utf-8")))


def test_the_schema_accepts_a_library_of_plans(validator):
    found = tomllib.loads(CHEAP)
    found["arms"]["ours"] = {"kind": "library", "folder": "plans/", "names": {"C": "spinal_cord"}}
    validator.validate(found)


def test_the_schema_accepts_a_part_of_a_presets_table(validator):
    found = tomllib.loads(CHEAP)
    found["tcp"]["onset"] = {"exponent": 0.8}
    validator.validate(found)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("seed = 5", "seed = 5\nsede = 5"),
        ("seed = 5", ""),
        ("seed = 5", 'seed = "5"'),
        ("fractions = 1,", "fractoins = 1,"),
        ('"hytec-spine-2021"', '"hytec-spine-2022"'),
        ('tcp = { preset = "hytec-spine-2021"', 'tcp = { d05 = 3.0, preset = "hytec-spine-2021"'),
    ],
)
def test_the_schema_rejects_what_the_program_rejects(validator, old, new):
    assert old in CHEAP
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(tomllib.loads(CHEAP.replace(old, new)))
