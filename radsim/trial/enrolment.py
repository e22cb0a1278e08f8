"""Who is screened, enrolled and randomized how, in sentences to read or paste."""

from collections.abc import Iterator

from radsim.trial.protocol.accrual import SiteAccrual
from radsim.trial.protocol.comparison import INSIDE
from radsim.trial.protocol.design import TrialDesign
from radsim.trial.protocol.subgroup import Subgroup
from radsim.vocabulary.words import listed


def randomization(design: TrialDesign) -> str:
    """Say how many are randomized, in which proportion and by what.

    Examples
    --------
    >>> randomization(TrialDesign(patients=90, allocation=(1, 1, 1)))
    '90 patients are randomized 1:1:1 (control:experimental:experimental) in permuted blocks of 6.'
    """
    roles = ":".join(["control", *["experimental"] * (len(design.allocation) - 1)])
    said = f"{design.patients} patients are randomized {':'.join(map(str, design.allocation))} "
    said += f"({roles})"
    if design.minimization is not None:
        return (
            f"{said} by minimization of {listed(list(design.minimization.factors))}: the arm that "
            "leaves the arms most alike is taken with a probability of "
            f"{100 * design.minimization.probability:g} %."
        )
    said += f" in permuted blocks of {design.blocks}" if design.blocks else " without blocks"
    return said + (f" within {len(design.strata)} strata" if design.strata else "") + "."


def factors(design: TrialDesign) -> Iterator[str]:
    """Say how patients are spread over the levels of each factor of minimization."""
    if design.minimization is None:
        return
    for name, factor in design.minimization.factors.items():
        if not factor.shares:
            continue
        shares = [f"{100 * share:.4g} %" for share, _ in factor.levels]
        ratios = [f"{ratio:g}" for _, ratio in factor.levels]
        hazards = f", with {listed(ratios)} times the stated hazard of the event"
        yield (
            f"The levels of {name} hold {listed(shares)} of patients"
            f"{hazards if factor.hazard_ratios else ''}."
        )


def screening(design: TrialDesign) -> Iterator[str]:
    """Say how many are screened for those who are randomized."""
    if design.eligible < 1.0:
        counted = ", and rates of accrual are of those screened" if design.accrual.screened else ""
        yield (
            f"Of those screened {100 * design.eligible:.4g} % are eligible, so that about "
            f"{design.screened:.0f} are to be screened{counted}."
        )


def sites(accrual: SiteAccrual) -> str:
    """Say when sites open, and how many patients enter there.

    Examples
    --------
    >>> sites(SiteAccrual(opens=(0, 3, 6), rates=(2,)))
    '3 sites open between months 0 and 6, with 2 patients a month each.'
    """
    number, rates = len(accrual.opens), sorted(set(accrual.rates))
    each = f"{rates[0]:g}" if len(rates) == 1 else f"{rates[0]:g} to {rates[-1]:g}"
    first, last = min(accrual.opens), max(accrual.opens)
    when = f"between months {first:g} and {last:g}" if last > first else f"in month {first:g}"
    opening = "site opens" if number == 1 else "sites open"
    return f"{number} {opening} {when}, with {each} patients a month each."


def subgroup(group: Subgroup) -> Iterator[str]:
    """Say who is in a subgroup, and whether others are enrolled."""
    name = name_of(group)
    if group.share is not None:
        who = f"{100 * group.share:.4g} % of patients are in {name}"
    else:
        labels = [f"{key} {listed(list(values), 'or')}" for key, values in group.where.items()]
        who = f"Who has {listed(labels)} is in {name}"
    if group.only:
        yield f"{who}; nobody else is enrolled."
    elif group.co_primary:
        yield f"{who}; the arms are compared in everybody and in it."
    else:
        yield f"{who}; the arms are compared in everybody, and described in it."


def name_of(group: Subgroup) -> str:
    """What a subgroup is called in a sentence.

    Examples
    --------
    >>> name_of(Subgroup(share=0.3)), name_of(Subgroup(share=0.3, label="bulky"))
    ('the subgroup', 'the subgroup (bulky)')
    """
    return "the subgroup" if group.label == INSIDE else f"the subgroup ({group.label})"
