"""Token text for language models: one long stream of ids with <eos> after each line or text.

Not here: batches of parallel streams (batches) and the reading of files (datasets).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from recurra.config import TextConfig
from recurra.errors import DataError
from recurra.text.encoder import TextEncoder
from recurra.text.tokenise import count_tokens
from recurra.text.vocabulary import EOS, SPECIAL_WORDS, Ids, Vocabulary, build_vocabulary


def line_tokens(text: str) -> list[str]:
    """Return the tokens of a text tokenised beforehand (WikiText, Penn Treebank): white space parts them, <eos> ends
    each line, empty lines included; `<unk>` in the text is the unknown word itself (Merity et al. 2016).
    """
    if text and not text.endswith("\n"):
        text += "\n"
    return text.replace("\n", f" {SPECIAL_WORDS[EOS]} ").split()


def stream_vocabulary(tokens: Sequence[str], config: TextConfig) -> Vocabulary:
    """Return the vocabulary of a training stream; raises DataError where no word is frequent enough."""
    return build_vocabulary(Counter(tokens), max_words=config.max_words, min_count=config.min_count)


def stream_encoder(texts: Iterable[str], config: TextConfig) -> TextEncoder:
    """Learn the encoder of raw training texts, as `fit_encoder` does."""
    counts = count_tokens(texts, config)
    return TextEncoder(config, build_vocabulary(counts, max_words=config.max_words, min_count=config.min_count))


def stream_ids(texts: Iterable[str], encoder: TextEncoder) -> Ids:
    """Return the ids of all raw texts in one array (tokens,), uncut, with <eos> after each text.

    Raises DataError where there is no text.
    """
    end = np.array([EOS], dtype=np.int32)
    some = [ids for whole in encoder.encode_whole(texts) for ids in (whole, end)]
    if not some:
        raise DataError("no text to model", allowed="one text or more")
    return np.concatenate(some)
