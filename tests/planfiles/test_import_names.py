import pytest

from radsim.planfiles.names import assign_structures


@pytest.mark.parametrize(
    ("name", "structure"),
    [
        ("GTV", "gtv"),
        ("GTVp1", "gtv"),
        ("gtv_1", "gtv"),
        ("PTV_Eval", "ptv"),
        ("PTV EVAL", "ptv"),
        ("SpinalCord", "spinal_cord"),
        ("Spinal Cord", "spinal_cord"),
        ("spinal_cord", "spinal_cord"),
        ("SpinalCord_PRV02", "cord_prv"),
        ("SpinalCord_PRV", "cord_prv"),
        ("PRV2_SpinalCord", "cord_prv"),
        ("cord_prv", None),
        ("ThecalSac", "thecal_sac"),
        ("Thecal_Sac", "thecal_sac"),
    ],
)
def test_names_of_tg263_are_known_in_any_spelling(name, structure):
    assert assign_structures([name])[0].get(name) == structure


@pytest.mark.parametrize(
    "name",
    ["PTV", "PTV_3000", "Cord", "Cord_PRV", "CordPRV2", "SpinalCanal", "CaudaEquina", "Canal_PRV",
     "SpinalCord_Old", "ThecalSac_PRV", "GTV-2mm", "Medulla", "CTV_GTV"],
)  # fmt: skip
def test_names_that_may_be_something_else_are_left_out_with_a_hint(name):
    assigned, warnings = assign_structures([name])
    assert assigned == {}
    assert warnings[0].startswith(f"{name} is not used: ")


@pytest.mark.parametrize("name", ["BODY", "Lung_L", "CTV", "zRing1", "", "---"])
def test_other_names_are_left_alone(name):
    assert assign_structures([name]) == ({}, [])


def test_two_candidates_are_an_error_until_the_user_says():
    names = ["GTV", "GTVn", "SpinalCord"]
    with pytest.raises(ValueError, match="GTV and GTVn could each be gtv: say which, as GTV=gtv"):
        assign_structures(names)
    assigned, warnings = assign_structures(names, {"GTVn": "gtv"})
    assert assigned == {"GTVn": "gtv", "SpinalCord": "spinal_cord"}
    assert warnings == ["GTV is not used: another one was named for its structure"]


def test_a_mapping_rules_over_the_name():
    assert assign_structures(["SpinalCord"], {"SpinalCord": "cord_prv"})[0] == {
        "SpinalCord": "cord_prv"
    }


def test_a_mapping_to_two_names_or_to_nothing_known_is_an_error():
    with pytest.raises(ValueError, match="could each be gtv"):
        assign_structures(["A", "B"], {"A": "gtv", "B": "gtv"})
    with pytest.raises(ValueError, match="'sac' is no structure"):
        assign_structures(["A"], {"A": "sac"})
    with pytest.raises(ValueError, match="the plan has no 'GVT'; did you mean 'GTV'"):
        assign_structures(["GTV"], {"GVT": "gtv"})
