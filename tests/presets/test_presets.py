"""Every preset loads, says where its figures come from, and has the published ones."""

import numpy as np
import pytest
from pydantic import ValidationError

from radsim import load_ntcp, load_preset, load_tcp
from radsim.presets import Preset, preset_families, preset_names

EVERY = [(family, name) for family in preset_families() for name in preset_names(family)]
FLAGS = ("verified", "recalled", "derived", "assumption")
PUBLISHED = {
    # Soltys 2021, 10.1016/j.ijrobp.2020.11.021, constants as in a public script
    ("tcp", "hytec-spine-2021"): {
        "d50": 19.44,
        "gamma50": 0.814,
        "alpha_beta": 6.0,
        "reference_fractions": 3,
        "valid_eqd2": [45.0, 90.0],
        "reirradiation_hazard_ratio": 1.67,
    },
    # slope and intercepts fitted to Sahgal 2013, 10.1016/j.ijrobp.2012.05.007, and HyTEC 2021
    ("ntcp", "sbrt-cord-case-control"): {
        "intercept": -6.854,
        "slope": 0.0876,
        "alpha_beta": 2.0,
        "threshold": 15.0,
        "fitted_on": "thecal_sac",
    },
    ("ntcp", "sbrt-cord-default"): {
        "intercept": -4.59512,  # ln(0.01 / 0.99)
        "center": 56.0,
        "slope": 0.0876,
        "alpha_beta": 2.0,
        "threshold": 15.0,
        "fitted_on": "spinal_cord",
    },
    # Sahgal 2013, 10.1200/JCO.2013.50.1411
    ("ntcp", "vcf-2013"): {
        "reference_risk": 0.009,
        "fraction_dose_threshold": 20.0,
        "hazard_ratio_fraction_dose": 5.0,
        "hazard_ratio_fracture_below_half": 8.98,
        "hazard_ratio_fracture_half_or_more": 6.92,
        "hazard_ratio_body_involved": 4.46,
        "hazard_ratio_malalignment": 2.99,
        "hazard_ratio_lytic": 3.53,
        "onset": {"kind": "lognormal", "median": 2.46, "sigma": 1.26, "reference": 12.0},
    },
    ("ntcp", "vcf-pooled"): {
        "onset": {"kind": "lognormal", "median": 5.0, "sigma": 1.35, "reference": 12.0}
    },
    # Mitsuyoshi 2025, Ryu 2023, and a review's median of 15 months
    ("survival", "sib-phase2"): {"shape": 1.93, "scale": 43.5},
    ("survival", "rtog-0631"): {"shape": 0.64, "scale": 19.2},
    ("survival", "reirradiation-series"): {"shape": 1.0, "scale": 21.64},
    # Mitsuyoshi 2025, Table 1
    ("regimen", "sib-phase2"): {"prescription": 30.0, "fractions": 5},
    ("regimen", "24x1"): {"prescription": 24.0, "fractions": 1},
    ("regimen", "18x1"): {"prescription": 18.0, "fractions": 1},
}
PUBLISHED_INTERVALS = {  # 95 %, Sahgal 2013, 10.1200/JCO.2013.50.1411
    "hazard_ratio_fraction_dose": [1.96, 12.28],
    "hazard_ratio_fracture_below_half": [4.48, 18.0],
    "hazard_ratio_fracture_half_or_more": [1.38, 34.77],
    "hazard_ratio_body_involved": [2.08, 9.57],
    "hazard_ratio_malalignment": [1.57, 5.7],
    "hazard_ratio_lytic": [1.58, 7.93],
    "reference_risk": [0.005, 0.015],
}


@pytest.mark.parametrize(("family", "name"), EVERY)
def test_every_figure_has_units_a_meaning_a_flag_and_a_source_or_a_spread(family, name):
    preset = load_preset(family, name)
    assert preset.title
    assert preset.range
    assert preset.flag in FLAGS
    assert preset.parameters
    for key, parameter in preset.parameters.items():
        assert parameter.units, key
        assert parameter.meaning, key
        assert parameter.flag in FLAGS, key
        if parameter.source:
            assert parameter.source in preset.sources, key
        else:
            assert parameter.flag == "assumption", key
            assert parameter.uncertainty is not None or parameter.note, key


@pytest.mark.parametrize(("family", "name"), EVERY)
def test_every_source_has_authors_a_journal_a_year_and_a_doi_or_says_why_not(family, name):
    for key, source in load_preset(family, name).sources.items():
        assert source.authors, key
        assert source.journal, key
        no_paper = any(word in source.journal for word in ("abstract", "secondary", "data set"))
        assert source.year or source.note or no_paper, key
        assert source.doi or source.note or no_paper, key


@pytest.mark.parametrize("key", PUBLISHED, ids="/".join)
def test_figures_are_the_published_ones(key):
    found = load_preset(*key).settings()
    assert {name: found[name] for name in PUBLISHED[key]} == PUBLISHED[key]


@pytest.mark.parametrize("name", PUBLISHED_INTERVALS)
def test_intervals_of_the_fracture_model_are_the_published_ones(name):
    assert load_preset("ntcp", "vcf-2013").parameters[name].uncertainty == PUBLISHED_INTERVALS[name]


@pytest.mark.parametrize(("family", "name"), EVERY)
def test_every_preset_with_an_alpha_beta_says_under_which_law_it_was_fitted(family, name):
    parameters = load_preset(family, name).parameters
    if family in ("tcp", "ntcp") and "alpha_beta" in parameters:
        assert parameters["fitted_under"].value == "lq"


def test_the_level_of_the_cord_is_drawn_from_a_fifth_of_a_per_cent_to_four_on_the_log_odds():
    preset = load_preset("ntcp", "sbrt-cord-default")
    spread = preset.parameters["intercept"].uncertainty
    risks = [1.0 / (1.0 + np.exp(-spread[name])) for name in ("lower", "mode", "upper")]
    assert risks == pytest.approx([0.002, 0.01, 0.04], rel=1e-5)
    assert preset.correlations == []  # the slope is independent of the level
    low, high = 0.0876 * np.exp(
        np.array([-1.96, 1.96]) * preset.parameters["slope"].uncertainty["sigma"]
    )
    assert [low, high] == pytest.approx([0.053, 0.145], rel=0.01)
    assert load_preset("ntcp", "sbrt-cord-case-control").parameters["intercept"].uncertainty is None


@pytest.mark.parametrize(
    ("family", "name", "key", "flag"),
    [
        ("tcp", "hytec-spine-2021", "d50", "recalled"),  # read in a secondary source
        ("modifier", "histology", "where", "assumption"),
        ("ntcp", "vcf-pooled", "onset", "assumption"),
    ],
)
def test_flags_do_not_overclaim(family, name, key, flag):
    assert load_preset(family, name).parameters[key].flag == flag


@pytest.mark.parametrize("dose", [25.8, 30.0, 35.0, 40.0, 44.7])
def test_the_probit_of_the_cord_table_is_its_logistic_within_the_table(dose):
    probit, logistic = (
        float(load_ntcp(f"sbrt-cord-case-control{shape}").curve_over_effect(dose))
        for shape in ("-probit", "")
    )
    assert probit == pytest.approx(logistic, abs=0.0015)  # of the fits' stated residuals


@pytest.mark.parametrize("name", preset_names("ntcp"))
def test_every_complication_preset_builds_a_model(name):
    assert load_ntcp(name).preset == name


@pytest.mark.parametrize("name", preset_names("tcp"))
def test_every_control_preset_builds_a_model(name):
    assert load_tcp(name).preset == name


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"flag": "recalled", "source": ""}, "flag recalled needs a source"),
        ({"flag": "assumption", "source": ""}, "an assumption needs a spread"),
        ({"flag": "verified", "source": "else"}, r"parameters\.x\.source"),
        ({"flag": "certain", "source": "a"}, "flag"),
        ({"flag": "verified", "source": "a", "unit": "Gy"}, "unit"),
    ],
)
def test_a_preset_that_hides_where_a_figure_comes_from_does_not_load(change, message):
    source = {"authors": "A", "journal": "J", "year": 2020}
    parameter = {"value": 1.0, "units": "Gy", "meaning": "m", **change}
    with pytest.raises(ValidationError, match=message):
        Preset.model_validate(
            {
                "family": "tcp",
                "name": "x",
                "title": "t",
                "flag": "verified",
                "range": "r",
                "sources": {"a": source},
                "parameters": {"x": parameter},
            }
        )


def test_a_preset_that_is_not_there_names_those_that_are():
    with pytest.raises(ValueError, match=r"no tcp preset 'x'; there are: .*hytec-spine-2021"):
        load_preset("tcp", "x")
