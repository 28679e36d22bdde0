"""Forecasts without a fit: `recurra forecast FILE --horizon H`, on series that the forecaster in the box never saw.

M4 hourly and weekly whole, every second series of M3 and the second half of M4 yearly (benchmarks/pretraining/bank.py
leaves them out), and the airline passengers. The season is found in the file. MASE is a mean over series, beside that
of the net alone, of batched Theta and of the seasonal naive; then how quick the net is: 512 values to 24, one thread.
Run: `python benchmarks/zero_shot.py`, with RECURRA_DATA. It writes results/zero-shot.json.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pretraining.bank import m3_file, seen_m3, seen_yearly
from series_sets import FILES, SeriesSet, series_set
from smoke import sized
from writing import write_result

from recurra.datasets.series.files import read_series
from recurra.panels.classics import classics
from recurra.panels.series import panel_of
from recurra.tasks.panels import box_series, untaught

STEPS, AHEAD = 512, 24
"""Of the series that speed is measured on."""


def main() -> None:
    """Measure all sets, and the speed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    sets = {}
    for name in sized(list(FILES), ["airline"]):
        sets[name] = measured(unseen(name))
        print(name, sets[name], flush=True)
    counted = [told for name, told in sets.items() if name != "airline"] or list(sets.values())
    means = {
        kind: round(math.exp(np.mean([math.log(told[kind] / told["seasonal_naive"]) for told in counted])), 4)
        for kind in ("net_alone", "mase", "theta")
    }
    figures = {"sets": sets, "relative_to_seasonal_naive": means, "series_per_second": speed()}
    write_result("zero-shot", figures, seeds=[0])


def unseen(name: str) -> SeriesSet:
    """Return the series of a panel that were not learnt from."""
    rows = series_set(name)
    kept = list(range(len(rows.ids)))
    if name.startswith("M3"):
        # Series of all frequencies stand in one file, of which every second was learnt from.
        seen = {str(one) for one in seen_m3(pd.read_parquet(m3_file())).id}
        kept = [row for row in kept if rows.ids[row] not in seen]
    elif name == "M4 yearly":
        kept = kept[len(seen_yearly(kept)) :]
    return replace(
        rows,
        ids=[rows.ids[row] for row in kept],
        train=[rows.train[row] for row in kept],
        test=[rows.test[row] for row in kept],
    )


def measured(rows: SeriesSet) -> dict[str, Any]:
    """Return the figures of one set."""
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(scratch) / "series.csv"
        rows.csv(path, whole=False)
        table = read_series(path)
        began = time.process_time()
        model, _ = untaught(table, horizon=rows.horizon)
        figures = model.coming(table, steps=rows.horizon, levels=[80])
        seconds = time.process_time() - began
    panel = panel_of(rows.train, model.encoder.config.season)
    alone = model.nets(panel)["pretrained"][:, :, 4]
    simple = classics(panel_of(rows.train, rows.season), season=rows.season, horizon=rows.horizon)
    return {
        "series": len(rows.ids),
        "season_found": model.encoder.config.season,
        "mase": rows.mase(figures[""]),
        "net_alone": rows.mase(alone),
        "theta": rows.mase(simple["theta"]),
        "seasonal_naive": rows.mase(simple["seasonal naive"]),
        "shares": model.encoder.shares,
        "inside_80": rows.inside(figures),
        "processor_seconds": round(seconds, 1),
    }


def speed() -> int:
    """Return series a second: 512 values to 24, by the net alone."""
    random = np.random.default_rng(0)
    panel = panel_of(list(random.standard_normal((sized(2000, 8), STEPS)).cumsum(axis=1) + 100), AHEAD)
    model = box_series()
    model = replace(
        model,
        encoder=replace(
            model.encoder, config=model.encoder.config.model_copy(update={"season": AHEAD, "horizon": AHEAD})
        ),
    )
    rates = []
    for _ in range(3):
        began = time.perf_counter()
        model.nets(panel)
        rates.append(len(panel) / (time.perf_counter() - began))
    return round(sorted(rates)[1])


if __name__ == "__main__":
    main()
