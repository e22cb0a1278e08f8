"""What a metric of a dose-volume histogram may be called, and what is said of other names."""

import pytest

from radsim.vocabulary.dose_metrics import Metric, parse_metric


@pytest.mark.parametrize(
    ("text", "metric"),
    [
        ("D98", Metric("dose_at_share", 0.98)),
        ("D99.5%", Metric("dose_at_share", 0.995)),
        ("D0.03%", Metric("dose_at_share", 0.0003)),
        ("D0", Metric("dose_at_share", 0.0)),
        ("max", Metric("dose_at_share", 0.0)),
        ("D100", Metric("dose_at_share", 1.0)),
        ("D2.5cc", Metric("dose_at_volume", 2.5)),
        ("V20Gy", Metric("share_above", 20.0)),
        ("V20.5Gy_cc", Metric("volume_above", 20.5)),
        ("mean", Metric("eud", 1.0)),
        ("gEUD(-10)", Metric("eud", -10.0)),
        ("DVH", None),
        ("prescription", None),
    ],
)
def test_every_form_is_read(text, metric):
    parsed = parse_metric(text)
    assert parsed == metric
    assert (parsed and parsed.number) == pytest.approx(metric and metric.number)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("D0.03", r"^no metric 'D0.03'; did you mean 'D0.03cc'\? As a share, 'D0.03%'$"),
        ("D0.1", "did you mean 'D0.1cc'"),
        ("V20", r"^no metric 'V20'; did you mean 'V20Gy'\?$"),
        ("D101", "at most 100 %"),
        ("D0cc", "must not be 0"),
        ("V0Gy", "must not be 0"),
        ("gEUD(0)", "must not be 0"),
        ("D9x", r"^no metric 'D9x'; known: D98 \(in %\), D0.03cc, V20Gy \(share\), V20Gy_cc, mean"),
        ("d98", "known: D98"),
        ("", "known: D98"),
    ],
)
def test_what_is_no_metric_is_said_in_one_line(text, message):
    with pytest.raises(ValueError, match=message):
        parse_metric(text)


def test_only_003cc_is_the_hot_spot():
    assert parse_metric("D0.03cc").is_hot_spot
    assert not any(parse_metric(text).is_hot_spot for text in ("D0.035cc", "D3", "D0", "V0.03Gy"))
