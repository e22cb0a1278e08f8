"""Limits that plans of a library break: said when it is read, and no reason for better plans."""

import warnings

import numpy as np
import pytest
from library_cases import SETTINGS

from radsim import ExperimentError, make_experiment, run, simulate
from radsim.report.text.warnings import warnings_of

PLANS = 30


def write(folder, worst=20.0, best=23.0):
    """Plans whose coverage is bought with the dose of the cord; returns D98 and D0.03cc [Gy]."""
    folder.mkdir()
    trade = np.linspace(0.0, 1.0, PLANS)
    coldest, cord = worst + (best - worst) * trade, 13.0 + 4.0 * trade
    for place, (low, high) in enumerate(zip(coldest, cord, strict=True)):
        rows = ["# prescription [Gy] = 24", "# fractions = 2", "# nodes = 64"]
        rows += ["name,structure,dose [Gy],volume [cm3]"]
        for name, structure, ends in (
            ("GTV", "gtv", (low, 26.0)),
            ("PTV", "ptv", (low, 26.0)),
            ("Cord", "spinal_cord", (1.0, high)),
        ):
            rows += [f"{name},{structure},{d},{v}" for d, v in zip(ends, (20.0, 0.0), strict=True)]
        (folder / f"{place:02}.csv").write_text("\n".join([*rows, ""]))
    return coldest, cord


def settings(*limits, **arm):
    library = {"kind": "library", "folder": "plans", "delivery": False, "limits": list(limits)}
    return {**SETTINGS, "arms": {"library": {**library, **arm}}}


def doses(tmp_path, *limits, **arm):
    """Planned D98, D0.03cc of the cord, and whether each patient's plan keeps the limits."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        experiment = make_experiment(settings(*limits, **arm), str(tmp_path))
    patients = simulate(experiment, range(400)).sel(arm="library")
    return (
        patients["gtv_d98_planned"].values,
        patients["spinal_cord_d003cc_planned"].values,
        patients["plan_eligible"].values == 1,
        patients["plans_tried"].values,
    )


def ptv_reaches(dose):
    return {"structure": "ptv", "metric": "D98", "at_least": dose}


def cord_keeps(dose):
    return {"structure": "spinal_cord", "metric": "D0.03cc", "at_most": dose}


@pytest.mark.parametrize("limits", [[ptv_reaches(23.5)], [ptv_reaches(22.5), cord_keeps(14.0)]])
def test_limits_that_no_plan_keeps_make_no_plan_better(tmp_path, limits):
    write(tmp_path / "plans")
    free, limited = doses(tmp_path), doses(tmp_path, *limits)
    with_cord = ~np.isnan(free[1])  # nobody else has a limit of the cord
    for ours, theirs in zip(limited, free, strict=True):
        if ours.dtype != bool:
            assert np.array_equal(ours[with_cord], theirs[with_cord])
    assert limited[2][with_cord].mean() < 0.3 and free[2].all()  # a step may lead past every plan


def test_who_draws_no_plan_within_the_limits_keeps_the_first(tmp_path):
    coldest, _ = write(tmp_path / "plans")
    best = ptv_reaches(float(coldest[-1]))  # of one plan, not quite: D98 is above the coldest
    free = doses(tmp_path, smoothing=0.0)
    d98, cord, kept, tried = doses(tmp_path, best, smoothing=0.0)
    assert 0.2 < kept.mean() < 0.9  # 1 - (29 / 30)^16 = 0.42, or of two plans 0.67
    assert np.array_equal(d98[~kept], free[0][~kept]) and (tried[~kept] > 1).all()
    assert np.array_equal(cord[~kept], free[1][~kept], equal_nan=True)
    assert d98[kept].min() >= coldest[-1] > free[0].min()


def test_a_plan_at_its_limit_keeps_it(tmp_path):
    _, cord = write(tmp_path / "plans")
    at = float(cord[0] - (cord[0] - 1.0) * 0.03 / 20.0)  # D0.03cc of the plan with the lowest
    for share, keeps in ((1.0 - 1e-8, True), (1.0 - 1e-4, False)):
        _, planned, kept, _ = doses(tmp_path, cord_keeps(at * share), smoothing=0.0)
        assert kept[~np.isnan(planned)].any() == keeps


def test_which_plans_break_which_limit_by_how_much_is_said_when_they_are_read(tmp_path):
    coldest, _ = write(tmp_path / "plans")
    d98 = coldest + 0.02 * (26.0 - coldest)
    with pytest.warns(UserWarning) as said:
        make_experiment(settings(ptv_reaches(22.9), cord_keeps(99.0)), tmp_path)
    told = [str(w.message) for w in said if str(w.message).startswith("plans: ")]
    few = int((d98 < 22.9).sum())
    worst = 22.9 - d98[0]
    assert told[0].startswith(
        f"plans: {few} of 30 plans break ptv D98 at least 22.9 Gy: 00.csv by {worst:.2g} Gy "
        f"({100 * worst / 22.9:.2g} %), 01.csv by "
    )
    assert told[1] == (
        f"plans: {30 - few} of 30 plans keep every limit; draws that break one are drawn again"
    )
    assert len(told) == 2
    with pytest.warns(UserWarning) as said:
        make_experiment(settings(ptv_reaches(24.0)), tmp_path)
    assert "plans: no plan keeps every limit" in str(said[-1].message)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_experiment(
            settings(ptv_reaches(15.0), {**ptv_reaches(25.0), "optimal": True}), tmp_path
        )


@pytest.mark.parametrize(
    ("region", "says"),
    [
        ({"cervical": 0.5, "lumbar": 0.5}, "some patients have a spinal cord, but no plan"),
        ({"lumbar": 1.0}, "some patients have a spinal cord, but no plan"),  # at L1
        ({"cervical": 0.0, "sacrum": 1.0}, ""),
    ],
)
def test_patients_whom_no_plan_suits_are_found_when_the_file_is_read(tmp_path, region, says):
    write(tmp_path / "plans")
    for path in (tmp_path / "plans").iterdir():
        path.write_text(path.read_text().split("Cord,")[0])
    cohort = {"preset": "sib-phase2", "region": {"kind": "categorical", "shares": region}}
    file = {**settings(), "cohort": cohort, "ntcp": {}, "patients": 50}
    if says:
        with pytest.raises(
            ExperimentError, match=f"arms.library: {says} .* .region = '(cervical|lumbar)'"
        ):
            make_experiment(file, tmp_path)
        return
    simulate(make_experiment(file, tmp_path), range(50))


def test_a_run_says_what_a_library_does_with_who_keeps_no_limit(tmp_path):
    write(tmp_path / "plans")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        experiment = make_experiment({**settings(ptv_reaches(24.0)), "patients": 100}, tmp_path)
    said = " ".join(warnings_of(run(experiment)))
    assert "drew no plan that keeps every limit, and get the first one drawn" in said
    assert "have no plan" not in said
