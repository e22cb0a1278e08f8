"""The page of patient tables lists the columns of the vocabulary; its example does what it says."""

import re
import runpy
import tomllib

from command_line import ROOT

from radsim.experiment.filling_cohort import TABLE_KEYS
from radsim.patients.columns import COLUMNS
from radsim.patients.tables import read_patients

PAGE = (ROOT / "docs" / "patient-tables.md").read_text(encoding="utf-8")


def test_every_known_column_is_on_the_page_as_the_vocabulary_has_it():
    written = runpy.run_path(str(ROOT / "docs" / "write_columns.py"))["page"]()
    assert written == PAGE, "run: python docs/write_columns.py"
    for name, known in COLUMNS.items():
        [row] = re.findall(rf"^\| `{name}`.*$", PAGE, re.M)
        assert known.meaning in row
        assert all(f"`{label}`" in row for label in known.labels)
        assert known.units == "1" or known.units in row


def test_the_keys_of_a_table_are_on_the_page():
    section = PAGE.partition("| key of `table`")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)`", section, re.M) == list(TABLE_KEYS)


def test_the_pages_example_is_read_as_it_says(tmp_path):
    text = re.findall(r"```toml\n(.*?)```", PAGE, re.S)[1]
    asked = tomllib.loads(text)["cohort"]["table"]
    path = tmp_path / "patients.csv"
    path.write_text(
        "gtv_cc;lesion;fracture;score\n18,4;sklerotisch;wedge;1\n7;lytic;none;2\n", encoding="utf-8"
    )
    how = {key: asked[key] for key in ("columns", "labels")}
    found = read_patients(path, **how, declare=asked["declare"])
    assert found.mistakes == ()
    assert found.columns["lesion_type"] == ("blastic", "lytic")
    assert found.columns["baseline_fracture"] == ("below_half", "none")
    assert found.columns["my_score"] == (1.0, 2.0)
