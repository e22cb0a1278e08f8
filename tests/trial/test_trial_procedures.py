"""Testing procedures against the closure principle, textbook loops and published values."""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from radsim.trial import limit_of
from radsim.trial.formulas.multiplicity import (
    fixed_sequence,
    gatekeeping,
    graphical,
    hochberg,
    holm,
)
from radsim.trial.protocol.procedure import Procedure

NAMES = ("primary", "fracture", "survival")


def closure(p, weights, transfer):
    """Adjusted p values by every intersection, weighted as the graph without the others is."""
    size = len(p)
    adjusted = np.zeros(size)
    for count in range(1, size + 1):
        for members in combinations(range(size), count):
            w, g = list(weights), [list(row) for row in transfer]
            for gone in (i for i in range(size) if i not in members):
                left = [i for i in range(size) if i != gone]
                new = [[0.0] * size for _ in range(size)]
                for a in left:
                    loop = g[a][gone] * g[gone][a]
                    for b in left:
                        if a != b and loop < 1.0:
                            new[a][b] = (g[a][b] + g[a][gone] * g[gone][b]) / (1.0 - loop)
                w = [w[a] + w[gone] * g[gone][a] if a != gone else 0.0 for a in range(size)]
                g = new
            ratios = [p[i] / w[i] for i in members if w[i] > 0.0]
            together = min([1.0, *ratios])
            for i in members:
                adjusted[i] = max(adjusted[i], together)
    return adjusted


def random_graph(rng, size):
    weights = rng.dirichlet(np.ones(size)) * (rng.random(size) < 0.7)
    transfer = rng.dirichlet(np.ones(size - 1), size=size) * rng.choice([0.5, 1.0], (size, 1))
    full = np.zeros((size, size))
    for row in range(size):
        full[row, [i for i in range(size) if i != row]] = transfer[row]
    return weights, full


@pytest.mark.parametrize("size", [2, 3, 4, 5])
def test_the_graph_rejects_what_every_intersection_with_it_rejects(size):
    rng = np.random.default_rng(size)
    for _ in range(20):
        weights, transfer = random_graph(rng, size)
        p = rng.uniform(0.0, 0.06, (10, size))
        expected = [closure(row, weights, transfer) for row in p]
        np.testing.assert_allclose(graphical(p, weights, transfer), expected, rtol=1e-9)


def test_a_published_graph_has_its_adjusted_p_values():
    """Two doses, a primary and two secondary endpoints each (graphicalMCP, closed testing)."""
    e = 1e-5
    transfer = [
        [0, 0.5, 0.25, 0, 0.25, 0], [0.5, 0, 0, 0.25, 0, 0.25], [0, 0, 0, 0, 1, 0],
        [e, 0, 0, 0, 0, 1 - e], [0, e, 1 - e, 0, 0, 0], [0, 0, 0, 1, 0, 0],
    ]  # fmt: skip
    p = [0.015, 0.013, 0.01, 0.007, 0.1, 0.0124]
    adjusted = graphical(p, [0.5, 0.5, 0, 0, 0, 0], transfer)
    expected = [0.026, 0.026, 0.028, 0.028, 0.100, 0.028]
    np.testing.assert_allclose(adjusted, expected, atol=1e-6)


def by_holm(p):
    order, so_far, adjusted = np.argsort(p), 0.0, np.empty(len(p))
    for place, i in enumerate(order):
        so_far = max(so_far, min(1.0, (len(p) - place) * p[i]))
        adjusted[i] = so_far
    return adjusted


def by_hochberg(p, level):
    """Hypotheses rejected: all up to the largest that is small enough for its rank."""
    order, size = np.argsort(p), len(p)
    for place in range(size - 1, -1, -1):
        if p[order[place]] <= level / (size - place):
            return {int(i) for i in order[: place + 1]}
    return set()


def test_holm_and_hochberg_step_down_and_up():
    p = np.random.default_rng(1).uniform(0.0, 0.1, (200, 4))
    np.testing.assert_allclose(holm(p), [by_holm(row) for row in p], rtol=1e-9)
    for level in (0.01, 0.05, 0.2):
        found = hochberg(p) <= level
        assert [set(np.flatnonzero(row)) for row in found] == [by_hochberg(row, level) for row in p]
    weighted = holm(p, [0.1, 0.2, 0.3, 0.4])
    shares = np.array([0.1, 0.2, 0.3, 0.4])
    transfer = (1.0 - np.eye(4)) * shares / (1.0 - shares)[:, np.newaxis]
    np.testing.assert_allclose(weighted, [closure(row, shares, transfer) for row in p], rtol=1e-9)


def test_simple_procedures_are_graphs():
    p = np.random.default_rng(2).uniform(0.0, 0.1, (100, 3))
    chain = np.eye(3, k=1)
    np.testing.assert_allclose(fixed_sequence(p), graphical(p, [1, 0, 0], chain))
    families = [[2], [0], [1]]
    np.testing.assert_allclose(
        gatekeeping(p, families)[:, [2, 0, 1]], fixed_sequence(p[:, [2, 0, 1]])
    )
    np.testing.assert_allclose(gatekeeping(p, [[0, 1, 2]]), holm(p))


def test_a_later_family_waits_for_all_of_the_one_before_it():
    p = np.array([[0.01, 0.04, 0.001], [0.01, 0.02, 0.001]])
    np.testing.assert_allclose(gatekeeping(p, [[0, 1], [2]])[:, 2], [0.04, 0.02])


@pytest.mark.parametrize("kind", ["uniform", "correlated"])
def test_the_chance_of_a_false_claim_is_kept_by_every_procedure_for_every_set_of_nulls(kind):
    """By 50,000 draws: the level is passed by chance in one run of 370 and procedure at most."""
    rng, draws, level = np.random.default_rng(5), 50_000, 0.05
    z = rng.normal(size=(draws, 3))
    if kind == "correlated":
        z = np.sqrt(0.5) * z + np.sqrt(0.5) * rng.normal(size=(draws, 1))
    graph = {"primary": {"fracture": 0.5, "survival": 0.5}, "fracture": {"survival": 1.0},
             "survival": {"fracture": 1.0}}  # fmt: skip
    procedures = [
        Procedure(), Procedure(order=("survival", "primary", "fracture")),
        Procedure(procedure="holm"), Procedure(procedure="hochberg"),
        Procedure(procedure="holm", weights={"primary": 0.5, "fracture": 0.3, "survival": 0.2}),
        Procedure(procedure="gatekeeping", families=(("primary",), ("fracture", "survival"))),
        Procedure(procedure="graph", weights={"primary": 1.0}, transfer=graph),
    ]  # fmt: skip
    for size in (1, 2, 3):
        for null in combinations(range(3), size):
            shift = np.where(np.isin(range(3), null), 0.0, 3.0)
            p = stats.norm.sf(z + shift)
            for procedure in procedures:
                procedure.check(NAMES)
                false = (procedure.adjusted(p, NAMES)[:, null] <= level).any(axis=1).mean()
                error = np.sqrt(level * (1.0 - level) / draws)
                assert false <= level + 3.0 * error, (procedure, null)
                if procedure.procedure == "hochberg" and null == (0, 1, 2) and kind == "uniform":
                    assert false >= holm_level(level) - 3.0 * error


def holm_level(level):
    return 1.0 - (1.0 - level / 3.0) ** 3


def test_the_level_is_used_up_where_one_null_is_left():
    """What is sure to be shown hands its share on, so the last null has the whole level."""
    p = np.stack([np.zeros(1000), np.linspace(0.0005, 0.9995, 1000), np.zeros(1000)], axis=1)
    graph = {"primary": {"survival": 1.0}, "survival": {"fracture": 1.0}}
    for procedure in (
        Procedure(order=("primary", "survival", "fracture")),
        Procedure(procedure="holm"),
        Procedure(procedure="hochberg"),
        Procedure(procedure="graph", weights={"primary": 1.0}, transfer=graph),
        Procedure(procedure="gatekeeping", families=(("primary", "survival"), ("fracture",))),
    ):
        procedure.check(NAMES)
        assert (procedure.adjusted(p, NAMES)[:, 1] <= 0.05).mean() == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"procedure": "home"}, "procedure: no procedure 'home'; did you mean 'holm'?"),
        ({"procedure": "holm", "order": ("primary",)}, "order: has no effect on holm"),
        ({"procedure": "graph", "weights": {"primary": 1.0}}, "transfer: is missing"),
        ({"procedure": "gatekeeping"}, "families: is missing; gatekeeping needs it"),
    ],
)
def test_keys_of_another_procedure_are_refused(changes, message):
    with pytest.raises(ValueError, match="^" + message.replace("?", r"\?")):
        Procedure(**changes)


GRAPH = {"procedure": "graph", "weights": {"primary": 1.0}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"order": ("primary", "fracture", "primary")}, "primary stands there twice, and a hier"),
        ({"order": ("primary", "fracture")}, "order: survival is missing; each hypothesis has its"),
        ({"order": (*NAMES, "fractures")}, "did you mean 'fracture'"),
        ({"procedure": "gatekeeping", "families": (("primary",), ("fracture", "survival"),
                                                   ("primary",))}, "families: primary stands"),
        ({"procedure": "holm", "weights": {"primary": 0.5, "fracture": 0.4, "survival": 0.2}},
         r"weights: shares must be 0 or more and add up to 1, got 0.5 \+ 0.4 \+ 0.2 = 1.1"),
        ({"procedure": "holm", "weights": {"primary": 1.0}}, "fracture and survival must have"),
        ({**GRAPH, "transfer": {"primary": {"fracture": 0.5}}}, "transfer.primary: shares must be"),
        ({**GRAPH, "transfer": {"primary": {"primary": 1.0}}}, "hands on to itself, which is a ci"),
        ({**GRAPH, "transfer": {"primary": {"fracture": 1.0}}}, "survival starts with nothing"),
        ({"power_of": "both"}, "power_of: no hypothesis 'both'"),
    ],
)  # fmt: skip
def test_a_procedure_that_does_not_fit_the_hypotheses_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        Procedure(**changes).check(NAMES)


@pytest.mark.parametrize(
    ("adjust", "message"),
    [
        (lambda: holm([0.01, float("nan")]), "p must lie between 0 and 1"),
        (lambda: fixed_sequence([1.2, 0.1]), "p must lie between 0 and 1"),
        (lambda: hochberg([]), "p must hold a value"),
        (lambda: holm([0.01, 0.02], [0.0, 0.0]), "weights must be above 0"),
        (lambda: holm([0.01, 0.02], [0.5, 0.3, 0.2]), "one for each of 2 hypotheses"),
        (lambda: graphical([0.01, 0.02], [0.5, 0.5], [[0.0, 1.0]]), "a row for each of 2"),
        (lambda: gatekeeping([0.01, 0.02, 0.03], [[0], [1]]), "each of the hypotheses 0 to 2 once"),
        (lambda: gatekeeping([0.01, 0.02], [[0], [0, 1]]), "each of the hypotheses 0 to 1 once"),
        (lambda: limit_of(np.array([[1.0, 2.0], [2.0, 1.0]]), 0.05), "correlation must be that"),
        (lambda: limit_of(np.full((2, 2), np.nan), 0.05), "correlation must be that"),
        (lambda: limit_of(np.eye(2), 5.0), "alpha must lie between 0 and 1"),
    ],
)
def test_what_means_nothing_is_refused_and_never_a_nan(adjust, message):
    with pytest.raises(ValueError, match=message):
        adjust()
