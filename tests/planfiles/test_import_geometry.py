import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radsim.planfiles.dicom.contours import (
    Plane,
    fill,
    own_spacing,
    planes_from_contours,
    sample,
    slabs,
)
from radsim.planfiles.dicom.dose_grid import DoseGrid


def rectangle(x, y, width, height):
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]])


def area(polygons, rows=64, shift=0.5):
    return fill(polygons, rows, shift, step=0.5)[1].sum()


def shoelace(polygon):
    x, y = polygon.T
    return 0.5 * abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))


@given(
    corners=st.integers(3, 40),
    radius=st.floats(1.0, 50.0),
    x=st.floats(-300, 300),
    shift=st.floats(0.0, 0.99),
)
def test_area_of_a_convex_polygon_is_its_shoelace_area(corners, radius, x, shift):
    angle = 2 * np.pi * np.arange(corners) / corners + 0.3
    polygon = np.column_stack([x + radius * np.cos(angle), radius * np.sin(angle)])
    assert area([polygon], 400, shift) == pytest.approx(shoelace(polygon), rel=0.01)


@given(shift=st.floats(0.0, 0.99), rows=st.integers(2, 99), width=st.floats(0.1, 99))
def test_area_of_an_aligned_rectangle_is_exact(shift, rows, width):
    assert area([rectangle(1.0, 2.0, width, 3.0)], rows, shift) == pytest.approx(3.0 * width)


def test_all_polygons_of_a_plane_are_filled_by_the_even_odd_rule():
    outer, hole, island = rectangle(0, 0, 8, 8), rectangle(2, 2, 4, 4), rectangle(3, 3, 2, 2)
    assert area([outer]) == pytest.approx(64)
    assert area([outer, hole]) == pytest.approx(48)
    assert area([outer, hole[::-1]]) == pytest.approx(48)  # whichever way it runs
    assert area([outer, hole, island]) == pytest.approx(52)
    assert area([outer, rectangle(20, 0, 1, 8)]) == pytest.approx(72)
    points, _ = fill([outer, hole, island], 64, 0.5, 0.5)
    in_ring = np.all((points > 2) & (points < 6), axis=1) & np.any(
        (points < 3) | (points > 5), axis=1
    )
    assert not in_ring.any()


def test_a_keyhole_without_width_cuts_out_its_hole_alone():
    keyhole = np.array(
        [[0, 0], [8, 0], [8, 8], [0, 8], [0, 4], [2, 4], [2, 6], [6, 6], [6, 2], [2, 2], [2, 4],
         [0, 4]], float,
    )  # fmt: skip
    assert area([keyhole]) == pytest.approx(48)


def disk(x, y, radius, corners=60, start=0.0):
    angle = start + 2 * np.pi * np.arange(corners) / corners
    return np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle)])


def resolved(*polygons, unite=True):
    """Area of contours in one plane [mm2]."""
    (plane,) = planes_from_contours(
        [np.column_stack([p, np.zeros(len(p))]) for p in polygons], unite
    )
    return fill(plane.polygons, 400, 0.5, 0.5, plane.groups)[1].sum()


REPEATS = {
    "as it is": lambda p: p,
    "begun elsewhere": lambda p: np.roll(p, 7, axis=0),
    "run the other way": lambda p: p[::-1],
    "closed": lambda p: np.vstack([p, p[:1]]),
    "rounded to 0.01 mm": lambda p: p.round(2),
    "rounded to 0.1 mm": lambda p: p.round(1),
    "with points between": lambda p: np.stack(
        [p, (p + np.roll(p, -1, axis=0)) / 2], axis=1
    ).reshape(-1, 2),
    "all of it": lambda p: np.roll(np.vstack([p, p[:1]]).round(2)[::-1], 3, axis=0),
}


@pytest.mark.parametrize("repeat", REPEATS)
def test_a_repeated_contour_counts_once(repeat):
    cord, hole = disk(3.0, -25.0, 4.0), disk(3.0, -25.0, 1.5)
    area = shoelace(cord)
    assert resolved(cord, REPEATS[repeat](cord)) == pytest.approx(area, rel=0.002)
    ring = area - shoelace(hole)
    both = [REPEATS[repeat](p) for p in (cord, hole)]
    assert resolved(cord, hole, *both) == pytest.approx(ring, rel=0.002)


@pytest.mark.parametrize("repeat", REPEATS)
def test_a_contour_that_runs_round_twice_or_four_times_counts_once(repeat):
    cord = disk(3.0, -25.0, 4.0)
    twice = np.vstack([cord, REPEATS[repeat](cord)])
    if repeat == "with points between":
        twice = REPEATS[repeat](np.vstack([cord, cord]))
    assert resolved(twice) == pytest.approx(shoelace(cord), rel=0.002)
    assert resolved(np.vstack([cord] * 4)) == pytest.approx(shoelace(cord), rel=0.002)


def test_a_copy_rounded_to_whole_millimeters_does_not_cancel():
    cord = disk(3.2, -25.3, 4.0)
    assert resolved(cord, cord.round()) == pytest.approx(shoelace(cord), rel=0.12)


@pytest.mark.parametrize("left", [2, 4, 6])
def test_a_copy_with_points_left_out_is_no_hole(left):
    cord, hole = disk(3.0, -25.0, 6.0), disk(3.0, -25.0, 4.0)
    assert resolved(cord, cord[::left]) == pytest.approx(shoelace(cord), rel=0.002)
    ring = shoelace(cord) - shoelace(hole)
    assert resolved(cord, hole, cord[::left], hole[::left]) == pytest.approx(ring, rel=0.002)
    thinnest = disk(3.0, -25.0, 5.5)  # a wall of 0.5 mm is one
    assert resolved(cord, thinnest) == pytest.approx(shoelace(cord) - shoelace(thinnest), rel=0.01)


def test_contours_that_cross_are_united():
    square = rectangle(0, 0, 8, 8)
    assert resolved(square, rectangle(4, 4, 8, 8)) == pytest.approx(112, abs=0.3)
    assert resolved(square, rectangle(7, -1, 8, 3), rectangle(14, 0, 4, 8)) == pytest.approx(
        116, abs=0.3
    )
    assert resolved(square, rectangle(3, -2, 2, 12)) == pytest.approx(72, abs=0.3)  # a cross
    assert resolved(square, square + 0.7) == pytest.approx(2 * 64 - 7.3**2, abs=0.3)
    # a hole of two crossing bodies, and one of their overlap
    assert resolved(square, rectangle(4, 4, 8, 8), rectangle(1, 1, 2, 2)) == pytest.approx(
        108, abs=0.3
    )
    assert resolved(square, rectangle(4, 4, 8, 8), rectangle(5, 5, 2, 2)) == pytest.approx(
        108, abs=0.3
    )


def test_contours_that_touch_nest_or_are_combined_by_the_even_odd_rule_stay_so():
    square = rectangle(0, 0, 8, 8)
    assert resolved(square, rectangle(8, 2, 3, 3)) == pytest.approx(73)  # side by side
    assert resolved(square, rectangle(0, 2, 3, 3)) == pytest.approx(55)  # a hole at the edge
    assert resolved(square, rectangle(-0.02, 2, 3, 3)) == pytest.approx(55, abs=0.2)  # and over it
    assert resolved(square, rectangle(0.5, 0.5, 7, 7)) == pytest.approx(15)  # a thin wall
    assert resolved(disk(0, 0, 150), disk(0, 0, 149)) == pytest.approx(
        shoelace(disk(0, 0, 150)) - shoelace(disk(0, 0, 149)), rel=1e-3
    )
    assert resolved(square, rectangle(4, 4, 8, 8), unite=False) == pytest.approx(96)


@given(
    x=st.floats(-9.0, 9.0), y=st.floats(-9.0, 9.0), radius=st.floats(1.0, 9.0), turn=st.floats(0, 6)
)
def test_no_two_contours_ever_hold_less_than_their_difference(x, y, radius, turn):
    body, other = disk(0.0, 0.0, 5.0), disk(x, y, radius, 48, turn)
    small, large = sorted((shoelace(body), shoelace(other)))
    area = resolved(body, other)
    assert 0.97 * (large - small) <= area <= 1.01 * (large + small)
    apart = np.hypot(x, y)
    if abs(radius - 5.0) + 0.5 < apart < radius + 5.0 - 0.5:  # they cross: nothing is lost
        assert area >= 0.99 * large


def test_a_polygon_may_repeat_its_first_point():
    square = rectangle(0, 0, 2, 2)
    assert area([np.vstack([square, square[:1]])]) == pytest.approx(4.0)


def test_flat_polygons_enclose_nothing():
    assert area([np.array([[0.0, 1.0], [2.0, 1.0], [4.0, 1.0]])]) == 0.0
    there_and_back = np.array([[0.0, 0.0], [2.0, 2.0], [1.0, 1.0]])
    _, volume = sample([Plane(0.0, [there_and_back])], 2.0)
    assert volume.sum() == pytest.approx(0.0, abs=1e-9)


def test_slabs_end_half_way_or_half_a_slice_beyond():
    lower, upper = slabs(np.array([0.0, 2.0, 5.0, 14.0]), spacing=3.0)
    np.testing.assert_allclose(lower, [-1.5, 1.0, 3.5, 12.5])
    np.testing.assert_allclose(upper, [1.0, 3.5, 6.5, 15.5])


def test_samples_lie_inside_and_hold_the_volume():
    z = np.arange(0.0, 9.0, 3.0)
    contours = [
        np.column_stack([rectangle(-2, -1, 4, 2), np.full(4, height)]) for height in z[::-1]
    ]
    planes = planes_from_contours(contours)
    assert own_spacing(planes) == 3.0
    points, volume = sample(planes, 3.0)
    assert volume.sum() == pytest.approx(4 * 2 * 9)
    assert np.all(np.abs(points[:, 0]) < 2) and np.all(np.abs(points[:, 1]) < 1)
    assert points[:, 2].min() > -1.5 and points[:, 2].max() < 7.5
    center = (volume[:, None] * points).sum(axis=0) / volume.sum()
    np.testing.assert_allclose(center, [0.0, 0.0, 3.0], atol=0.01)


def test_contours_too_large_or_too_intricate_are_refused():
    with pytest.raises(ValueError, match="within 10 m"):
        planes_from_contours([np.full((3, 3), 1e6)])
    zigzag = np.column_stack([np.arange(4000.0), 9e3 * (np.arange(4000) % 2)])
    with pytest.raises(ValueError, match=r"too intricate|liters"):
        sample([Plane(0.0, [zigzag])], 1e-3)


def grid(**changes):
    values = dict(
        dose=np.arange(60.0).reshape(3, 4, 5),
        origin=np.array([10.0, 20.0, 30.0]),
        along_columns=np.array([1.0, 0.0, 0.0]),
        along_rows=np.array([0.0, 1.0, 0.0]),
        row_spacing=2.0,
        column_spacing=3.0,
        offsets=np.array([0.0, 2.0, 5.0]),
    )
    return DoseGrid(**(values | changes))


def test_stored_coordinates_are_voxel_centers():
    for frame, z in enumerate((30.0, 32.0, 35.0)):
        for row in range(4):
            for column in range(5):
                point = np.array([[10.0 + 3.0 * column, 20.0 + 2.0 * row, z]])
                assert grid().at(point)[0] == grid().dose[frame, row, column]


def test_dose_beyond_the_outermost_centers_is_unknown():
    outside = np.array([[9.9, 20, 30], [10, 26.1, 30], [22.1, 20, 30], [10, 20, 35.1]], float)
    assert np.isnan(grid().at(outside)).all()
    assert grid().at(np.array([[22.0, 26.0, 35.0]]))[0] == 59.0


@given(
    x=st.floats(0, 12), y=st.floats(0, 6), z=st.floats(0, 5), a=st.floats(-3, 3), b=st.floats(-3, 3)
)
def test_a_linear_dose_is_interpolated_exactly(x, y, z, a, b):
    frames, rows, columns = np.meshgrid([0.0, 2.0, 5.0], 2.0 * np.arange(4), 3.0 * np.arange(5),
                                        indexing="ij")  # fmt: skip
    linear = grid(dose=60.0 + a * columns + b * rows + frames)
    point = np.array([[10.0 + x, 20.0 + y, 30.0 + z]])
    assert linear.at(point)[0] == pytest.approx(60.0 + a * x + b * y + z)
