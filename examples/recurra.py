"""The whole idea on one screen, with NumPy alone: a recurrent network reads a text word by word and tells its label.

    h_t = tanh(W x_t + U h_{t-1} + b)        the state: what was read so far, updated by each word
    p   = softmax(V h_T + c)                 the answer, from the state after the last word

It learns by back-propagation through time: the error of the answer goes back through every step that made it, each step
handing it on through U to the one before (Rumelhart, Hinton & Williams 1986; Werbos 1990). The package does the same
with other cells, many texts at once and a native engine; tests/test_examples.py holds both to the same numbers.

Run: `python examples/recurra.py`. It makes up short reviews and learns which are good, in a few seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Weights = dict[str, Array]
THINGS, GOOD, BAD = (
    ["film", "plot", "cast", "music"],
    ["good", "warm", "bright", "fine"],
    ["bad", "dull", "grey", "weak"],
)
WORDS = ["<unk>", "the", "was", "and", "not", "very", *THINGS, *GOOD, *BAD]
WIDTH, UNITS = 8, 16
"""Features of a word's vector, and of the state."""
BATCH, RATE = 16, 0.01
"""Texts between two changes of the weights, and how large a change is."""


def made_up_reviews(count: int, random: np.random.Generator) -> tuple[list[str], list[int]]:
    """Reviews such as "the film was not good and the cast was very dull", and 1 where their last judgement is good."""
    reviews, labels = [], []
    for _ in range(count):
        review = []
        for _ in range(random.integers(1, 4)):
            good, denied = random.random(2) < 0.5
            judged = random.choice(GOOD if good else BAD)
            review += ["and", "the", random.choice(THINGS), "was", "not" if denied else "very", judged]
        reviews.append(" ".join(review[1:]))
        labels.append(int(good != denied))
    return reviews, labels


def encode(review: str) -> list[int]:
    """The place of each word in WORDS; 0 for one that is not there."""
    return [WORDS.index(word) if word in WORDS else 0 for word in review.split()]


def new_weights(random: np.random.Generator) -> Weights:
    """Small random weights; U is orthogonal, so that a state keeps its length from step to step (Saxe et al. 2014)."""
    return {
        "E": random.normal(size=(len(WORDS), WIDTH)) * 0.5,
        "W": random.normal(size=(UNITS, WIDTH)) / np.sqrt(WIDTH),
        "U": np.linalg.qr(random.normal(size=(UNITS, UNITS)))[0],
        "b": np.zeros(UNITS),
        "V": random.normal(size=(2, UNITS)) / np.sqrt(UNITS),
        "c": np.zeros(2),
    }


def forward(weights: Weights, ids: Sequence[int]) -> tuple[Array, Array]:
    """Read a text: the states h_0 … h_T, (steps + 1, units), and the probability of each label, (2,)."""
    states = [np.zeros(UNITS)]
    for word in ids:
        x = weights["E"][word]
        states.append(np.tanh(weights["W"] @ x + weights["U"] @ states[-1] + weights["b"]))
    scores = weights["V"] @ states[-1] + weights["c"]
    odds = np.exp(scores - scores.max())
    return np.array(states), odds / odds.sum()


def backward(weights: Weights, ids: Sequence[int], states: Array, probabilities: Array, label: int) -> Weights:
    """The gradient of the loss -log p[label] of one text, for every weight."""
    gradients = {name: np.zeros_like(weight) for name, weight in weights.items()}
    of_scores = probabilities - np.eye(2)[label]  # softmax and logarithm together
    gradients["V"] += np.outer(of_scores, states[-1])
    gradients["c"] += of_scores
    of_state = weights["V"].T @ of_scores
    for step in range(len(ids), 0, -1):
        word, before, after = ids[step - 1], states[step - 1], states[step]
        of_sum = of_state * (1 - after**2)  # the slope of tanh, from what it gave
        gradients["W"] += np.outer(of_sum, weights["E"][word])
        gradients["U"] += np.outer(of_sum, before)
        gradients["b"] += of_sum
        gradients["E"][word] += weights["W"].T @ of_sum
        of_state = weights["U"].T @ of_sum  # on to the step before: this is "through time"
    return gradients


def loss_and_gradients(
    weights: Weights, texts: Sequence[Sequence[int]], labels: Sequence[int]
) -> tuple[float, Weights]:
    """The mean loss of some texts, and its gradient, cut to length 1 so that no step explodes (Pascanu et al. 2013)."""
    total, gradients = 0.0, {name: np.zeros_like(weight) for name, weight in weights.items()}
    for ids, label in zip(texts, labels, strict=True):
        states, probabilities = forward(weights, ids)
        total -= np.log(probabilities[label])
        for name, gradient in backward(weights, ids, states, probabilities, label).items():
            gradients[name] += gradient / len(texts)
    length = np.sqrt(sum((gradient**2).sum() for gradient in gradients.values()))
    return total / len(texts), {name: gradient / max(1.0, length) for name, gradient in gradients.items()}


def learn(
    weights: Weights,
    texts: Sequence[Sequence[int]],
    labels: Sequence[int],
    random: np.random.Generator,
    *,
    epochs: int = 5,
) -> Iterator[float]:
    """Change the weights in place by Adam (Kingma & Ba 2015); yields the mean loss of each epoch."""
    mean = {name: np.zeros_like(weight) for name, weight in weights.items()}
    square = {name: np.zeros_like(weight) for name, weight in weights.items()}
    step = 0
    for _ in range(epochs):
        losses = []
        for rows in np.array_split(random.permutation(len(texts)), len(texts) // BATCH):
            step += 1
            loss, gradients = loss_and_gradients(weights, [texts[row] for row in rows], [labels[row] for row in rows])
            losses.append(loss)
            for name, gradient in gradients.items():
                mean[name] += 0.1 * (gradient - mean[name])
                square[name] += 0.001 * (gradient**2 - square[name])
                fair, spread = mean[name] / (1 - 0.9**step), square[name] / (1 - 0.999**step)
                weights[name] -= RATE * fair / (np.sqrt(spread) + 1e-8)
        yield float(np.mean(losses))


def accuracy(weights: Weights, texts: Sequence[Sequence[int]], labels: Sequence[int]) -> float:
    """The share of texts whose likelier label is the right one."""
    right = [forward(weights, ids)[1].argmax() == label for ids, label in zip(texts, labels, strict=True)]
    return float(np.mean(right))


def main() -> None:
    """Learn from 600 made-up reviews, measure on 200 others, and read one word by word."""
    random = np.random.default_rng(0)
    reviews, labels = made_up_reviews(800, random)
    texts = [encode(review) for review in reviews]
    weights = new_weights(random)
    for epoch, loss in enumerate(learn(weights, texts[:600], labels[:600], random), start=1):
        print(
            f"epoch {epoch:2}  loss {loss:.3f}  accuracy on unseen {accuracy(weights, texts[600:], labels[600:]):.1%}"
        )
    print("\nWhat it would answer after each word:")
    review = "the film was not good and the music was not bad"
    ids = encode(review)
    for end, word in enumerate(review.split(), start=1):
        _, probabilities = forward(weights, ids[:end])
        print(f"{word:8} good {probabilities[1]:.3f}")


if __name__ == "__main__":
    main()
