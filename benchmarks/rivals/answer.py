"""A fresh process that reads one model and answers texts: documents a second, and the most memory it held.

Run by benchmarks/rivals.py: `python benchmarks/rivals/answer.py WHO FOLDER TEXTS.json`. Not here: fitting.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from answerers import ANSWERERS

ROUNDS = 3


def main() -> None:
    """Print what was measured as JSON."""
    who, folder, file = sys.argv[1:]
    texts = json.loads(Path(file).read_text("utf-8"))
    answerer = ANSWERERS[who]()
    answerer.load(Path(folder))
    answerer.predict(texts[:2])
    seconds = []
    for _ in range(ROUNDS):
        # The process's own time: a machine busy with other work would tell of that work.
        began = time.process_time()
        answerer.predict(texts)
        seconds.append(time.process_time() - began)
    print(json.dumps({"documents_a_second": round(len(texts) / min(seconds)), "megabytes_of_memory": round(_peak())}))


def _peak() -> float:
    """The most memory that this program held, in megabytes."""
    # Not getrusage: its peak counts from before exec, when this process was a copy of the one that asks.
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6


if __name__ == "__main__":
    main()
