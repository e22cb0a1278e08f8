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
        ("Esophagus", "esophagus"),
        ("OESOPHAGUS", "esophagus"),
        ("CaudaEquina", "cauda_equina"),
        ("SacralPlex", "sacral_plexus"),
        ("BrachialPlex_L", "brachial_plexus_l"),
        ("R_BrachialPlex", "brachial_plexus_r"),
        ("BrachialPlexs", "brachial_plexus"),
        ("Kidney_L", "kidney_l"),
        ("Kidneys", "kidney"),
        ("Lung_R", "lung_r"),
        ("Lungs", "lung"),
        ("Bowel", "bowel"),
        ("Duodenum", "duodenum"),
    ],
)
def test_names_of_tg263_are_known_in_any_spelling(name, structure):
    assert assign_structures([name])[0].get(name) == structure


@pytest.mark.parametrize(
    ("name", "structure"),
    [
        ("Pharynx Const", "pharynx_const"),
        ("Bowel_Small", "bowel_small"),
        ("Bag-Bowel", "bag_bowel"),
        ("Esophagus_PRV5", "esophagus_prv5"),
        ("VocalCords", "vocalcords"),
        ("Canal_Anal", "canal_anal"),
        ("Hüfte", "hufte"),
        ("VB_T5", "vb_t5"),
        ("Lobe_Temporal_L", "lobe_temporal_l"),
    ],
)
def test_any_other_organ_keeps_its_own_name(name, structure):
    assert assign_structures([name]) == ({name: structure}, [])


@pytest.mark.parametrize(
    "name",
    ["PTV", "PTV_3000", "Cord", "Cord_PRV", "CordPRV2", "SpinalCanal", "Canal_PRV", "Kidney",
     "lung", "Brachial_Plexus", "SpinalCord_Old", "ThecalSac_PRV", "GTV-2mm", "Medulla",
     "CTV_GTV"],
)  # fmt: skip
def test_names_that_may_be_something_else_are_left_out_with_a_hint(name):
    assigned, warnings = assign_structures([name])
    assert assigned == {}
    assert warnings[0].startswith(f"{name} is not used: ")


@pytest.mark.parametrize("name", [
    "BODY", "External", "CouchSurface", "Table Top", "CTV", "ITV_1", "Bowel-PTV", "zRing1", "_tmp",
    "Ring_2cm", "Liver_opt", "Avoid1", "Marker1", "Isodose 50", "Bolus", "3rd", "Preset", "", "---",
])  # fmt: skip
def test_what_is_no_organ_is_left_alone(name):
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
    with pytest.raises(ValueError, match="'Left kidney' is no structure: its name is of small"):
        assign_structures(["A"], {"A": "Left kidney"})
    with pytest.raises(
        ValueError, match="'thecal_sack' is no structure; did you mean 'thecal_sac'"
    ):
        assign_structures(["A"], {"A": "thecal_sack"})
    with pytest.raises(ValueError, match="'prescribed' is no structure: the name means something"):
        assign_structures(["A"], {"A": "prescribed"})
    with pytest.raises(ValueError, match="the plan has no 'GVT'; did you mean 'GTV'"):
        assign_structures(["GTV"], {"GVT": "gtv"})


def test_a_mapping_gives_any_organ_its_name():
    names = ["Oesoph", "Couch", "Kidney"]
    mapping = {"Oesoph": "esophagus", "Couch": "couch", "Kidney": "kidney_r"}
    assert assign_structures(names, mapping) == (mapping, [])


def test_an_organ_named_twice_is_neither_until_the_user_says():
    names = ["GTV", "Bowel Bag", "bowel_bag", "Esophagus"]
    assigned, warnings = assign_structures(names)
    assert assigned == {"GTV": "gtv", "Esophagus": "esophagus"}
    assert warnings == [
        "Bowel Bag and bowel_bag could each be bowel_bag, so none is: say which, as "
        "Bowel Bag=bowel_bag"
    ]
    assigned, warnings = assign_structures(names, {"bowel_bag": "bowel_bag"})
    assert assigned["bowel_bag"] == "bowel_bag" and "Bowel Bag" not in assigned and warnings == []
    with pytest.raises(ValueError, match="GTV and Esophagus could each be bowel: say which, as"):
        assign_structures(names, {"GTV": "bowel", "Esophagus": "bowel"})
