import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command_line import radsim
from covering import covers
from scipy.optimize import brentq
from scipy.special import expit, logit

from radsim import load_preset, load_tcp, make_experiment, simulate
from radsim.experiment.model import ExperimentError
from radsim.fitting.fit import fit
from radsim.fitting.intervals import resample
from radsim.fitting.outcome_table import OutcomeTable, anchors_table, read_outcomes
from radsim.fitting.report import fit_preset, fit_text, kinds, model_to_fit
from radsim.presets import read_preset
from radsim.randomness.streams import Streams
from radsim.vocabulary.mistakes import Mistake

ANCHORS = load_preset("tcp", "hytec-spine-2021").anchors


def cohort(rows=400, seed=1):
    random = np.random.default_rng(seed)
    dose = random.uniform(10.0, 80.0, rows)
    factor = random.integers(0, 2, rows).astype(float)
    p = 1 / (1 + np.exp(3.0 - 0.07 * dose - np.log(2.5) * factor))
    return OutcomeTable(
        dose=dose, events=(random.random(rows) < p).astype(float), patients=np.ones(rows),
        weight=np.ones(rows), covariates={"factor": factor},
    )  # fmt: skip


def logistic(table, **settings):
    return model_to_fit("ntcp/logistic", {"effect": "physical", **settings}, table)[1]


def test_the_refit_of_the_hytec_anchors_is_reproduced():
    # D50 32.9 Gy (24.4-39.1), k 3.01 (2.05-4.08), correlation 0.96, RMSE 0.73 points, largest 1.4
    found = fit(load_tcp("hytec-log-logistic"), anchors_table(ANCHORS), bootstrap=200)
    assert found.estimates["d50"].value == pytest.approx(32.9, abs=0.05)
    assert found.estimates["k"].value == pytest.approx(3.01, abs=0.005)
    assert found.correlation[0, 1] == pytest.approx(0.96, abs=0.01)
    assert found.estimates["d50"].bootstrap == pytest.approx((24.4, 39.1), abs=1.5)
    assert found.goodness["root mean square residual"] == pytest.approx(0.0073, abs=5e-5)
    assert found.goodness["largest residual"] == pytest.approx(0.014, abs=5e-4)


def test_a_logistic_fit_is_that_of_newtons_method():
    table = cohort()
    found = fit(logistic(table), table, covariates=("factor",))
    design = np.stack([np.ones(table.rows), table.dose, table.covariates["factor"]], axis=1)
    beta = np.zeros(3)
    for _ in range(30):
        p = 1 / (1 + np.exp(-design @ beta))
        information = design.T @ (design * (p * (1 - p))[:, None])
        beta += np.linalg.solve(information, design.T @ (table.events - p))
    values = [e.value for e in found.estimates.values()]
    assert values == pytest.approx([beta[0], beta[1], np.exp(beta[2])], rel=1e-4)
    low, high = found.estimates["slope"].profile
    error = np.sqrt(np.linalg.inv(information)[1, 1])
    assert (high - low) / 2 == pytest.approx(1.96 * error, rel=0.1)
    assert low < 0.07 < high


def test_grouped_rows_weigh_as_their_patients_do():
    random = np.random.default_rng(2)
    dose = np.repeat([20.0, 30.0, 40.0, 50.0, 60.0], 40)
    event = (random.random(200) < 1 / (1 + np.exp(4 - 0.1 * dose))).astype(float)
    single = OutcomeTable(dose=dose, events=event, patients=np.ones(200), weight=np.ones(200))
    levels = np.unique(dose)
    grouped = OutcomeTable(
        dose=levels, events=np.array([event[dose == d].sum() for d in levels]),
        patients=np.full(5, 40.0), weight=np.ones(5),
    )  # fmt: skip
    weighted = OutcomeTable(
        dose=np.repeat(levels, 2), events=np.tile([1.0, 0.0], 5), patients=np.ones(10),
        weight=np.array([[event[dose == d].sum(), 40 - event[dose == d].sum()] for d in levels])
        .ravel(),
    )  # fmt: skip
    fits = [fit(logistic(t), t).estimates["slope"] for t in (single, grouped, weighted)]
    assert fits[1].value == pytest.approx(fits[0].value, rel=1e-4)
    assert fits[2].value == pytest.approx(fits[0].value, rel=1e-4)
    assert fits[1].profile == pytest.approx(fits[0].profile, rel=1e-2)


def test_a_bootstrap_is_the_same_whenever_it_is_run():
    table = cohort(120)
    first, second = (fit(logistic(table), table, bootstrap=20, seed=3) for _ in range(2))
    assert first.estimates == second.estimates
    assert first.estimates != fit(logistic(table), table, bootstrap=20, seed=4).estimates


def few_events(*places):
    """Sixty patients by dose, of whom those at some places have the event."""
    dose, event = np.linspace(10.0, 80.0, 60), np.zeros(60)
    event[list(places)] = 1.0
    return OutcomeTable(dose=dose, events=event, patients=np.ones(60), weight=np.ones(60))


def test_weights_are_frequencies_in_the_bootstrap():
    """A row of weight 4 is four patients, single or in a group; a published figure is as exact."""
    table = cohort(60)
    heavy = replace(table, weight=np.full(60, 4.0))
    often = OutcomeTable(
        dose=np.repeat(table.dose, 4), events=np.repeat(table.events, 4), patients=np.ones(240),
        weight=np.ones(240), covariates={"factor": np.repeat(table.covariates["factor"], 4)},
    )  # fmt: skip
    one, other = (fit(logistic(t), t, bootstrap=40).estimates["slope"] for t in (heavy, often))
    assert one.bootstrap == pytest.approx(other.bootstrap, rel=1e-4)
    assert one.profile == pytest.approx(other.profile, rel=1e-3)
    levels = np.array([20.0, 30.0, 40.0, 50.0, 60.0])
    group = OutcomeTable(
        dose=levels, events=np.array([1.0, 2.0, 4.0, 6.0, 8.0]), patients=np.full(5, 10.0),
        weight=np.full(5, 4.0),
    )  # fmt: skip
    larger = replace(group, events=4 * group.events, patients=np.full(5, 40.0), weight=np.ones(5))
    one, other = (fit(logistic(t), t, bootstrap=40).estimates["slope"] for t in (group, larger))
    assert one.bootstrap == pytest.approx(other.bootstrap, rel=1e-4)
    once, four = (replace(anchors_table(ANCHORS), weight=np.full(8, w)) for w in (1.0, 4.0))
    drawn = [resample(t, Streams(1), 0, 0.2).probability for t in (once, four)]
    moved = [logit(p) - logit(once.probability) for p in drawn]
    assert moved[1] == pytest.approx(moved[0] / 2.0)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("rows", "events", "weight", "bootstrap"), [(60, 6, 1, 0), (200, 80, 1, 80), (80, 32, 3, 80)]
)
def test_intervals_of_a_slope_cover_it(rows, events, weight, bootstrap):
    """Of 150 tables of so many expected events; a right interval fails one set in 1,000.

    Where each row weighs three the bootstrap is as wide as the profile, which weighs it so, too.
    """
    slope = 0.07
    middle = np.linspace(10.0, 80.0, 2001)
    shift = brentq(lambda b: expit(b + slope * middle).mean() - events / rows, -20.0, 10.0)
    profiles, quantiles = [], []
    for seed in range(150):
        random = np.random.default_rng(seed)
        dose = random.uniform(10.0, 80.0, rows)
        happened = (random.random(rows) < expit(shift + slope * dose)).astype(float)
        table = OutcomeTable(
            dose=dose, events=happened, patients=np.ones(rows), weight=np.full(rows, float(weight))
        )
        try:
            fitted = fit(logistic(table), table, bootstrap=bootstrap)
        except ValueError:  # events do not become more frequent with dose
            continue
        estimate = fitted.estimates["slope"]
        profiles.append(estimate.profile)
        quantiles.append(estimate.bootstrap)
    assert len(profiles) >= 130
    if weight > 1:  # neither knows that patients came in threes
        widths = [np.diff(ends).mean() for ends in (profiles, quantiles)]
        assert widths[1] == pytest.approx(widths[0], rel=0.15)
        return
    covers(*np.transpose(profiles), truth=slope, least=0.94)
    if bootstrap:
        covers(*np.transpose(quantiles), truth=slope, least=0.90)


def test_profiles_decide_what_a_preset_states_and_a_bootstrap_of_few_events_says_so():
    table = few_events(20, 38, 56)
    fitted = fit(logistic(table), table, bootstrap=40)
    slope = fitted.estimates["slope"]
    assert slope.interval in (slope.profile, None) and slope.bootstrap not in (None, slope.profile)
    assert "3 events, fewer than 40" in fitted.doubts
    assert "don't trust the bootstrap, but the profile: 3 events" in fit_text(fitted, "ntcp")
    alone = fit(logistic(table), table)
    assert fitted.correlations == alone.correlations and alone.doubts == []
    stated, without = (
        tomllib.loads(fit_preset(f, "mine", "ntcp"))["parameters"] for f in (fitted, alone)
    )
    assert stated == without
    enough = cohort()
    assert fit(logistic(enough), enough, bootstrap=40).doubts == []


def test_an_interval_that_the_table_does_not_bound_is_stated_by_no_bootstrap():
    """One event in 60 patients: the profile of the slope is open, so a preset has no interval."""
    table = few_events(45)
    fitted = fit(logistic(table), table, bootstrap=60)
    slope = fitted.estimates["slope"]
    assert any(slope.open) and slope.bootstrap is not None and slope.interval is None
    assert any("resamples have no estimate" in doubt for doubt in fitted.doubts)
    preset = tomllib.loads(fit_preset(fitted, "mine", "ntcp"))
    assert "uncertainty" not in preset["parameters"]["slope"]
    assert "The table does not bound" in preset["note"]


def test_dvhs_determine_the_volume_effect():
    random = np.random.default_rng(5)
    dose, volume = random.uniform(5.0, 70.0, (1500, 4)), random.dirichlet(np.ones(4), 1500)
    eud = ((dose**2.0) * volume).sum(axis=1) ** 0.5
    from scipy.special import ndtr

    events = (random.random(1500) < ndtr((eud - 40.0) / 8.0)).astype(float)
    table = OutcomeTable(
        dose=dose, volume=volume, events=events, patients=np.ones(1500), weight=np.ones(1500)
    )
    _, model = model_to_fit("lkb", {"effect": "physical"}, table)
    found = fit(model, table).estimates
    for name, truth in (("td50", 40.0), ("m", 0.2), ("n", 0.5)):
        low, high = found[name].profile
        assert low < truth < high


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dose": np.full(400, 40.0)}, "intercept and slope can change together"),
        ({"events": (cohort().dose > 40).astype(float)}, "wholly apart in dose"),
        ({"events": np.zeros(400)}, "intercept, slope, because the table has no events"),
        ({"events": 1.0 - cohort().events}, "slope runs to 0, .* events do not become more"),
    ],
)
def test_a_fit_that_is_not_identifiable_says_which_parameter(change, message):
    table = OutcomeTable(**{**vars(cohort()), **change})
    with pytest.raises(ValueError, match=f"not identifiable: .*{message}"):
        fit(logistic(table), table)


DOSES = np.linspace(10.0, 70.0, 40)
SETTINGS = {
    "zaider_minerbo": {"birth_rate": 0.02, "death_rate": 0.01}, "geud": {"a": -10.0},
    "relative_seriality": {"form": "pow2"}, "log_logistic_floor": {"floor": 0.0},
}  # fmt: skip
EVERY_KIND = [(family, kind) for family in ("tcp", "ntcp") for kind in kinds(family)]


def table_for(family, kind, events, patients):
    """Doses of a metric, or the same doses as DVHs for a kind that takes one."""
    dose = np.linspace(10.0, 70.0, len(events))
    one = kinds(family)[kind]
    whole = getattr(one, "reads_dvh", False) or kind == "geud"
    return OutcomeTable(
        dose=np.stack([dose, 0.8 * dose], axis=1) if whole else dose,
        volume=np.full((len(dose), 2), 0.5) if whole else None,
        fractions=np.full(len(dose), 10.0), weight=np.ones(len(dose)),
        events=np.array(events, dtype=float), patients=np.full(len(dose), float(patients)),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("family", "kind", "events", "patients"),
    [
        *((family, kind, [0, 0, 0, 50, 50, 50], 50) for family, kind in EVERY_KIND),
        *(("tcp", kind, DOSES > 40, 1) for kind in ("log_logistic", "probit", "geud")),
        *(("ntcp", kind, DOSES > 40, 1) for kind in ("logistic_d50", "lkb", "critical_volume")),
        *((family, "log_logistic", [0, 0, 9, 20, 20], 20) for family in ("tcp", "ntcp")),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_a_likelihood_without_a_maximum_is_refused_for_every_kind(family, kind, events, patients):
    table = table_for(family, kind, events, patients)
    settings = {"alpha_beta": 6.0, **SETTINGS.get(kind, {})}
    with pytest.raises(ValueError, match=r"not identifiable: .*has no maximum"):
        fit(model_to_fit(f"{family}/{kind}", settings, table)[1], table)


def test_a_profile_that_the_table_does_not_bound_says_so():
    dose = np.array([20.0, 30.0, 40.0, 50.0, 60.0, 62.0])
    table = OutcomeTable(
        dose=dose, events=np.array([0.0, 0, 1, 0, 1, 1]), patients=np.ones(6), weight=np.ones(6)
    )
    found = fit(model_to_fit("ntcp/log_logistic", {"effect": "physical"}, table)[1], table)
    assert found.estimates["d50"].open == (True, True)
    assert found.estimates["d50"].interval is None
    assert "the table does not bound d50" in fit_text(found, "ntcp")
    assert "open" in fit_text(found, "ntcp")


def test_published_probabilities_have_no_profile():
    found = fit(load_tcp("hytec-log-logistic"), anchors_table(ANCHORS))
    assert all(one.profile is None and one.interval is None for one in found.estimates.values())
    assert "profile" not in fit_text(found, "tcp")


def test_alpha_beta_is_estimated_from_several_fractionations_and_refused_from_one():
    names = ("d50", "k", "alpha_beta")
    found = fit(load_tcp("hytec-log-logistic"), anchors_table(ANCHORS), estimate=names)
    # the preset's own sweep of alpha/beta has its least residual between 4 and 5 Gy
    assert 4.0 < found.estimates["alpha_beta"].value < 5.0
    alone = anchors_table([a for a in ANCHORS if a.fractions == 1])
    with pytest.raises(ValueError, match="alpha_beta, because every row has 1 fractions"):
        fit(load_tcp("hytec-log-logistic"), alone, estimate=names)


def test_events_below_a_threshold_of_the_risk_are_refused_by_row():
    table = OutcomeTable(
        dose=np.array([4.0, 20.0, 30.0, 40.0]), fractions=np.full(4, 5.0),
        events=np.array([1.0, 2.0, 5.0, 8.0]), patients=np.full(4, 10.0), weight=np.ones(4),
    )  # fmt: skip
    with pytest.raises(ValueError, match="row 1: has events below the threshold of 15 Gy"):
        fit(model_to_fit("sbrt-cord-default", {}, table)[1], table)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bootstrap": 1}, "bootstrap must be 0 or at least 20"),
        ({"covariates": ("factor", "factor")}, "factor is named twice"),
        ({"estimate": ("slope", "slope")}, "slope is named twice"),
    ],
)
def test_a_fit_that_is_asked_for_wrongly_says_so(change, message):
    table = cohort()
    with pytest.raises(ValueError, match=message):
        fit(logistic(table), table, **change)


def test_few_single_patients_have_no_test_of_groups_and_weights_count_in_the_auc():
    table = cohort(12, seed=3)
    measures = fit(logistic(table), table).goodness
    assert "chi-square" not in measures
    twice = OutcomeTable(**{**vars(table), "weight": np.arange(1.0, 13.0)})
    assert fit(logistic(twice), twice).goodness["AUC"] != measures["AUC"]


@pytest.mark.parametrize("family", ["logistic_eqd2", "poisson"])
def test_a_hazard_ratio_of_control_is_that_of_an_exact_likelihood(family):
    # TCP = TCP0^(HR^z): the truth lies within 4 standard errors (fails for 1 seed in 16,000), and
    # twice the log likelihood falls by 3.84 at an end of the profile
    random = np.random.default_rng(11)
    dose, mass = random.uniform(16.0, 60.0, 800), random.integers(0, 2, 800).astype(float)
    settings = {"alpha_beta": 6.0}
    control = {"logistic_eqd2": 1 / (1 + np.exp(1.2 - 0.05 * dose * (1 + dose / 30) / (4 / 3))),
               "poisson": np.exp(-30 * np.exp(-0.06 * dose * (1 + dose / 30)))}[family]  # fmt: skip
    events = (random.random(800) < control ** (2.0**mass)).astype(float)
    table = OutcomeTable(
        dose=dose, fractions=np.full(800, 5.0), events=events, patients=np.ones(800),
        weight=np.ones(800), covariates={"mass": mass},
    )  # fmt: skip
    found = fit(model_to_fit(f"tcp/{family}", settings, table)[1], table, covariates=("mass",))
    ratio = found.estimates["hazard_ratios.mass"]
    error = np.log(ratio.profile[1] / ratio.profile[0]) / (2 * 1.96)
    assert abs(np.log(ratio.value / 2.0)) < 4.0 * error < 1.0
    held = model_to_fit(f"tcp/{family}", {**settings, "hazard_ratios": {"mass": ratio.profile[0]}},
                        table)[1]  # fmt: skip
    assert 2 * (found.log_likelihood - fit(held, table).log_likelihood) == pytest.approx(
        3.84, abs=0.01
    )


def test_a_covariate_that_never_differs_is_named():
    table = OutcomeTable(**{**vars(cohort()), "covariates": {"factor": np.ones(400)}})
    with pytest.raises(ValueError, match=r"not identifiable: intercept and odds_ratios\.factor"):
        fit(logistic(table), table, covariates=("factor",))


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("nope", {}, "no model 'nope' to fit"),
        ("log_logistic", {}, "alpha_beta: is missing"),
        ("log_logistic", {"alpha_beta": 6.0, "bogus": 1.0}, "no setting 'bogus'"),
        ("log_logistic", {"alpha_beta": -6.0}, "alpha_beta: must be above 0"),
        ("lkb", {"alpha_beta": 3.0}, "lkb takes the whole DVH, so table needs a column dvh"),
        ("vcf-2013", {}, "vcf-2013 can't be fitted: its data are times"),
        ("proportional_hazards", {}, "proportional_hazards can't be fitted: its data are times"),
        ("esophagus-cox-2012", {}, "esophagus-cox-2012 can't be fitted: its risks are the shares"),
        ("none.toml", {}, "can't read none.toml"),
    ],
)
def test_a_model_that_cannot_be_built_is_a_mistake(name, settings, message):
    with pytest.raises(Mistake, match=message):
        model_to_fit(name, settings, cohort())


def write(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dose,event\n1,0\n2,3\n", "row 3: event must be 0 or 1"),
        ("# in Gy\n-1,0\n", "has no rows"),
        ("# in Gy\ndose,event\n-1,0\n", "row 3: dose must not be negative"),
        ("dose,event\nx,0\n", "row 2: dose must be a number, got 'x'"),
        ("gray,event\n1,0\n", "needs a column dose"),
        ("dose\n1\n", "needs one of the columns event"),
        ("dose,events\n1,0\n", "events needs a column patients"),
        (
            "dose,events,patients\n1,5,4\n",
            "events must be a whole number from 0 to patients, got 5",
        ),
        ("dose,probability\n1,1\n", "probability must lie between 0 and 1"),
        ("dose,event,weight\n1,0,-1\n", "weight must not be negative"),
        ("dose,fractions,event\n1,2.5,0\n", "fractions must be a whole number"),
        ("dvh,event\nbad.csv,0\n", "bad.csv: the volumes of a DVH must add up to 1"),
        ("dvh,event\nnone.csv,0\n", "can't read"),
        ("dose,event\n", "has no rows"),
        ("dose,dose,event\n1,2,0\n", "two columns 'dose'"),
        ("dose,event\n12,5,1\n", "row 2: has 3 cells, and the line of headings 2; a decimal comma"),
        ("dose [mGy],event\n1,0\n", r"the column 'dose \[mGy\]' must be in gy or cgy"),
        ("dose,events,patients\n1,5,50.5\n", "patients must be a whole number, 1 or more"),
        (" Dose,dose,event\n1,2,0\n", "two columns 'dose'"),
    ],
)
def test_a_table_that_is_wrong_says_where(tmp_path, text, message):
    write(tmp_path, "bad.csv", "dose,volume\n10,0.5\n20,0.2\n")
    with pytest.raises(ValueError, match=message):
        read_outcomes(write(tmp_path, "data.csv", text))


def test_a_table_is_read_as_a_clinic_has_it(tmp_path):
    plain = read_outcomes(
        write(tmp_path, "a.csv", "dose,fractions,probability\n24,1,0.9\n18.5,3,0.125\n")
    )[0]
    head = "\ufeffFractions;Dose [cGy];Probability;Note\r\n"
    text = head + "1;2400;90 %;\r\n3;18,5 Gy;0,125;x\r\n;;;\r\n"
    table, left = read_outcomes(write(tmp_path, "b.csv", text))
    for name in ("dose", "fractions", "probability", "weight"):
        assert getattr(table, name).tolist() == getattr(plain, name).tolist()
    assert left == ["Note"]


def test_all_that_is_wrong_with_a_column_is_told_at_once(tmp_path):
    path = write(tmp_path, "data.csv", "dose,event\nx,0\n20,1\n,1\n")
    with pytest.raises(ValueError) as caught:
        read_outcomes(path)
    assert str(caught.value).splitlines() == [
        "data.csv, row 2: dose must be a number, got 'x'",
        "data.csv, row 4: dose must be a number, got ''",
    ]


def test_a_covariate_that_the_table_lacks_is_named(tmp_path):
    path = write(tmp_path, "data.csv", "dose,event,age\n1,0,60\n")
    with pytest.raises(ValueError, match="no column 'agee'; did you mean 'age'"):
        read_outcomes(path, ["agee"])


def test_dvhs_are_read_beside_the_table(tmp_path):
    write(tmp_path, "a.csv", "dose,volume\n10,60\n20,40\n")
    write(tmp_path, "b.csv", "dose,volume\n15,1\n")
    table, left = read_outcomes(
        write(tmp_path, "data.csv", "dvh,event,site\na.csv,1,x\nb.csv,0,y\n")
    )
    assert left == ["site"]
    assert table.volume.tolist() == [[0.6, 0.4], [1.0, 0.0]]


def anchors_csv(folder):
    rows = [f"{a.dose},{a.fractions},{a.probability}" for a in ANCHORS]
    return write(folder, "anchors.csv", "\n".join(["dose,fractions,probability", *rows]) + "\n")


def test_the_command_writes_a_preset_that_an_experiment_may_name(capsys, tmp_path):
    out = tmp_path / "mine.toml"
    done = radsim(
        capsys, "fit", str(anchors_csv(tmp_path)), "--model", "log_logistic",
        "--set", "alpha_beta=6.0", "--bootstrap", "20", "--out", str(out),
    )  # fmt: skip
    assert done.code == 0
    assert "d50 = 32.893" in done.output
    preset = read_preset("tcp", out)
    assert preset.parameters["fitted_under"].value == "lq"
    assert preset.parameters["valid_eqd2"].value == pytest.approx([50.625, 90.0])
    assert preset.parameters["most_fractions"].value == 5
    assert preset.parameters["d50"].units == "Gy (EQD2, alpha/beta 6)"
    assert preset.parameters["k"].value == pytest.approx(3.012, abs=1e-3)
    assert preset.correlations[0]["rho"] > 0.9
    shipped = Path("tests/four_arms.toml").read_text(encoding="utf-8")
    text = shipped.replace('preset = "hytec-spine-2021"', 'preset = "mine.toml"')
    assert radsim(capsys, "check", str(write(tmp_path, "e.toml", text))).code == 0


@pytest.mark.parametrize("missing", ["units", "source", "range"])
def test_a_preset_file_that_lacks_something_is_refused_by_a_line(tmp_path, missing):
    found = fit(load_tcp("hytec-log-logistic"), anchors_table(ANCHORS))
    text = fit_preset(found, "mine", "tcp")
    lines = [line for line in text.splitlines() if not line.startswith(f"{missing} =")]
    path = write(tmp_path, "mine.toml", "\n".join(lines))
    with pytest.raises(ValueError, match=f"mine.toml: .*{missing}"):
        read_preset("tcp", path)


def test_a_fit_that_fails_is_one_line_and_exit_code_2(capsys, tmp_path):
    path = write(tmp_path, "data.csv", "dose,event\n40,0\n40,1\n40,1\n")
    done = radsim(capsys, "fit", str(path), "--model", "ntcp/logistic", "--set", "effect=physical")
    assert done.code == 2
    assert "not identifiable" in done.errors[0]


def test_a_fitted_preset_refuses_another_law_and_carries_its_ratios_into_an_experiment(
    capsys, tmp_path
):
    random = np.random.default_rng(4)
    dose, mass = random.uniform(16.0, 60.0, 800), random.integers(0, 2, 800)
    control = (1 / (1 + (30.0 / (dose * (1 + dose / 30) / (4 / 3))) ** 3.0)) ** (2.0**mass)
    events = (random.random(800) < control).astype(int)
    rows = [f"{d},5,{m},{e}" for d, m, e in zip(dose, mass, events, strict=True)]
    data = write(tmp_path, "d.csv", "\n".join(["dose,fractions,paraspinal,event", *rows]) + "\n")
    done = radsim(
        capsys, "fit", data, "--model", "log_logistic", "--set", "alpha_beta=6.0", "--bootstrap",
        "0", "--covariate", "paraspinal", "--out", tmp_path / "mine.toml",
    )  # fmt: skip
    assert done.code == 0, done.errors
    ratio = read_preset("tcp", tmp_path / "mine.toml").parameters["hazard_ratios"]
    assert ratio.value["paraspinal"] > 1.0
    assert ratio.uncertainty["paraspinal"][0] < ratio.value["paraspinal"]
    shipped = tomllib.loads(Path("tests/four_arms.toml").read_text("utf-8"))
    cohort = {**shipped["cohort"], "paraspinal": {"kind": "bernoulli", "probability": 0.5}}
    settings = {**shipped, "cohort": cohort, "tcp": {"preset": "mine.toml"}, "patients": 60}
    net = simulate(make_experiment(settings, tmp_path), range(60))
    hazard = -np.log(net["local_control_net"].sel(months=24).isel(arm=0, control_model=0))
    group = net["paraspinal"].values == 1
    assert hazard[group].mean() > hazard[~group].mean()
    for tcp, message in (
        ({"preset": "mine.toml", "cell_kill": "lq-l-6"}, "fitted under lq"),
        ({"preset": "mine.toml", "hazard_ratios": {"primary": 2.0}}, "'primary' holds labels"),
        ({"preset": "mine.toml", "references": {"agee": 1.0}}, "references.agee: no such ratio"),
    ):
        with pytest.raises(ExperimentError, match=message):
            make_experiment({**settings, "tcp": tcp}, tmp_path)


def test_a_fit_never_replaces_a_file_that_is_no_preset(capsys, tmp_path):
    data = anchors_csv(tmp_path)
    text = data.read_text(encoding="utf-8")
    ask = ("fit", data, "--model", "log_logistic", "--set", "alpha_beta=6.0", "--bootstrap", "0")
    for out, message in ((data, "is no preset file"), (tmp_path / "no" / "a.toml", "no folder")):
        done = radsim(capsys, *ask, "--out", out)
        assert done.code == 2
        assert message in done.errors[0]
    assert data.read_text(encoding="utf-8") == text
    assert radsim(capsys, *ask, "--out", tmp_path / "mine.toml").code == 0
    assert radsim(capsys, *ask, "--out", tmp_path / "mine.toml").code == 0
    again = radsim(capsys, "fit", data, "--model", tmp_path / "mine.toml", "--bootstrap", "0")
    assert "d50 = 32.893" in again.output
