"""Shared work: many variants at once give what each gives alone."""

import numpy as np
import pytest
from examples import experiment

from radsim.execution.pieces import Cutting, Work
from radsim.experiment.variants import VariantMaker
from radsim.randomness.streams import Streams
from radsim.results.run import run
from radsim.simulation.reduction import reduce_blocks
from radsim.sums.run_sums import run_sums

PATIENTS = range(40, 240)
SWEEP = {  # of the cohort, the dose, plans, models and survival
    "cohort.gtv_volume.median": [5.0, 20.0],
    "arms.boosted.boost": [40.0, 45.0],
    "tcp.dose": [{"structure": "prescribed", "metric": "D98"}, {"structure": "gtv"}],
    "tcp.alpha_beta": [3.0, 10.0],
    "ntcp.vcf.preset": ["vcf-2013", "vcf-pooled"],
    "ntcp.myelopathy.preset": ["sbrt-cord-case-control-probit", "sbrt-cord-default"],
    "zipped": [["tcp.alpha_beta", "ntcp.vcf.preset", "ntcp.myelopathy.preset"]],
}


@pytest.fixture(scope="module", params=["frailty", 40.0], ids=["own scale", "common scale"])
def variants(request):
    made = experiment(sweep=SWEEP, survival={"shape": 1.4, "scale": request.param})
    maker, design = VariantMaker(made), made.study.design
    return [maker.make(design.variant(index)) for index in range(len(design))]


def reduced(variants, patients=PATIENTS):
    return reduce_blocks(variants, [patients], Streams(variants[0].seed))[0]


def test_every_variant_gets_what_a_run_of_its_own_gives(variants):
    together = reduced(variants)
    for index in (0, 5, 10, len(variants) - 1):
        alone = reduced([variants[index]])
        for key, state in alone.states.items():
            for name, array in state.items():
                shared = together.states[key][name][index]
                assert shared.tobytes() == array[0].astype(shared.dtype).tobytes(), (key, name)


def test_a_variant_does_not_depend_on_its_neighbors(variants):
    together = run_sums([reduced(variants)])
    order = [7, 2, 11]
    apart = run_sums([reduced([variants[i] for i in order])])
    for name, moments in together.moments.items():
        assert moments.mean[order].tobytes() == apart.moments[name].mean.tobytes(), name
        assert moments.deviations[order].tobytes() == apart.moments[name].deviations.tobytes()


def test_several_blocks_in_one_call_are_those_blocks(variants):
    blocks = [range(0, 40), range(40, 100)]
    both = reduce_blocks(variants[:2], blocks, Streams(variants[0].seed))
    for block, sums in zip(blocks, both, strict=True):
        alone = reduced(variants[:2], block)
        assert sums.patients == len(block)
        for key, state in alone.states.items():
            for name, array in state.items():
                assert sums.states[key][name].tobytes() == array.tobytes(), (key, name)


def test_halves_are_the_first_half_of_the_patients(variants):
    half = range(PATIENTS.start, PATIENTS.start + 100)
    whole, first = (run_sums([reduced(variants[:2], p)]) for p in (PATIENTS, half))
    assert {tuple(n.tolist()) for n in whole.half_patients.values()} == {(100, 100)}
    for name in ("local_control_net", "vcf_cumulative_incidence", "myelopathy_net",
                 "complication_free_control_alive"):  # fmt: skip
        np.testing.assert_allclose(
            whole.halves[name] / 100, first.moments[name].mean, rtol=1e-10, atol=1e-13
        )


def test_the_sums_of_a_design_are_those_of_its_pieces():
    cutting = Cutting(block=64)
    made = experiment(patients=150, sweep={"tcp.alpha_beta": [3, 6, 10]})
    result = run(made, scheduler="single", cutting=cutting)
    # alpha/beta 6 is the preset's
    alone = run(experiment(patients=150), scheduler="single", cutting=cutting)
    for name in ("local_control_net", "vcf_net_difference", "complication_free_control_alive"):
        same = result[name].sel(alpha_beta=6).values, alone[name].values
        np.testing.assert_allclose(*same, rtol=1e-12, atol=1e-14)


class CountingStreams(Streams):
    """Streams that count how often the first number of a dose was asked for."""

    doses = 0

    def uniforms(self, name, patients):
        type(self).doses += name == "dose/geometry/wrap"
        return super().uniforms(name, patients)


def test_models_alone_draw_each_dose_once():
    source = CountingStreams(1)

    def doses_of(sweep):
        made = experiment(sweep=sweep)
        maker, design = VariantMaker(made), made.study.design
        variants = [maker.make(design.variant(index)) for index in range(len(design))]
        CountingStreams.doses = 0
        reduce_blocks(variants, [range(50)], source)
        return CountingStreams.doses - len(made.arms)

    assert doses_of({"tcp.alpha_beta": [3, 6, 10], "survival.shape": [1, 2]}) == 0
    assert doses_of({"arms.boosted.boost": [40.0, 42.0, 44.0]}) == 2
    assert Work(experiment())([]) == []


def test_who_lies_outside_a_range_does_not_depend_on_the_alpha_beta_that_is_varied():
    sweep = {"tcp.alpha_beta": [3, 6, 10], "ntcp.myelopathy.alpha_beta": [1, 2, 4]}
    result = run(experiment(patients=60, sweep=sweep), scheduler="single")
    alone = run(experiment(patients=60), scheduler="single")
    checks = [n for n in alone.data_vars if str(n).endswith("_range_share")]
    assert len(checks) == 6  # below and above, of the control model and of two cord models
    for name in checks:
        shares = result[name].transpose("arm", ...).values.reshape(len(alone["arm"]), -1)
        np.testing.assert_array_equal(shares, np.repeat(alone[name].values[:, None], 9, axis=1))
    assert float(alone["local_control_above_range_share"].max()) > 0
    assert float(alone["local_control_below_range_share"].max()) > 0
