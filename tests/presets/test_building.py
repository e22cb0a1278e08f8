"""Models from presets with changes: nothing unknown or wrong is taken."""

import pytest

from radsim import load_ntcp, load_tcp
from radsim.vocabulary.mistakes import Mistake


@pytest.mark.parametrize(
    ("load", "preset", "changes", "says"),
    [
        (
            load_tcp,
            "hytec-spine-2021",
            {"gama50": 1},
            "no setting 'gama50'; did you mean 'gamma50'",
        ),
        (load_ntcp, "cord-lkb-1991", {"tdfifty": 3.0}, "lkb has no setting 'tdfifty'; known: "),
        (load_tcp, "hytec-spine-2021", {"kind": "probt"}, "no kind 'probt'; did you mean 'probit'"),
        (load_tcp, "hytec-spine-2021", {"kind": "probit"}, "no setting 'reference_fractions'"),
        (load_tcp, "hytec-spine-2021", {"d50": -3.0}, "d50: must be above 0, got -3.0"),
        (load_ntcp, "vcf-2013", {"reference_risk": [1]}, "reference_risk: must be a number"),
    ],
)
def test_a_change_that_cannot_be_is_refused_in_one_line(load, preset, changes, says):
    with pytest.raises(Mistake, match=says) as caught:
        load(preset, **changes)
    assert str(caught.value).startswith(f"{preset}: ")
    assert "\n" not in str(caught.value)


def test_a_change_is_made():
    assert load_tcp("hytec-spine-2021", d50=20.0).d50 == 20.0
