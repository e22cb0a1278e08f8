"""An endpoint that the package has never heard of goes from a file through every command.

No line of Python is about it: it is stated in the TOML text below, and commands do the rest.
"""

import csv
import json

import pytest
from command_line import files, radsim

from radsim.report.figures.gallery import GALLERY
from radsim.report.tables.ledger import LEDGER, PREDICTIVE

EVENT, SHORT, WORDS = "late_sac_syndrome", "sac", "late syndrome of the sac"
MODELS = {"custom", "custom: steeper", "custom: later"}

EXPERIMENT = """
name = "unheard_of"
seed = 11
patients = 64
months = [6, 12]
cohort = { preset = "sib-phase2" }
dose = { nodes = 16 }
arms.single = { regimen = "24x1" }
arms.five = { regimen = "30-in-5" }
tcp = { preset = "hytec-spine-2021" }
survival = { preset = "sib-phase2" }

[compare]
reference = "single"
free_of = ["late_sac_syndrome", "pain_flare"]

[ntcp.vcf]
preset = "vcf-2013"

[ntcp.late_sac_syndrome]
words = "late syndrome of the sac"
short = "sac"
kind = "lkb"
effect = "eqd2"
alpha_beta = 3.0
dose = { structure = "thecal_sac", metric = "DVH", course = "planned" }
td50 = 40.0
m = 0.2
n = 0.1
valid_eqd2 = [0.0, 10.0]
onset = { kind = "lognormal", median = 4.0, sigma = 0.5 }

[[ntcp.late_sac_syndrome.alternatives]]
label = "steeper"
m = 0.1

[[ntcp.late_sac_syndrome.alternatives]]
label = "later"
onset = { kind = "lognormal", median = 18.0, sigma = 0.5 }

[ntcp.pain_flare]
words = "flare of pain"
short = "flare"
kind = "logistic"
effect = "bed"
alpha_beta = 10.0
dose = { structure = "ptv", metric = "D50", course = "delivered" }
intercept = -6.0
slope = 0.08
onset = { kind = "lognormal", median = 0.5, sigma = 0.5 }
"""

SERIES = """
[report]
by = ["bilsky"]

[predictive]
patients = 8
segments = 8
source = "nobody's series"
arm = "single"

[[predictive.observed]]
endpoint = "late_sac_syndrome"
months = 12.0
value = 0.1
"""

TRIAL = """
[trial]
trials = 40
patients = 80
simulated_patients = 600
most_patients = 400
control = "single"
experimental = "five"
endpoint = "late_sac_syndrome"
landmark = 6.0
horizon = 6.0
design = { minimum_follow_up = 12.0 }
"""

DESIGN = """
[sweep]
"ntcp.late_sac_syndrome.td50" = [35.0, 40.0]

[uncertainty]
draws = 4
"ntcp.late_sac_syndrome.n" = { kind = "uniform", lower = 0.05, upper = 0.2 }

[uncertainty.models]
"ntcp.late_sac_syndrome.m" = [0.15]

[sensitivity]
samples = 64
"""


def rows(path):
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def written(tmp_path, text):
    path = tmp_path / "unheard_of.toml"
    path.write_text(text, encoding="utf-8")
    return path


def run(capsys, file, folder):
    return radsim(capsys, "run", file, "--out", folder, "--scheduler", "single", "--yes")


def test_check_says_it_and_its_models_and_its_trial(capsys, tmp_path):
    file = written(tmp_path, EXPERIMENT + TRIAL + DESIGN)
    ended = radsim(capsys, "check", file)
    assert (ended.code, ended.errors) == (0, [])
    assert f"  {EVENT}: custom, custom: steeper, custom: later" in ended.output.splitlines()
    assert f"time to {WORDS}, with death as a competing event" in ended.output
    described = json.loads(radsim(capsys, "check", file, "--json").output)
    assert set(described["models"][EVENT]) == MODELS
    assert WORDS in json.dumps(described["trials"])


def test_a_run_has_it_in_every_table_figure_and_warning(capsys, tmp_path):
    out = tmp_path / "out"
    ended = run(capsys, written(tmp_path, EXPERIMENT + SERIES), out)
    assert ended.code == 0
    assert any(f"{SHORT} (custom" in line and "above" in line for line in ended.errors)
    assert f"{SHORT}, net" in ended.output
    assert "control without sac or flare, net" in ended.output
    assert f"{SHORT} at 12 months" in ended.output[ended.output.index("nobody's series") :]
    for table in ("summary.csv", "comparison.csv"):
        told = {row["model"] for row in rows(out / table) if row["endpoint"] == EVENT}
        assert told == MODELS
    for table in ("best.csv", "subgroups.csv", PREDICTIVE):
        assert EVENT in {row["endpoint"] for row in rows(out / table)}
    assert any(row["check"].startswith(EVENT) for row in rows(out / "checks.csv"))
    drawn = {path.stem for path in (out / "figures").iterdir()}
    of_designs = {"sweep", "map", "multiples", "uncertainty", "sobol", "tornado"}
    assert drawn >= {e.name for e in GALLERY} - of_designs
    before = files(out / "figures")
    assert radsim(capsys, "plot", out).code == 0
    assert files(out / "figures") == before


def test_a_design_and_its_trial_have_it_in_every_table_and_figure(capsys, tmp_path):
    file, out = written(tmp_path, EXPERIMENT + TRIAL + DESIGN), tmp_path / "out"
    ended = run(capsys, file, out)
    assert ended.code == 0
    assert ended.output.count(f"{SHORT}, net") >= 4
    of_designs = {table.name for table in LEDGER} - {PREDICTIVE, "subgroups.csv"}
    for name in of_designs - {"checks.csv"}:
        assert EVENT in {row["endpoint"] for row in rows(out / name)}, name
    drawn = {path.stem for path in (out / "figures").iterdir()}
    assert {"sweep", "uncertainty", "sobol", "tornado", "trial_power", "trial_incidence"} <= drawn
    assert radsim(capsys, "trial", file, "--out", tmp_path / "trial").code == 0
    of_trial = {
        name: text for name, text in files(tmp_path / "trial").items() if "figures" not in name
    }
    assert {name: (out / name).read_bytes() for name in of_trial} == of_trial


def test_its_trial_has_a_power_a_size_and_the_harms_of_all_others(capsys, tmp_path):
    file, out = written(tmp_path, EXPERIMENT + TRIAL), tmp_path / "trial"
    ended = radsim(capsys, "trial", file, "--out", out)
    assert (ended.code, ended.errors) == (0, [])
    power = next(
        row
        for row in rows(out / "trial_characteristics.csv")
        if (row["analysis"], row["truth"]) == ("logrank", "alternative")
    )
    assert float(power["rejected"]) > 0.1
    found = next(r for r in rows(out / "trial_sizes.csv") if r["method"] == "simulation")
    assert 80 < float(found["patients"]) <= 400
    harms = {row["harm"] for row in rows(out / "trial_benefit_harm.csv")}
    assert harms == {"local_failure", "vcf", "pain_flare"}
    assert "flare of pain, seen up to the analysis: " in ended.output
    assert "vertebral compression fracture, seen up to the analysis: " in ended.output
    assert f"time to {WORDS}" in (out / "trial_assumptions.txt").read_text(encoding="utf-8")


def changed(old, new):
    text = EXPERIMENT + TRIAL
    assert text.count(old) == 1, old
    return text.replace(old, new)


FREE_OF = 'free_of = ["late_sac_syndrome", "pain_flare"]'
RESERVED = "ntcp.{}: the name is taken by something else that a result reports; use another"
ANOTHER = '\n[ntcp."late_sac_syndrome"]\nwords = "another"\nkind = "lkb"\n'


def renamed(name):
    return changed(FREE_OF, "").replace("[ntcp.pain_flare]", f"[ntcp.{name}]")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            changed("[ntcp.vcf]", "[ntcp.vfc]"),
            "ntcp.vfc: vcf-2013 is a model of vcf; did you mean [ntcp.vcf]?",
        ),
        (
            changed("[ntcp.vcf]", "[ntcp.myelopathy]"),
            "ntcp.myelopathy: vcf-2013 is a model of vcf; presets of myelopathy: ",
        ),
        (
            renamed("pain_flair").replace('words = "flare of pain"\n', ""),
            "ntcp.pain_flair: no endpoint 'pain_flair' is known",
        ),
        *((renamed(name), RESERVED.format(name)) for name in ("death", "survival", "ptv_volume")),
        (renamed("sac_net"), RESERVED.format("sac_net")),
        (EXPERIMENT + ANOTHER, "unheard_of.toml is not valid TOML: "),
        (
            changed('words = "flare of pain"', 'words = "late syndrome of the sac"'),
            "ntcp.pain_flare: 'late syndrome of the sac' is what ntcp.late_sac_syndrome is called",
        ),
        (
            changed(FREE_OF, 'free_of = ["late_sac_syndrom"]'),
            "compare.free_of: no complication 'late_sac_syndrom'; did you mean "
            "'late_sac_syndrome'?",
        ),
        (
            changed(
                'preset = "vcf-2013"', 'preset = "vcf-2013"\nalternatives = ["sbrt-cord-default"]'
            ),
            "ntcp.vcf.alternatives[0]: sbrt-cord-default is a model of myelopathy; presets of vcf",
        ),
        (
            changed('endpoint = "late_sac_syndrome"', 'endpoint = "late_sac_syndrom"'),
            "trial.endpoint: no endpoint 'late_sac_syndrom'; did you mean 'late_sac_syndrome'?",
        ),
        (
            changed('label = "later"', 'label = "steeper"'),
            "ntcp.late_sac_syndrome.alternatives: two are called 'steeper'; ",
        ),
        (
            changed(FREE_OF, "").replace('short = "sac"', 'short = "sac"\ngood = true'),
            "trial.endpoint: late_sac_syndrome is good for patients, and a trial counts harms",
        ),
    ],
)
def test_what_can_not_be_is_one_line_and_nothing_is_written(capsys, tmp_path, text, line):
    file, out = written(tmp_path, text), tmp_path / "out"
    for command in (("check",), ("run", "--out", out), ("trial", "--out", out)):
        ended = radsim(capsys, command[0], file, *command[1:])
        assert (ended.code, ended.output) == (2, "")
        assert len(ended.errors) == 1, ended.errors
        assert ended.errors[0].replace(f"{file.parent}/", "").startswith(f"error: {line}")
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
