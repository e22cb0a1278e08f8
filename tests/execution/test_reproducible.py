"""The same numbers, whatever the chunks, workers, schedulers and interruptions."""

import itertools
import json
import random
import signal
import time
import zlib
from functools import partial

import numpy as np
import pytest
import xarray as xr
from command_line import finish, start
from examples import SMALL, experiment, small
from examples import settings as settings_of
from hypothesis import given, settings
from hypothesis import strategies as st

import radsim
from radsim import Experiment, load_experiment, open_result, save_result, simulate
from radsim.execution.journal import OLDER, RECORD, Journal
from radsim.execution.pieces import Cutting
from radsim.report.files import folder
from radsim.report.tables.ledger import tables_of

PATIENTS = 200
CUTTING = Cutting(block=64)
run, claim_folder = (partial(f, cutting=CUTTING) for f in (radsim.run, folder.claim_folder))
TABLES = ("summary.csv", "comparison.csv", "best.csv", "checks.csv")


def tables(result):
    return {name: "".join(text) for name, text in tables_of(result)}


@pytest.fixture(scope="module")
def tried():
    arms = {name: settings_of()["arms"][name] for name in ("one", "boosted", "again")}
    return experiment(patients=PATIENTS, arms=arms)


@pytest.fixture(scope="module")
def whole(tried):
    return simulate(tried, range(PATIENTS))


@pytest.fixture(scope="module")
def reference(tried):
    return tables(run(tried, scheduler="single"))


def same_bits(one, other):
    assert one.identical(other)
    for name in one.data_vars:
        assert one[name].values.tobytes() == other[name].values.tobytes(), name


@settings(max_examples=5, deadline=None)
@given(cuts=st.lists(st.integers(0, PATIENTS), max_size=6))
def test_simulating_in_chunks_gives_the_same_bits(tried, whole, cuts):
    edges = sorted({0, PATIENTS, *cuts})
    for a, b in itertools.pairwise(edges):
        same_bits(simulate(tried, range(a, b)), whole.isel(patient=slice(a, b)))


def test_simulating_one_patient_at_a_time_gives_the_same_bits(tried, whole):
    for i in (0, 1, 63, 64, 199):
        same_bits(simulate(tried, range(i, i + 1)), whole.isel(patient=slice(i, i + 1)))


def test_no_patients_are_no_error(tried, whole):
    nobody = simulate(tried, range(5, 5))
    assert nobody.sizes["patient"] == 0
    assert set(nobody.data_vars) == set(whole.data_vars)


def test_a_smaller_cohort_is_a_prefix_of_a_larger_one(tried, whole):
    fewer = tried.model_copy(update={"patients": 40})
    same_bits(simulate(fewer, range(40)), whole.isel(patient=slice(0, 40)))


def test_another_seed_gives_other_patients(tried, whole):
    other = simulate(tried.model_copy(update={"seed": 8}), range(20))
    assert (other["gtv_volume"].values != whole["gtv_volume"].values[:20]).all()


def test_adding_an_arm_changes_nothing_in_the_others(tried, whole):
    alone = experiment(arms={"one": {"regimen": "24x1"}}, compare={})
    drawn = simulate(alone, range(50))
    for name in ("local_control_net", "time_to_vcf", "spinal_cord_d003cc_delivered"):
        expected = whole[name].sel(arm=["one"]).isel(patient=slice(0, 50))
        if "control_model" in expected.dims:
            expected = expected.isel(control_model=[0])
        np.testing.assert_array_equal(drawn[name].values, expected.values, err_msg=name)


@pytest.mark.parametrize("chunk_size", [1, 65, 10_000])
@pytest.mark.parametrize("workers", [1, 3])
def test_threads_give_the_same_tables_for_any_chunk_size(tried, reference, chunk_size, workers):
    assert tables(run(tried, workers=workers, chunk_size=chunk_size)) == reference


def test_one_thread_without_a_pool_gives_the_same_tables(tried, reference):
    assert tables(run(tried, scheduler="single", chunk_size=200)) == reference


def test_processes_give_the_same_tables(tried, reference):
    assert tables(run(tried, scheduler="processes", workers=2)) == reference


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # sockets that distributed leaves open
def test_a_running_scheduler_gives_the_same_tables(tried, reference):
    from distributed import LocalCluster

    cluster = LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=False,
        protocol="tcp",
        dashboard_address=None,
        worker_dashboard_address=None,
    )
    with cluster:
        assert tables(run(tried, scheduler=cluster.scheduler_address)) == reference


def test_a_result_runs_again_from_its_own_attributes(tried, reference, tmp_path):
    result = run(tried, scheduler="single")
    save_result(result, tmp_path)
    attributes = open_result(tmp_path).attrs
    again = Experiment.model_validate_json(attributes["experiment"])
    assert again == tried
    assert tables(run(again, scheduler="single")) == reference
    assert attributes["seed"] == tried.seed
    assert json.loads(attributes["versions"])["numpy"] == np.__version__


def test_a_result_runs_again_from_the_experiment_file_beside_it(tried, reference, tmp_path):
    save_result(run(tried, scheduler="single"), tmp_path)
    again = load_experiment(tmp_path / "experiment.toml")
    assert again == tried
    assert tables(run(again, scheduler="single")) == reference
    save_result(run(again, scheduler="single"), tmp_path / "again")
    for name in (*TABLES, "experiment.toml"):
        assert (tmp_path / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_a_saved_result_is_the_result(tried, tmp_path):
    result = run(tried, scheduler="single")
    save_result(result, tmp_path)
    opened = open_result(tmp_path)
    xr.testing.assert_equal(opened, result)
    assert opened.attrs == result.attrs
    for name, variable in result.data_vars.items():
        assert variable.attrs["units"], name
        assert opened[name].attrs == variable.attrs


def journaled(tried, folder, stop_after=None):
    """Run with a journal, and stop after some blocks."""
    done = 0

    def count(patients):
        nonlocal done
        done += 1
        if stop_after is not None and done > stop_after:
            raise KeyboardInterrupt

    with claim_folder(folder, tried, overwrite=False) as journal:
        return run(tried, scheduler="single", journal=journal, progress=count)


@pytest.mark.parametrize("stop_after", [0, 2])
def test_a_run_that_was_interrupted_goes_on_to_the_same_tables(
    tried, reference, tmp_path, stop_after
):
    with pytest.raises(KeyboardInterrupt):
        journaled(tried, tmp_path, stop_after)
    assert tables(journaled(tried, tmp_path)) == reference


@settings(max_examples=4, deadline=None)
@given(share=st.floats(0.0, 1.0), garbage=st.binary(max_size=40))
def test_a_journal_cut_off_anywhere_goes_on_to_the_same_tables(
    tried, reference, tmp_path_factory, share, garbage
):
    folder = tmp_path_factory.mktemp("cut")
    journaled(tried, folder)
    path = folder / ".radsim" / "journal"
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))] + garbage)
    assert tables(journaled(tried, folder)) == reference


def test_a_journal_with_a_changed_byte_loses_what_follows_and_nothing_else(
    tried, reference, tmp_path
):
    journaled(tried, tmp_path)
    path = tmp_path / ".radsim" / "journal"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    header = Journal.read_header(path)
    kept = len(list(Journal(path, header).blocks()))
    assert 0 < kept < 4
    assert tables(journaled(tried, tmp_path)) == reference


def test_more_patients_extend_a_run_to_what_a_fresh_one_gives(tried, reference, tmp_path):
    fewer = tried.model_copy(update={"patients": 90})  # its last block is cut short
    save_result(journaled(fewer, tmp_path), tmp_path)
    extended = journaled(tried, tmp_path)
    assert tables(extended) == reference


def test_a_journal_of_an_older_version_is_refused_by_its_name(tried, tmp_path):
    payload = json.dumps({"versions": {"radsim": "0.0.9"}}).encode()
    journal = tmp_path / ".radsim" / "journal"
    journal.parent.mkdir()
    older = RECORD.pack(OLDER, 0, len(payload), zlib.crc32(payload)) + payload
    journal.write_bytes(older)
    says = r"of a run of radsim 0.0.9 in layout rsb1 \(now rsb2\), whose sums this version can't"
    with pytest.raises(folder.FolderError, match=says), claim_folder(tmp_path, tried, False):
        pass
    assert journal.read_bytes() == older
    with claim_folder(tmp_path, tried, overwrite=True) as fresh:
        assert fresh.is_empty


def run_arguments(folder, file=SMALL):
    return ("run", file, "--out", folder, "--patients", 25_000, "--workers", 1, "--no-figures")


@pytest.fixture(scope="module")
def cheap(tmp_path_factory):
    """Two arms in uniform fields: a run of some blocks that takes about a second."""
    path = tmp_path_factory.mktemp("cheap") / "cheap.toml"
    path.write_text(
        "\n".join(
            [
                'name = "cheap"',
                "seed = 5",
                "patients = 40_000",
                'cohort = { preset = "sib-phase2" }',
                "dose = { nodes = 16 }",
                'arms.a = { prescription = 8.0, fractions = 1, field = "uniform" }',
                'arms.b = { prescription = 20.0, fractions = 5, field = "uniform" }',
                'tcp = { preset = "hytec-spine-2021" }',
                'survival = { preset = "rtog-0631" }',
            ]
        ),
        encoding="utf-8",
    )
    return path


def test_a_run_killed_at_random_moments_ends_with_the_same_bytes(cheap, tmp_path):
    fresh = tmp_path / "fresh"
    begun = time.monotonic()
    assert finish(start(*run_arguments(fresh, cheap))).code == 0
    took = time.monotonic() - begun
    moments = random.Random(20240601)
    killed = tmp_path / "killed"
    for _ in range(2):
        process = start(*run_arguments(killed, cheap))
        time.sleep(moments.uniform(0.4, 0.9) * took)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate()
        if (killed / "result.nc").exists():
            break
    else:
        assert finish(start(*run_arguments(killed, cheap))).code == 0
    for name in (*TABLES, "experiment.toml"):
        assert (killed / name).read_bytes() == (fresh / name).read_bytes(), name


def test_ctrl_c_exits_130_and_leaves_nothing_that_looks_finished(cheap, tmp_path):
    process = start("run", cheap, "--out", tmp_path / "r", "--patients", 20_000_000)
    journal = tmp_path / "r" / ".radsim" / "journal"
    for _ in range(400):
        if journal.exists() and journal.stat().st_size > 20_000:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    ended = finish(process)
    assert ended.code == 130
    assert ended.output == ""
    assert len(ended.errors) == 1
    assert [path.name for path in (tmp_path / "r").iterdir()] == [".radsim"]


def test_the_order_of_patients_does_not_depend_on_the_blocks_of_a_run():
    assert run(small(), scheduler="single", chunk_size=1).attrs["patients"] == 200
