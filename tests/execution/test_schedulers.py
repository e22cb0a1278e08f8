"""Where tasks run."""

import pytest
from examples import small

from radsim.execution.cluster import Cluster
from radsim.execution.local import OneByOne, Pool
from radsim.execution.pieces import Cutting, Work, pieces_of
from radsim.execution.scheduler import SchedulerError
from radsim.execution.schedulers import scheduler_of


def test_a_scheduler_is_a_value_that_its_name_stands_for():
    assert scheduler_of("single", 2) == OneByOne()
    assert scheduler_of("processes", 2) == Pool("processes", 2)
    assert scheduler_of("tcp://host:8786", 2) == Cluster("tcp://host:8786")
    with pytest.raises(SchedulerError, match=r"'thread' is neither .* did you mean 'threads'"):
        scheduler_of("thread", 2)


def test_every_task_comes_back_once_with_sums_of_each_of_its_pieces():
    work = Work(small(), Cutting(block=64))
    pieces = pieces_of(small(), 0, 200, work.cutting)
    tasks = [pieces[:3], pieces[3:]]
    finished = list(OneByOne()(work, tasks))
    assert [task for task, _ in finished] == tasks
    patients = [[sums.patients for sums in results] for _, results in finished]
    assert patients == [[64, 64, 64], [8]]


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # sockets that distributed leaves open
@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nowhere.invalid:8786", "a:b:99"])
def test_a_cluster_that_cannot_be_reached_is_one_line(address):
    with pytest.raises(SchedulerError, match=f"^scheduler: can't reach {address}"):
        list(Cluster(address, timeout=1.0)(Work(small()), [pieces_of(small(), 0, 64)]))
