"""Whatever a path leads to, a command answers in one line; what was damaged is named."""

import os
import struct
import tomllib
import zipfile
import zlib
from hashlib import sha256
from io import BytesIO

import numpy as np
import pytest
import xarray as xr
from command_line import ROOT, radsim
from examples import experiment, settings

from radsim import make_experiment, open_result, run, save_result
from radsim.execution.journal import MARK, RECORD, Journal
from radsim.experiment.model import ExperimentError
from radsim.report.files.checksums import DIGEST
from radsim.report.files.result_files import ResultError
from radsim.vocabulary.files import LARGEST_TEXT, parsed_toml
from radsim.vocabulary.mistakes import Mistake

TOML = (ROOT / "tests/small.toml").read_text(encoding="utf-8")
DEEP = 5_000
ENORMOUS = {  # an experiment: what is said of it
    "number": ("patients_ = " + "1" * 5_000, "a number of too many digits"),
    "lists": ("x = " + "[" * DEEP + "]" * DEEP, "nest too deeply"),
    "tables": ("x = " + "{a=" * DEEP + "1" + "}" * DEEP, "nest too deeply"),
    "key": ("x" + ".a" * 30_000 + " = 1", "a key of too many parts"),
    "header": ("[" + "a." * 30_000 + "a]", "a key of too many parts"),
}


def special(kind, folder):
    path = folder / kind
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        with path.open("wb") as file:
            file.truncate(LARGEST_TEXT + 1)  # of zeros that take no room on the disk
    return path


def one_line(capsys, *arguments):
    ended = radsim(capsys, *arguments)
    assert ended.code == 2, ended
    [line] = ended.errors
    assert len(line) < 1_000
    return line


@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "enormous"])
def test_what_is_no_plain_file_is_refused_in_one_line_wherever_it_is_read(capsys, tmp_path, kind):
    path = special(kind, tmp_path)
    said = {"folder": "a folder, not a file", "enormous": "it is too large"}
    said = said.get(kind, "a device or a pipe, not a file")
    for arguments in (("check", path), ("fit", path, "--model", "logistic")):
        assert f"can't read {path}: {said}" in one_line(capsys, *arguments)
    if kind != "folder":
        assert f"can't read {path}: {said}" in one_line(capsys, "dvh", path)
    file = tmp_path / "experiment.toml"
    places = (
        ("[cohort]", f'[cohort]\ntable = "{kind}"'),
        ("[cohort]", f'[cohort]\nage = {{ file = "{kind}", column = "a" }}'),
    )
    for old, new in places:
        assert old in TOML
        file.write_text(TOML.replace(old, new, 1), encoding="utf-8")
        assert f"can't read {path}" in one_line(capsys, "check", file)
    group = f'[[uncertainty.groups]]\nkeys = ["tcp.d50"]\ntable = "{kind}"\n'
    file.write_text(f"{TOML}\n{group}", encoding="utf-8")
    assert "uncertainty.groups[0].table: " in one_line(capsys, "check", file)


@pytest.mark.parametrize("kind", ENORMOUS)
def test_enormous_values_of_a_file_are_refused_in_one_line(capsys, tmp_path, kind):
    text, said = ENORMOUS[kind]
    path = tmp_path / "experiment.toml"
    path.write_text(f"{text}\n" if kind != "header" else f"{TOML}\n{text}\n", encoding="utf-8")
    assert said in one_line(capsys, "check", path)
    with pytest.raises(tomllib.TOMLDecodeError, match=said):
        parsed_toml(text)


def test_numbers_and_depths_beyond_all_use_name_their_key():
    for given, line in (
        ({"patients": 10**400}, "patients: must be below 2^63, got a number of more digits"),
        ({"months": [6, -(10**30)]}, "months[1]: must be below 2^63, got a number of more digits"),
        ({"name": "a" * 20_000}, "name: must have at most 200 characters"),
        ({"arms": {"a" * 999: {"regimen": "24x1"}}}, "arms: a name must have at most 200 char"),
    ):
        with pytest.raises(ExperimentError) as caught:
            make_experiment({**settings(), **given})
        [mistake] = caught.value.mistakes
        assert mistake.startswith(line) and len(mistake) < 200
    nested = 1.0
    for _ in range(100):
        nested = [nested]
    with pytest.raises(ExperimentError, match=r"^months: lists or tables nest too deeply$"):
        make_experiment({**settings(), "months": nested})


def test_a_field_of_200_kb_is_refused_in_one_line(capsys, tmp_path):
    table = tmp_path / "table.csv"
    table.write_text(f"dose,event\n1,{'0' * 200_000}\n", encoding="utf-8")
    assert "field larger than" in one_line(capsys, "fit", table, "--model", "logistic")
    table.write_text(f"dose,event\n{'1' * 5_000},0\n", encoding="utf-8")
    assert "row 2: dose must be a number" in one_line(capsys, "fit", table, "--model", "logistic")
    table.write_text(f"tcp.d50\n1{' ' * 200_000}2\n", encoding="utf-8")
    group = '[[uncertainty.groups]]\nkeys = ["tcp.d50"]\ntable = "table.csv"\n'
    file = tmp_path / "experiment.toml"
    file.write_text(f"{TOML}\n{group}", encoding="utf-8")
    assert "uncertainty.groups[0].table: can't read table.csv: field larger" in one_line(
        capsys, "check", file
    )


def record(payload, first_patient=0):
    return RECORD.pack(MARK, first_patient, len(payload), zlib.crc32(payload)) + payload


def test_a_record_that_inflates_is_refused_before_it_does(tmp_path):
    path = tmp_path / "journal"
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("size.npy", b"\0" * 10_000_000)
    path.write_bytes(record(b"{}") + record(buffer.getvalue()))
    with pytest.raises(Mistake, match=r"journal can't be read: a record of [\d,]+ bytes would un"):
        list(Journal(path, {}).blocks())
    heading = "{'descr': '<f8', 'fortran_order': False, 'shape': (4000000000,), }"
    array = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(heading)) + heading.encode()
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as parts:
        parts.writestr("size.npy", array)
    path.write_bytes(record(b"{}") + record(buffer.getvalue()))
    with pytest.raises(Mistake, match=r"journal can't be read: "):
        list(Journal(path, {}).blocks())


@pytest.mark.parametrize("header", [b"[" * 5_000, b"[]", b"\xff", b"1" * 5_000])
def test_a_journal_whose_header_says_nothing_is_none(tmp_path, header):
    path = tmp_path / "journal"
    path.write_bytes(record(header))
    assert Journal.read_header(path) is None


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("result")
    result = run(experiment(patients=30), scheduler="single")
    save_result(result, folder)
    return result, folder


def copied(folder, to):
    to.mkdir()
    for path in folder.iterdir():
        if path.is_file():
            (to / path.name).write_bytes(path.read_bytes())
    return to


def test_a_result_is_read_as_it_was_written(small):
    result, folder = small
    assert DIGEST not in open_result(folder).attrs
    with xr.open_dataset(folder / "result.nc") as stored:
        assert len(stored.attrs[DIGEST]) == 32
        assert set(stored.attrs) == {*result.attrs, DIGEST}


def test_a_damaged_result_is_named_and_not_plotted(capsys, small, tmp_path):
    folder = copied(small[1], tmp_path / "damaged")
    with xr.open_dataset(folder / "result.nc") as stored:
        whole = stored.load()
    changes = {
        "a value": lambda: whole.assign(local_control_net=whole["local_control_net"] + 1e-9),
        "a coordinate": lambda: whole.assign_coords(arm=whole["arm"].values[::-1]),
        "an attribute": lambda: whole.assign_attrs(references=""),
        "a variable": lambda: whole.drop_vars("local_control_net"),
    }
    for change in changes.values():
        change().to_netcdf(folder / "result.nc", engine="netcdf4")
        line = one_line(capsys, "plot", folder)
        assert line.startswith(
            f"error: can't read {folder / 'result.nc'}: it is damaged, or was ch"
        )
        assert not list(folder.glob("figures/*"))
    del whole.attrs[DIGEST]  # as results of earlier versions have none
    whole.to_netcdf(folder / "result.nc", engine="netcdf4")
    assert open_result(folder).sizes == whole.sizes


def test_a_result_with_any_byte_damaged_is_named_or_reads_as_it_was(small, tmp_path):
    _, folder = small
    folder = copied(folder, tmp_path / "damaged")
    contents = (folder / "result.nc").read_bytes()
    whole = open_result(folder)
    named = 0
    for place in np.linspace(0, len(contents) - 1, 60).astype(int):
        broken = bytearray(contents)
        broken[place] ^= 0xFF
        (folder / "result.nc").write_bytes(broken)
        try:
            xr.testing.assert_identical(open_result(folder), whole)  # a byte that is not used
        except ResultError as error:
            assert str(error).startswith(f"can't read {folder / 'result.nc'}: ")
            named += 1
    assert named > 0


def test_a_changed_table_is_named(capsys, small, tmp_path):
    folder = copied(small[1], tmp_path / "changed")
    with (folder / "summary.csv").open("a", encoding="utf-8") as file:
        file.write("one line more\n")
    (folder / "best.csv").unlink()  # what is gone is not damaged
    ended = radsim(capsys, "plot", folder)
    assert ended.code == 0
    said = "is damaged, or was changed: its checksum is not that in checksums.txt"
    assert ended.errors == [f"warning: {folder / 'summary.csv'} {said}"]


def test_a_changed_table_of_a_trial_is_named(capsys, tmp_path):
    folder = tmp_path / "trial"
    trial = ROOT / "experiments/rtog_0631_design.toml"
    assert radsim(capsys, "trial", trial, "--out", folder, "--trials", 20, "--no-figures").code == 0
    table = next(folder.glob("trial_*.csv"))
    table.write_bytes(table.read_bytes()[:-10])
    ended = radsim(capsys, "plot", folder)
    assert ended.code == 0  # the figures are of what was simulated, not of the table
    assert ended.errors[0].startswith(f"warning: {table} is damaged, or was changed")


def test_an_array_that_asks_for_more_than_there_is_is_refused(tmp_path):
    import netCDF4

    with netCDF4.Dataset(tmp_path / "result.nc", "w") as result:
        result.createDimension("arm", 4_000_000_000)
        result.createVariable("control", "f8", ("arm",), chunksizes=(1_000,))
    with pytest.raises(ResultError, match=r"asks for 32,000,000,000 bytes, of at most"):
        open_result(tmp_path)


def test_a_folder_in_the_place_of_a_file_is_refused_before_the_run(capsys, tmp_path):
    (tmp_path / "result.nc").mkdir()
    path = ROOT / "tests/small.toml"
    line = one_line(capsys, "run", path, "--out", tmp_path)
    assert line == f"error: --out: {tmp_path / 'result.nc'} is not a plain file; remove it"
    assert "holds no finished result" in one_line(capsys, "plot", tmp_path)


def test_a_checksum_list_can_be_checked_by_other_tools(small):
    _, folder = small
    lines = (folder / "checksums.txt").read_text(encoding="utf-8").splitlines()
    assert [line.split("  ")[1] for line in lines] == sorted(
        path.name for path in folder.iterdir() if path.suffix in (".csv", ".toml")
    )
    for line in lines:
        checksum, name = line.split("  ")
        assert sha256((folder / name).read_bytes()).hexdigest() == checksum
