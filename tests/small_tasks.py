"""Small tasks of each kind, for tests of training.

Not here: tests.
"""

from __future__ import annotations

import numpy as np
import torch

from recurra.config import NetConfig, TrainingConfig
from recurra.nets.layouts import classifier_net, forecast_net, language_net
from recurra.nets.learn import LearningNet
from recurra.tasks.heads.classes.learn import ClassLearner, Labelled
from recurra.tasks.heads.horizon.learn import HorizonLearner
from recurra.tasks.heads.next_token.learn import TokenLearner

WORDS = 12
NET = NetConfig(cell="gru", hidden=6, embedding_size=5, pool=("last", "mean"))
TRAINING = TrainingConfig(epochs=3, batch_size=4, learning_rate=0.01, schedule="constant", clip=0.0)


def texts(count: int, *, seed: int = 0) -> Labelled:
    """Texts whose label is whether word 3 stands in them."""
    random = np.random.default_rng(seed)
    made = [random.integers(0, WORDS, random.integers(1, 9)).astype(np.int32) for _ in range(count)]
    labels = np.array([int(3 in text) for text in made])
    return Labelled(made, labels, np.ones(count, np.float32))


def text_task(config: TrainingConfig, *, net: NetConfig = NET, train: Labelled | None = None) -> ClassLearner:
    torch.manual_seed(0)
    made = LearningNet(classifier_net(net, words=WORDS, labels=2), net)
    return ClassLearner(made, train or texts(24), texts(16, seed=1), config, 0)


def language_task(config: TrainingConfig, *, words: int = 40) -> TokenLearner:
    torch.manual_seed(0)
    net = NetConfig(cell="lstm", hidden=6, embedding_size=5)
    streams = np.random.default_rng(0).integers(0, words, (4, 60)).astype(np.int32)
    made = LearningNet(language_net(net, words=words), net)
    return TokenLearner(made, streams, streams[:, :20], config, 0)


def series_task(config: TrainingConfig, *, net: NetConfig = NET) -> HorizonLearner:
    """Windows of three values; the target is their last two."""
    windows = np.arange(30, dtype=np.float32).reshape(10, 3, 1) / np.float32(10)
    torch.manual_seed(0)
    made = LearningNet(forecast_net(net, horizon=2), net)
    return HorizonLearner(made, (windows, windows[:, 1:, 0]), None, config, 0)
