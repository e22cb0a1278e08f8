"""Files that are cut short, changed at random or no plans at all end in one line."""

import os

import numpy as np
import pytest
from synthetic_plan import save, synthetic_plan
from test_import_text import CSV, block, header

from radsim.planfiles import plan_metrics, read_plan

SMALL = dict(spacing=(6.0, 6.0), frames=np.arange(-50.0, 51.0, 10.0))


def read_or_refuse(path):
    """Metrics of a plan, or None if it is refused in one short line."""
    try:
        return plan_metrics(read_plan(path))
    except ValueError as refusal:
        message = str(refusal)
        assert message and "\n" not in message and len(message) < 400
        return None


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    datasets = synthetic_plan(**SMALL)
    for regions in ("StructureSetROISequence", "ROIContourSequence"):
        del datasets["RTSTRUCT"][regions].value[1:]
    return save(datasets, tmp_path_factory.mktemp("plan"))


@pytest.mark.parametrize("name", ["rtdose0.dcm", "rtstruct0.dcm", "rtplan0.dcm"])
def test_a_file_cut_short_anywhere_gives_no_wrong_number(folder, tmp_path, name):
    whole = plan_metrics(read_plan(folder))
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    contents = (folder / name).read_bytes()
    for length in np.random.default_rng(1).integers(0, len(contents), 12):
        (tmp_path / name).write_bytes(contents[:length])
        metrics = read_or_refuse(tmp_path)
        if metrics is not None:  # what was cut off was not needed
            assert name == "rtplan0.dcm" or length > len(contents) - 300
            assert metrics == whole


@pytest.mark.parametrize("name", ["rtdose0.dcm", "rtstruct0.dcm", "rtplan0.dcm"])
def test_changed_bytes_never_end_in_a_traceback(folder, tmp_path, name):
    random = np.random.default_rng(2)
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    contents = (folder / name).read_bytes()
    for _ in range(20):
        broken = bytearray(contents)
        where = random.integers(128, min(len(broken), 1500), 3)
        for place in where:
            broken[place] = random.integers(256)
        broken[where[0] : where[0] + 4] = random.choice([b"\xff\xff\xff\x7f", b"\xff" * 4, b"\0\0"])
        (tmp_path / name).write_bytes(bytes(broken))
        read_or_refuse(tmp_path)


@pytest.mark.parametrize("text", [header() + block(), CSV], ids=["eclipse", "csv"])
def test_a_text_cut_short_or_changed_never_ends_in_a_traceback(tmp_path, text):
    random = np.random.default_rng(3)
    path = tmp_path / "plan"
    contents = text.encode()
    for _ in range(60):
        broken = bytearray(contents[: random.integers(1, len(contents))])
        for place in random.integers(0, len(broken), 3):
            broken[place] = random.integers(256)
        path.write_bytes(bytes(broken))
        read_or_refuse(path)


@pytest.mark.parametrize(
    "contents",
    [
        b"",
        b"DICM",
        b"\0" * 128 + b"DICM",
        b"\0" * 128 + b"DICM" + b"\xff" * 500,
        b"\x08\x00" + b"\xff" * 500,
        bytes(range(256)) * 40,
        b"Cumulative Dose Volume Histogram\nStructure: \n",
        b"Cumulative Dose Volume Histogram\nStructure: GTV\n" + b"[" * 5000,
        b"name,dose [Gy],volume [cm3]\n",
        b'name,dose [Gy],volume [cm3]\n"GTV',
        b"name,dose [Gy],volume [cm3]\nGTV,0,1e400\nGTV,1,0\n",
        b"\xff\xfe\x00",
        b"patient,age\nSmith,44\n",
        b"\0" * 128 + b"DICM" + b"1.2.840.10008.1.2.1.99" + b"\0" * 50,
    ],
)
def test_what_is_no_plan_is_refused_in_one_line(tmp_path, contents):
    path = tmp_path / "file"
    path.write_bytes(contents)
    assert read_or_refuse(path) is None
    assert read_or_refuse(tmp_path) is None


def test_random_bytes_are_refused(tmp_path):
    random = np.random.default_rng(4)
    for size in random.integers(1, 4000, 30):
        (tmp_path / "file").write_bytes(random.bytes(size))
        assert read_or_refuse(tmp_path / "file") is None


def test_places_without_a_plan_are_refused(tmp_path):
    with pytest.raises(ValueError, match="does not exist"):
        read_plan(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="no DICOM files in"):
        read_plan(tmp_path)
    (tmp_path / "inner").mkdir()
    with pytest.raises(ValueError, match="no DICOM files in"):
        read_plan(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="a device or a pipe, not a file"):
        read_plan(tmp_path / "pipe")
