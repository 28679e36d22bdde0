"""Monthly totals of international airline passengers in thousands, 1949 to 1960 (Box & Jenkins 1976, series G).

Not here: any other series; these 144 numbers are small enough to travel with the package.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recurra.datasets.series.notations import Notation
from recurra.datasets.series.rhythms import infer
from recurra.datasets.series.table import SeriesColumns, SeriesTable

# fmt: off
# One number a month, January 1949 to December 1960.
VALUES: tuple[int, ...] = (
    112, 118, 132, 129, 121, 135, 148, 148, 136, 119, 104, 118,  # 1949
    115, 126, 141, 135, 125, 149, 170, 170, 158, 133, 114, 140,  # 1950
    145, 150, 178, 163, 172, 178, 199, 199, 184, 162, 146, 166,  # 1951
    171, 180, 193, 181, 183, 218, 230, 242, 209, 191, 172, 194,  # 1952
    196, 196, 236, 235, 229, 243, 264, 272, 237, 211, 180, 201,  # 1953
    204, 188, 235, 227, 234, 264, 302, 293, 259, 229, 203, 229,  # 1954
    242, 233, 267, 269, 270, 315, 364, 347, 312, 274, 237, 278,  # 1955
    284, 277, 317, 313, 318, 374, 413, 405, 355, 306, 271, 306,  # 1956
    315, 301, 356, 348, 355, 422, 465, 467, 404, 347, 305, 336,  # 1957
    340, 318, 362, 348, 363, 435, 491, 505, 404, 359, 310, 337,  # 1958
    360, 342, 406, 396, 420, 472, 548, 559, 463, 407, 362, 405,  # 1959
    417, 391, 419, 461, 472, 535, 622, 606, 508, 461, 390, 432,  # 1960
)
# fmt: on


def load_airline() -> tuple[np.ndarray, np.ndarray]:
    """Return (months as datetime64[M] (144,), passengers in thousands as float64 (144,))."""
    months = np.arange(np.datetime64("1949-01", "M"), np.datetime64("1961-01", "M"))
    return months, np.array(VALUES, dtype=np.float64)


def is_airline(source: str) -> bool:
    """Tell whether a source is the airline passengers; a file of that name comes first."""
    return source == "airline" and not Path(source).exists()


def airline_table() -> SeriesTable:
    """The 144 monthly numbers of airline passengers, 1949 to 1960, in thousands (Box & Jenkins 1976, series G)."""
    times, values = load_airline()
    # The series is whole; the mask is what every table has.
    missing = {"airline": np.zeros(len(values), np.bool_)}
    return SeriesTable(
        ["airline"],
        {"airline": times},
        {"airline": values},
        missing,
        SeriesColumns("", "ds", "y"),
        rhythms={"airline": infer(times)},
        notation=Notation(example="1949-01"),
    )
