"""RNN, GRU and LSTM: torch.nn's own layers, swept by the native engine. Change the import, nothing else.

Not here: cells that torch does not have (layers/recurrent).

>>> from recurra.nn import LSTM  # doctest: +SKIP
>>> outputs, (hidden, cell) = LSTM(100, 128, batch_first=True)(padded, lengths=lengths)  # doctest: +SKIP

They are subclasses of torch's layers: the same arguments, the same names and layout of weights, the same outputs to
rounding, for padded input (with or without `lengths`) and for a PackedSequence. `reset` tells where episodes begin,
and `truncated` learns from long sequences a chunk at a time. One rule holds for all else: what the engine cannot follow
goes to torch's own forward, which computes it or refuses it in its own words. Under
`torch.autocast("cpu", torch.bfloat16)` products are of bfloat16, summed in float32; outputs stay float32.
"""

from recurra.nn.layers import GRU, LSTM, RNN, always_native
from recurra.nn.truncated import Chunk, truncated

__all__ = ["GRU", "LSTM", "RNN", "Chunk", "always_native", "truncated"]
