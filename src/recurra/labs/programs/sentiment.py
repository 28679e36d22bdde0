"""Sentiment of film reviews: the record's simple RNN on IMDB, with GloVe learned further; about two minutes.

Not here: the ladder from there and the experiments, which `recurra lab sentiment` runs. It needs IMDB and GloVe
(`recurra data get imdb`, `recurra data get glove`) and writes a picture and a model beside itself.
"""

# %% Import the libraries.
from pathlib import Path

from recurra import Settings, TextClassifier
from recurra.datasets.known.imdb import load_imdb
from recurra.datasets.known.sets import find
from recurra.datasets.splits import split
from recurra.report.charts.curves import accuracy_against_loss
from recurra.text.encoder import fit_encoder, pad

# %% Load the sequences: the IMDB data set.
imdb = load_imdb()
texts, labels = imdb.train.texts, imdb.train.labels or []
test = imdb.test.texts, imdb.test.labels or []
print(f"{len(texts)} reviews to learn from, {len(test[0])} to test on")


# %% Split the data: training, validation (other films), test (the official half, read once).
films = imdb.train.groups
parts = split(len(texts), labels=labels, groups=films, share=0.1, seed=0)
train = (
    [texts[row] for row in parts.train],
    [labels[row] for row in parts.train],
)
validation = (
    [texts[row] for row in parts.validation],
    [labels[row] for row in parts.validation],
)
print(f"{len(train[0])} to train, {len(validation[0])} for validation")

# %% Pad and truncate the sequences (a look: the lengths travel along, so that a net never sweeps pads).
settings = Settings().changed({"max_length": 200, "truncate": "tail"})
encoder = fit_encoder(train[0], settings.text)
matrix, lengths = pad(encoder.encode(train[0][:3]), 200)
print("the last ten of 200 places, of three reviews:")
print(matrix[:, -10:])
print("lengths:", lengths)

# %% Build a simple RNN model on pre-trained word vectors.
settings = settings.changed(
    {
        "cell": "rnn",
        "activation": "sigmoid",
        "hidden": 64,
        "pool": ["last"],
        "batch_size": 32,
        "optimiser": "adam",
        "learning_rate": 1e-3,
        "schedule": "constant",
        "monitor": "val_accuracy",
        "epochs": 20,
    }
)
glove = find("glove")
model = TextClassifier(vectors=glove, random_state=0, config=settings)

# %% Train; draw accuracy against training loss.
model.fit(*train, validation_data=validation)
history = model.history_
curves = {name: [epoch[name] for epoch in history] for name in history[0]}
names = ("loss", "val_accuracy", "val_loss")
picture = accuracy_against_loss(
    curves["epoch"],
    curves["accuracy"],
    **{name: curves[name] for name in names},
)
Path("accuracy-against-loss.svg").write_text(picture, encoding="utf-8")
accuracy, loss = curves["accuracy"][-1], curves["loss"][-1]
print(f"training accuracy {accuracy:.4f}, training loss {loss:.3f}")

# %% Keep the epoch that validation chooses; measure it on the test part, and predict.
right = model.score(*test)
print(f"epoch {model.best_epoch_} is kept: test accuracy {right:.4f}")
reviews = ["A quiet film, and a good one.", "It is dull, slow and far too long."]
print(list(zip(model.predict(reviews), reviews, strict=True)))
model.save("sentiment-model")
