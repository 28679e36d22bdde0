"""Render tables from results/ between `<!-- table:NAME -->` and `<!-- /table -->`, in README.md and the docs.

Not here: measuring. A figure whose JSON is missing reads "not measured yet", never a guess. Run by `make tables`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from markdown import MISSING, Record, Rows, made_by, percent, read, span, table
from smoke import SMOKE
from tables_engine import (
    activations,
    cells,
    engine,
    precisions,
    processors,
    profile,
    rtneural,
    sessions,
    streams,
    voice,
)
from tables_series import forecasts, series_rivals, single_series
from tables_texts import own_texts, rivals

HERE = Path(__file__).parent
DOCS = HERE.parent / "docs"
PAGES = (
    HERE.parent / "README.md", *(DOCS / f"{name}.md" for name in ("performance", "engine", "text-classification",
                                                                   "forecasting", "importing", "streaming")),
)  # fmt: skip
MARKED = re.compile(r"(<!-- table:(?P<name>[a-z-]+) -->\n)(?P<body>.*?)(<!-- /table -->)", re.DOTALL)


def main() -> None:
    """Rewrite the pages where their tables differ from the results."""
    for page in PAGES:
        before = page.read_text(encoding="utf-8")
        after = rendered(before)
        if after != before and not SMOKE:
            page.write_text(after, encoding="utf-8")
        print(f"{page.name}: {'tables rewritten' if after != before else 'tables are up to date'}")


def rendered(text: str, results: Path = HERE / "results") -> str:
    """Return a text with all its marked tables rendered anew; raises KeyError for an unknown table."""
    return MARKED.sub(lambda found: found[1] + TABLES[found["name"]](results) + found[4], text)


def imdb(results: Path) -> str:
    """Steps of the lab sentiment's ladder beside NB-SVM."""
    header = ("IMDB, 25,000 test reviews", "test accuracy", "over seeds", "against NB-SVM, paired bootstrap")
    record = read(results, "lab-sentiment")
    if record is None:
        names = ("GRU, GloVe, the product's recipe", "the same with `wide=True`", "NB-SVM (1- to 3-grams)")
        return table(header, [(name, MISSING, "", "") for name in names])
    steps = {step["step"]: step for step in record["ladder"]}
    rival, against = record["rival"], record["against_rival"]
    low, high = 100 * against["low"], 100 * against["high"]
    told = f"{100 * against['difference']:+.2f} points ({low:+.2f} … {high:+.2f}), first seed"
    rows: Rows = [
        ("GRU, GloVe, the product's recipe", *_accuracy(steps["recipe"]["test_accuracy"]), told),
        ("the same with `wide=True`", *_accuracy(steps["wide"]["test_accuracy"]), ""),
        (f"{rival['name']}, {rival['seconds']:.0f} s", percent(rival["accuracy"]), "", ""),
    ]
    minutes = steps["recipe"]["seconds"]["mean"] / 60
    return table(header, rows) + made_by(record, f"{minutes:.0f} minutes of training a net")


def _accuracy(figures: Record) -> tuple[str, str]:
    return percent(figures["mean"]), span([100 * value for value in figures["by_seed"]], 2, " %")


def labs(results: Path) -> str:
    """What the three records state beside what was measured."""
    header = ("lab", "figure", "recorded", "measured", "over seeds")
    rows: Rows = [*_sentiment(results), *_language(results), *_next_value(results)]
    records = [read(results, f"lab-{name}") for name in ("sentiment", "language", "next-value")]
    return table(header, rows) + "".join(made_by(record) for record in records if record)


def _sentiment(results: Path) -> Rows:
    figures = (
        ("train_accuracy", "the record's net, training accuracy", "96 %", percent),
        ("train_loss", "… training loss", "0.09", lambda value: f"{value:.3f}"),
        ("val_accuracy", "… validation accuracy of the epoch kept", "—", percent),
        ("test_accuracy", "… test accuracy of the epoch kept", "—", percent),
        ("last_test_accuracy", "… test accuracy of the last epoch", "—", percent),
    )
    record = read(results, "lab-sentiment")
    if record is None:
        return [("sentiment", name, recorded, MISSING, "") for _, name, recorded, _ in figures]
    rows: Rows = []
    for key, name, recorded, shown in figures:
        literal = record["literal"][key]
        told = f"{shown(literal['least'])} … {shown(literal['most'])}" if len(literal["by_seed"]) > 1 else "1 seed"
        rows.append(("sentiment", name, recorded, shown(literal["mean"]), told))
    for step in record["ladder"][1:]:
        rows.append(("sentiment", f"{step['title']}, test accuracy", "—", *_accuracy(step["test_accuracy"])))
    return rows


def _language(results: Path) -> Rows:
    record = read(results, "lab-language")
    if record is None:
        return [("language", "LSTM, test perplexity on WikiText-2", "—", MISSING, "")]
    cell, rival = record["cells"]["lstm"], record["rival"]
    every = [*cell["test_perplexities"], *record.get("further_seeds", {}).get("lstm", [])]
    return [
        ("language", "LSTM, test perplexity on WikiText-2", "—", *_mean_and_span(every, 1)),
        ("language", f"{rival['name']}, same tokens", "—", f"{rival['perplexity']:.1f}", ""),
    ]


def _next_value(results: Path) -> Rows:
    record = read(results, "lab-next-value")
    literal, improved = "after [5, 6, 7], literal recipe", "after [5, 6, 7], improved, window held out"
    airline = "airline, 24 months ahead, MASE"
    if record is None:
        told = ((literal, "8.01"), (improved, "—"), (airline, "—"))
        return [("next-value", name, recorded, MISSING, "") for name, recorded in told]
    ahead, default = (record["airline"][kind] for kind in ("multi_step", "forecaster"))
    naive = record["airline"]["seasonal_naive_mase"]
    return [
        ("next-value", literal, "8.01", *_mean_and_span(record["literal_next_values"], 2)),
        ("next-value", improved, "—", *_mean_and_span(record["next_values"], 4)),
        ("next-value", airline, "—", *_mean_and_span(ahead["mases"], 2)),
        ("next-value", "… by the default of `fit series`", "—", *_mean_and_span(default["mases"], 2)),
        ("next-value", "… of the seasonal naive forecast", "—", f"{naive:.2f}", ""),
    ]


def _mean_and_span(values: Sequence[float], digits: int) -> tuple[str, str]:
    return f"{sum(values) / len(values):.{digits}f}", span(values, digits)


def speed(results: Path) -> str:
    """Start-up and tokenising."""
    header = ("what", "measured", "spread")
    startup, tokenise = read(results, "startup"), read(results, "tokenise")
    rows: Rows = []
    for key, name in (("help", "`recurra --help`"), ("predict", "`recurra predict --text`, 50,000 words × 100")):
        rows.append((name, MISSING, "") if startup is None else (name, *_seconds(startup[key])))
    name = "tokenising IMDB's 50,000 labelled reviews, one core"
    if tokenise is None:
        rows.append((name, MISSING, ""))
    else:
        rows.append((name, f"{tokenise['seconds']:.1f} s", f"{tokenise['processor_seconds']:.1f} s of processor time"))
    return table(header, rows) + "".join(made_by(record) for record in (startup, tokenise) if record)


def _seconds(figures: Record) -> tuple[str, str]:
    torch = "torch imported" if figures["torch_imported"] else "no torch imported"
    return f"{figures['median']:.2f} s, {torch}", f"{figures['lowest']:.2f} … {figures['highest']:.2f} s"


def footprint(results: Path) -> str:
    """What an installation without extras costs beside what was asked of it."""
    header = ("what", "measured", "asked")
    names = {
        "installed": ("installed beside NumPy, without extras", "at most 60 MB"),
        "recurra": ("`import recurra` beyond `import numpy`", "at most 150 ms"),
        "answers": ("all that answers about texts, beyond `import numpy`", "—"),
        "build": ("building the wheel with pip, native engine included", "under 90 s"),
    }
    record = read(results, "footprint")
    if record is None:
        return table(header, [(name, MISSING, asked) for name, asked in names.values()])
    build, imports = record["build"], record["imports"]
    told = {key: f"{1000 * imports[key]['beyond_numpy']:.0f} ms" for key in ("recurra", "answers")}
    told["installed"] = f"{record['installed']['megabytes']:.0f} MB"
    told["build"] = f"{build['seconds']:.0f} s, {build['processor_seconds']:.0f} s of processor time"
    return table(header, [(name, told[key], asked) for key, (name, asked) in names.items()]) + made_by(record)


def agreement(results: Path) -> str:
    """The largest difference of each path from the equations, over all cells."""
    names = {
        "native": "the native engine",
        "fused": "torch's fused kernels",
        "numpy": "the NumPy run",
        "torch_nn": "torch.nn's own modules",
        "alone": "each sequence alone",
        "chunks": "in chunks with carried state",
    }
    header = ("compared with the equations", "float32, at most 5e-6", "float64, at most 1e-12")
    record = read(results, "agreement")
    if record is None:
        return table(header, [(name, MISSING, MISSING) for name in names.values()])
    rows: Rows = [(name, *(_worst(record, key, precision) for precision in PRECISIONS)) for key, name in names.items()]
    cells = ", ".join(dict.fromkeys(row["cell"] for row in record["rows"]))
    return table(header, rows) + made_by(
        record, f"largest |a − b| / max(1, |b|) over {cells}, all their forms; ReLU LSTM: smaller weights"
    )


PRECISIONS = ("float32", "float64")


def _worst(record: Record, key: str, precision: str) -> str:
    found = [row.get(key) for row in record["rows"] if row["precision"] == precision]
    known = [value for value in found if value is not None]
    return f"{max(known):.1e}" if known else "—"


def steps(results: Path) -> str:
    """What each choice brings to a training step."""
    header = ("choice", "without", "with")
    names = {
        "allocator": ("glibc keeps its buffers: LSTM step, 64 texts of 256 tokens", "default", "kept"),
        "sigmoid": ("σ through torch's tanh kernel: simple RNN step", "plain", "torch"),
        "packed": ("ragged instead of PackedSequence: LSTM step", "packed", "ragged"),
        "padding": ("batches of like lengths: share of pads", "shuffled", "sorted"),
        "threads": ("one thread instead of two: step of a tiny net", "2", "1"),
    }
    record = read(results, "steps")
    if record is None:
        return table(header, [(name, MISSING, MISSING) for name, _, _ in names.values()])
    rows: Rows = [
        (name, *(_step(key, record[key][choice]) for choice in choices)) for key, (name, *choices) in names.items()
    ]
    return table(header, rows) + made_by(record)


def _step(key: str, value: float) -> str:
    return percent(value) if key == "padding" else f"{1000 * value:.1f} ms"


def reading(results: Path) -> str:
    """How long files take to read beside pandas, and how soon a pipe is answered."""
    names = {
        ("series", "days"): "300,000 rows of 100 series of days, CSV",
        ("series", "steps"): "… their times whole numbers",
        ("series", "missing"): "… a tenth of the values missing",
        ("series", "commas"): "… decimal commas",
        ("series", "minutes"): "300,000 minutes of one series, CSV",
        ("series", "parquet"): "300,000 rows of 100 series of days, Parquet",
        ("texts_read", "plain"): "100,000 labelled texts, CSV",
        ("texts_read", "quoted"): "… a quarter of them in quotes",
        ("texts_read", "jsonl"): "… JSON Lines",
    }
    header = ("file", "seconds", "of the processor", "pandas, checking nothing", "times pandas")
    record = read(results, "reading")
    if record is None:
        return table(header, [(name, MISSING, "", "", "") for name in names.values()])
    keys = ("seconds", "processor_seconds", "pandas_seconds")
    rows: Rows = []
    for (part, key), name in names.items():
        figures = record[part][key]
        rows.append((name, *(f"{figures[each]:.2f}" for each in keys), f"{figures['times_pandas']:.2f} ×"))
    late = ", ".join(f"{form} {figures['median_ms']:.1f} ms" for form, figures in record["pipe"].items())
    worst = max(figures["highest_ms"] for figures in record["pipe"].values())
    return table(header, rows) + made_by(record, f"a line of a pipe is answered after {late}; at most {worst:.1f} ms")


TABLES: dict[str, Callable[[Path], str]] = {
    "imdb": imdb,
    "labs": labs,
    "speed": speed,
    "engine": engine,
    "voice": voice,
    "processors": processors,
    "profile": profile,
    "cells": cells,
    "footprint": footprint,
    "precision": precisions,
    "agreement": agreement,
    "activations": activations,
    "steps": steps,
    "reading": reading,
    "streams": streams,
    "own-texts": own_texts,
    "rivals": rivals,
    "forecasts": forecasts,
    "series-rivals": series_rivals,
    "single-series": single_series,
    "sessions": sessions,
    "rtneural": rtneural,
}


if __name__ == "__main__":
    main()
