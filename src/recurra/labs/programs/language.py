"""A language model: the record's recurrence on WikiText-2, from GloVe where it is there; some ten minutes.

Not here: tanh, GRU and LSTM, and what the lab asks of them (`recurra lab language`). It needs WikiText-2
(`recurra data get wikitext-2`) and writes a picture and a model beside itself.
"""

# %% Import the libraries.
from pathlib import Path

from recurra import LANGUAGE_SETTINGS, LanguageModel
from recurra.baselines.kneser_ney import fit_kneser_ney
from recurra.datasets.known.sets import find
from recurra.datasets.known.wikitext import load_wikitext2
from recurra.report.charts.curves import Line, lines
from recurra.text.encoder import fit_encoder
from recurra.text.stream import stream_ids

# %% Load WikiText-2: training, validation and test as published; the end of each line is the word <eos>.
train, validation, test = (part.removesuffix("\n").split("\n") for part in load_wikitext2())

# %% Number the words of the training part; pre-trained vectors are looked up for them.
settings = LANGUAGE_SETTINGS.changed({"tokens": "space", "lowercase": False})
encoder = fit_encoder(train, settings.text)
ids = stream_ids(train, encoder)
print(f"{len(ids)} tokens, {len(encoder.vocabulary)} words")

# %% Lay the text out as parallel streams and cut them into chunks; the state is carried from chunk to chunk.
print(f"{settings.training.streams} streams, chunks of {settings.training.steps} tokens")

# %% Build the network: word vector, recurrence, projection, scores of all words by their vectors.
settings = settings.changed({"cell": "rnn", "activation": "sigmoid"})
model = LanguageModel(vectors=find("glove"), random_state=0, config=settings)

# %% Train: cross-entropy of the next word; after each epoch the exact validation loss chooses the weights kept.
model.fit(train, validation_data=validation)
epochs = [epoch["epoch"] for epoch in model.history_]
curve = Line("validation", epochs, [epoch["val_perplexity"] for epoch in model.history_])
Path("perplexity.svg").write_text(lines(curve, x_label="epoch", y_label="perplexity"), encoding="utf-8")
model.save("language-model")

# %% Measure the test perplexity once, beside the trigram's on the same tokens.
held = stream_ids(test, encoder)
trigram = fit_kneser_ney(ids, words=len(encoder.vocabulary))
print(f"test perplexity {model.model_.perplexity(test, streams=8):.1f}")
print(f"Kneser-Ney trigram {trigram.perplexity(held[1:], context=held[:1].tolist()):.1f}")

# %% Ask for the next words of a prompt, and let the network write.
for word, share in model.next_words("The film was", count=5):
    print(f"{100 * share:5.1f} %  {word}")
print(model.generate("The film was", tokens=40, seed=1))
