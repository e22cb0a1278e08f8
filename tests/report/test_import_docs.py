import doctest
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "dvh-import.md"


def test_the_example_of_the_page_runs():
    failures, examples = doctest.testfile(str(PAGE), module_relative=False)
    assert failures == 0 and examples > 0
