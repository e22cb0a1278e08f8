import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radsim.radiobiology.recovery import CEILING, HALF_TIME, RecoveryRule, recovered_share

RULES = RecoveryRule.__args__


def test_the_step_rule_agrees_with_another_tool():
    # subbumishra92/reirradiation-eqd2-calculator; another tool goes on to 0.65 at 30 months
    months = np.array([3.0, 9.0, 18.0, 30.0])
    assert recovered_share("25-50", months).tolist() == [0.0, 0.25, 0.5, 0.5]


def test_exponential_recovery_agrees_with_another_tool():
    # kalyan2031990/radiobiocalc_app, half-time of 6 months without a residual
    months = np.array([3.0, 9.0, 18.0, 30.0])
    expected = [0.2928932188, 0.6464466094, 0.875, 0.96875]
    share = recovered_share("half-time", months * HALF_TIME / 6.0) / CEILING
    np.testing.assert_allclose(share, expected, atol=1e-9)


def test_the_half_time_rule_gives_the_published_shares():
    share = recovered_share("half-time", np.array([6.0, 12.0, 24.0]))
    np.testing.assert_allclose(share, [0.127, 0.234, 0.4], atol=5e-4)


def test_the_linear_rule_starts_at_70_days_and_joins_the_steps():
    months = np.array([0.0, 2.2, 6.0, 9.0, 12.0, 60.0])
    np.testing.assert_allclose(
        recovered_share("25-50-linear", months), [0.0, 0.0, 0.25, 0.375, 0.5, 0.5], atol=1e-12
    )


@pytest.mark.parametrize("rule", RULES)
@given(first=st.floats(0, 240), second=st.floats(0, 240))
def test_recovery_lies_between_0_and_1_and_never_goes_back(rule, first, second):
    earlier, later = recovered_share(rule, np.array(sorted([first, second])))
    assert 0.0 <= earlier <= later <= 1.0


def test_an_unknown_rule_is_refused_by_name():
    with pytest.raises(ValueError, match="no recovery rule 'some'; there are: 25-50"):
        recovered_share("some", np.array([1.0]))
