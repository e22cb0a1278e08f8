"""Any endpoint can be stated in a file: what is read, what is refused, and what it is called."""

import tomllib

import pytest
import tomli_w
from examples import SAC, experiment, sac, settings

from radsim import make_experiment
from radsim.experiment.designs.keys import section_of
from radsim.experiment.endpoints import (
    endpoints_of,
    estimates_of,
    joint_of,
    possible_estimates,
)
from radsim.experiment.model import ExperimentError, cohort_of
from radsim.experiment.variants import VariantMaker, check_variants
from radsim.report.text.description import describe, description_of
from radsim.results.reading import with_role
from radsim.results.run import run
from radsim.simulation.patients import simulate

EVENT = "late_sac_syndrome"
CORD = {"preset": "sbrt-cord-default"}
LOGISTIC = {
    "kind": "logistic",
    "alpha_beta": 3.0,
    "dose": {"structure": "thecal_sac", "metric": "D50"},
    "intercept": -6.0,
    "slope": 0.08,
    "onset": {"kind": "lognormal", "median": 9.0, "sigma": 0.5},
}


def mistakes(**changes):
    with pytest.raises(ExperimentError) as caught:
        experiment(**changes)
    return caught.value.mistakes


def with_complications(**sections):
    return {**settings()["ntcp"], **sections}


def test_an_endpoint_nobody_knows_is_read_with_every_model_of_it():
    modelled = endpoints_of(sac())[-1]
    assert modelled.endpoint.event == EVENT
    assert (modelled.endpoint.words, modelled.endpoint.short) == ("late syndrome of the sac", "sac")
    assert modelled.section == f"ntcp.{EVENT}"
    assert [m.label for m in modelled.models] == ["custom", "steeper", "sbrt-cord-case-control"]
    assert [m.section for m in modelled.models] == [
        f"ntcp.{EVENT}", f"ntcp.{EVENT}.alternatives[0]", f"ntcp.{EVENT}.alternatives[1]",
    ]  # fmt: skip
    own, steeper, _ = (m.model for m in modelled.models)
    assert (steeper.m, steeper.n) == (0.1, own.n)  # the file's own, changed


def test_known_endpoints_come_first_and_control_before_them():
    events = [m.endpoint.event for m in endpoints_of(sac())]
    assert events == ["local_failure", "vcf", "myelopathy", EVENT]


def test_its_estimates_stand_among_the_others_and_have_its_models():
    estimates = {str(estimate): estimate for estimate in estimates_of(sac())}
    assert list(estimates)[6:8] == [f"{EVENT}_net", f"{EVENT}_cumulative_incidence"]
    assert not estimates[f"{EVENT}_net"].good
    assert estimates[f"{EVENT}_net"].meaning == (
        "probability of late syndrome of the sac, death ignored"
    )
    assert len(list(possible_estimates(sac()))) == 2 * 4 + 3


def test_it_is_described_and_its_resolved_file_is_the_same_experiment(tmp_path):
    assert EVENT in describe(sac())
    assert description_of(sac())["models"][EVENT][0] == "custom"
    again = make_experiment(tomllib.loads(sac().to_toml()))
    assert again == sac()


def test_control_without_complication_is_not_redefined_by_it():
    assert joint_of(sac()).free_of == ("local_failure", "vcf", "myelopathy")
    asked = sac(compare={"free_of": [EVENT, "vcf"]})
    assert joint_of(asked).free_of == ("local_failure", "vcf", EVENT)
    assert joint_of(asked).words == (
        "control without vertebral compression fracture or late syndrome of the sac"
    )
    same = experiment(compare={"free_of": ["myelopathy", "vcf"]})
    assert joint_of(same) == joint_of(experiment())


@pytest.mark.parametrize(
    ("free_of", "line"),
    [
        (["vfc"], "compare.free_of: no complication 'vfc'; did you mean 'vcf'?"),
        (["local_control"], "compare.free_of: no complication 'local_control'; known: "),
        ([], "compare.free_of: must name a complication; leave it out for the usual ones"),
        (["vcf", "vcf"], "compare.free_of: names 'vcf' twice"),
    ],
)
def test_what_control_can_not_be_free_of_is_one_line(free_of, line):
    found = mistakes(compare={"free_of": free_of})
    assert found[0].startswith(line)
    assert len(set(found)) == 1


@pytest.mark.parametrize(
    ("name", "section", "line"),
    [
        (
            "myelopaty", CORD,
            "sbrt-cord-default is a model of myelopathy; did you mean [ntcp.myelopathy]?",
        ),
        ("sac", {"kind": "lkb"}, "no endpoint 'sac' is known (known: vcf, myelopathy); one of "),
        ("vcff", {"kind": "lkb"}, "no endpoint 'vcff' is known (did you mean 'vcf'?); one of "),
        ("survival", {**SAC}, "the name is taken by something else that a result reports"),
        ("death", {**SAC}, "the name is taken by something else that a result reports"),
        ("local_failure", {**SAC}, "the name is taken by something else that a result reports"),
        ("complication_free_control", {**SAC}, "the name is taken by something else"),
        ("pain_response", {**SAC}, "the name is taken by something else that a result reports"),
        ("gtv_volume", {**SAC}, "the name is taken by something else that a result reports"),
        ("vcf_net", {**SAC}, "the name is taken by something else that a result reports"),
        ("vcf_alternatives", {**SAC}, "no such key; did you mean 'ntcp.vcf.alternatives'?"),
        ("vcf_alternatives", ["vcf-pooled"], "no such key; did you mean 'ntcp.vcf.alternatives'?"),
        ("vcf_ratio", {**SAC}, "the name reads like a field of vcf's results; use another"),
        ("VCF", {**SAC}, "the name of an endpoint is of small letters, digits and _"),
        ("sac-syndrome", {**SAC}, "the name of an endpoint is of small letters, digits and _"),
        ("sac", {**SAC, "words": "radiation myelopathy"}, "'radiation myelopathy' is what "),
        ("sac", {**SAC, "words": "vcf "}, "'vcf ' is what ntcp.vcf is called; use other words"),
        ("sac", {**SAC, "short": "Alive"}, "'Alive' is what living is called; use other words"),
        ("sac", {**SAC, "words": "death"}, "'death' is what dying is called; use other words"),
        ("sac", {**SAC, "words": "local control"}, "'local control' is what tcp is called"),
        ("sac", 3, "must be a table, got 3"),
    ],
)  # fmt: skip
def test_an_endpoint_that_can_not_be_is_one_clear_line(name, section, line):
    found = mistakes(ntcp=with_complications(**{name: section}))
    assert len(found) == 1, found
    assert found[0].startswith(f"ntcp.{name}: {line}")


@pytest.mark.parametrize(
    ("sections", "line"),
    [
        (
            {"myelopathy": {**CORD, "alternatives": [{"label": "a b"}, {"label": "a_b"}]}},
            "ntcp.myelopathy.alternatives[1]: checks would call it 'myelopathy_a_b', as "
            "ntcp.myelopathy.alternatives[0]; give one of the two another label",
        ),
        (
            {
                "sac": {**SAC, "alternatives": [{"label": "low"}]},
                "sac_low": {**SAC, "words": "another", "short": "other"},
            },
            "ntcp.sac_low: checks would call it 'sac_low', as ntcp.sac.alternatives[0]; give one "
            "of the two another label",
        ),
        (
            {"sac": {**SAC, "alternatives": [{"label": "custom"}]}},
            "ntcp.sac.alternatives: two are called 'custom'; give each a label of its own",
        ),
        (
            {"sac": {**SAC, "alternatives": [{"m": 0.3}]}},
            "ntcp.sac.alternatives[0]: needs a label, because another model is called 'lkb' too",
        ),
        (
            {"sac": {**SAC, "alternatives": [{**LOGISTIC}]}},
            "ntcp.sac.alternatives[0]: needs a label, because another model is called 'custom' too",
        ),
    ],
)
def test_models_that_results_could_not_tell_apart_are_one_clear_line(sections, line):
    assert mistakes(ntcp=with_complications(**sections)) == [line]


def test_each_model_of_one_preset_has_checks_of_its_own():
    asked = {"label": "narrow", "valid_eqd2": [0.0, 1.0]}
    made = experiment(ntcp={"myelopathy": {**CORD, "alternatives": [asked]}})
    of_both = simulate(made, range(100)).sel(arm="one")
    own, narrow = (
        of_both[f"myelopathy_{model}_above_range"] for model in ("sbrt-cord-default", "narrow")
    )
    assert float(own.mean()) < 0.5 < float(narrow.mean())


def test_a_check_is_called_the_same_in_every_variant():
    beside = ["sbrt-cord-case-control"]
    section = {"words": "syndrome", "preset": "sbrt-cord-default", "alternatives": beside}
    made = experiment(
        ntcp={"sac": section}, sweep={"ntcp.sac.alpha_beta": [2.0, 3.0]}, patients=100
    )
    shares = with_role(run(made), "share")
    checks = {check for check in shares if check.startswith("sac_")}
    assert checks == {
        f"sac_{model}_{side}_range"
        for model in ("sbrt-cord-default", *beside)
        for side in ("below", "above")
    }
    assert not any(bool(shares[check].isnull().any()) for check in checks)


def test_two_endpoints_of_one_event_are_no_toml():
    with pytest.raises(tomllib.TOMLDecodeError):
        tomllib.loads("[ntcp.a]\nkind = 'lkb'\n[ntcp.a]\nkind = 'lkb'")


def test_the_words_say_that_another_endpoints_preset_is_meant():
    stated = {**CORD, "words": "weakness of the legs"}
    made = experiment(ntcp=with_complications(weakness=stated))
    assert endpoints_of(made)[-1].endpoint.short == "weakness of the legs"
    assert not endpoints_of(made)[-1].by_model


def test_a_preset_of_ones_own_states_its_endpoint(tmp_path):
    from radsim.presets import load_preset

    data = load_preset("ntcp", "cord-lkb-1991").model_dump(exclude_none=True)
    data = {k: v for k, v in data.items() if k not in ("family", "name")}
    for about, said in (
        ({"endpoint": "sac", "words": "a syndrome", "short": "s"}, "a syndrome"),
        ({"endpoint": ""}, "ntcp.sac: mine does not say what sac is; give the section words"),
    ):
        (tmp_path / "mine.toml").write_text(tomli_w.dumps({**data, **about}), encoding="utf-8")
        given = {**settings(), "ntcp": {"sac": {"preset": "mine.toml"}}}
        if about["endpoint"]:
            assert endpoints_of(make_experiment(given, tmp_path))[-1].endpoint.words == said
        else:
            with pytest.raises(ExperimentError, match="does not say what sac is"):
                make_experiment(given, tmp_path)


def test_an_alternative_without_a_model_follows_the_sections_own_in_a_sweep():
    made = sac(sweep={f"ntcp.{EVENT}.td50": [50.0, 60.0], f"ntcp.{EVENT}.m": [0.2, 0.3]})
    check_variants(made)
    maker = VariantMaker(made)
    variant = maker.make({f"ntcp.{EVENT}.td50": 60.0, f"ntcp.{EVENT}.m": 0.3})
    own, steeper, other = variant.ntcp[EVENT].models
    assert (own.td50, own.m, steeper.td50, steeper.m) == (60.0, 0.3, 60.0, 0.1)
    assert variant == maker._checked({f"ntcp.{EVENT}.td50": 60.0, f"ntcp.{EVENT}.m": 0.3})
    assert other == made.ntcp[EVENT].models[2]


def test_its_words_can_not_be_varied():
    for key in ("words", "good"):
        found = []
        try:
            sac(sweep={f"ntcp.{EVENT}.{key}": ["a", "b"]})
        except ExperimentError as error:
            found = error.mistakes
        assert found == [f"sweep.ntcp.{EVENT}.{key}: describes an endpoint, and changes no number"]


@pytest.mark.parametrize(
    "key",
    ["arms.one.label", "tcp.label", f"ntcp.{EVENT}.label", f"ntcp.{EVENT}.alternatives[0].label"],
)
def test_labels_can_not_be_varied(key):
    with pytest.raises(ExperimentError) as caught:
        sac(sweep={key: ["a", "b"]})
    assert caught.value.mistakes == [f"sweep.{key}: is a name for readers, and changes no number"]


def test_a_trial_and_a_series_and_a_precision_take_any_endpoint_of_the_file():
    from radsim.experiment.trial_file import trials_of

    trial = {"control": "one", "experimental": "boosted", "patients": 40, "endpoint": EVENT,
             "design": {"minimum_follow_up": 12.0}}  # fmt: skip
    series = {"patients": 4, "segments": 4, "source": "s", "arm": "one",
              "observed": [{"endpoint": EVENT, "months": 12.0, "value": 0.1}]}  # fmt: skip
    made = sac(trial=trial, predictive=series, precision={
        "standard_error": 0.1, "estimates": [f"{EVENT}_net_difference"],
    })  # fmt: skip
    assert trials_of(made)["trial"].event == "late syndrome of the sac"
    assert mistakes(trial=trial) == [
        f"trial.endpoint: no endpoint {EVENT!r}; known: local_failure, vcf, myelopathy"
    ]
    relief = {**SAC, "good": True}
    fewer = {"ntcp": {"relief": relief}, "trial": {**trial, "endpoint": "swallowing"}}
    assert mistakes(**fewer) == ["trial.endpoint: no endpoint 'swallowing'; known: local_failure"]
    assert mistakes(predictive=series)[0].startswith(
        f"predictive.observed[0].endpoint: no endpoint {EVENT!r}; "
    )
    asked = {"standard_error": 0.1, "estimates": ["vfc_net"]}
    assert mistakes(precision=asked) == [
        "precision.estimates: no estimate 'vfc_net'; did you mean 'vcf_net'?"
    ]


OLD = {
    "tcp_alternatives": ["hytec-log-logistic", {"label": "D98", "dose": {"metric": "D98"}}],
}


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ({3: 2}, "a name must be text, got 3"),
        ({"arms": {3: {}}}, "arms: a name must be text, got 3"),
        ({"ntcp": {3: {}}}, "ntcp: a name must be text, got 3"),
        ({"sweep": {3: [1]}}, "sweep: a name must be text, got 3"),
        ({"uncertainty": {"draws": 4, 3: {}}}, "uncertainty: a name must be text, got 3"),
    ],
)
def test_a_key_that_is_no_text_is_one_line(where, line):
    with pytest.raises(ExperimentError) as caught:
        make_experiment({**settings(), **where})
    assert caught.value.mistakes == [line]


def test_older_spellings_are_read_into_the_present_ones():
    ntcp = with_complications(myelopathy=CORD, myelopathy_alternatives=["sbrt-cord-case-control"])
    sweep = {"tcp_alternatives[0].d50": [30.0, 35.0]}
    uncertainty = {
        "draws": 4,
        "ntcp": {"myelopathy_alternatives[0]": {"slope": {"kind": "normal", "mean": 1, "sd": 0.1}}},
        "models": {"tcp_alternatives[1].dose.metric": ["D95"]},
    }
    old = experiment(**OLD, ntcp=ntcp, sweep=sweep, uncertainty=uncertainty)
    new = experiment(
        tcp={**settings()["tcp"], "alternatives": OLD["tcp_alternatives"]},
        ntcp=with_complications(myelopathy={**CORD, "alternatives": ["sbrt-cord-case-control"]}),
        sweep={"tcp.alternatives[0].d50": [30.0, 35.0]},
        uncertainty={
            "draws": 4,
            "ntcp.myelopathy.alternatives[0].slope": {"kind": "normal", "mean": 1, "sd": 0.1},
            "models": {"tcp.alternatives[1].dose.metric": ["D95"]},
        },
    )
    assert old.tcp == new.tcp
    assert old.ntcp == new.ntcp
    assert old.study == new.study
    assert "tcp_alternatives" not in old.to_toml()


def test_both_spellings_at_once_are_one_mistake():
    tcp = {**settings()["tcp"], "alternatives": ["hytec-log-logistic"]}
    assert mistakes(**OLD, tcp=tcp) == [
        "tcp_alternatives: [tcp] lists them too; leave one of the two out"
    ]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"tcp_alternatives": {}}, "tcp_alternatives: must be a list, got {}"),
        ({"tcp_alternatives": ["no"]}, "tcp_alternatives[0]: no such preset 'no'; there are: "),
        (
            {"ntcp": {"myelopathy": CORD, "myelopathy_alternatives": [{"slop": 1.0}]}},
            "ntcp.myelopathy_alternatives[0].slop: unknown key; did you mean 'slope'?",
        ),
        (
            {**OLD, "sweep": {"tcp_alternatives[0].d5": [30.0, 35.0]}},
            "sweep.tcp_alternatives[0].d5: no such key; did you mean 'tcp_alternatives[0].d50'?",
        ),
    ],
)
def test_a_mistake_at_an_older_spelling_names_the_key_as_it_was_typed(changes, line):
    found = mistakes(**changes)
    assert len(found) == 1, found
    assert found[0].startswith(line)


@pytest.mark.parametrize(
    "changes",
    [
        {"compare": {"free_of": ["death"]}},
        {"tcp": None, "ntcp": {"death": {**SAC}}},
        {"precision": {"standard_error": 0.1, "estimates": ["death_net"]}},
    ],
)
def test_what_is_asked_of_a_refused_endpoint_is_not_a_second_mistake(changes):
    given = {"ntcp": with_complications(death={**SAC}), **changes}
    given = {key: value for key, value in {**settings(), **given}.items() if value is not None}
    with pytest.raises(ExperimentError) as caught:
        make_experiment(given)
    assert len(caught.value.mistakes) == 1
    assert caught.value.mistakes[0].startswith("ntcp.death: the name is taken")


def test_a_swept_key_that_all_variants_share_says_why_it_is_shared():
    line = "sweep.compare.free_of: can't be varied: control is free of the same complications"
    assert mistakes(sweep={"compare.free_of": [["vcf"], ["myelopathy"]]})[0].startswith(line)


def test_a_result_of_an_older_version_holds_the_same_experiment():
    from radsim.experiment.older_spellings import present_record
    from radsim.experiment.short_form import shorten_experiment

    made = experiment(**OLD)
    record = made.model_dump(mode="json", exclude_none=True)
    short = shorten_experiment({**record, "cohort": {**record["cohort"], "variables": {}}})
    flat = {**record, "tcp": short["tcp"], "ntcp": short["ntcp"]}
    flat["tcp_alternatives"] = flat["tcp"].pop("alternatives")
    flat["ntcp"]["myelopathy_alternatives"] = flat["ntcp"]["myelopathy"].pop("alternatives")
    flat["ntcp"]["vcf"].pop("alternatives")
    assert type(made).model_validate(present_record(flat)) == made


def test_a_result_with_a_withdrawn_preset_keeps_its_model_by_its_numbers():
    from radsim.experiment.older_spellings import present_record

    low = {**CORD, "intercept": -9.7, "center": 0.0, "label": "low"}
    made = experiment(ntcp=with_complications(myelopathy={**CORD, "alternatives": [low]}))
    record = made.model_dump(mode="json", exclude_none=True)
    old = record["ntcp"]["myelopathy"]["alternatives"][0]
    del old["label"]
    old["preset"] = "sbrt-cord-low"
    read = type(made).model_validate(present_record(record))
    names = [stated.name for stated in endpoints_of(read)[-1].stated]
    assert "custom: sbrt-cord-low" in names
    assert read.ntcp["myelopathy"].alternatives[0].intercept == -9.7


def test_alternatives_of_a_fracture_model_give_it_a_dimension_of_models():
    vcf = {
        "preset": "vcf-2013",
        "alternatives": ["vcf-pooled", {"label": "lytic", "hazard_ratio_lytic": 1.0}],
    }
    made = experiment(ntcp=with_complications(vcf=vcf))
    modelled = endpoints_of(made)[1]
    assert modelled.by_model
    assert [m.name for m in modelled.models] == [
        "vcf-2013", "vcf-pooled", "vcf-2013 (modified): lytic",
    ]  # fmt: skip


def test_a_recalibrated_alternative_is_solved_for_too():
    asked = {"recalibrate": {"probability": 0.1, "fraction_dose": 12.0}, "label": "as seen"}
    made = experiment(ntcp=with_complications(vcf={"preset": "vcf-2013", "alternatives": [asked]}))
    own, seen = made.ntcp["vcf"].models
    assert seen.recalibrate is None
    assert seen.reference_risk > own.reference_risk


def test_arms_have_labels_that_tell_them_apart():
    arms = settings()["arms"]
    made = experiment(arms={**arms, "one": {**arms["one"], "label": "24 Gy in 1"}})
    assert made.arms["one"].label == "24 Gy in 1"
    assert 'label = "24 Gy in 1"' in made.to_toml()
    assert mistakes(arms={**arms, "one": {**arms["one"], "label": "boosted"}}) == [
        "arms.one.label: another arm is called 'boosted' too"
    ]


def test_every_arm_says_who_it_treats():
    made = experiment()
    assert cohort_of(made, "one") == (made.cohort, made.eligibility)


def test_a_copy_forgets_what_was_worked_out_from_the_fields_that_changed():
    made = experiment(sweep={"tcp.d50": [18.0, 20.0]})
    assert len(made.study.design) == 2
    copied = made.model_copy(update={"sweep": {}})
    assert len(copied.study.design) == 1
    assert copied.known["seed"] == made.known["seed"]
    assert len(made.study.design) == 2


@pytest.mark.parametrize(
    ("key", "section"),
    [
        ("ntcp.vcf.alternatives[1].onset.sigma", "ntcp.vcf.alternatives[1]"),
        ("ntcp.vcf.preset", "ntcp.vcf"),
        ("survival.shape", "survival"),
    ],
)
def test_a_key_changes_the_model_of_one_place(key, section):
    assert section_of(key) == section


def test_a_mistake_in_a_section_is_not_told_of_its_alternatives_again():
    misspelled = {**{k: v for k, v in LOGISTIC.items() if k != "slope"}, "slop": 0.05}
    section = {**misspelled, "words": "a syndrome", "alternatives": [{"label": "x", "slope": 0.1}]}
    assert sorted(mistakes(ntcp=with_complications(syndrome=section))) == [
        "ntcp.syndrome.slop: unknown key; did you mean 'slope'?",
        "ntcp.syndrome.slope: is missing",
    ]
    section["alternatives"] = [{"label": "x", "slop": 0.1}]  # it is misspelled there, too
    found = mistakes(ntcp=with_complications(syndrome=section))
    assert "ntcp.syndrome.alternatives[0].slop: unknown key; did you mean 'slope'?" in found
    unread = {**LOGISTIC, "dose": {"structure": "ptv", "metric": "D50"}, "words": "a syndrome"}
    for beside, times in (({"label": "x", "slope": 0.1}, 1), ({**unread, "label": "x"}, 2)):
        if times == 2:
            del beside["words"]
        section = {**unread, "alternatives": [beside]}
        found = mistakes(ntcp=with_complications(syndrome=section))
        assert len(found) == times, found
    assert mistakes(ntcp={"myelopathy": {**CORD, "dose": {"structure": "ptv", "metric": "D50"}}})


@pytest.mark.parametrize(
    ("labels", "line"),
    [
        (("again", "one"), "arms.one.label: another arm is called 'again' too"),
        (("x", " x"), "arms.one.label: another arm is called 'x' too"),
        (("  ", "x"), "arms.one.label: must not be blank, got '  '"),
    ],
)
def test_labels_do_not_call_an_arm_as_another_one(labels, line):
    arms = settings()["arms"]
    for name, label in zip(("one", "again"), labels, strict=True):
        arms[name] = {**arms[name], "label": label}
    assert line in mistakes(arms=arms)


def test_blank_words_are_none():
    section = {**LOGISTIC, "words": "  "}
    found = mistakes(ntcp=with_complications(syndrome=section))
    assert len(found) == 1
    assert found[0].endswith("one of your own needs words")


def test_the_event_of_a_trial_is_not_called_as_another_endpoint():
    trial = {
        "trials": 10, "patients": 50, "control": "one", "experimental": "again",
        "endpoint": "vcf", "find_size": False, "design": {"minimum_follow_up": 12.0},
    }  # fmt: skip
    assert experiment(trial={**trial, "event": "fracture"}).trial is not None
    for called, name in (
        ("Myelopathy", "myelopathy"),
        ("local failure", "local_failure"),
        ("death", "dying"),
    ):
        assert mistakes(trial={**trial, "event": called}) == [
            f"trial.event: {called!r} is what {name} is called; use other words"
        ]
    scenarios = {"same": {"alpha": 0.1}, "other": {"endpoint": "myelopathy"}}
    made = experiment(trial={**trial, "event": "fracture", "scenarios": scenarios})
    events = {name: each.event for name, each in made.trial.variants().items()}
    assert events == {"same": "fracture", "other": ""}  # the words of its own endpoint


def test_what_a_table_states_apart_from_its_causes_is_told():
    from radsim.experiment.pedigree import apart_from_table

    table = {"columns": {"kps": (60.0, 90.0), "age": (50.0, 70.0)}}
    (line,) = apart_from_table(experiment(cohort={**settings()["cohort"], "table": table}))
    assert line.startswith("cohort.table: kps is from the table, and ecog and kps_upper drawn")
    both = {"columns": {**table["columns"], "ecog": ("1", "0"), "kps_upper": (0.0, 1.0)}}
    assert apart_from_table(experiment(cohort={**settings()["cohort"], "table": both})) == []
