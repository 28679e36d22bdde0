"""Train `series`, the forecaster in the box: it forecasts series that it never saw, of any rhythm, without any fit.

It learns from invented series and from the training parts of the shared panels; processes of their own draw them. The
rate falls to zero over the last part of the budget, and a moving mean of the weights is kept, rounded to int8. Run:
`python benchmarks/pretrain_series.py [--minutes 720] [--piece 115] [--device auto] [--out FOLDER]`, with RECURRA_DATA.
A piece ends after so many minutes, and the next one goes on; on a GPU nine minutes are enough. Not here: the figures
(zero_shot.py).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pretraining.bank import bank
from pretraining.drawn import Feed
from smoke import SMOKE, sized
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset
from writing import PARTS

from recurra.artefact.folder import BOX
from recurra.config import SeriesConfig
from recurra.layers.patches.learn import PatchesNet
from recurra.layers.patches.run import PatchesSpec
from recurra.layers.recurrent.run import RecurrentSpec
from recurra.layers.segments.run import QUANTILES
from recurra.nets.panels import PanelNet
from recurra.panels.blend import USUAL_PRETRAINED
from recurra.tasks.heads.panel.encoder import PanelEncoder
from recurra.tasks.heads.panel.run import RunningPanel

TAIL = 6.0
"""Loss beyond which only its logarithm counts."""
WARM = 300
"""Steps over which the rate rises."""
FLAT = 0.55
"""Share of the budget before the rate falls."""
SHOWN, KEPT = 15.0, 600.0
"""Seconds after which the loss is told, and what stands is written."""


class Drawn(IterableDataset[dict[str, Tensor]]):
    """The feed as torch's loader takes it."""

    def __init__(self, feed: Feed, seed: int, begun: int) -> None:
        """`begun` says how often it was begun: a piece that goes on draws other windows."""
        self.feed, self.seed, self.begun = feed, seed, begun

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        """Draw with the seed of this process."""
        worker = torch.utils.data.get_worker_info()
        for batch in self.feed.batches([self.seed, self.begun, worker.id if worker else 0]):
            yield {name: torch.from_numpy(part) for name, part in batch.items()}


def main() -> None:
    """Train for a piece of the budget, and write the artefact at its end."""
    asked = _arguments()
    torch.set_num_threads(asked.threads)
    device = torch.device(asked.device if asked.device != "auto" else "cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(asked.seed)
    run = Run(spec_of(asked.hidden, asked.layers), Path(asked.cache) / "state.pt", asked.rate, device)
    run.begun += 1
    train(asked, run)
    run.save()
    print(f"{run.step:,} steps, {run.spent / 60:.1f} of {asked.minutes:g} minutes", flush=True)
    if run.spent >= 60 * asked.minutes or SMOKE:
        write(run.spec, {name: value.cpu().numpy() for name, value in run.mean.state_dict().items()}, Path(asked.out))


class Run:
    """Net, moving mean and optimiser, how long they learnt, and the file that they go on from."""

    def __init__(self, spec: PatchesSpec, file: Path, rate: float, device: torch.device) -> None:
        """Begin, or go on where the file stands."""
        self.spec, self.file, self.rate, self.device = spec, file, rate, device
        self.net, self.mean = PatchesNet(spec).to(device), PatchesNet(spec).to(device)
        self.optimiser = torch.optim.AdamW(self.net.parameters(), lr=rate, weight_decay=0.01, betas=(0.9, 0.97))
        self.spent, self.step, self.begun = 0.0, 0, 0
        self.mean.load_state_dict(self.net.state_dict())
        if file.exists():
            held = torch.load(file, weights_only=True, map_location=device)
            for name in ("net", "mean", "optimiser"):
                getattr(self, name).load_state_dict(held[name])
            self.spent, self.step, self.begun = held["spent"], held["step"], held["begun"]

    def save(self) -> None:
        """Write the file; one that is cut off in writing never takes the place of the last."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        states = {name: getattr(self, name).state_dict() for name in ("net", "mean", "optimiser")}
        written = self.file.with_suffix(".new")
        torch.save({**states, "spent": self.spent, "step": self.step, "begun": self.begun}, written)
        written.replace(self.file)

    def learn(self, batch: dict[str, Tensor], share: float) -> Tensor:
        """Make one step; `share` of the budget is spent. Returns the loss."""
        fallen = 1.0 if share < FLAT else (1 - share) / (1 - FLAT)
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate * min(1.0, (self.step + 1) / WARM) * max(fallen, 0.004)
        loss = loss_of(self.net, batch)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        kept = min(0.9995, 1 - 1 / (1 + self.step / 8))
        with torch.no_grad():
            for mean, weight in zip(self.mean.parameters(), self.net.parameters(), strict=True):
                mean.lerp_(weight, 1 - kept)
        return loss.detach()


def train(asked: argparse.Namespace, run: Run) -> None:
    """Learn until the piece or the budget ends."""
    feed = Drawn(Feed(bank(), asked.windows, asked.share), asked.seed, run.begun)
    ahead, pinned = (4 if asked.workers else None), run.device.type == "cuda"
    loader = iter(
        DataLoader(feed, batch_size=None, num_workers=asked.workers, prefetch_factor=ahead, pin_memory=pinned)
    )
    began, before, shown, kept = time.monotonic(), run.spent, 0.0, 0.0
    losses: list[Tensor] = []
    while run.step < sized(10**9, 3):
        now = time.monotonic() - began
        run.spent = before + now
        if run.spent >= 60 * asked.minutes or now >= 60 * asked.piece:
            return
        batch = {name: part.to(run.device, torch.float32, non_blocking=True) for name, part in next(loader).items()}
        losses.append(run.learn(batch, run.spent / (60 * asked.minutes)))
        if now - shown > SHOWN:
            shown, recent = now, torch.stack(losses[-500:]).mean().item()
            print(f"{run.spent:6.0f} s, step {run.step:,}, loss {recent:.4f}", flush=True)
        if now - kept > KEPT:
            kept = now
            run.save()


def write(spec: PatchesSpec, weights: dict[str, NDArray[np.float32]], out: Path) -> None:
    """Write the artefact, in int8: a season of 0 is found in each file, and shares of the parts are weighed there."""
    tensors = {f"pretrained.{name}": value for name, value in weights.items()}
    encoder = PanelEncoder(SeriesConfig(horizon=24), dict(USUAL_PRETRAINED), marks=bank().marks)
    card = (Path(__file__).parent / "pretraining" / "series.md").read_text("utf-8")
    RunningPanel(PanelNet(pretrained=spec), tensors, encoder).save(out, card=card, stored="int8")
    print(out, sum(file.stat().st_size for file in out.iterdir()))


def loss_of(net: Any, batch: dict[str, Tensor]) -> Tensor:
    """Mean pinball loss of all quantiles, in spreads; far out it grows by its logarithm."""
    told = net(*(batch[name] for name in ("tokens", "told", "simple", "seen", "phases")))
    levels = torch.tensor(QUANTILES, device=told.device)
    error = batch["truths"][:, :, None] - told
    loss = 2 * torch.maximum(levels * error, (levels - 1) * error).mean(dim=2)
    loss = torch.where(loss > TAIL, TAIL + torch.log1p((loss - TAIL).clamp(min=0)), loss)
    return (loss * batch["asked"]).sum() / batch["asked"].sum().clamp(min=1)


def spec_of(hidden: int, layers: int) -> PatchesSpec:
    """Return the sizes of the net."""
    return PatchesSpec(layers=layers, recurrent=RecurrentSpec(cell="gru", inputs=hidden, hidden=hidden))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=720, help="budget")
    parser.add_argument("--piece", type=float, default=115, help="minutes until it stops for now")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--workers", type=int, default=sized(1, 0), help="processes that draw series")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--windows", type=int, default=sized(64, 4), help="windows of 512 steps in a batch")
    parser.add_argument("--share", type=float, default=0.4, help="of measured series")
    parser.add_argument("--hidden", type=int, default=sized(128, 8))
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", default=str(PARTS / "series" if SMOKE else BOX / "series"), help="folder")
    parser.add_argument("--cache", default=str(PARTS / "pretrain-series"), help="folder for what goes on")
    return parser.parse_args()


if __name__ == "__main__":
    main()
