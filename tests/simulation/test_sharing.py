"""Shared work: many variants at once give what each gives alone."""

import numpy as np
import pytest
from examples import experiment
from radsim.simulation.kept import reduce_patients
from radsim.simulation.pipeline import reduce_variants

from radsim.execution.pieces import run_pieces
from radsim.experiment.variants import VariantMaker
from radsim.randomness.streams import Streams
from radsim.results.run import run
from radsim.simulation.patients import simulate

PATIENTS = range(40, 240)
SWEEP = {  # of the cohort, the dose, plans, models and survival
    "cohort.gtv_volume.median": [5.0, 20.0],
    "arms.boosted.boost": [40.0, 45.0],
    "tcp.dose": [{"structure": "prescribed", "metric": "D98"}, {"structure": "gtv"}],
    "tcp.alpha_beta": [3.0, 10.0],
    "ntcp.vcf.preset": ["vcf-2013", "vcf-pooled"],
    "ntcp.myelopathy.preset": ["sbrt-cord-low", "sbrt-cord-default"],
    "zipped": [["tcp.alpha_beta", "ntcp.vcf.preset", "ntcp.myelopathy.preset"]],
}


@pytest.fixture(scope="module", params=["frailty", 40.0], ids=["own scale", "common scale"])
def variants(request):
    made = experiment(sweep=SWEEP, survival={"shape": 1.4, "scale": request.param})
    maker, design = VariantMaker(made), made.study.design
    return [maker.make(design.variant(index)) for index in range(len(design))]


def test_every_variant_gets_what_a_run_of_its_own_gives(variants):
    together = reduce_variants(variants, PATIENTS, Streams(variants[0].seed))
    for index in (0, 5, 10, len(variants) - 1):
        alone = reduce_patients(variants[index], simulate(variants[index], PATIENTS))
        assert set(alone.moments) == set(together.moments)
        for name, moments in alone.moments.items():
            shared = together.moments[name]
            for field in ("mean", "deviations"):
                np.testing.assert_allclose(
                    getattr(shared, field)[index],
                    getattr(moments, field),
                    rtol=1e-9,
                    atol=1e-11,
                    err_msg=f"{name} {field} of variant {index}",
                )


def test_a_variant_does_not_depend_on_its_neighbors(variants):
    streams = Streams(variants[0].seed)
    together = reduce_variants(variants, PATIENTS, streams)
    order = [7, 2, 11]
    apart = reduce_variants([variants[i] for i in order], PATIENTS, streams)
    for name, moments in together.moments.items():
        assert moments.mean[order].tobytes() == apart.moments[name].mean.tobytes(), name
        assert moments.deviations[order].tobytes() == apart.moments[name].deviations.tobytes()


def test_halves_are_the_first_half_of_the_patients(variants):
    streams = Streams(variants[0].seed)
    half = range(PATIENTS.start, PATIENTS.start + 100)
    whole = reduce_variants(variants[:2], PATIENTS, streams)
    first = reduce_variants(variants[:2], half, streams)
    for name in ("local_control_net", "vcf_cumulative_incidence", "myelopathy_net",
                 "complication_free_control_alive"):  # fmt: skip
        np.testing.assert_allclose(
            whole.counts[f"{name}_half"] / 100, first.moments[name].mean, rtol=1e-10, atol=1e-13
        )


def test_the_sums_of_a_design_are_those_of_its_pieces(monkeypatch):
    monkeypatch.setattr("radsim.execution.pieces.BLOCK", 64)
    made = experiment(patients=150, sweep={"tcp.alpha_beta": [3, 6, 10]})
    result = run(made, scheduler="single")
    alone = run(experiment(patients=150), scheduler="single")  # alpha/beta 6 is the preset's
    for name in ("local_control_net", "vcf_net_difference", "complication_free_control_alive"):
        np.testing.assert_allclose(
            result[name].sel(alpha_beta=6).values, alone[name].values, rtol=1e-12, atol=1e-14
        )


def test_models_alone_draw_each_dose_once(monkeypatch):
    drawn = []
    import radsim.simulation.pipeline as sharing

    draw = sharing.draw_dose
    monkeypatch.setattr(sharing, "draw_dose", lambda *a: drawn.append(a[0]) or draw(*a))
    made = experiment(patients=50, sweep={"tcp.alpha_beta": [3, 6, 10], "survival.shape": [1, 2]})
    run(made, scheduler="single")
    assert len(drawn) == len(made.arms)
    drawn.clear()
    made = experiment(patients=50, sweep={"arms.boosted.boost": [40.0, 42.0, 44.0]})
    run(made, scheduler="single")
    assert len(drawn) == len(made.arms) - 1 + 3
    assert run_pieces(made, []) == []


def test_who_lies_outside_a_range_does_not_depend_on_the_alpha_beta_that_is_varied():
    sweep = {"tcp.alpha_beta": [3, 6, 10], "ntcp.myelopathy.alpha_beta": [1, 2, 4]}
    result = run(experiment(patients=60, sweep=sweep), scheduler="single")
    alone = run(experiment(patients=60), scheduler="single")
    checks = [n for n in alone.data_vars if str(n).endswith("_range_share")]
    assert len(checks) == 8  # below and above, of the control model and of three cord models
    for name in checks:
        shares = result[name].transpose("arm", ...).values.reshape(len(alone["arm"]), -1)
        np.testing.assert_array_equal(shares, np.repeat(alone[name].values[:, None], 9, axis=1))
    assert float(alone["local_control_above_range_share"].max()) > 0
    assert float(alone["local_control_below_range_share"].max()) > 0
