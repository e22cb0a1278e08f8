"""The page on architecture says what the layers in ``pyproject.toml`` say."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
AGAIN = "run python docs/draw_architecture.py"


@pytest.fixture(scope="module")
def drawing():
    path = ROOT / "docs" / "draw_architecture.py"
    spec = importlib.util.spec_from_file_location("draw_architecture", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_picture_is_of_the_layers(drawing):
    assert drawing.PICTURE.read_text(encoding="utf-8") == drawing.picture(), AGAIN


def test_the_table_is_of_the_rooms(drawing):
    assert drawing.PAGE.read_text(encoding="utf-8") == drawing.page(), AGAIN


def test_every_layer_says_what_it_is_for_and_every_step_has_a_room(drawing):
    rooms = [room for row in drawing.layers() for room in row]
    assert all(room.purpose for room in rooms)
    walked = {name for names in drawing.WALK.values() for name in names}
    assert walked <= {room.name for room in rooms}
