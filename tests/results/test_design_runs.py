"""Runs of designs: tables, chunks, kills, full disks, and what the command says."""

import csv
import json
import multiprocessing
import random
import subprocess
import sys
import time
from functools import partial

import numpy as np
import pytest
from command_line import ROOT, files, radsim
from examples import experiment, settings

import radsim as package
from radsim import load_experiment, make_experiment, open_result, save_result
from radsim.execution.cost import TooLarge, check_cost
from radsim.execution.pieces import Cutting
from radsim.experiment.designs.tables import DESIGN_SECTIONS
from radsim.experiment.variants import VariantMaker
from radsim.report.figures.gallery import draw_figures
from radsim.report.files import folder as folders
from radsim.report.tables.sensitivity import INDEX_COLUMNS
from radsim.report.text.warnings import warnings_of

CUTTING = Cutting(block=64, pack=16, plans=1)  # a small design is many pieces
run, claim_folder = (partial(f, cutting=CUTTING) for f in (package.run, folders.claim_folder))
FILE = """
name = "cheap design"
seed = 5
patients = 300
months = [12, 24]
cohort = { preset = "sib-phase2" }
dose = { nodes = 16 }
arms.a = { prescription = 8.0, fractions = 1, field = "uniform" }
arms.b = { prescription = 20.0, fractions = 5, field = "uniform" }
tcp = { preset = "hytec-spine-2021" }
ntcp.vcf = { preset = "vcf-2013" }
ntcp.myelopathy = { preset = "sbrt-cord-default" }
survival = { preset = "rtog-0631" }

[sweep]
"tcp.alpha_beta" = [3, 6, 10]
"arms.b.prescription" = [20.0, 30.0]

[uncertainty]
draws = 6
"survival.scale" = { kind = "lognormal", median = 19.2, sigma = 0.2 }
groups = [{ keys = ["tcp.d50", "tcp.gamma50"], table = "hytec-spine-2021" }]
models = { "ntcp.vcf.preset" = ["vcf-pooled"] }

[sensitivity]
method = "one-at-a-time"
"""


KILLED = FILE[: FILE.index("[uncertainty]")].replace("patients = 300", "patients = 150") + (
    "[uncertainty]\ndraws = 3\n"
    '"survival.scale" = { kind = "uniform", lower = 10.0, upper = 30.0 }\n'
)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("design") / "design.toml"
    path.write_text(FILE, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def design():
    import tomllib

    return make_experiment(tomllib.loads(FILE))


@pytest.fixture(scope="module")
def result(design):
    return run(design, scheduler="single")


@pytest.fixture(scope="module")
def folder(result, tmp_path_factory):
    path = tmp_path_factory.mktemp("finished")
    save_result(result, path, draw_figures)
    return path


def rows(folder, name):
    with (folder / name).open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def test_swept_keys_are_labeled_dimensions(result):
    assert result.sizes["alpha_beta"] == 3 and result.sizes["prescription"] == 2
    one = result.sel(alpha_beta=6, prescription=20.0, arm="b", months=24)
    assert one["local_control_net"].ndim == 1  # the control models
    low, high = (result["local_control_net"].sel(prescription=p, arm="b") for p in (20, 30))
    assert bool((low < high).all())


@pytest.mark.parametrize(("workers", "chunk_size"), [(1, 1), (3, 1), (2, 10_000)])
def test_threads_and_chunks_change_no_bit(design, result, workers, chunk_size):
    assert run(design, workers=workers, chunk_size=chunk_size).identical(result)


def test_processes_change_no_bit():
    made = experiment(patients=40, sweep={"tcp.alpha_beta": [3, 6]})
    one = run(made, scheduler="single")
    assert run(made, scheduler="processes", workers=2).identical(one)


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # sockets that distributed leaves open
def test_a_running_scheduler_changes_no_bit(design, result):
    from distributed import LocalCluster

    cluster = LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, protocol="tcp",
        dashboard_address=None, worker_dashboard_address=None,
    )  # fmt: skip
    with cluster:
        assert run(design, scheduler=cluster.scheduler_address).identical(result)


def test_tables_put_the_designs_columns_first_and_hold_both_intervals(folder, design):
    for name in ("summary.csv", "comparison.csv", "best.csv", "checks.csv", "uncertainty.csv"):
        header = (folder / name).read_text(encoding="utf-8").splitlines()[0].split(",")
        assert header[:2] == ["alpha_beta", "prescription"], name
    summary = rows(folder, "summary.csv")
    points = [(r["alpha_beta"], r["prescription"]) for r in summary]
    expected = [(str(a), str(p)) for a in (3.0, 6.0, 10.0) for p in (20.0, 30.0)]
    assert list(dict.fromkeys(points)) == expected
    assert {r["interval"] for r in summary} == {"monte_carlo", "parameters", "parameters_at_most"}
    for row in summary:
        if not row["lower"]:
            assert row["interval"] == "parameters" and row["upper"] == ""  # no key moves it
            continue
        lower, value, upper = (float(row[k]) for k in ("lower", "estimate", "upper"))
        assert 0 <= lower <= value + 1e-9 and value <= upper + 1e-9 and upper <= 1
    assert len(rows(folder, "design.csv")) == len(design.study.design)
    comparison = rows(folder, "comparison.csv")
    assert {row["arm"] for row in comparison} == {"b"}
    bands = [r for r in comparison if r["interval"] == "parameters"]
    for row in bands:
        clear = row["lower"] and (float(row["lower"]) > 0 or float(row["upper"]) < 0)
        assert (row["number_needed"] != "") == bool(clear), row


def test_the_tables_say_what_the_labeled_arrays_say(folder, result):
    rows_of = [
        r for r in rows(folder, "summary.csv")
        if r["endpoint"] == "local_control" and r["interval"] == "monte_carlo"
    ]  # fmt: skip
    for row in rows_of:
        here = {
            "alpha_beta": float(row["alpha_beta"]), "prescription": float(row["prescription"]),
            "arm": row["arm"], "months": float(row["months"]),
        }  # fmt: skip
        value = result["local_control_net"].isel(control_model=0).sel(here)
        assert float(row["estimate"]) == float(value)


def test_each_variant_is_a_run_of_its_own(design, result):
    point = {"alpha_beta": 10, "prescription": 30.0}
    from radsim.experiment.variants import VariantMaker

    alone = VariantMaker(design).make({"tcp.alpha_beta": 10, "arms.b.prescription": 30.0})
    plain = run(alone, scheduler="single")
    for name in ("local_control_net", "vcf_net", "survival_alive_mc_standard_error"):
        np.testing.assert_allclose(
            result[name].sel(point).values, plain[name].values, rtol=1e-10, atol=1e-13
        )


ONE = {
    "patients": 100,
    "arms": {"one": {"prescription": 8.0, "fractions": 1, "field": "uniform"}},
    "compare": {},
    "tcp_alternatives": [{"dose": {"metric": "D50"}, "label": "D50"}, "hytec-log-logistic"],
    "eligibility": {"some": {"where": {"lesion_type": ["mixed"]}, "action": "exclude"}},
}


@pytest.mark.parametrize(
    ("key", "values", "changed"),
    [
        (
            "tcp_alternatives[1].d50", [25.0, 40.0],
            {"tcp_alternatives": [ONE["tcp_alternatives"][0],
                                  {"preset": "hytec-log-logistic", "d50": 40.0}]},
        ),
        ("tcp.d50", [15.0, 21.0], {"tcp": {"preset": "hytec-spine-2021", "d50": 21.0}}),
        (
            "eligibility.some.where.lesion_type", [["blastic"], ["lytic", "mixed"]],
            {"eligibility": {"some": {**ONE["eligibility"]["some"],
                                      "where": {"lesion_type": ["lytic", "mixed"]}}}},
        ),
    ],
)  # fmt: skip
def test_variants_of_alternatives_and_of_eligibility_are_runs_of_their_own(key, values, changed):
    """Also an alternative that is the file's own control model but for its dose: it follows."""
    swept = run(experiment(**ONE, sweep={key: values}), scheduler="single")
    alone = run(experiment(**{**ONE, **changed}), scheduler="single")
    axis = next(iter(json.loads(swept.attrs["design"])["axes"]))
    last = swept.isel({axis: 1})
    names = ("local_control_net", "vcf_net", "complication_free_control_net")
    for name in names:
        np.testing.assert_allclose(last[name], alone[name], rtol=1e-12, err_msg=name)
    assert max(float(abs(swept[name].diff(axis)).max()) for name in names) > 1e-3


def test_uncertainty_is_kept_apart_and_what_no_key_moves_has_none(folder, result):
    notes = set()
    for row in rows(folder, "uncertainty.csv"):
        parts = {k: float(row[k] or 0) for k in ("parameters", "model_choice", "monte_carlo")}
        notes.add(note := row["parameters_note"])
        largest = max(parts, key=lambda k: parts[k]) if any(parts.values()) else ""
        bound = largest == "parameters" and note.startswith("at most")
        assert row["matters_most"] == ("" if bound else largest)
        known = note != "no drawn key moves it"
        assert known == (row["parameters"] != "") == (row["parameters_lower"] != "")
        if known:
            assert float(row["parameters_lower"]) < float(row["parameters_upper"]), row
        assert all(value >= 0 for value in parts.values())
    assert len(notes) == 3
    vcf = result["vcf_net_uncertainty"]
    assert bool(vcf.sel(source="parameters").isnull().all())  # no uncertain key is of fractures
    assert float(vcf.sel(source="models").max()) > 0
    cord = [r for r in rows(folder, "uncertainty.csv") if r["endpoint"] == "myelopathy"]
    net = [r for r in cord if r["estimator"] == "net"]
    assert {r["model_choice"] for r in net} == {""}  # nor is a listed model
    assert {r["parameters_note"] for r in net} == {"no drawn key moves it"}


def test_how_often_an_arm_is_best_is_told_for_each_other_model_too(folder, result, design):
    name = "complication_free_control_net_best_probability"
    for values in (
        result[name],
        result[f"{name}_with"],
        result["local_control_net_best_probability"],
    ):
        np.testing.assert_allclose(values.sum("ranked_arm").values, 1.0)
    best = rows(folder, "best_over_draws.csv")
    assert {(r["models"], r["draws"]) for r in best} == {
        ("the file's own", "6"), ("ntcp.vcf.preset = vcf-pooled", "6"),
    }  # fmt: skip
    for row in best:
        lower, share, upper = (float(row[k]) for k in ("lower", "probability_best", "upper"))
        assert lower <= share <= upper and upper - lower > 0.3  # six draws say little
    # with the other model, draw by draw, it is what a run under that model gives
    settings = {key: value for key, value in design.written.items() if key not in DESIGN_SECTIONS}
    settings["ntcp"] = {**settings["ntcp"], "vcf": {"preset": "vcf-pooled"}}
    settings["uncertainty"] = {k: v for k, v in design.uncertainty.items() if k != "models"}
    alone = run(make_experiment(settings), scheduler="single")
    point = {"alpha_beta": 6, "prescription": 20.0}
    with_other = result[f"{name}_with"].sel(point).isel(alternative=0)
    np.testing.assert_allclose(alone[name].values, with_other.values)


def test_another_cord_model_stands_in_for_the_files_own_and_those_beside_it_stay():
    others = ["sbrt-cord-case-control", "sbrt-cord-case-control-probit"]
    models = {"ntcp.myelopathy.preset": others}
    beside = [{"preset": name, "label": f"beside {i}"} for i, name in enumerate(others)]
    myelopathy = {"preset": "sbrt-cord-default", "alternatives": beside}
    drawn = {"kind": "triangular", "lower": -6.5, "mode": -4.6, "upper": -3.0}
    found = run(
        experiment(
            patients=40, arms={"boosted": {"regimen": "sib-phase2"}}, months=[24],
            uncertainty={"draws": 2, "ntcp.myelopathy.intercept": drawn, "models": models},
            ntcp={**settings()["ntcp"], "myelopathy": myelopathy},
        ),
        scheduler="single",
    )  # fmt: skip
    here = found.isel(months=-1).sel(arm="boosted")
    presets = ["sbrt-cord-default", *(model["label"] for model in beside)]
    own = here["myelopathy_net"].sel(myelopathy_model=presets).values
    assert len(set(own)) == 3
    swapped = here["myelopathy_net_alternatives"]
    np.testing.assert_array_equal(swapped.sel(myelopathy_model="sbrt-cord-default").values, own[1:])
    for place in range(2):
        stay = swapped.isel(alternative=place).sel(myelopathy_model=presets[1:])
        np.testing.assert_array_equal(stay.values, own[1:])
    choice = here["myelopathy_net_uncertainty"].sel(source="models")
    assert float(choice.sel(myelopathy_model="sbrt-cord-default")) == pytest.approx(own.std())
    assert bool(choice.sel(myelopathy_model=presets[1:]).isnull().all())
    # the drawn intercept is the default's, so another model takes no notice of it
    design = json.loads(found.attrs["design"])["parts"]
    assert design["draw with alternative"] == 4


def test_indices_of_a_run_come_with_their_intervals(tmp_path):
    scale = {"kind": "lognormal", "median": 30.0, "sigma": 0.3}
    small = experiment(
        patients=40, arms={"one": {"regimen": "24x1"}}, compare={}, months=[24],
        survival={"shape": 1.4, "scale": 30.0},
        sensitivity={"samples": 64, "method": "sobol", "survival.scale": scale},
    )  # fmt: skip
    save_result(run(small, scheduler="single"), tmp_path)
    table = rows(tmp_path, "sobol_indices.csv")
    indices = {r["endpoint"]: r for r in table if r["estimator"] != "cumulative_incidence"}
    survival = {k: float(indices["survival"][k]) for k in INDEX_COLUMNS[-6:]}
    assert survival["first_order"] == pytest.approx(1.0)  # the only factor
    assert survival["first_order_lower"] == pytest.approx(survival["first_order_upper"])
    assert survival["total_lower"] < survival["total"] == survival["total_upper"] == 1.0
    assert indices["vcf"]["first_order"] == ""  # which it does not move


def test_figures_show_lines_maps_uncertainty_and_the_tornado(folder):
    names = {name for name in files(folder) if name.endswith(".png")}
    drawn = ("sweep", "map_b", "uncertainty", "tornado")
    assert names == {f"figures/{n}.png" for n in drawn}


def test_a_finished_design_opens_and_runs_again_from_its_own_file(folder, result):
    import tomllib

    opened = open_result(folder)
    assert json.loads(opened.attrs["design"])["axes"]["alpha_beta"] == ["tcp.alpha_beta"]
    again = make_experiment(tomllib.loads((folder / "experiment.toml").read_text("utf-8")))
    second = run(again, scheduler="single")
    for name in result.data_vars:
        assert second[name].values.tobytes() == result[name].values.tobytes(), name


def test_a_changed_sweep_is_refused_with_what_changed(design, tmp_path):
    with claim_folder(tmp_path, design, overwrite=False) as journal:
        run(design, scheduler="single", journal=journal)
    changed = design.model_copy(update={"sweep": {**design.sweep, "tcp.alpha_beta": [3, 6, 9]}})
    with (
        pytest.raises(ValueError, match="alpha_beta") as caught,
        claim_folder(tmp_path, changed, False),
    ):
        pass
    assert str(caught.value).count("alpha_beta") == 1  # once, though it is kept in two forms


def test_more_patients_extend_a_design_to_what_a_fresh_one_gives(design, result, tmp_path):
    fewer = design.model_copy(update={"patients": 100})
    with claim_folder(tmp_path, fewer, overwrite=False) as journal:
        save_result(run(fewer, scheduler="single", journal=journal), tmp_path)
    with claim_folder(tmp_path, design, overwrite=False) as journal:
        before = journal.path.stat().st_size
        extended = run(design, scheduler="single", journal=journal)
        assert journal.path.stat().st_size > before
    for name in result.data_vars:
        assert extended[name].values.tobytes() == result[name].values.tobytes(), name


def test_a_large_design_says_what_it_takes_and_asks_for_yes(capsys, file, tmp_path):
    sweep = {"tcp.d50": {"from": 15, "to": 25, "count": 1000}}
    sweep["survival.scale"] = {"from": 15, "to": 25, "count": 1000}
    with pytest.raises(TooLarge, match=r"1,000,000 variants, about [\d.,]+ hours .* needs --yes"):
        check_cost(experiment(patients=20_000, sweep=sweep))
    large = tmp_path / "large.toml"
    text = FILE.replace("[3, 6, 10]", "{ from = 2, to = 10, count = 200000 }")
    large.write_text(text, encoding="utf-8")
    ended = radsim(capsys, "run", large, "--out", tmp_path / "r")
    assert ended.code == 2
    assert len(ended.errors) == 1 and "--yes" in ended.errors[0]
    assert not (tmp_path / "r").exists()


def test_check_of_a_large_design_does_not_make_all_of_it(capsys, file, tmp_path, monkeypatch):
    made = []
    make = VariantMaker.make
    monkeypatch.setattr(
        VariantMaker, "make", lambda self, changes: made.append(changes) or make(self, changes)
    )
    large = tmp_path / "large.toml"
    grid = "{ from = 2, to = 10, count = 200000 }"
    large.write_text(FILE.replace("[3, 6, 10]", grid), encoding="utf-8")
    checked = radsim(capsys, "check", large)
    assert checked.code == 0
    assert "only some of its variants are checked" in checked.errors[0]
    assert 0 < len(made) < 100
    large.write_text(
        'confirmed = ["tcp.alpha_beta"]\n'
        + FILE.replace("[3, 6, 10]", grid.replace("from = 2", "from = -2")),
        encoding="utf-8",
    )
    refused = radsim(capsys, "check", large)
    assert refused.code == 2
    assert "alpha_beta must be above 0" in refused.errors[-1]


def test_a_warning_of_a_sweep_says_where_it_is_at_its_worst():
    made = experiment(
        sweep={"arms.one.prescription": [8.0, 24.0]}, patients=200, compare={}, months=[24.0]
    )
    lines = warnings_of(run(made, scheduler="single"))
    assert any("at worst (prescription" in line for line in lines), lines


def test_the_command_prints_the_sweep_and_how_many_patients_a_precision_took(
    capsys, file, tmp_path
):
    text = FILE.replace('"arms.b.prescription" = [20.0, 30.0]', "")
    path = tmp_path / "one.toml"
    path.write_text(text.replace("patients = 300", "patients = 64"), encoding="utf-8")
    ended = radsim(
        capsys, "run", path, "--out", tmp_path / "r", "--precision", "0.05", "--patients", 64,
        "--no-figures",
    )  # fmt: skip
    assert ended.code == 0, ended.errors
    assert "Over the sweep [%]" in ended.output
    assert "How often each arm is best" in ended.output
    took = next(line for line in ended.output.splitlines() if line.startswith("Standard error"))
    result = open_result(tmp_path / "r")
    assert f"{result.attrs['patients']:,} patients" in took
    checked = radsim(capsys, "check", path).output
    assert "6 joint draws of" in checked and "6 joint draws with another model of" in checked


def run_in_a_fork(file, folder):
    """Do what the command does, in small pieces, in a process that may be killed at any moment."""
    killed = load_experiment(file)
    with claim_folder(folder, killed, overwrite=False) as journal:
        save_result(run(killed, workers=1, journal=journal), folder)


@pytest.mark.parametrize("fewest", [1, pytest.param(22, marks=pytest.mark.slow)])
def test_a_design_killed_at_random_moments_ends_with_the_same_bytes(tmp_path, fewest):
    # in a process of its own; the fork server only spares it the imports
    file = tmp_path / "killed.toml"
    file.write_text(KILLED, encoding="utf-8")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        [
            "radsim.cli.app",
            "radsim.results.run",
            "radsim.report.files.result_files",
            "radsim.report.figures.outcomes",
        ]
    )

    def begin(folder):
        process = context.Process(target=run_in_a_fork, args=(file, folder))
        process.start()
        return process

    fresh = tmp_path / "fresh"
    begin(tmp_path / "first").join()  # the server starts and imports
    started = time.monotonic()
    begin(fresh).join()
    took = time.monotonic() - started
    expected = files(fresh)
    assert "result.nc" in expected
    moments = random.Random(20261121)
    kills, ended = 0, 0
    while kills < fewest or ended == 0:
        folder = tmp_path / f"killed {ended}"
        process = begin(folder)
        process.join(moments.uniform(0.0, 1.1) * took)
        if process.is_alive():
            process.kill()
            process.join()
            kills += 1
        if not (folder / "result.nc").exists():
            continue
        assert files(folder) == expected
        ended += 1
    last = tmp_path / f"killed {ended}"
    begin(last).join()
    assert files(last) == expected


def test_two_runs_cannot_write_to_one_folder(design, tmp_path):
    with (
        claim_folder(tmp_path, design, overwrite=False),
        pytest.raises(ValueError, match="another run is writing"),
        claim_folder(tmp_path, design, overwrite=False),
    ):
        pass


def test_a_full_disk_loses_nothing_that_was_recorded(file, tmp_path):
    folder = tmp_path / "full"
    command = [sys.executable, "-m", "radsim", "run", str(file), "--out", str(folder)]
    limited = subprocess.run(  # the system cuts the journal off in the middle of a record
        ["bash", "-c", 'ulimit -f 120; exec "$@"', "bash", *command, "--no-figures"],
        capture_output=True, text=True, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert limited.returncode == 1, limited.stderr
    assert "Traceback" not in limited.stderr
    assert f"can't write {folder}" in limited.stderr
    assert "the same command goes on" in limited.stderr
    assert not (folder / "result.nc").exists()
    done = subprocess.run(
        [*command, "--no-figures"], capture_output=True, text=True,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    fresh = tmp_path / "fresh"
    again = subprocess.run(
        [*command[:-1], str(fresh), "--no-figures"], capture_output=True, text=True,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert again.returncode == 0
    assert files(folder) == files(fresh)
