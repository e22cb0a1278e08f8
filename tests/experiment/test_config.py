# ruff: noqa: E501 (a mistake and its line are read side by side)
"""What is wrong with an experiment is said in a line for each mistake, which names the key."""

import pytest
from examples import SAC, SMALL, experiment, settings

from radsim import load_experiment, make_experiment
from radsim.experiment.model import Experiment, ExperimentError
from radsim.experiment.trial_file import VirtualTrial
from radsim.presets import Preset
from radsim.simulation.patients import VOCABULARY
from radsim.vocabulary.cohort_variables import COHORT, is_own_name

MISSING = object()
GROUP = {
    "keys": ["tcp.d50", "tcp.gamma50"],
    "center": [30.0, 1.0],
    "covariance": [[1.0, 0.0], [0.0, 0.01]],
}


def changed(**changes):
    """Lay values over the small experiment, by dotted path."""
    found = settings()
    for path, value in changes.items():
        here = found
        *folders, last = path.split("__")
        for folder in folders:
            here = here.setdefault(folder, {})
        if value is MISSING:
            del here[last]
        else:
            here[last] = value
    return found


def mistakes(given):
    with pytest.raises(ExperimentError) as caught:
        make_experiment(given)
    return caught.value.mistakes


UNKNOWN_KEYS = [
    ({"sede": 2}, "sede: unknown key; did you mean 'seed'?"),
    ({"sweeep": {}}, "sweeep: unknown key; "),
    ({"arms__one__fractoins": 2}, "arms.one.fractoins: unknown key; did you mean 'fractions'?"),
    ({"arms__again__prior__intervall": 2.0}, "arms.again.prior.intervall: unknown key; did you mean 'interval'?"),
    ({"arms__source__dept": 2.0}, "arms.source.dept: unknown key; did you mean 'depth'?"),
    ({"tcp__d05": 2.0}, "tcp.d05: unknown key; did you mean 'd50'?"),
    ({"tcp__onset__exponnent": 2.0}, "tcp.onset.exponnent: unknown key; did you mean 'exponent'?"),
    ({"ntcp__vcf__hazard_ratio_lityc": 2.0}, "ntcp.vcf.hazard_ratio_lityc: unknown key; did you mean 'hazard_ratio_lytic'?"),
    ({"ntcp__myelopthy": {"preset": "sbrt-cord-default"}}, "ntcp.myelopthy: sbrt-cord-default is a model of myelopathy; did you mean [ntcp.myelopathy]?"),
    ({"survival__shap": 2.0}, "survival.shap: unknown key; did you mean 'shape'?"),
    ({"dose__fallof": 2.0}, "dose.fallof: unknown key; did you mean 'falloff'?"),
    ({"compare__refrence": "one"}, "compare.refrence: unknown key; did you mean 'reference'?"),
    ({"cohort__gtv_volum": 2.0}, "cohort.gtv_volum: not a known variable (did you mean 'gtv_volume'?)"),
    ({"cohort__age": {"kind": "normal", "mean": 60.0, "sd": 5.0, "sdd": 1.0}}, "cohort.age.sdd: unknown key; did you mean 'sd'?"),
    ({"arms__one__limits": {"cord_prvv": 12.0}}, "arms.one: limits.cord_prvv: did you mean 'cord_prv'?"),
]  # fmt: skip
WRONG_TYPES = [
    ({"seed": "1"}, "seed: must be a whole number, got '1'"),
    ({"seed": 1.0}, "seed: must be a whole number, got 1.0"),
    ({"seed": True}, "seed: must be a whole number, got True"),
    ({"patients": 200.0}, "patients: must be a whole number, got 200.0"),
    ({"name": 3}, "name: must be text in quotes, got 3"),
    ({"months": 3}, "months: must be a list, got 3"),
    ({"months": ["3"]}, "months[0]: must be a number, got '3'"),
    ({"cohort": 3}, "cohort: must be a table, got 3"),
    ({"arms": 3}, "arms: must be a table, got 3"),
    ({"arms": [1]}, "arms: must be a table, got [1]"),
    ({"arms__one": 3}, "arms.one: must be a table, got 3"),
    ({"arms__one__prescription": "24"}, "arms.one.prescription: must be a number, got '24'"),
    ({"arms__one__prescription": True}, "arms.one.prescription: must be a number, got True"),
    ({"arms__one__fractions": 1.5}, "arms.one.fractions: must be a whole number, got 1.5"),
    ({"arms__boosted__boost": "40"}, "arms.boosted.boost: must be a number, got '40'"),
    ({"arms__one__limits": 3}, "arms.one.limits: must be a list, got 3"),
    ({"arms__one__regimen": 3}, "arms.one: regimen: must be text in quotes, got 3"),
    ({"tcp": 3}, "tcp: must be a table, got 3"),
    ({"ntcp": 3}, "ntcp: must be a table, got 3"),
    ({"ntcp__vcf": 3}, "ntcp.vcf: must be a table, got 3"),
    ({"ntcp__myelopathy": "sbrt-cord-default"}, "ntcp.myelopathy: must be a table, such as { preset = 'sbrt-cord-default' }"),
    ({"compare": "one"}, "compare: must be a table, got 'one'"),
    ({"compare__reference": 3}, "compare.reference: must be text in quotes, got 3"),
    ({"cohort__age": True}, "cohort.age: must be a table, got True"),
    ({"dose__nodes": 1.5}, "dose.nodes: must be a whole number, got 1.5"),
    ({"arms__source__delivery": 0}, "arms.source.delivery: must be true or false, got 0"),
    ({"arms__one__isotoxic": "no"}, "arms.one.isotoxic: must be true or false, got 'no'"),
    ({"tcp__refit": -0.0}, "tcp.refit: must be true or false, got -0.0"),
    ({"ntcp__sac": {**SAC, "good": "yes"}}, "ntcp.sac.good: must be true or false, got 'yes'"),
    ({"uncertainty": {"groups": [{**GROUP, "log": 0}]}}, "uncertainty.groups[0]: log must be true or false, got 0"),
]  # fmt: skip
IMPOSSIBLE = [
    ({"seed": -1}, "seed: must not be negative, got -1"),
    ({"seed": 2**63}, "seed: must be below 2^63"),
    ({"patients": 0}, "patients: must be above 0, got 0"),
    ({"patients": -5}, "patients: must be above 0, got -5"),
    ({"patients": 10**30}, "patients: must be below 2^63"),
    ({"patients": 10**11}, "patients: must be at most 10,000,000,000"),
    ({"name": ""}, "name: must not be blank, got ''"),
    ({"months": []}, "months: must name at least one time"),
    ({"months": [3, 12, 6]}, "months: must increase, got 12.0 before 6.0"),
    ({"months": [3, 3]}, "months: must increase, got 3.0 before 3.0"),
    ({"months": [0, 3]}, "months: must be above 0, got 0.0"),
    ({"months": [-3, 3]}, "months: must be above 0, got -3.0"),
    ({"months": [float("nan")]}, "months[0]: must be a finite number, got nan"),
    ({"months": [3, 1e9]}, "months: must be at most 1200, got 1000000000.0"),
    ({"arms": {}}, "arms: must hold at least one arm"),
    ({"arms__one__prescription": -24.0}, "arms.one.prescription: must be above 0 Gy, got -24.0"),
    ({"arms__one__prescription": 0}, "arms.one.prescription: must be above 0 Gy, got 0"),
    ({"arms__one__prescription": 2400.0}, "arms.one.prescription: must be at most 150.0 Gy, got 2400.0; in cGy?"),
    ({"arms__one__prescription": float("nan")}, "arms.one.prescription: must be a finite number, got nan"),
    ({"arms__one__prescription": float("inf")}, "arms.one.prescription: must be a finite number, got inf"),
    ({"arms__one__fractions": 0}, "arms.one.fractions: must be 1 or more, got 0"),
    ({"arms__one__fractions": -1}, "arms.one.fractions: must be 1 or more, got -1"),
    ({"arms__one__fractions": 10**12}, "arms.one.fractions: must be at most 100"),
    ({"arms__boosted__boost": 29.0}, "arms.boosted.boost: must not be below the prescription of 30.0 Gy, got 29"),
    ({"arms__boosted__boost": {"kind": "uniform", "lower": 29.0, "upper": 40.0}}, "arms.boosted.boost: must not be below the prescription of 30.0 Gy, got 29"),
    ({"arms__boosted__boost": -40.0}, "arms.boosted.boost: must not be below the prescription of 30.0 Gy, got -40"),
    ({"arms__boosted__boost": 4000.0}, "arms.boosted.boost: must be at most 150.0 Gy, got 4000; in cGy?"),
    ({"arms__one__limits": {"thecal_sac": -3.0}}, "arms.one.limits[0].at_most: must be above 0 Gy, got -3.0"),
    ({"arms__one__limits": {"thecal_sac": 1400.0}}, "arms.one.limits[0].at_most: must be at most 150.0 Gy, got 1400.0; in cGy?"),
    ({"arms__again__prior__dose": 3000.0}, "arms.again.prior.dose: must be at most 150.0 Gy, got 3000.0; in cGy?"),
    ({"arms__again__prior__dose": -30.0}, "arms.again.prior.dose: must be above 0 Gy, got -30.0"),
    ({"arms__again__prior__fractions": 0}, "arms.again.prior.fractions: must be 1 or more, got 0"),
    ({"arms__again__prior__interval": -3.0}, "arms.again.prior.interval: must not be negative, got -3"),
    ({"arms__again__prior__interval": MISSING}, "arms.again.prior.interval: is missing"),
    ({"arms__again__recovery": "25-51"}, "arms.again.recovery: must be one of '25-50', '25-50-linear', 'none' or 'half-time', got '25-51'"),
    ({"arms__source__pain_response__probability": 1.5}, "arms.source.pain_response.probability: must lie between 0 and 1, got 1.5"),
    ({"cohort__malalignment": {"kind": "bernoulli", "probability": 1.5}}, "cohort.malalignment.probability: must lie between 0 and 1, got 1.5"),
    ({"cohort__gtv_volume": -3.0}, "cohort: gtv_volume must be above 0, got -3"),
    ({"cohort__gtv_volume": "big"}, "cohort: gtv_volume must be a number, not a label"),
    ({"cohort__region": "thorax"}, "cohort: region has no label 'thorax'; known: cervical, thoracic, lumbar, sacrum"),
    ({"cohort__age": {"kind": "normal", "mean": 60.0, "sd": -5.0}}, "cohort.age.sd: must be above 0, got -5.0"),
    ({"cohort__age": {"kind": "norml", "mean": 60.0}}, "cohort.age: no kind 'norml'; did you mean 'normal'?"),
    ({"cohort__new": {"kind": "fixed", "value": 1.0}}, "cohort.new: not a known variable"),
    ({"cohort__new": {"kind": "fixed", "value": 1.0, "units": "", "meaning": "x"}}, "cohort.new: not a known variable"),
    ({"arms__again__prior__kind": []}, "arms.again.prior.kind: unknown key; "),
    ({"cohort__lesions": {"kind": "fixed", "value": 2.0, "units": "1", "meaning": "n"}}, "cohort.lesions: several lesions a patient are not supported; one is simulated"),
    ({"cohort__time_to_death": {"kind": "fixed", "value": 2.0, "units": "1", "meaning": "n"}}, "cohort.time_to_death: the name is taken by something that is computed; use another"),
    ({"ntcp__vcf__reference_risk": 1.5}, "ntcp.vcf.reference_risk: must be in [0, 1), got 1.5"),
    ({"tcp__d50": 0.0}, "tcp.d50: must be above 0, got 0.0"),
    ({"survival__shape": -1.0}, "survival.shape: must be above 0, got -1.0"),
    ({"dose__plans": 0}, "dose.plans: must lie between 1 and 256, got 0"),
]  # fmt: skip
NOT_THERE = [
    ({"tcp__preset": "hytec-spine-2022"}, "tcp: no such preset 'hytec-spine-2022'; there are: ", "hytec-spine-2021"),
    ({"ntcp__vcf__preset": "vcf-2014"}, "ntcp.vcf: no such preset 'vcf-2014'; there are: ", "vcf-mayo-onset, vcf-per-gray, vcf-pooled"),
    ({"ntcp__vcf__preset": "sbrt-cord-default"}, "ntcp.vcf: sbrt-cord-default is a model of myelopathy; presets of vcf: ", "vcf-mayo-onset, vcf-per-gray, vcf-pooled"),
    ({"ntcp__myelopathy__preset": "cord"}, "ntcp.myelopathy: no such preset 'cord'; there are: ", "sbrt-cord-default"),
    ({"ntcp__myelopathy__alternatives": ["cord"]}, "ntcp.myelopathy.alternatives[0]: no such preset 'cord'; there are: ", "sbrt-cord-case-control"),
    ({"cohort__preset": "sib-phase3"}, "cohort.preset: no cohort preset 'sib-phase3'; there are: ", "reirradiation-series, rtog-0631, sib-phase2"),
    ({"survival": {"preset": "x"}}, "survival: no such preset 'x'; there are: ", "rtog-0631, sib-phase2"),
    ({"dose__preset": "x"}, "dose: no such preset 'x'; there are: ", "distance"),
    ({"arms__one": {"regimen": "25x1"}}, "arms.one: regimen: no regimen preset '25x1'; there are: ", "24x1"),
    ({"arms__one__limits": {"preset": "x"}}, "arms.one: limits.preset: no limits preset 'x'; there are: ", "portpy-single-fraction"),
    ({"compare__reference": "two"}, "compare.reference: no arm 'two'; known: ", "one, boosted, conventional, again, source"),
    ({"compare__reference": "boostd"}, "compare.reference: no arm 'boostd'; ", "did you mean 'boosted'?"),
    ({"tcp__dose": {"structure": "ptv", "metric": "D90"}}, "tcp.dose: no dose to ptv; ", "in arm 'source'"),
    ({"tcp__dose": {"structure": "lung", "metric": "D90"}}, "tcp: dose.structure must be prescribed, gtv or ptv", "got 'lung'"),
    ({"ntcp__myelopathy__dose": {"structure": "thecal_sac"}}, "ntcp.myelopathy: dose.structure: ", "stated for the spinal_cord, got thecal_sac"),
    ({"ntcp__vcf__reference_risk": "agee"}, "ntcp.vcf: needs the cohort variable 'agee'; ", "did you mean 'age'?"),
    ({"ntcp__vcf__reference_risk": "sex"}, "ntcp.vcf: 'sex' holds labels", "a parameter needs numbers"),
    ({"cohort": {"preset": "reirradiation-series", "table": "none.csv"}, "survival": {"preset": "rtog-0631"}}, "cohort.table: can't read none.csv", ""),
    ({"arms__boosted__limits": {"preset": "cumulative-bed3-75-106"}}, "arms.boosted: limit 'cumulative-bed3-75-106' adds up two courses", ""),
]  # fmt: skip


def truth_values(schema):
    """Every part of a schema that takes true or false."""
    if isinstance(schema, dict):
        if schema.get("type") == "bool":
            yield schema
        schema = list(schema.values())
    for part in schema if isinstance(schema, (list, tuple)) else ():
        yield from truth_values(part)


@pytest.mark.parametrize("kind", [Experiment, VirtualTrial, Preset])
def test_whatever_is_true_or_false_takes_nothing_else(kind):
    found = list(truth_values(kind.__pydantic_core_schema__))
    assert found
    assert all(schema.get("strict") for schema in found)


@pytest.mark.parametrize(("change", "line"), [*UNKNOWN_KEYS, *WRONG_TYPES, *IMPOSSIBLE])
def test_a_mistake_is_one_line_that_names_its_key(change, line):
    found = mistakes(changed(**change))
    assert len(found) == 1, found
    assert found[0].startswith(line)


@pytest.mark.parametrize(("change", "line", "known"), NOT_THERE)
def test_a_name_that_is_not_there_is_one_line_with_those_that_are(change, line, known):
    found = mistakes(changed(**change))
    assert len(found) == 1, found
    assert found[0].startswith(line)
    assert known in found[0]


@pytest.mark.parametrize("metric", ["V20Gy", "V20Gy_cc"])
def test_control_is_a_curve_over_a_dose_and_takes_no_part_of_a_volume(metric):
    found = mistakes(changed(tcp__dose={"structure": "gtv", "metric": metric}))
    assert len(found) == 1
    assert found[0].startswith("tcp.dose: must be one, such as D90")
    assert found[0].endswith(f"got {metric}, a part of the volume")


@pytest.mark.parametrize("metric", ["D9x", "D101", "D0.03", "gEUD(0)", "V20", ""])
def test_a_metric_that_is_not_defined_is_one_line(metric):
    found = mistakes(changed(tcp__dose={"structure": "gtv", "metric": metric}))
    assert len(found) == 1
    assert found[0].startswith("tcp.dose")


@pytest.mark.parametrize(
    "metric",
    ["D98", "D0.5", "D0", "D100", "max", "D99.9%", "D0.03cc", "mean", "gEUD(-10)", "prescription"],
)
def test_metrics_that_every_arm_has_are_accepted(metric):
    dose = {"structure": "gtv", "metric": metric}
    assert make_experiment(changed(tcp__dose=dose)).tcp.model.dose.metric == metric


def test_all_mistakes_of_a_file_are_said_at_once():
    found = mistakes(
        changed(
            sede=3,
            months=[6, 3],
            patients=0,
            arms__one__prescription=-1.0,
            arms__one__fractions=0,
            arms__boosted__boost=1.0,
            tcp__preset="x",
            ntcp__vcf__preset="y",
            compare__reference="z",
            cohort__age={"kind": "normal", "mean": 60.0, "sd": -5.0},
        )
    )
    keys = [line.split(": ")[0] for line in found]
    assert sorted(keys) == sorted(
        [
            "sede", "months", "patients", "arms.one.prescription", "arms.one.fractions",
            "arms.boosted.boost", "tcp", "ntcp.vcf", "compare.reference", "cohort.age.sd",
        ]
    )  # fmt: skip


def test_an_empty_file_lacks_all_that_is_needed():
    found = mistakes({})
    assert found == [f"{key}: is missing" for key in ("name", "seed", "patients", "cohort", "arms")]


def test_a_file_without_a_model_has_nothing_to_report():
    found = mistakes(changed(tcp=MISSING, ntcp=MISSING))
    assert found == [
        "tcp: give a [tcp] or an [ntcp] section; without a model there is nothing to report"
    ]


def test_a_cord_model_that_is_reported_already_is_no_alternative():
    found = mistakes(changed(ntcp__myelopathy__alternatives=["sbrt-cord-default"]))
    assert found == [
        "ntcp.myelopathy.alternatives[0]: needs a label, because another model is called "
        "'sbrt-cord-default' too"
    ]


def test_alternatives_need_a_model_they_are_alternatives_to():
    changes = changed(
        ntcp__myelopathy=MISSING, ntcp__myelopathy_alternatives=["sbrt-cord-case-control"]
    )
    assert mistakes(changes) == [
        "ntcp.myelopathy_alternatives: needs ntcp.myelopathy, which they are alternatives to"
    ]


def test_every_name_that_is_computed_is_kept_from_cohorts():
    free = {name for name in VOCABULARY if not is_own_name(name)}
    assert free == {"prior_interval"}  # the cohort's own, which an arm may name
    assert not any(is_own_name(name) for name in COHORT)


def test_a_cohorts_interval_and_an_arms_own_do_not_collide():
    from radsim import simulate

    both = changed(cohort__prior_interval={"kind": "lognormal", "median": 30.0, "sigma": 0.1})
    drawn = simulate(make_experiment(both), range(20))
    assert drawn["prior_interval"].sel(arm="again").notnull().all()


def test_numbers_stand_for_distributions_and_whole_ones_for_real_ones():
    found = make_experiment(changed(cohort__age=60, arms__one__prescription=24))
    assert found.cohort.variables["age"].distribution.value == 60
    assert found.arms["one"].plan.prescription == 24


def test_a_file_round_trips_through_its_resolved_form(tmp_path):
    path = tmp_path / "resolved.toml"
    path.write_text(experiment().to_toml(), encoding="utf-8")
    assert load_experiment(path) == load_experiment(SMALL)


def test_a_folder_may_be_text(tmp_path):
    (tmp_path / "rows.csv").write_text("age\n60\n", encoding="utf-8")
    settings = changed(cohort__table={"file": "rows.csv", "rows": "resample"})
    assert make_experiment(settings, str(tmp_path)) == make_experiment(settings, tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"cohort__correlations": []},
        {"ntcp__myelopathy__alternatives": []},
        {"arms__one": {"regimen": "24x1", "field": "uniform", "limits": []}},
        {"arms__one": {"regimen": "24x1", "field": "uniform"}},
    ],
)
def test_an_empty_list_means_none_in_the_resolved_form_too(change, tmp_path):
    given = make_experiment(changed(**change))
    path = tmp_path / "resolved.toml"
    path.write_text(given.to_toml(), encoding="utf-8")
    assert load_experiment(path) == given


def test_a_library_that_is_not_there_is_one_mistake():
    (line,) = mistakes(changed(arms__ours={"kind": "library", "folder": "nowhere"}))
    assert line == "arms.ours: folder: nowhere is not a folder"


def test_an_interval_is_no_label():
    (line,) = mistakes(changed(arms__again__prior__interval="region"))
    assert line == "arms.again.prior.interval: 'region' holds labels; it needs months"


def test_every_arm_needs_a_survival_where_one_has_its_own():
    change = {"survival": MISSING, "arms__one__survival": {"preset": "rtog-0631"}}
    (line,) = mistakes(changed(**change))
    assert line.startswith("survival: ")
    assert line.endswith(": boosted, conventional, again, source")


@pytest.mark.parametrize("organ", ["spinal_cord", "cord_prv", "thecal_sac"])
def test_tumor_control_reads_no_dose_of_an_organ(organ):
    (line,) = mistakes(changed(tcp__dose={"structure": organ, "metric": "D50"}))
    assert line == f"tcp: dose.structure must be prescribed, gtv or ptv, got {organ!r}"


def test_names_may_be_in_any_language():
    arms = {"Stöße 骨": {"regimen": "24x1"}, 'b, "c"': {"regimen": "30-in-5"}}
    found = experiment(name="Größe", arms=arms, compare={"reference": "Stöße 骨"})
    assert found.reference == "Stöße 骨"


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"ntcp__myelopathy__preset": "sbrt-cord-low"}, "ntcp.myelopathy"),
        (
            {"ntcp__myelopathy__alternatives": ["sbrt-cord-low"]},
            "ntcp.myelopathy.alternatives[0]",
        ),
    ],
)
def test_a_withdrawn_preset_is_one_line_with_what_stands_for_it(change, where):
    (line,) = mistakes(changed(**change))
    assert line.startswith(f"{where}: sbrt-cord-low is withdrawn: sbrt-cord-default, anchored in")
    assert line.endswith("its own is intercept = -9.7, center = 0.0")
