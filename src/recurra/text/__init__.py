"""Text preparation: tokenisers, vocabulary, encoder, word vectors; this page lists the public names.

Not here: nets and files. Import from the defining modules; nothing is computed on import.
"""

from recurra.text.detokenise import detokenise
from recurra.text.encoder import Encoded, TextEncoder, fit_encoder
from recurra.text.pad import pad, truncate
from recurra.text.stream import line_tokens, stream_ids, stream_vocabulary
from recurra.text.tokenise import count_tokens, tokenise
from recurra.text.vocabulary import EMPTY, EOS, PAD, SPECIAL_WORDS, UNK, Vocabulary, build_vocabulary

__all__ = [
    "EMPTY",
    "EOS",
    "PAD",
    "SPECIAL_WORDS",
    "UNK",
    "Encoded",
    "TextEncoder",
    "Vocabulary",
    "build_vocabulary",
    "count_tokens",
    "detokenise",
    "fit_encoder",
    "line_tokens",
    "pad",
    "stream_ids",
    "stream_vocabulary",
    "tokenise",
    "truncate",
]
