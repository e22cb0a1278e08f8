"""The package against the slow implementation in `naive`, on the same doses and luck."""

import math

import naive
import numpy as np
import pytest
from examples import experiment
from scipy import stats

from radsim import Streams, run, simulate
from radsim.execution.pieces import Cutting

PATIENTS = 240
MONTHS = [3.0, 6.0, 12.0, 24.0]
CORDS = list(naive.CORD)
PRIOR_BED = 30.0 * (1 + 3.0 / 2)  # 30 Gy in 10 at alpha/beta 2
PRESCRIBED = {  # where each arm's highest dose level is prescribed to, and its fractions
    "one": ("ptv", 1),
    "boosted": ("gtv", 5),
    "conventional": ("ptv", 1),
    "again": ("ptv", 5),
    "source": ("gtv", 1),
}


@pytest.fixture(scope="module")
def tried():
    return experiment(patients=PATIENTS)


@pytest.fixture(scope="module")
def patients(tried):
    return simulate(tried, range(PATIENTS))


@pytest.fixture(scope="module")
def slow(tried, patients):
    """Outcomes by arm, one entry for each patient."""
    streams = Streams(tried.seed)
    luck = {
        name: streams.uniforms(f"outcome/{name}", range(PATIENTS)).tolist()
        for name in ("local_failure", "vcf", "myelopathy", "death")
    }
    found = {arm: [] for arm in PRESCRIBED}
    for i in range(PATIENTS):
        one = patients.isel(patient=i)
        patient = {
            name: one[name].attrs["labels"][int(one[name])]
            for name in ("baseline_fracture", "lesion_type")
        }
        for name in ("body_involved_over_half", "malalignment", "cord_present"):
            patient[name] = float(one[name])
        patient |= {"shape": 1.4, "scale": float(one["frailty"])}
        for arm, (structure, fractions) in PRESCRIBED.items():
            here = one.sel(arm=arm)
            doses = {
                "fractions": fractions,
                "prescription": float(here["prescription"]),
                "control_dose": float(here[f"{structure}_d90_planned"]),
                "spinal_cord": float(here["spinal_cord_d003cc_planned"]),
                "thecal_sac": float(here["thecal_sac_d003cc_planned"]),
            }
            if arm == "again":
                doses |= {"prior_bed": PRIOR_BED, "recovery": float(here["prior_recovery"])}
            own_luck = {name: values[i] for name, values in luck.items()}
            found[arm].append(naive.outcomes(patient, doses, own_luck, MONTHS))
    return found


def column(slow, arm, *keys):
    """Values of every patient, patients last."""
    values = []
    for one in slow[arm]:
        for key in keys:
            one = one[key]
        values.append(one)
    return np.array(values).T


@pytest.mark.parametrize("arm", PRESCRIBED)
def test_probabilities_of_each_patient_agree(patients, slow, arm):
    fast = patients.sel(arm=arm)
    close = {"rtol": 1e-10, "atol": 1e-13}
    for model, name in (("file", "own"), ("without_reirradiation_hazard", "without")):
        control = fast["local_control_net"].sel(control_model=model).values
        np.testing.assert_allclose(control, column(slow, arm, "control", name), **close)
    for index, name in enumerate(CORDS):
        risk = fast["myelopathy_net"].values[index]
        np.testing.assert_allclose(risk, column(slow, arm, "myelopathy", name), **close)
    np.testing.assert_allclose(fast["vcf_net"].values, column(slow, arm, "vcf"), **close)
    np.testing.assert_allclose(fast["survival_alive"].values, column(slow, arm, "alive"), **close)
    free = column(slow, arm, "free")
    np.testing.assert_allclose(fast["complication_free_control_net"].values, free, **close)
    np.testing.assert_allclose(
        fast["complication_free_control_alive"].values, free * column(slow, arm, "alive"), **close
    )


@pytest.mark.parametrize("arm", PRESCRIBED)
def test_times_of_each_patient_agree(patients, slow, arm):
    fast = patients.sel(arm=arm)

    def same(times, expected):
        # a time after 50 years hangs on the last digits of a share close to 1
        np.testing.assert_allclose(np.minimum(times, 600), np.minimum(expected, 600), rtol=1e-9)

    for index, name in enumerate(("own", "without")):
        times = fast["time_to_local_failure"].values[index]
        expected = column(slow, arm, "time", "local_failure", name)
        same(times, expected)
    for index, name in enumerate(CORDS):
        times = fast["time_to_myelopathy"].values[index]
        expected = column(slow, arm, "time", "myelopathy", name)
        same(times, expected)
    for event in ("vcf", "death"):
        expected = column(slow, arm, "time", event)
        same(fast[f"time_to_{event}"].values, expected)


@pytest.fixture(scope="module")
def result(tried):
    cutting = Cutting(block=64)  # several blocks, the last one shorter
    return run(tried, scheduler="single", cutting=cutting)


COUNTED = "cumulative_incidence"  # in the names of shares that are counted


def estimates(slow, arm):
    """Every estimate of an arm: name, model, and each patient's value by month."""
    yield "local_control_net", {"control_model": "file"}, column(slow, arm, "control", "own")
    yield "vcf_net", {}, column(slow, arm, "vcf")
    yield "survival_alive", {}, column(slow, arm, "alive")
    yield "complication_free_control_net", {}, column(slow, arm, "free")
    both = column(slow, arm, "free") * column(slow, arm, "alive")
    yield "complication_free_control_alive", {}, both
    death = column(slow, arm, "time", "death")

    def counted(*keys):
        times = column(slow, arm, "time", *keys)
        return np.array([naive.came(t, d, MONTHS) for t, d in zip(times, death, strict=True)]).T

    yield "vcf_cumulative_incidence", {}, counted("vcf")
    for model, name in (("file", "own"), ("without_reirradiation_hazard", "without")):
        where = {"control_model": model}
        yield "local_failure_cumulative_incidence", where, counted("local_failure", name)
    for name in CORDS:
        where = {"myelopathy_model": name}
        yield "myelopathy_net", where, column(slow, arm, "myelopathy", name)
        yield "myelopathy_cumulative_incidence", where, counted("myelopathy", name)


def mean_and_error(name, values):
    """Mean and error of what a name stands for: counted patients, or a number of each."""
    told = naive.counted_mean_and_error if COUNTED in name else naive.mean_and_error
    return told(values)


@pytest.mark.parametrize("arm", PRESCRIBED)
def test_estimates_and_their_errors_agree(result, slow, arm):
    for name, where, values in estimates(slow, arm):
        here = result.sel(arm=arm, **where)
        for k, month in enumerate(MONTHS):
            mean, error = mean_and_error(name, values[k].tolist())
            found = here.sel(months=month)
            assert float(found[name]) == pytest.approx(mean, rel=1e-9, abs=1e-13), (name, month)
            assert float(found[f"{name}_mc_standard_error"]) == pytest.approx(
                error, rel=1e-6, abs=1e-13
            ), (name, month)


@pytest.mark.parametrize("arm", [a for a in PRESCRIBED if a != "boosted"])
def test_paired_differences_and_ratios_agree(result, slow, arm):
    reference = {(n, str(w)): v for n, w, v in estimates(slow, "boosted")}
    for name, where, values in estimates(slow, arm):
        here = result.sel(arm=arm, **where)
        base = reference[name, str(where)]
        for k, month in enumerate(MONTHS):
            delta, error = mean_and_error(name, (values[k] - base[k]).tolist())
            found = here.sel(months=month)
            close = {"rel": 1e-6, "abs": 1e-12}
            assert float(found[f"{name}_difference"]) == pytest.approx(delta, **close)
            assert float(found[f"{name}_difference_mc_standard_error"]) == pytest.approx(
                error, **close
            )
            ratio = float(found[f"{name}_ratio"])
            if base[k].mean() > 0:
                assert ratio == pytest.approx(values[k].mean() / base[k].mean(), **close)
            else:
                assert math.isnan(ratio)
            low, high = delta - 1.959964 * error, delta + 1.959964 * error
            if COUNTED in name:
                low, high = (float(found[f"{name}_difference_{end}"]) for end in ("lower", "upper"))
            needed = float(found[f"{name}_number_needed"])
            if abs(low * high) > 1e-15 and abs(delta) > 1e-9:
                assert math.isnan(needed) == (low < 0 < high)
                assert math.isnan(needed) or needed == pytest.approx(1 / abs(delta), **close)


def test_shares_of_being_best_agree_ties_shared(result, slow):
    ranked = [arm for arm in PRESCRIBED if arm != "again"]
    assert result["ranked_arm"].values.tolist() == ranked
    looked_at = {
        "local_control_net": (("control", "own"), True),
        "vcf_net": (("vcf",), False),
        "myelopathy_net": (("myelopathy", "sbrt-cord-default"), False),
        "complication_free_control_net": (("free",), True),
    }
    ties = 0
    for name, (keys, higher) in looked_at.items():
        values = {arm: column(slow, arm, *keys) for arm in ranked}
        for k, month in enumerate(MONTHS):
            shares = [
                naive.share_best({arm: v[k, i] for arm, v in values.items()}, higher)
                for i in range(PATIENTS)
            ]
            ties += sum(max(share.values()) < 1.0 for share in shares)
            for arm in ranked:
                mean, error = naive.counted_mean_and_error([share[arm] for share in shares])
                found = result.sel(ranked_arm=arm, months=month)
                assert float(found[f"{name}_best"]) == pytest.approx(mean, abs=1e-12), (name, arm)
                assert float(found[f"{name}_best_mc_standard_error"]) == pytest.approx(
                    error, abs=1e-12
                )
    assert ties > 0


def test_curves_over_time_agree(result, slow):
    for arm in PRESCRIBED:
        death = column(slow, arm, "time", "death")
        for event, keys in (
            ("local_failure", ("local_failure", "own")),
            ("vcf", ("vcf",)),
            ("myelopathy", ("myelopathy", "sbrt-cord-default")),
        ):
            times = column(slow, arm, "time", *keys)
            for month in (0.0, 0.5, 3.0, 17.5, 24.0):
                expected = sum(
                    naive.came(t, d, [month])[0] for t, d in zip(times, death, strict=True)
                )
                curve = result[f"{event}_curve"].sel(arm=arm, time=month)
                assert float(curve) == pytest.approx(expected / PATIENTS, abs=1e-15)


def test_the_conditional_expectation_agrees_with_the_frequency_of_events():
    """Fails for a right simulation with probability 1e-6 at most, by Bernstein's inequality.

    Given its probability each patient's event is a coin of its own, so the count is within
    L/3 + sqrt((L/3)^2 + 2 V L) of its expectation but for 2 exp(-L), with V its variance.
    Net events are counted as if nobody died.
    """
    drawn = simulate(experiment(patients=20_000), range(20_000))
    local_failure, myelopathy = drawn["time_to_local_failure"], drawn["time_to_myelopathy"]
    pairs = []
    for month in MONTHS:
        now = drawn.sel(months=month)
        pairs += [
            (drawn["time_to_vcf"] <= month, now["vcf_net"]),
            (local_failure <= month, 1.0 - now["local_control_net"]),
            (myelopathy <= month, now["myelopathy_net"]),
            (drawn["time_to_death"] > month, now["survival_alive"]),
        ]
        free = (drawn["time_to_vcf"] > month) & (local_failure.isel(control_model=0) > month)
        free = free & (myelopathy.isel(myelopathy_model=0) > month)
        pairs.append((free, now["complication_free_control_net"]))
        alive = free & (drawn["time_to_death"] > month)
        pairs.append((alive, now["complication_free_control_alive"]))
    comparisons = sum(came.isel(patient=0).size for came, _ in pairs)
    bound = math.log(2 * comparisons / 1e-6)
    for came, probability in pairs:
        gap = abs((came - probability).sum("patient"))
        variance = (probability * (1.0 - probability)).sum("patient")
        allowed = bound / 3 + np.sqrt((bound / 3) ** 2 + 2 * variance * bound)
        assert (gap <= allowed).all(), probability.name


def test_cumulative_incidence_is_the_integral_of_the_hazard_while_alive():
    """Fails for a right simulation with probability 1e-6 (normal limit)."""
    cohort = experiment(patients=20_000)
    drawn = simulate(cohort, range(20_000)).sel(arm="one")
    free = drawn["vcf_net"].sel(months=24.0).values
    hazard = -np.log1p(-free)
    top = naive.fracture_growth(24.0)
    edges = np.linspace(0.0, 24.0, 481)[1:]
    growth = np.array([0.0] + [naive.fracture_growth(t) / top for t in edges])
    middle = np.concatenate([[0.025], (edges[1:] + edges[:-1]) / 2])
    scale = drawn["frailty"].values
    expected = np.zeros(20_000)
    for k, month in enumerate(middle):
        alive = np.exp(-((month / scale) ** 1.4))
        expected += alive * (np.exp(-hazard * growth[k]) - np.exp(-hazard * growth[k + 1]))
    came = (drawn["time_to_vcf"] <= 24.0) & (drawn["time_to_vcf"] < drawn["time_to_death"])
    gap = came.values - expected
    assert abs(gap.mean()) < stats.norm.isf(1e-6 / 2) * gap.std() / math.sqrt(20_000) + 1e-5
