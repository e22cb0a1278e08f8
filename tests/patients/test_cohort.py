"""Cohorts. Statistical tests have fixed seeds and state their probability of failing."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from radsim import Streams, make_experiment
from radsim.patients.cohort import Cohort, CohortVariable, Correlation, PatientTable, draw_cohort
from radsim.randomness.distributions.continuous import Fixed, Gamma, LogNormal, Normal
from radsim.randomness.distributions.discrete import Categorical

FAILURE = 1e-6
MANY = 40_000


def variable(distribution):
    return CohortVariable(distribution=distribution, units="1", meaning="a test")


def numbers(*names, **more):
    return {n: variable(Normal(mean=0.0, sd=1.0)) for n in names} | {
        n: variable(d) for n, d in more.items()
    }


def preset(name, **changes):
    return make_experiment(
        {
            "name": "x",
            "seed": 1,
            "patients": 1,
            "cohort": {"preset": name, **changes},
            "arms": {"a": {"regimen": "24x1"}},
            "tcp": {"preset": "hytec-spine-2021"},
        }
    ).cohort


COPULA = Cohort(
    variables=numbers(
        "a", "b", "c", volume=LogNormal(median=9.5, sigma=1.28), dose=Gamma(shape=2.0, scale=3.0)
    ),
    correlations=(
        Correlation(between=("volume", "dose"), rho=0.7),
        Correlation(between=("a", "volume"), rho=-0.4),
    ),
)


def test_correlations_are_those_of_the_normal_scores():
    drawn = draw_cohort(COPULA, range(MANY), Streams(1))
    score = {
        "volume": np.log(drawn["volume"] / 9.5) / 1.28,
        "dose": stats.norm.ppf(stats.gamma(2.0, scale=3.0).cdf(drawn["dose"])),
        "a": drawn["a"],
        "b": drawn["b"],
    }
    wanted = {("volume", "dose"): 0.7, ("a", "volume"): -0.4, ("a", "dose"): 0.0, ("b", "a"): 0.0}
    bound = stats.norm.isf(FAILURE / 8) / np.sqrt(MANY)  # Fisher's z has this spread
    for pair, rho in wanted.items():
        found = np.corrcoef(score[pair[0]], score[pair[1]])[0, 1]
        assert abs(np.arctanh(found) - np.arctanh(rho)) < bound, pair


def test_rank_correlation_is_the_one_a_gaussian_copula_gives():
    drawn = draw_cohort(COPULA, range(MANY), Streams(1))
    found = stats.spearmanr(drawn["volume"], drawn["dose"]).statistic
    # the spread of Spearman's rho is below 1.1 / sqrt(n)
    bound = stats.norm.isf(FAILURE / 2) * 1.1 / np.sqrt(MANY)
    assert abs(found - 6 / np.pi * np.arcsin(0.35)) < bound


def test_correlation_leaves_each_variables_own_distribution_alone():
    drawn = draw_cohort(COPULA, range(MANY), Streams(1))
    laws = {"volume": stats.lognorm(1.28, scale=9.5), "dose": stats.gamma(2.0, scale=3.0)}
    laws |= {name: stats.norm() for name in "abc"}
    for name, law in laws.items():
        assert stats.kstest(drawn[name], law.cdf).pvalue > FAILURE / len(laws), name


def test_variables_without_a_correlation_keep_their_own_numbers():
    alone = Cohort(variables=numbers("b", "c"))
    with_others = draw_cohort(COPULA, range(50), Streams(1))
    drawn = draw_cohort(alone, range(50), Streams(1))
    assert (drawn["b"] == with_others["b"]).all()


def same(part, whole, start, stop):
    """Whether patients are those from one place to another of a larger number of them."""
    return (
        (part.numbers, part.labels) == (range(start, stop), whole.labels)
        and part.columns.keys() == whole.columns.keys()
        and all(np.array_equal(part[name], whole[name][start:stop]) for name in part.columns)
    )


@settings(max_examples=25)
@given(cuts=st.lists(st.integers(0, 60), max_size=8))
def test_cutting_a_cohort_into_chunks_changes_nothing(cuts):
    cohort = preset("sib-phase2")
    edges = sorted({0, 60, *cuts})
    whole = draw_cohort(cohort, range(60), Streams(9))
    for a, b in itertools.pairwise(edges):
        part = draw_cohort(cohort, range(a, b), Streams(9))
        assert same(part, whole, a, b)


def test_patients_one_at_a_time_are_the_same_with_correlations():
    whole = draw_cohort(COPULA, range(40), Streams(2))
    for i in range(40):
        alone = draw_cohort(COPULA, range(i, i + 1), Streams(2))
        assert same(alone, whole, i, i + 1)


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([(("a", "b"), 1.0)], "rho must lie between -1 and 1, got 1.0"),
        ([(("a", "a"), 0.5)], "between must name two"),
        ([(("a", "z"), 0.5)], "'z' is not drawn here"),
        (
            [(("a", "b"), 0.9), (("b", "c"), 0.9), (("a", "c"), -0.9)],
            "a, b, c are not positive definite together",
        ),
    ],
)
def test_correlations_that_can_not_be_are_refused(pairs, message):
    with pytest.raises(ValueError, match=message):
        Cohort(
            variables=numbers("a", "b", "c"),
            correlations=tuple(Correlation(between=p, rho=rho) for p, rho in pairs),
        )


SHARES = {
    "sib-phase2": {  # Mitsuyoshi 2025, Table 2, 10.1016/j.adro.2025.101760
        "sex": {"male": 15, "female": 10},
        "ecog": {"0": 20, "1": 5},
        "primary": {"breast": 9, "prostate": 8, "lung": 4, "renal": 4, "other": 3},
        "region": {"cervical": 1, "thoracic": 11, "lumbar": 10, "sacrum": 6},
        "lesion_type": {"lytic": 5, "mixed": 16, "blastic": 7},
        "bilsky": {"0": 7, "1a": 12, "1b": 0, "1c": 3, "2": 0, "3": 0},
        "lumbar_level": {"L1": 1, "L2": 1, "L3": 1, "L4": 1, "L5": 1},
    },
    "rtog-0631": {"sites": {"one": 76.7, "two_or_three": 23.3}},  # Ryu 2023
    "reirradiation-series": {
        "primary": {"nsclc": 18, "gastrointestinal": 16, "renal": 15, "prostate": 15, "other": 36},
        "prior_technique": {"conventional": 52, "sbrt": 43, "imrt": 4},
    },
}


@pytest.mark.parametrize(
    ("name", "variable_name"), [(p, v) for p, shares in SHARES.items() for v in shares]
)
def test_preset_shares_are_the_published_ones(name, variable_name):
    distribution = preset(name).variables[variable_name].distribution
    assert isinstance(distribution, Categorical)
    assert distribution.shares == SHARES[name][variable_name]


MEDIANS = {
    ("sib-phase2", "age"): 70.0,
    ("sib-phase2", "ptv_volume"): 70.2,
    ("sib-phase2", "gtv_volume"): 9.5,
    ("reirradiation-series", "age"): 63.0,
    ("reirradiation-series", "prior_interval"): 15.4,
    ("reirradiation-series", "ptv_volume"): 179.1,
}


@pytest.mark.parametrize(("key", "median"), MEDIANS.items())
def test_preset_medians_are_the_published_ones(key, median):
    name, variable_name = key
    distribution = preset(name).variables[variable_name].distribution
    assert float(distribution.ppf(np.array(0.5))) == pytest.approx(median, rel=0.005)


def test_one_baseline_fracture_in_28_segments():
    shares = preset("sib-phase2").variables["baseline_fracture"].distribution.shares
    assert shares["none"] == 27
    assert sum(shares.values()) == 28


def test_pain_medication_is_taken_by_the_published_share():
    assert preset("rtog-0631").variables["pain_medication"].distribution.probability == 0.873


def test_half_of_the_reirradiation_series_is_thoracic():
    shares = preset("reirradiation-series").variables["region"].distribution.shares
    assert shares["thoracic"] / sum(shares.values()) == pytest.approx(0.52)


def test_drawn_presets_have_their_shares():
    drawn = draw_cohort(preset("sib-phase2"), range(MANY), Streams(4))
    for name, shares in SHARES["sib-phase2"].items():
        counts = np.bincount(drawn[name], minlength=len(shares))
        expected = np.array(list(shares.values())) / sum(shares.values())
        seen = expected > 0
        assert counts[~seen].sum() == 0
        pvalue = stats.chisquare(counts[seen], MANY * expected[seen]).pvalue
        assert pvalue > FAILURE / len(SHARES["sib-phase2"]), name
        assert drawn.labels[name] == tuple(shares)


def test_the_cord_reaches_cervical_thoracic_and_l1_and_nothing_below():
    drawn = draw_cohort(preset("sib-phase2"), range(2000), Streams(4))
    regions = np.array(drawn.labels["region"])[drawn["region"]]
    levels = np.array(drawn.labels["lumbar_level"])[drawn["lumbar_level"]]
    for region, level, cord in zip(regions, levels, drawn["cord_present"], strict=True):
        expected = region in ("cervical", "thoracic") or (region == "lumbar" and level == "L1")
        assert cord == float(expected)


def test_a_variable_of_the_file_replaces_the_presets():
    changed = preset("sib-phase2", gtv_volume=3.0, region="thoracic")
    drawn = draw_cohort(changed, range(20), Streams(1))
    assert (drawn["gtv_volume"] == 3.0).all()
    assert (drawn["cord_present"] == 1.0).all()
    assert changed.variables["gtv_volume"].source == "experiment file"


def test_replacing_a_correlated_variable_keeps_the_correlation():
    changed = preset("sib-phase2", gtv_volume={"kind": "gamma", "shape": 2.0, "scale": 10.0})
    drawn = draw_cohort(changed, range(MANY), Streams(1))
    found = stats.spearmanr(drawn["gtv_volume"], drawn["ptv_volume"]).statistic
    bound = stats.norm.isf(FAILURE / 2) * 1.1 / np.sqrt(MANY)
    assert abs(found - 6 / np.pi * np.arcsin(0.35)) < bound


def test_every_variable_of_a_preset_says_where_it_comes_from():
    for name in ("sib-phase2", "rtog-0631", "reirradiation-series"):
        for key, one in preset(name).variables.items():
            assert one.source.split(":")[0] in ("verified", "derived", "recalled", "assumption"), (
                key
            )
            assert one.meaning, key
            assert one.units, key


def table(rows):
    return PatientTable(
        columns={
            "age": (50.0, 60.0, 70.0),
            "ptv_volume": (5.0, 6.0, 7.0),
            "region": ("thoracic", "sacrum", "lumbar"),
        },
        rows=rows,
    )


def test_rows_taken_as_they_are_are_the_patients():
    drawn = draw_cohort(Cohort(table=table("as-is")), range(1, 3), Streams(1))
    assert drawn["age"].tolist() == [60.0, 70.0]
    labels = drawn.labels["region"]
    assert [labels[code] for code in drawn["region"]] == ["sacrum", "lumbar"]
    assert drawn.numbers == range(1, 3)


def test_rows_taken_as_they_are_begin_again_behind_the_last():
    drawn = draw_cohort(Cohort(table=table("as-is")), range(7), Streams(1))
    assert drawn["age"].tolist() == [*(ages := drawn["age"].tolist()[:3]), *ages, ages[0]]
    assert len(set(ages)) == 3


def test_resampled_rows_stay_whole_and_come_equally_often():
    drawn = draw_cohort(Cohort(table=table("resample")), range(30_000), Streams(1))
    assert (drawn["ptv_volume"] * 10 == drawn["age"]).all()
    counts = np.unique(drawn["age"], return_counts=True)[1]
    assert stats.chisquare(counts).pvalue > FAILURE
    first = draw_cohort(Cohort(table=table("resample")), range(10, 30), Streams(1))
    assert same(first, drawn, 10, 30)


def test_a_table_replaces_drawn_variables_and_the_rest_is_still_drawn(tmp_path):
    (tmp_path / "patients.csv").write_text(
        "age,region,bilsky\n51,thoracic,0\n62,sacrum,1a\n", encoding="utf-8"
    )
    cohort = make_experiment(
        {
            "name": "x",
            "seed": 1,
            "patients": 30,
            "cohort": {"preset": "sib-phase2", "table": "patients.csv"},
            "arms": {"a": {"regimen": "24x1"}},
            "tcp": {"preset": "hytec-spine-2021"},
        },
        tmp_path,
    ).cohort
    drawn = draw_cohort(cohort, range(30), Streams(1))
    assert set(drawn["age"]) == {51.0, 62.0}
    assert len(set(drawn["gtv_volume"])) == 30
    assert ((drawn["age"] == 51.0) == (drawn["cord_present"] == 1.0)).all()


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, "no column of the table is a known or declared variable"),
        ({"age": (1.0,), "ptv_volume": (1.0, 2.0)}, "columns must have one length"),
        ({"age": ()}, "the table has no rows"),
    ],
)
def test_tables_that_do_not_make_sense_are_refused(columns, message):
    with pytest.raises(ValueError, match=message):
        PatientTable(columns=columns)


@pytest.mark.parametrize(
    ("cohort", "message"),
    [
        ({"gtv_volume": Fixed(value=0.0)}, "gtv_volume must be above 0, got 0"),
        ({"gtv_volume": Normal(mean=5.0, sd=5.0)}, "gtv_volume must be above 0, got -24.99"),
        ({"age": Fixed(value=-1.0)}, "age must not be negative, got -1"),
        ({"malalignment": Fixed(value=2.0)}, "malalignment must be 0 or 1 in each patient, got 2"),
        ({"malalignment": Categorical(shares={"yes": 1})}, "malalignment must be 0 or 1"),
        ({"region": Fixed(value=1.0)}, "region must be categorical, got fixed"),
        ({"region": Categorical(shares={"thorax": 1})}, "region has no label 'thorax'"),
    ],
)
def test_values_that_no_patient_has_are_refused(cohort, message):
    with pytest.raises(ValueError, match=message):
        Cohort(variables=numbers(**cohort))
