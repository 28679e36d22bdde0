"""Tables of how well people's own texts are labelled: by the default beside linear models, and beside all rivals.

Not here: measuring (own_texts.py, rivals.py), and where tables stand (tables.py).
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from markdown import MISSING, Record, Rows, made_by, made_on, read, table
from writing import ON

WHO = ("Recurra", "NB-SVM", "TF-IDF", "MiniLM", "Keras' tutorial", "torch's tutorial")


def own_texts(results: Path) -> str:
    """Mean and spread over seeds of the default and of two linear models, at 1,000 rows and at all."""
    header = (
        "set",
        "rows",
        "seeds",
        "Recurra",
        "NB-SVM",
        "TF-IDF, logistic regression",
        "against the better one, 95 %",
        "processor, s",
    )
    record = read(results, "own-texts")
    if record is None:
        return table(header, [(MISSING, *[""] * 7)])
    runs = defaultdict[tuple[str, str], list[Record]](list)
    for key, figures in record["sets"].items():
        name, count, recipe, _ = key.split(", ")
        if recipe == "auto" and not count.startswith("200 "):
            runs[name, count].append(figures)
    machines = made_on([seed for seeds in runs.values() for seed in seeds])
    rows: Rows = [_over_seeds(name, seeds, machines[:1]) for (name, _), seeds in runs.items()]
    timed = "seconds are those of the first machine" if len(machines) > 1 else ""
    return table(header, rows) + made_by(record, timed, machines)


def _over_seeds(name: str, seeds: Sequence[Record], timed: Sequence[str]) -> Sequence[str]:
    shown = [_mean([seed["accuracy"][who] for seed in seeds]) for who in ("Recurra", "NB-SVM", "TF-IDF")]
    # The seed that does worst against its rival tells what a reader may count on.
    low, high = min(seed["against_best_rival"] for seed in seeds)
    # Seconds of two machines have no mean.
    seconds = [seed["processor_seconds"] for seed in seeds if not timed or seed[ON] in timed]
    spent = f"{statistics.fmean(seconds):.0f}" if seconds else MISSING
    return (name, f"{seeds[0]['rows']:,}", str(len(seeds)), *shown, f"{low:+.1f} … {high:+.1f}", spent)


def _mean(values: Sequence[float]) -> str:
    """The mean, and half of the way from the lowest to the highest."""
    spread = f" ± {(max(values) - min(values)) / 2:.1f}" if len(values) > 1 else ""
    return f"{statistics.fmean(values):.1f}{spread}"


def rivals(results: Path) -> str:
    """Accuracy of all on each set by the number of labels, and what their answers cost."""
    record = read(results, "rivals")
    if record is None:
        return table(("set", *WHO), [(MISSING, *[""] * len(WHO))])
    machines = made_on([*record["accuracy"].values(), *record["answering"].values()])
    return _accuracies(record, (100, 500, 1_000)) + "\n" + _costs(record) + made_by(record, "", machines)


def _accuracies(record: Record, counts: Sequence[int]) -> str:
    """One row a set; in each cell the accuracies by the number of labels, the best of each number marked."""
    found: dict[str, dict[tuple[str, int], float]] = defaultdict(dict)
    for key, figures in record["accuracy"].items():
        name, labels, _, who = key.split(", ")
        found[name][who, int(labels.split()[0])] = figures["accuracy"]
    rows: Rows = []
    for name, shares in found.items():
        best = {
            count: max((share for (_, of), share in shares.items() if of == count), default=0.0) for count in counts
        }
        cells = (", ".join(_marked(shares.get((who, count)), best[count]) for count in counts) for who in WHO)
        rows.append((name, *cells))
    return table((f"accuracy in %; {', '.join(f'{count:,}' for count in counts)} labels", *WHO), rows)


def _marked(value: float | None, best: float) -> str:
    if value is None:
        return MISSING
    return f"**{value:.1f}**" if value == best else f"{value:.1f}"


def _costs(record: Record) -> str:
    told = (
        ("documents_a_second", "documents a second, one core"),
        ("megabytes_on_disk", "MB on disk"),
        ("megabytes_of_memory", "MB of memory, answering"),
    )
    rows: Rows = []
    for length in ("short texts", "long texts"):
        held = {who: record["answering"].get(f"{length}, {who}") for who in WHO}
        if any(held.values()):
            for key, name in told:
                rows.append((f"{length}: {name}", *(f"{one[key]:,}" if one else MISSING for one in held.values())))
    return table(("answering, fitted on 1,000 labels", *WHO), rows)
