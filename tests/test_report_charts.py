"""Charts are well-formed SVG that follows the page's colours and shows what it was given."""

from __future__ import annotations

import math
import random
import re
from xml.etree import ElementTree

import matplotlib
import pytest

from recurra.errors import UsageError
from recurra.report.charts.curves import (
    Line,
    accuracy_against_loss,
    actual_against_predicted,
    actual_against_predicted_points,
    gradient_norms,
    learning_rates,
    lines,
)
from recurra.report.charts.scores import bars, calibration, confusion, histogram
from recurra.report.markup import inline_svg

SPACE = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> list[str]:
    """Parse the SVG and return the words in it, in order."""
    inline_svg(svg, "f1-")
    return ["".join(node.itertext()) for node in ElementTree.fromstring(svg).iter(f"{SPACE}text")]


def paths(svg: str, colour: str) -> list[list[tuple[float, float]]]:
    """Return the points of the curves stroked in a series' colour."""
    found = []
    for node in ElementTree.fromstring(svg).iter(f"{SPACE}path"):
        style = node.get("style", "")
        if f"stroke: var(--{colour}" in style and "fill: none" in style:
            pairs = re.findall(r"[ML] ?(-?[\d.]+) (-?[\d.]+)", node.get("d", ""))
            found.append([(float(x), float(y)) for x, y in pairs])
    return found


def samples() -> dict[str, str]:
    """Return one of each chart."""
    source = random.Random(5)
    x = list(range(1, 31))
    y = [math.exp(-value / 9) + source.gauss(0, 0.02) for value in x]
    return {
        "lines": lines(Line("a", x, y, [v - 0.1 for v in y], [v + 0.1 for v in y]), x_label="epoch", y_label="loss"),
        "accuracy": accuracy_against_loss(x, [1 - v for v in y], loss=y, val_accuracy=y, val_loss=y),
        "rates": learning_rates(x, [1e-3] * 30),
        "norms": gradient_norms(x, Line("rnn", [], [0.5**v for v in x]), Line("lstm", [], [0.0, *y[1:]])),
        "series": actual_against_predicted(x, y, predicted=[*[None] * 20, *y[20:]], test_from=20),
        "points": actual_against_predicted_points(y, y[::-1]),
        "bars": bars(["a", "b"], [0.81, 0.846], x_label="accuracy"),
        "confusion": confusion([[90, 10], [20, 80]], ["no", "yes"]),
        "calibration": calibration([0.6, 0.8], [0.5, 0.9], [10, 0]),
        "histogram": histogram(y, x_label="words", marker=0.5),
    }


@pytest.fixture(scope="module")
def charts() -> dict[str, str]:
    return samples()


def test_every_chart_can_be_inlined_and_is_the_same_twice(charts: dict[str, str]) -> None:
    again = samples()
    for name, svg in charts.items():
        assert texts(svg), name
        assert svg == again[name], name


def test_no_chart_has_a_background_or_a_colour_of_its_own(charts: dict[str, str]) -> None:
    for name, svg in charts.items():
        bare = re.sub(r"var\(--[a-z0-9-]+, #[0-9a-f]+\)", "", svg)
        assert re.findall(r"#[0-9a-f]{6}\b|white|black", re.sub(r'(?:id|href)="[^"]*"|url\([^)]*\)', "", bare)) == [], (
            name
        )


def test_charts_hold_no_dates_and_no_addresses(charts: dict[str, str]) -> None:
    for svg in charts.values():
        assert "metadata" not in svg
        assert re.findall(r"https?://[^\"]+", svg) == ["http://www.w3.org/2000/svg"]


def test_drawing_leaves_the_settings_of_matplotlib_as_they_were(charts: dict[str, str]) -> None:
    before = dict(matplotlib.rcParams)
    assert learning_rates([1, 2], [0.1, 0.2]) and len(charts) == 10
    assert dict(matplotlib.rcParams) == before


def test_accuracy_and_loss_share_one_picture_with_an_axis_each(charts: dict[str, str]) -> None:
    words = texts(charts["accuracy"])
    expected = ["training accuracy", "validation accuracy", "training loss", "validation loss", "accuracy", "loss"]
    assert [word in words for word in (*expected, "epoch")] == [True] * 7


def test_a_curve_goes_through_the_points_given() -> None:
    svg = lines(Line("a", [0, 1, 2], [0.0, 4.0, 1.0]), x_label="x", y_label="y")
    (curve,) = [points for points in paths(svg, "series-1") if len(points) == 3]
    (x0, y0), (x1, y1), (x2, y2) = curve
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.03)
    assert (y0 - y1) / (y0 - y2) == pytest.approx(4.0, abs=0.01)


def test_a_gap_in_a_series_stays_a_gap() -> None:
    svg = lines(Line("a", [0, 1, 2, 3, 4], [0.0, 1.0, None, 1.0, math.inf]), x_label="x", y_label="y")
    assert 'd="' in svg and any(len(points) == 3 for points in paths(svg, "series-1"))


def test_logarithmic_ticks_are_words_and_no_mathematics() -> None:
    svg = lines(Line("a", [1, 2, 3], [1e-9, 1e-3, 1e6]), x_label="x", y_label="y", log=True)
    assert any("⁻" in word for word in texts(svg)) and "$" not in svg


def test_dates_stand_along_the_axis_a_few_at_a_time() -> None:
    dates = [f"2024-{month:02}" for month in range(1, 13)]
    words = texts(actual_against_predicted(dates, [1.0] * 12, predicted=[1.5] * 12))
    assert [word for word in words if word.startswith("2024")] == dates[::2]


def test_the_test_part_is_shaded_only_where_it_is_told() -> None:
    plain, shaded = (
        actual_against_predicted([1, 2, 3], [1, 2, 3], predicted=[1, 2, 4], test_from=start) for start in (None, 2)
    )
    assert ("test part" in texts(plain), "test part" in texts(shaded)) == (False, True)


def test_labels_are_words_whatever_they_hold() -> None:
    hostile = "$\\frac{a}$ <b> \u202e \x00" + "z" * 90
    svg = bars([hostile, "漢字"], [1, 2])
    (shown,) = [word for word in texts(svg) if "frac" in word]
    assert shown.startswith("$\\frac{a}$ <b> \\u202e \\x00zz") and shown.endswith("…") and len(shown) == 40
    assert "漢字" in texts(svg)


def test_bars_write_their_values() -> None:
    assert {"0.810", "0.846"} <= set(texts(bars(["a", "b"], [0.81, 0.846], decimals=3)))


def test_confusion_writes_every_count() -> None:
    assert {"90", "10", "20", "80", "no", "yes", "true", "predicted"} <= set(
        texts(confusion([[90, 10], [20, 80]], ["no", "yes"]))
    )


def test_confusion_shades_by_the_share_of_the_true_label() -> None:
    svg = confusion([[3, 1], [0, 0]], ["no", "yes"])
    opacities = sorted(float(value) for value in re.findall(r"[ ;\"]opacity: ([\d.]+)", svg))
    assert opacities == [0.0, 0.0, 0.125, 0.375]


@pytest.mark.parametrize(
    "draw",
    [
        lambda: lines(x_label="x", y_label="y"),
        lambda: lines(Line("a", [1, 2], [1]), x_label="x", y_label="y"),
        lambda: lines(Line("a", [1, 2], [math.nan, None]), x_label="x", y_label="y"),
        lambda: lines(Line("a", [1], [1], axis="right"), x_label="x", y_label="y"),
        lambda: lines(Line("a", ["x"], [1]), x_label="x", y_label="y"),  # type: ignore[list-item]
        lambda: bars(["a"], [1, 2]),
        lambda: confusion([[1, 2]], ["a", "b"]),
        lambda: calibration([0.5], [0.5], [0]),
        lambda: actual_against_predicted([1, 2], [1, 2], predicted=[1]),
    ],
)
def test_a_chart_that_cannot_be_drawn_is_refused_in_one_line(draw) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UsageError) as problem:
        draw()
    assert "\n" not in str(problem.value)
