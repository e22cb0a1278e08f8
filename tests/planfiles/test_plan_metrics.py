"""Further metrics of imported plans agree with a slow count of voxels, or are unknown."""

import json

import numpy as np
import pytest
from command_line import radsim
from test_questions import table

from radsim.planfiles.curve import Curve
from radsim.planfiles.imported import ImportedStructure
from radsim.vocabulary.dose_metrics import parse_metric

NAMES = ("D0.5cc", "D2.5cc", "V12Gy", "V20Gy", "V20Gy_cc", "D50", "mean", "gEUD(4)", "max", "D100")
VOXELS = 400_000


def curve_of(seed):
    """Return a falling curve with a step and a flat stretch."""
    rng = np.random.default_rng(seed)
    share = np.sort(np.append(rng.uniform(0.0, 1.0, 8), [0.0, 0.4, 0.4, 1.0]))
    dose = np.sort(rng.uniform(5.0, 30.0, share.size))[::-1].copy()
    dose[8] = dose[7]
    return Curve(share, dose)


def structure_of(curve, volume=9.0, d003cc=29.0, **of_cut):
    dose = np.full(8, curve.dose[0])
    return ImportedStructure(
        name="Organ", structure=None, volume=volume, dose=dose, d003cc=d003cc, curve=curve, **of_cut
    )


def counted(doses, volume, name):
    """Metric of equal voxels, as one would count it by hand."""
    hottest_first = np.sort(doses)[::-1]
    metric, voxel = parse_metric(name), volume / doses.size
    if metric.kind == "dose_at_share":
        return hottest_first[min(int(metric.number * doses.size), doses.size - 1)]
    if metric.kind == "dose_at_volume":
        return hottest_first[int(metric.number / voxel)]
    if metric.kind == "share_above":
        return sum(hottest_first >= metric.number) / doses.size
    if metric.kind == "volume_above":
        return sum(hottest_first >= metric.number) * voxel
    return np.mean(doses**metric.number) ** (1.0 / metric.number)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(6))
def test_metrics_agree_with_a_count_of_voxels(seed, name):
    curve = curve_of(seed)
    middle = (np.arange(VOXELS) + 0.5) / VOXELS
    doses = np.array(np.interp(middle, curve.share, curve.dose))
    got = structure_of(curve).read(parse_metric(name))
    assert got == pytest.approx(counted(doses, 9.0, name), rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("seed", range(6))
def test_share_above_turns_dose_at_volume_around(seed):
    curve = curve_of(seed)
    for share in (0.05, 0.33, 0.7, 0.95):
        assert curve.share_above(curve.at(share)) >= share - 1e-9
        assert curve.share_above(curve.at(share) + 1e-6) <= share + 1e-6
    assert curve.share_above(curve.dose[0] + 1e-9) == 0.0
    assert curve.share_above(curve.dose[-1]) == 1.0


FALLING = Curve(np.array([0.0, 0.01, 1.0]), np.array([28.0, 28.0, 8.0]))
WARM = {"missing": 1.0, "cut_dose": 18.0}  # [cm3, Gy]


@pytest.mark.parametrize(
    ("what", "unknown", "known"),
    [
        ({"volume": 2.0}, ["D2.5cc"], ["D2cc", "D1.5cc", "max"]),
        # a hot part of 0.09 cm3 may be hotter than where the DVH breaks off
        ({"d003cc": np.nan}, ["max", "D0.05cc", "V29Gy", "V29Gy_cc"], ["D2.5cc", "V20Gy_cc"]),
        (WARM, ["D4cc", "V20Gy_cc"], ["D0.1cc", "max", "V20Gy", "D50", "V25Gy_cc"]),
        ({"missing": 1.0}, ["max", "D2.5cc", "V20Gy_cc"], ["D50", "V20Gy", "mean"]),
        ({"missing": 0.02}, [], ["max", "D2.5cc", "V20Gy_cc"]),
    ],
)
def test_what_can_not_be_known_is_not_extrapolated(what, unknown, known):
    structure = structure_of(FALLING, **what)
    assert all(np.isnan(structure.read(parse_metric(name))) for name in unknown)
    assert all(np.isfinite(structure.read(parse_metric(name))) for name in known)


def test_the_command_line_prints_stores_and_tells_them(tmp_path, capsys):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(table(target=24.0, organ=14.0))
    asked = ("--metrics", "D2.5cc, V20Gy,V20Gy_cc,max")
    ended = radsim(capsys, "dvh", tmp_path / "a.csv", *asked, "--json")
    gtv, cord = json.loads(ended.output)["structures"]
    assert [gtv[name] for name in ("D2.5cc", "V20Gy", "V20Gy_cc", "max")] == [24.0, 1.0, 9.0, 24.0]
    assert [cord[name] for name in ("D2.5cc", "V20Gy", "V20Gy_cc")] == [None, 0.0, 0.0]
    lines = radsim(capsys, "dvh", tmp_path / "a.csv", *asked).output.splitlines()
    assert lines[1].split()[-4:] == ["D2.5cc", "V20Gy", "V20Gy_cc", "max"]
    assert lines[3].split()[-4:] == ["-", "0.00", "0.00", "14.00"]
    out = tmp_path / "table.out"
    ended = radsim(capsys, "dvh", tmp_path / "a.csv", tmp_path / "b.csv", *asked, "--out", out)
    assert ended.code == 0, ended.errors
    rows = [line.split(",") for line in out.read_text().splitlines()]
    assert rows[0][-4:] == ["D2.5cc", "V20Gy", "V20Gy_cc", "max"] and len(rows) == 5
    assert rows[2][-4:] == ["", "0.000000", "0.000000", "14.000000"]


def test_an_organ_is_told_under_both_names_with_every_metric(tmp_path, capsys):
    path = tmp_path / "a.csv"
    rows = ["Pharynx Const,,0,6", "Pharynx Const,,10,6", "Pharynx Const,,22,0", "Oesoph,,0,9"]
    path.write_text("\n".join([table(target=24.0, organ=14.0), *rows, "Oesoph,,8,0", ""]))
    asked = ("--metrics", "D2.5cc,V20Gy,V20Gy_cc,max", "--name", "Oesoph=esophagus")
    told = json.loads(radsim(capsys, "dvh", path, *asked, "--json").output)["structures"]
    names = {entry["name"]: entry["structure"] for entry in told}
    assert names["Pharynx Const"] == "pharynx_const" and names["Oesoph"] == "esophagus"
    organ = next(entry for entry in told if entry["structure"] == "pharynx_const")
    exact = {"D2.5cc": 17.0, "V20Gy": 1 / 6, "V20Gy_cc": 1.0, "max": 22.0, "mean": 16.0}
    assert {name: organ[name] for name in exact} == pytest.approx(exact, rel=1e-3)
    assert organ["D0.03cc"] == pytest.approx(21.94)
    lines = radsim(capsys, "dvh", path, *asked).output.splitlines()
    line = next(line for line in lines if line.startswith("Pharynx Const"))
    assert line.split()[2] == "pharynx_const" and line.split()[-4:-1] == ["17.00", "0.17", "1.00"]
    wrong = radsim(capsys, "dvh", path, "--name", "Oesoph=the esophagus")
    assert wrong.code == 2
    assert wrong.errors == [
        "error: a.csv: 'the esophagus' is no structure: its name is of small letters, digits and "
        "_, and starts with a letter"
    ]


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ("D0.03", "did you mean 'D0.03cc'"),
        ("D2.5cc,V20", "did you mean 'V20Gy'"),
        ("D2.5cc,", "no metric ''; known: D98"),
        ("DVH", "no number of a DVH: 'DVH'"),
    ],
)
def test_what_is_no_metric_is_one_line(tmp_path, capsys, names, says):
    (tmp_path / "a.csv").write_text(table())
    ended = radsim(capsys, "dvh", tmp_path / "a.csv", "--metrics", names)
    (line,) = ended.errors
    assert ended.code == 2 and line.startswith("error: --metrics: ") and says in line


def test_an_imported_plan_tells_the_units_of_every_further_metric(tmp_path, capsys):
    (tmp_path / "a.csv").write_text(table(target=24.0, organ=14.0))
    asked = ("--metrics", "D2.5cc,V20Gy,V20Gy_cc,max,D0,D100,gEUD(4),mean,D30")
    told = json.loads(radsim(capsys, "dvh", tmp_path / "a.csv", *asked, "--json").output)
    units = {"V20Gy": "1", "V20Gy_cc": "cm3"}
    for name in asked[1].split(","):
        assert told["units"][name] == units.get(name, "Gy")
    gtv = told["structures"][0]
    assert gtv["D0"] == gtv["max"] >= gtv["D2.5cc"] >= gtv["D100"]
    head = radsim(capsys, "dvh", tmp_path / "a.csv", *asked).output.splitlines()[0]
    assert head.endswith("volumes in cm3, doses in Gy, shares of the volume from 0 to 1")
    for wrong in ("D0.03", "V20", "D120"):
        ended = radsim(capsys, "dvh", tmp_path / "a.csv", "--metrics", wrong)
        assert ended.code == 2
        (line,) = ended.errors
        assert line.startswith("error: --metrics: ")
