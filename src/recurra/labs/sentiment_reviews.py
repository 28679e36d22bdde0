"""Reviews made up for the lab `sentiment`, so that no text of the data set stands on its page.

Not here: what a net answers to them (sentiment_samples.py).
"""

from __future__ import annotations

READ = (
    "I wanted to love this film. The first half is beautiful and the actors are wonderful, but then the story falls "
    "apart, the jokes get stale, and by the end I was only bored. Not recommended."
)
"""The review that is read word by word: it changes its mind half way."""

MADE_UP: tuple[tuple[str, str], ...] = (
    ("positive", "A brilliant cast, a clever story and a wonderful ending. I loved every minute of it."),
    ("negative", "A terrible script and awful acting. One of the worst films I have ever seen."),
    ("positive", "I expected a boring film and a dull plot, and I was wrong on both counts: see it."),
    ("negative", "I expected a brilliant film and a great plot, and I was wrong on both counts: skip it."),
    ("positive", "It is not bad at all; in fact there is hardly a scene that I would want to miss."),
    ("negative", "It is not good, not funny, and not even well made."),
    ("negative", "If you have two hours to waste and enjoy watching paint dry, this is the film for you."),
    ("positive", "My children laughed, my mother cried, and on the way home nobody could stop talking about it."),
    ("negative", "Great actors, great music, great pictures, and still I kept looking at my watch."),
    ("positive", "Slow, sad and far too long, people say. I could have watched another hour."),
)
"""Labels and reviews: plain ones first, then contrast, negation, irony and reviews without a word of opinion."""

WORDS: tuple[tuple[str, ...], ...] = (
    ("great", "excellent", "wonderful", "brilliant", "superb", "good", "best"),
    ("terrible", "awful", "boring", "dull", "bad", "worst", "waste"),
    ("film", "plot", "actor"),
)
"""Words of the map: praise, blame, and words of neither."""

ASKED = ("good", "bad", "boring", "brilliant", "plot")
"""Words whose neighbours are told before and after training."""
