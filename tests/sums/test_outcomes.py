"""Events in time, death competing."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from radsim.response.onset import PowerOnset
from radsim.response.risk import HazardRisk
from radsim.simulation.steps import before_death, net_rows
from radsim.sums.aggregations import keep_counts
from radsim.sums.counts import event_counts

MONTHS = (3.0, 6.0, 12.0, 24.0)
TIMES = st.lists(
    st.tuples(st.floats(0.0, 40.0) | st.just(np.inf), st.floats(0.0, 40.0)), min_size=1, max_size=20
)


def counted(event, death, months=MONTHS):
    """Events by each time, of one arm."""
    return keep_counts(before_death(event, death)[None], 0, months)["events"][0].tolist()


@given(times=TIMES)
def test_an_event_counts_when_it_comes_by_the_time_and_before_death(times):
    event, death = (np.array(column) for column in zip(*times, strict=True))
    assert counted(event, death) == [sum(e <= m and e < d for e, d in times) for m in MONTHS]


@given(times=TIMES)
def test_counts_between_edges_add_up_to_what_has_happened_by_each_edge(times):
    event, death = (np.array(column) for column in zip(*times, strict=True))
    event = np.where(event == 0.0, 0.25, event)  # a time of exactly 0 has no uniform number
    edges = np.arange(0.0, 24.5, 0.5)
    by_edge = event_counts(before_death(event, death), edges).cumsum()
    assert by_edge.tolist() == counted(event, death, edges[1:])


def test_an_event_at_the_moment_of_death_is_death():
    assert counted(np.array([5.0]), np.array([5.0]), (6.0,)) == [0]


def test_probabilities_have_a_row_for_each_time():
    risk = HazardRisk(hazard=np.array([0.1, 0.5]), onset=PowerOnset(months=24.0))
    net, free = (net_rows(free, MONTHS, [risk])[0] for free in (False, True))
    assert net.shape == free.shape == (4, 2)
    assert np.allclose(net + free, 1.0)
    assert (np.diff(net, axis=0) > 0).all()
