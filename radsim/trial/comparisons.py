"""What a [trial] section with several arms, or with a subgroup, may ask for."""

from typing import TYPE_CHECKING

from radsim.vocabulary.mistakes import require

if TYPE_CHECKING:
    from radsim.trial.section import TrialSection

OF_TWO_ARMS = ("looks", "resize", "uncertainty", "secondary")  # alike in all patients


def check_comparisons(section: "TrialSection", *, is_equal: bool) -> None:
    """Raise ValueError for what does not go with several arms, or with a subgroup.

    Parameters
    ----------
    is_equal
        Whether the allocation is left as it is by itself, equal for any number of arms.
    """
    several, group = len(section.arms) > 2, section.subgroup
    require(len(section.arms) > 1, "experimental: name an arm, got none")
    require(
        not several or len(section.design.allocation) == len(section.arms) or is_equal,
        f"design.allocation: must have a number for each of {len(section.arms)} arms, got "
        f"{list(section.design.allocation)}",
    )
    both = several or (group is not None and group.co_primary)
    require(both or section.success is None, "success: has no effect here: there is one comparison")
    what = "several experimental arms" if several else "a subgroup"
    aside = several or (group is not None and not group.only)
    for key in OF_TWO_ARMS:
        asked = bool(getattr(section, key))
        require(not (asked and aside), f"{key}: is for two arms alike in all, got {what}")
    if group is None:
        return
    require(not several, "subgroup: is for one experimental arm, got several")
    require(section.margin is None, "subgroup: has no test against a margin; leave out margin")
    by_name, changed = isinstance(section.control, str), group.control or group.experimental
    require(
        bool(group.where) == by_name,
        "subgroup.where: say by variables of the cohort who is in the subgroup"
        if by_name
        else "subgroup.where: is for arms of an experiment; give share",
    )
    require(
        (group.share is None) == by_name,
        "subgroup.share: has no effect here: simulated patients have their own"
        if by_name
        else "subgroup.share: is missing",
    )
    require(
        bool(changed) != by_name,
        "subgroup: the arms of an experiment do in each patient what they do; leave out "
        "control and experimental"
        if by_name
        else "subgroup: say by control or experimental what the arms do otherwise there",
    )
