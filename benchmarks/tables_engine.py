"""The tables of the native engine: its speed beside torch and others, and what other cells and precisions reach.

Not here: measuring (speed.py, cells.py, precision.py, heat.py).
"""

from __future__ import annotations

from pathlib import Path

from markdown import MISSING, Record, Rows, made_by, percent, read, span, table
from processors import MAIN, measured

PARTS = {
    "layers": "forward and backward, 64 × 256, 100 → 128: {}, torch",
    "bf16": "the same with products of bfloat16, both: {}, torch",
    "reviews": "the same on real reviews, torch: {}",
    "reviews_keras": "the same on real reviews, Keras padded to 500: {}",
    "whole_step": "a whole step of a GRU classifier, 50,000 words, loss on the last state: {}",
    "parallel": "forward and backward: {} beside our LSTM",
    "table": "answers over real reviews, words from the table of projected ones, beside a product a token: {} → 128",
    "distinct": "real reviews, each distinct word multiplied once, beside a row for each token: {} → 128",
    "held": "both held to AVX2: {}, torch",
}


def engine(results: Path) -> str:
    """The native engine beside others, its share of the processor's peak, and its memory."""
    header = ("work", "native", "the other", "ratio")
    record = read(results, f"speed/{MAIN}")
    if record is None:
        return table(header, [("layers, real reviews, inference", MISSING, MISSING, MISSING)])
    rows: Rows = []
    for part, title in PARTS.items():
        rows += [_row(title.format(name), one) for name, one in record.get(part, {}).items()]
    if "tutorial" in record:
        told = "a tutorial's LSTM classifier with PackedSequence, one import changed; losses differ by at most "
        rows.append(_row(f"{told}{record['tutorial']['largest_difference_of_losses']:.0e}", record["tutorial"]))
    for name, several in record.get("inference", {}).items():
        rows += [_row(f"forward alone: {name}, {rival}", one) for rival, one in several.items()]
    shares = ", ".join(f"{name} {100 * share:.0f} %" for name, share in record.get("shares", {}).items())
    rows.append(("share of the float32 peak, training", shares, f"peak {record['peak_gflops']:.0f} GFLOP/s", ""))
    memory = ", ".join(f"{name} {size:.0f} MB" for name, size in record.get("memory", {}).items())
    rows.append(("memory that training steps of an LSTM layer add", memory, "", ""))
    if record.get("epoch"):
        seconds = ", ".join(f"{name} {min(record['epoch'][name]):.1f} s" for name in ("float32", "bf16"))
        rows.append((f"an epoch over {record['epoch']['reviews']:,} IMDB reviews, bidirectional GRU", seconds, "", ""))
    rows += _heat(results)
    return table(header, rows) + _made_by(record)


def sessions(results: Path) -> str:
    """Steps of sessions beside those of others, drawn tokens, streams, and the slowest steps."""
    header = (
        "one call through Python, microseconds",
        "session",
        "`out=`",
        "int8",
        "int8, `out=`",
        "ONNX Runtime",
        "before",
    )
    record = read(results, "sessions")
    if record is None:
        return table(header, [("a step of an LSTM", MISSING, "", "", "", "", "")])
    columns = ("float32", "float32, into an array", "int8", "int8, into an array", "ONNX Runtime, bound", "before")
    rows: Rows = [
        (f"a step of an LSTM, {name}", *(f"{one[column]:.1f}" for column in columns))
        for name, one in record["step"].items()
    ]
    for name, one in record["generate"].items():
        told = f"{one['all']:.0f} (top_k=40: {one['top_k=40']:.0f}, top_p=0.9: {one['top_p=0.9']:.0f})"
        rows.append(
            (f"a token of `generate`, {name}", told, "", f"{one['all, int8']:.0f}", "", "", f"{one['before']:.0f}")
        )
    many = {
        name: f"{one['tokens a second, median'] / 1e6:.1f} million tokens/s" for name, one in record["streams"].items()
    }
    rows.append(("10,000 streams, LSTM of 64 units", many["float32"], "", many["int8"], "", "", ""))
    points = record["tail"]
    for name, one in {"steps of 40 units": points, "sums of 40 numbers by NumPy": points.get("a sum by NumPy")}.items():
        if one:
            told = ", ".join(f"{at} {one[at]:.1f}" for at in ("median", "p99", "p99.9", "p99.99"))
            rows.append((f"200,000 {name}, by the clock", "", told, "", "", "", ""))
    return table(header, rows) + made_by(record, "one thread")


def rtneural(results: Path) -> str:
    """Steps of a session beside RTNeural's."""
    record = read(results, "rtneural")
    columns = ("RTNeural, C++", "Recurra, many steps a call", "Recurra, through Python")
    header = ("a step of an LSTM, microseconds", *columns)
    if record is None:
        return table(header, [("32 units", MISSING, "", "")])
    return table(
        header, [(name, *(f"{one[column]:.1f}" for column in columns)) for name, one in record["step"].items()]
    ) + made_by(record, "one thread")


def voice(results: Path) -> str:
    """How many live streams of an imported voice detector one core keeps up with, beside ONNX Runtime."""
    header = ("streams in one call", "µs a chunk", "ONNX Runtime", "live streams a core", "ONNX Runtime")
    record = read(results, "voice")
    if record is None:
        return table(header, [("1", MISSING, MISSING, MISSING, MISSING)])
    rows: Rows = []
    for streams, one in record["streams"].items():
        both = [one[name] for name in ("recurra", "onnxruntime")]
        rows.append(
            (streams, *(f"{each['least_us']:.1f}" for each in both), *(f"{each['live_streams']:,}" for each in both))
        )
    return table(header, rows) + _made_by(record)


def profile(results: Path) -> str:
    """Where a whole training step of the text classifier goes."""
    record = read(results, f"speed/{MAIN}")
    if record is None or "profile_step" not in record:
        return table(("a whole step of the text classifier", "ms"), [("parts of a step", MISSING)])
    nets = record["profile_step"]
    parts = list(next(iter(nets.values()))["shares"])
    rows: Rows = [
        (name, f"{1000 * one['seconds']:.1f}", *(f"{100 * one['shares'][part]:.1f} %" for part in parts))
        for name, one in nets.items()
    ]
    header = ("a whole step of the text classifier", "ms", *parts)
    return table(header, rows) + _made_by(record)


def processors(results: Path) -> str:
    """The main ratios on every processor that was measured."""
    records = [one for name in measured(results, "speed") if (one := read(results, f"speed/{name}"))]
    names = [f"{one['versions']['processor']}, {one['engine']}" for one in records]
    header = ("times as quick as the other", *(names or ["a processor"]))
    rows: Rows = [(title, *([_ratio(one, path) for one in records] or [MISSING])) for title, path in RATIOS.items()]
    if records:
        rows.append(("peak, float32", *(f"{one['peak_gflops']:.0f} GFLOP/s" for one in records)))
    return table(header, rows) + "".join(_made_by(one) for one in records)


RATIOS = {
    "a simple RNN's training, torch": ("layers", "rnn"),
    "a GRU's training, torch": ("layers", "gru"),
    "an LSTM's training, torch": ("layers", "lstm"),
    "an LSTM's training, bfloat16, torch": ("bf16", "lstm"),
    "a GRU's training, bfloat16, torch": ("bf16", "gru"),
    "an LSTM over real reviews, torch packed": ("reviews", "lstm packed"),
    "an LSTM over real reviews, torch sorted by length": ("reviews", "lstm sorted"),
    "a GRU over real reviews, torch sorted by length": ("reviews", "gru sorted"),
    "an LSTM over real reviews, Keras padded to 500": ("reviews_keras", "lstm"),
    "a GRU over real reviews, Keras padded to 500": ("reviews_keras", "gru"),
    "a whole step of a GRU classifier, plain PyTorch": ("whole_step", "float32 against plain PyTorch"),
    "an LSTM's answers, 128 units, batch 64, torch": ("inference", "lstm 128 batch 64", "torch float32"),
    "an LSTM's answers, 128 units, batch 1, torch": ("inference", "lstm 128 batch 1", "torch float32"),
}
"""What stands in the short table, and where a record keeps it."""


def _ratio(record: Record, path: tuple[str, ...]) -> str:
    for key in path:
        record = record.get(key, {})
    return f"{record['ratio']:.2f} ×" if record else MISSING


def _made_by(record: Record) -> str:
    return made_by(record, f"engine {record['engine']}, {record['threads']} threads")


def _row(name: str, one: dict[str, float]) -> tuple[str, str, str, str]:
    ours, theirs = (f"{1000 * one[which]:.1f} ms" for which in ("seconds", "rival_seconds"))
    return name, ours, theirs, f"{one['ratio']:.2f} ×"


def _heat(results: Path) -> Rows:
    record = read(results, f"heat/{MAIN}")
    if record is None:
        return []
    name = f"{record['cells']} widths, batches, lengths, threads (`benchmarks/heat.py`)"
    lost = f"slower than torch in {percent(record['native_under_1'])} of them, at worst {record['lowest_native']:.2f} ×"
    return [(name, lost, f"routed: at worst {record['lowest_routed']:.2f} ×", "")]


def cells(results: Path) -> str:
    """Accuracy of other cells and precisions on IMDB, by the sentiment lab's recipe."""
    header = ("IMDB, the sentiment lab's recipe", "test accuracy", "over seeds")
    record = read(results, "cells")
    if record is None:
        return table(header, [("cells and precisions", MISSING, "")])
    rows: Rows = []
    for name, one in record["nets"].items():
        accuracies = [100 * value for value in one["test_accuracy_by_seed"]]
        cell, precision = name.split("-")
        spread = span(accuracies, 2, " %")
        rows.append((f"{cell}, {precision}", percent(one["test_accuracy"]), spread))
    return table(header, rows) + made_by(record)


def precisions(results: Path) -> str:
    """What one net, trained in float32, answers in each precision."""
    header = (
        "IMDB, one GRU, answered in",
        "test accuracy",
        "points lost",
        "answers changed",
        "largest change of a probability",
    )
    record = read(results, "precision")
    if record is None:
        return table(header, [("float32, bf16, int8", MISSING, "", "", "")])
    rows: Rows = []
    for name, one in record["precisions"].items():
        changed = f"{one['answers_changed']:,} of {record['reviews']:,}"
        told = (f"{one['points_lost']:.2f}", changed, f"{one['largest_change']:.3f}")
        rows.append((name, percent(one["test_accuracy"]), *(told if name != "float32" else ("", "", ""))))
    return table(header, rows) + made_by(record, f"engine {record['engine']}")


def activations(results: Path) -> str:
    """The relative errors of activations and of layers fed with small inputs, by instruction set."""
    header = ("largest relative error", "tanh", "σ", "tanh, bf16 and int8", "σ, bf16 and int8", "layers")
    record = read(results, "activations")
    if record is None:
        return table(header, [("every instruction set", MISSING, "", "", "", "")])
    rows: Rows = []
    for name, kinds in record["activations"].items():
        exact, quick = kinds["float32"], [kinds[precision] for precision in ("bf16", "int8") if precision in kinds]
        both = (f"{max(one[key] for one in quick):.0e}" if quick else "—" for key in ("tanh", "sigmoid"))
        layers = max(record["layers"][name].values())
        rows.append((name, f"{exact['tanh']:.1e}", f"{exact['sigmoid']:.1e}", *both, f"{layers:.1e}"))
    return table(header, rows) + made_by(record)


def streams(results: Path) -> str:
    """What a line of `recurra stream` costs early and late, and the memory then."""
    header = ("stream", "lines", "a line, early", "a line, late", "memory, early", "memory, late")
    record = read(results, "streams")
    if record is None:
        return table(header, [("every kind", MISSING, "", "", "", "")])
    rows: Rows = [
        (
            name,
            f"{row['lines']:,}",
            *(f"{row[when] / 1000:.2f} ms" for when in ("early", "late")),
            *(f"{row[f'megabytes {when}']:.1f} MB" for when in ("early", "late")),
        )
        for name, row in record["streams"].items()
    ]
    return table(header, rows) + made_by(record, "time of one processor")
