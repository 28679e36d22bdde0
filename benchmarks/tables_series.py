"""Tables of forecasts: ours on public panels over seeds, and beside other libraries' nets.

Not here: measuring (forecast.py, series_rivals.py), other tables (tables.py).
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from pathlib import Path

from markdown import MISSING, Record, Rows, made_by, made_on, read, table

STEPS = {"M4 weekly": 13, "M4 hourly": 48, "M4 yearly": 6, "M3 monthly": 18, "M3 quarterly": 8, "M3 yearly": 6,
         "airline": 24}  # fmt: skip
"""Steps that each panel asks for."""
CLASSICS = ("theta", "holt", "seasonal naive")


def forecasts(results: Path) -> str:
    """MASE and OWA of the forecaster on each panel beside the classics, what its intervals hold, and its time."""
    header = ("panel (series, steps)", "Recurra", "seeds", "OWA", "Theta", "damped Holt", "seasonal naive",
              "inside the 80 % interval, by third", "seconds: fit, forecast")  # fmt: skip
    record = read(results, "forecast")
    if record is None:
        return table(header, [(f"{name} ({steps})", MISSING, *[""] * 7) for name, steps in STEPS.items()])
    found = defaultdict[str, list[Record]](list)
    for key, row in record["sets"].items():
        found[key.rpartition(", seed ")[0]].append(row)
    rows: Rows = [_panel(name, found[name]) for name in STEPS if name in found]
    return table(header, rows) + made_by(record, "", made_on([*record["sets"].values()]))


def _panel(name: str, seeds: list[Record]) -> list[str]:
    first = seeds[0]
    held = (statistics.fmean(third) for third in zip(*(seed["inside_80"] for seed in seeds), strict=True))
    fit = statistics.fmean(seed["processor_seconds"] for seed in seeds)
    asked = [seed["forecast_seconds"]["processor"] for seed in seeds if "forecast_seconds" in seed]
    return [
        f"{name} ({first['series']:,}, {STEPS[name]})",
        f"**{_mean([seed['mase'] for seed in seeds])}**",
        str(len(seeds)),
        _mean([seed["owa"] for seed in seeds if "owa" in seed]),
        *(f"{first['classics'][kind]:.3f}" for kind in CLASSICS),
        ", ".join(f"{share:.0f}" for share in held),
        f"{fit:.0f}, {f'{statistics.fmean(asked):.0f}' if asked else MISSING}",
    ]


def _mean(values: list[float]) -> str:
    """The mean, and half of the way from the lowest to the highest."""
    if not values:
        return MISSING
    spread = f" ± {(max(values) - min(values)) / 2:.3f}" if len(values) > 1 else ""
    return f"{statistics.fmean(values):.3f}{spread}"


def series_rivals(results: Path) -> str:
    """MASE, seconds of the processor and memory of ours and of other libraries' nets on the same rows."""
    header = ("panel", "forecaster", "MASE", "OWA", "seconds of one core", "MB of memory", "learnt")
    record = read(results, "series-rivals")
    if record is None:
        return table(header, [(MISSING, *[""] * 6)])
    found = defaultdict[str, dict[str, Record]](dict)
    for key, row in record["sets"].items():
        name, who = key.rpartition(", seed ")[0].split(", ", 1)
        found[name][who] = row
    rows: Rows = []
    for name in (name for name in STEPS if name in found):
        best = min(row["mase"] for row in found[name].values())
        # Ours first, then by error.
        order = sorted(found[name].items(), key=lambda item: (item[0] != "Recurra", item[1]["mase"]))
        rows += [_rival(name, who, row, best) for who, row in order]
    return table(header, rows) + made_by(record, "", made_on([*record["sets"].values()]))


def _rival(name: str, who: str, row: Record, best: float) -> list[str]:
    shown = f"**{row['mase']:.3f}**" if row["mase"] == best else f"{row['mase']:.3f}"
    spent = f"{row['processor_seconds']:.0f}"
    return [name, who, shown, f"{row['owa']:.3f}", spent, f"{row['megabytes']:,}", row["note"]]


def single_series(results: Path) -> str:
    """Errors of one series at a time over the seasonal naive's, by kind, and what our intervals hold."""
    record = read(results, "single-series")
    if record is None:
        return table(("kind (series)",), [(MISSING,)])
    found = defaultdict[str, list[Record]](list)
    for key, row in record["sets"].items():
        found[key.rpartition(", seed ")[0]].append(row)
    who = list(next(iter(found.values()))[0]["ratios"])
    header = ("kind (series)", *who, "inside 80 %, by third", "inside 95 %", "seconds")
    rows: Rows = [_kind(name, each, who) for name, each in found.items()]
    every = [row for each in found.values() for row in each]
    logs = {one: [statistics.fmean(_logs(each, one)) for each in found.values()] for one in who}
    means = [f"**{math.exp(statistics.fmean(logs[one])):.3f}**" for one in who]
    rows.append(["all kinds alike", *means, *_inside(every), _seconds(every)])
    return table(header, rows) + made_by(record, "", made_on(every))


def _kind(name: str, seeds: list[Record], who: list[str]) -> list[str]:
    means = [f"{math.exp(statistics.fmean(_logs(seeds, one))):.3f}" for one in who]
    return [f"{name} ({seeds[0]['series']})", *means, *_inside(seeds), _seconds(seeds)]


def _logs(rows: list[Record], who: str) -> list[float]:
    return [math.log(ratio) for row in rows for ratio in row["ratios"][who]]


def _inside(rows: list[Record]) -> list[str]:
    """Percent held by third, each series alike."""
    count = sum(row["series"] for row in rows)
    held = {
        level: [sum(row["series"] * row[f"inside_{level}"][third] for row in rows) / count for third in range(3)]
        for level in (80, 95)
    }
    return [", ".join(f"{share:.0f}" for share in each) for each in held.values()]


def _seconds(rows: list[Record]) -> str:
    return f"{statistics.fmean(row['processor_seconds'] for row in rows):.0f}"
