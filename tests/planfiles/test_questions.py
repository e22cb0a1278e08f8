"""Doses that can hardly be meant stop the import until they are confirmed, in every format."""

import warnings

import pytest
from command_line import radsim

from radsim import load_experiment
from radsim.dose.plans.library_folder import expand_library
from radsim.experiment.model import ExperimentError
from radsim.planfiles import Questioned, load_plan, read_plan, save_plan


def table(target=25.0, organ=16.0, prescription=24, fractions=2, name="Cord,spinal_cord"):
    """Return a plan whose target and organ have flat DVHs at these doses [Gy]."""
    return f"""# prescription [Gy] = {prescription}
# fractions = {fractions}
name,structure,dose [Gy],volume [cm3]
GTV,gtv,0,9
GTV,gtv,{target},9
GTV,gtv,{target},0
{name},0,2.4
{name},{organ},2.4
{name},{organ},0
"""


def eclipse(target=25.0, organ=16.0, prescription=24):
    def block(name, dose):
        return f"""Structure: {name}
Volume [cm³]: 9.0
Dose [Gy] Structure Volume [cm³]
0 9.0
{dose} 9.0
{dose} 0.0
"""

    return (
        f"Cumulative Dose Volume Histogram\nPlan: P\nPrescribed dose [Gy]: {prescription}\n"
        + "% for dose (%): 100.0\n"
        + block("GTV", target)
        + block("SpinalCord", organ)
    )


@pytest.fixture
def write(tmp_path):
    def written(text):
        (tmp_path / "plan.csv").write_text(text)
        return tmp_path / "plan.csv"

    return written


@pytest.mark.parametrize("target", [22.9, 24.0, 25.0, 36.0, 45.0])
@pytest.mark.parametrize("text", [table, eclipse])
def test_a_plan_as_it_should_be_is_not_asked_about(write, text, target):
    assert read_plan(write(text(target=target)), fractions=2).questions == ()


@pytest.mark.parametrize(
    ("target", "fractions", "says"),
    [
        (22.7, 2, "95 % of its prescription of 24 Gy: are both of the whole course"),
        (12.0, 2, "50 % of its prescription of 24 Gy: looks like one of 2 fractions"),
        (17.9, 2, "looks like one of 2 fractions"),
        (18.1, 2, "are both of the whole course"),
        (8.0, 3, "looks like one of 3 fractions"),
        (3.3, 10, "looks like one of 10 fractions"),
        (12.0, 3, "looks like one of 3 fractions"),
        (12.0, 1, "are both of the whole course"),
        (0.25, 1, "is one of them in cGy"),
        (50.0, 2, "the prescription looks like that of one of 2 fractions"),
        (75.0, 3, "the prescription looks like that of one of 3 fractions"),
        (60.0, 1, "2.5 times the prescription of 24 Gy"),
    ],
)
@pytest.mark.parametrize("text", [table, eclipse])
def test_a_target_off_its_prescription_is_asked_about(write, text, target, fractions, says):
    written = text(target=target)
    if text is table:
        written = table(target=target, fractions=fractions)
    with pytest.raises(Questioned) as question:
        read_plan(write(written), fractions=fractions)
    assert str(question.value).startswith("plan.csv: GTV: D50 is") and says in str(question.value)
    plan = read_plan(write(written), fractions=fractions, confirmed=True)
    assert plan.questions == () and any(says in warning for warning in plan.warnings)


@pytest.mark.parametrize(
    ("stated", "says"),
    [
        (
            "# prescription [Gy] = 3\n",
            "prescription of 3 Gy in 10 fractions: 0.3 Gy is hardly meant",
        ),
        ("", "GTV: D50 of 3.1 Gy in 10 fractions: 0.31 Gy is hardly meant"),
    ],
)
def test_a_plan_all_of_one_fraction_is_asked_about(write, stated, says):
    text = table(target=3.1, organ=1.0, prescription=3, fractions=10)
    with pytest.raises(Questioned) as question:
        read_plan(write(text.replace("# prescription [Gy] = 3\n", stated)))
    assert says in str(question.value) and "10 fractions of 3" in str(question.value)


@pytest.mark.parametrize("name", ["PTV", "PTV_2400", "CTV1"])
def test_what_looks_like_the_only_target_is_asked_about(write, name):
    text = table(target=12.5).replace("GTV,gtv", f"{name},")
    ring = table(target=4.0).replace("GTV,gtv", "zRing_PTV,").split("[cm3]\n")[1]
    with pytest.raises(Questioned, match=f"{name}: D50 is 12.5 Gy, .* one of 2 fractions$"):
        read_plan(write(text + "\n".join(ring.splitlines()[:3]) + "\n"))
    assert read_plan(write(text.replace("12.5", "24.5"))).questions == ()
    beside = text.replace("Cord,spinal_cord", "PTV_Eval,ptv").replace("16.0", "24.5")
    assert read_plan(write(beside)).questions == ()


@pytest.mark.parametrize("text", [table, eclipse])
def test_an_organ_far_above_the_prescription_is_asked_about(write, text):
    with pytest.raises(Questioned, match=r"Cord: an organ of 150 Gy, 6.25 times .* is it in cGy"):
        read_plan(write(text(organ=150.0)))
    assert read_plan(write(text(organ=35.9))).questions == ()


def test_an_organ_that_no_course_reaches_is_asked_about_without_a_prescription(write):
    text = table(organ=170.0).replace("# prescription [Gy] = 24\n", "")
    with pytest.raises(Questioned, match=r"Cord: an organ of 170 Gy: is it in cGy"):
        read_plan(write(text))
    assert read_plan(write(text.replace("170", "99"))).questions == ()


def test_an_organ_hotter_than_is_believed_of_it_is_asked_about_with_any_prescription(write):
    text = table(target=81.0, organ=110.0, prescription=80, fractions=40, name="Larynx")
    with pytest.raises(Questioned, match=r"Larynx: an organ of 110 Gy: is it in cGy"):
        read_plan(write(text.replace("Larynx,", "Larynx,,")))
    believed = text.replace("110.0", "99.0").replace("Larynx,", "Larynx,,")
    assert read_plan(write(believed)).questions == ()


@pytest.mark.parametrize(
    ("name", "target", "asked"),
    [
        ("Esophagus,", 25.0, True),
        ("Gullet,esophagus", 25.0, True),
        ("Spinal Canal,", 25.0, True),
        ("Pharynx,", 25.0, True),
        ("PTV_opt,", 25.0, False),
        ("Esophagus,", 45.0, True),
        ("VB_T5,", 45.0, False),  # it may hold the target
    ],
)
def test_organs_are_known_by_their_names_too(write, name, target, asked):
    written = write(table(target=target, organ=60.0, name=name))
    if not asked:
        assert read_plan(written).questions == ()
        return
    with pytest.raises(Questioned, match=f"{name.split(',')[0]}: an organ of 60 Gy, 2.5 times"):
        read_plan(written)


def test_a_stored_plan_is_asked_about_again(write, tmp_path):
    plan = read_plan(write(table(target=12.5)), confirmed=True)
    save_plan(plan, tmp_path / "again.csv")
    with pytest.raises(Questioned, match="looks like one of 2 fractions"):
        load_plan(tmp_path / "again.csv")
    assert load_plan(tmp_path / "again.csv", confirmed=True).warnings == plan.warnings


def test_the_command_ends_with_2_until_it_is_confirmed(write, capsys):
    path = write(table(target=12.5))
    ended = radsim(capsys, "dvh", path)
    assert (ended.code, len(ended.errors), ended.output) == (2, 1, "")
    assert ended.errors[0].endswith("looks like one of 2 fractions; --confirm if it is meant")
    confirmed = radsim(capsys, "dvh", path, "--confirm")
    assert confirmed.code == 0 and "looks like one of 2 fractions" in confirmed.output


def test_a_library_stops_until_each_plan_is_confirmed_by_name(tmp_path):
    (tmp_path / "plans").mkdir()
    for name in ("a.csv", "b.csv"):
        (tmp_path / "plans" / name).write_text(table(target=12.5))
    arm = {"folder": "plans", "smoothing": 0.0}
    with pytest.raises(ValueError, match="looks like one of 2 fractions") as question:
        expand_library(arm, tmp_path)
    assert [line.split(":")[0] for line in str(question.value).splitlines()] == ["a.csv", "b.csv"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(
            ValueError, match=r'^b.csv: .*; .* give the arm confirmed = \["b.csv"\]$'
        ):
            expand_library({**arm, "confirmed": ["a.csv"]}, tmp_path)
    with pytest.warns(UserWarning) as said:
        full = expand_library({**arm, "confirmed": ["a.csv", "b.csv"]}, str(tmp_path))
    assert len(full["plans"]) == 2 and "confirmed" not in full
    assert sum("looks like one of 2 fractions" in str(warning.message) for warning in said) == 2


def test_a_library_below_the_boost_of_its_arm_is_asked_about(tmp_path):
    (tmp_path / "a.csv").write_text(table(target=25.0))
    arm = {"folder": ".", "smoothing": 0.0}
    with pytest.raises(
        ValueError, match=r"a.csv: GTV: D50 is 25 Gy, 60 % of the arm's boost of 42"
    ):
        expand_library({**arm, "boost": 42.0}, tmp_path)
    assert expand_library({**arm, "boost": 42.0, "confirmed": ["a.csv"]}, tmp_path)["plans"]
    assert expand_library({**arm, "boost": 26.0}, tmp_path)["plans"]


FILE = """
name = "library"
seed = 1
patients = 20
cohort = { preset = "sib-phase2" }
arms.ours = { kind = "library", folder = "plans", CONFIRMED }
tcp = { preset = "hytec-spine-2021" }
survival = { preset = "sib-phase2" }
"""


@pytest.mark.parametrize(
    ("stated", "says"),
    [
        ("", 'if it is meant, give the arm confirmed = ["a.csv"]'),
        (', confirmed = ["b.csv"]', "confirmed: no plan is named 'b.csv'; did you mean 'a.csv'?"),
        (', confirmed = "a.csv"', "confirmed: must be a list of names of plans in quotes, got 'a."),
        (", confirmed = [1]", "confirmed: must be a list of names of plans in quotes, got 1"),
        (', confirmed = ["a.csv"]', ""),
    ],
)
def test_an_experiment_with_a_library_runs_once_its_file_confirms_the_plan(
    tmp_path, capsys, stated, says
):
    (tmp_path / "plans").mkdir()
    cord = table().splitlines()[-3:]
    plan = [table(target=12.5, organ=12.4, name="PTV,ptv").rstrip(), *cord, ""]
    (tmp_path / "plans" / "a.csv").write_text("\n".join(plan))
    file = tmp_path / "ours.toml"
    file.write_text(FILE.replace(", CONFIRMED", stated))
    for command in (("check", file), ("run", file, "--out", tmp_path / "out")):
        ended = radsim(capsys, *command)
        if says:
            assert ended.code == 2 and says in ended.errors[-1]
            assert ended.errors[-1].startswith("error: arms.ours: ")
        else:
            assert ended.code == 0
            assert sum("looks like one of 2 fractions" in line for line in ended.errors) == 2
    if not says:
        again = radsim(capsys, "check", tmp_path / "out" / "experiment.toml")
        assert again.code == 0


def test_a_swept_prescription_that_no_plan_of_a_library_reaches_is_asked_about(tmp_path):
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans" / "a.csv").write_text(table(target=25.0).replace("GTV,gtv", "PTV,ptv"))
    file = tmp_path / "swept.toml"
    text = FILE.replace("CONFIRMED", "smoothing = 0.0")
    file.write_text(f'{text}[sweep]\n"arms.ours.prescription" = [24.0, 48.0]\n')
    with pytest.raises(ExperimentError) as asked:
        load_experiment(file)
    assert asked.value.mistakes == [
        "arms.ours.prescription: no plan has a ptv with a D50 near 48 Gy; if it is meant, "
        'confirmed = ["arms.ours.prescription"]'
    ]
    assert load_experiment(file, ["arms.ours.prescription"]).sweep
