"""An imported DVH keeps its whole curve, steps included; the nodes are an approximation of it."""

import numpy as np
import pytest

from radsim.planfiles import load_plan, plan_metrics, read_plan, save_plan
from radsim.planfiles.assembly import from_samples
from radsim.planfiles.curve import TOLERANCE
from radsim.radiobiology.dvh import curve_from_samples, generalized_eud, volume_nodes


def two_levels(tmp_path, cold, cold_dose, hot_dose, volume=9.0):
    """Return the GTV of a table in which a share is cold and the rest hot, both flat."""
    rows = [(0, 1), (cold_dose, 1), (cold_dose, 1 - cold), (hot_dose, 1 - cold), (hot_dose, 0)]
    lines = "".join(f"GTV,gtv,{dose},{volume * share!r}\n" for dose, share in rows)
    path = tmp_path / "plan.csv"
    path.write_text(f"name,structure,dose [Gy],volume [cm3]\n{lines}")
    return read_plan(path)


@pytest.mark.parametrize("cold", [0.001, 0.03, 0.1, 0.5, 0.9, 0.999])
def test_two_level_volumes_are_exact(tmp_path, cold):
    plan = two_levels(tmp_path, cold, 12.0, 24.0)
    dose, share = plan["gtv"].dvh.parts()
    exact = {level: fraction for level, fraction in ((12.0, cold), (24.0, 1.0 - cold))}
    mean = sum(level * fraction for level, fraction in exact.items())
    assert plan_metrics(plan)["GTV"]["mean"] == pytest.approx(mean, rel=1e-12)
    for rate in (0.1, 0.5, 1.5):
        hazard = sum(np.exp(-rate * level) * fraction for level, fraction in exact.items())
        assert (share * np.exp(-rate * dose)).sum() == pytest.approx(hazard, rel=1e-9)
    for a in (-20.0, -1.0, 5.0, 20.0):
        gEUD = sum(fraction * level**a for level, fraction in exact.items()) ** (1.0 / a)
        assert generalized_eud(dose, share, a) == pytest.approx(gEUD, rel=1e-9)
    # for comparison the 64 nodes, as the documentation states them
    weight = volume_nodes(64)[1]
    assert (plan["gtv"].dose * weight).sum() == pytest.approx(mean, abs=12.0 * weight.max() / 2)


def test_a_small_hot_step_is_not_smeared(tmp_path):
    plan = two_levels(tmp_path, 0.999, 10.0, 20.0)
    exact = (0.999 * 10.0**20 + 0.001 * 20.0**20) ** (1 / 20)
    assert generalized_eud(*plan["gtv"].dvh.parts(), 20.0) == pytest.approx(exact, rel=1e-9)


def test_a_straight_dvh_has_its_integrals(tmp_path):
    (tmp_path / "plan.csv").write_text("name,dose [Gy],volume [cm3]\nGTV,0,8\nGTV,20,8\nGTV,30,0\n")
    dose, share = read_plan(tmp_path / "plan.csv")["gtv"].dvh.parts()
    assert (dose * share).sum() == pytest.approx(25.0, rel=1e-12)
    hazard = (np.exp(-0.8 * 20.0) - np.exp(-0.8 * 30.0)) / (0.8 * 10.0)
    assert (share * np.exp(-0.8 * dose)).sum() == pytest.approx(hazard, rel=1e-4)


def test_a_sampled_dvh_is_kept_to_its_tolerance_and_stored_as_it_is(tmp_path):
    random = np.random.default_rng(5)
    dose = np.concatenate([random.normal(24.0, 0.8, 40_000), random.normal(12.0, 0.1, 4_000)])
    structure = from_samples("GTV", "gtv", dose, np.full(dose.size, 0.2), nodes=64)
    share, sampled = curve_from_samples(dose)
    kept = np.interp(share, structure.dvh.share, structure.dvh.dose)
    assert np.abs(kept - sampled).max() <= 2.0 * TOLERANCE and structure.dvh.dose.size < 800
    assert (np.prod(structure.dvh.parts(), axis=0)).sum() == pytest.approx(dose.mean(), abs=0.002)
    parts, shares = structure.dvh.parts()
    exact = np.exp(-0.8 * dose).mean()
    assert (shares * np.exp(-0.8 * parts)).sum() == pytest.approx(exact, rel=0.005)
    plan = two_levels(tmp_path, 0.1, 12.0, 24.0)
    save_plan(plan, tmp_path / "again.csv")
    again = load_plan(tmp_path / "again.csv")["gtv"]
    assert np.array_equal(again.dvh.dose, plan["gtv"].dvh.dose)
    np.testing.assert_allclose(again.dvh.share, plan["gtv"].dvh.share, rtol=1e-12)
