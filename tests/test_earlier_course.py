import numpy as np
import pytest
from reference_cases import case

from radsim import lq


def test_what_a_new_course_may_give_after_an_earlier_one_agrees_with_a_public_tool():
    inputs, expected, tolerance = case("A22")
    ratio, (prior,) = inputs["ab"], inputs["prior"]
    earlier = lq.eqd2(*lq.equal_fractions(prior["D"], prior["n"]), ratio)
    room = inputs["limit_eqd2"] - (1 - prior["recovery"]) * earlier
    assert room == pytest.approx(expected["room"], abs=tolerance)
    doses = lq.equivalent_dose(room * (1 + 2 / ratio), np.array([1, 2, 3, 5]), ratio)
    assert doses == pytest.approx(expected["max_total"], abs=tolerance)


@pytest.mark.parametrize(
    ("recovered", "above", "below"),
    [(0.0, 9.27, 19.82), (0.25, 15.0, 23.66), (0.5, 19.54, 27.09)],
)
def test_five_fractions_after_30_gy_in_10_may_give_the_series_doses(recovered, above, below):
    # cumulative BED at alpha/beta 3 of 75 Gy above the conus and 106 Gy below
    earlier = lq.bed(*lq.equal_fractions(30.0, 10), 3.0)
    for limit, expected in ((75.0, above), (106.0, below)):
        found = lq.equivalent_dose(limit - (1 - recovered) * earlier, 5, 3.0)
        assert found == pytest.approx(expected, abs=0.006)
