"""Rows by the thousand: composed in several processes, and anew for every epoch of a training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import cv2
import numpy as np
from numpy.typing import NDArray

from inkdigits.pool import cores
from inkdigits.recognition.strips import HEIGHT
from inkdigits.training.datasets import Dataset
from inkdigits.training.processes import in_processes

from .rows import LONGEST, WIDTH, Shares, row
from .sources import WHOLE, Ablation, Sources, sources

Bytes = NDArray[np.uint8]
Float = NDArray[np.float32]
Labels = NDArray[np.int64]
Rng = np.random.Generator

CHUNK = 200
"""Rows that a process composes at a time."""


def rows(
    train: Dataset, split: str, count: int, seed: tuple[int, ...], *, shares: Shares | None = None, jobs: int | None = None,
    ablation: Ablation = WHOLE, progress: Callable[[int, int], None] | None = None,
) -> tuple[Bytes, Labels]:  # fmt: skip
    """Compose rows of strips: uint8 (count, 32, 320), 255 = ink, and the indices of their characters less one, int64 (count, 48), -1 after
    the last.

    train: MNIST. split: "trainable" or "dev" of the other collections. ablation: what they are not made of. The result depends on the
    arguments alone, not on the number of processes. Raises RecipeError where a process dies, DataError where a collection is missing.
    """
    tasks = [(min(CHUNK, count - i), (*seed, i)) for i in range(0, count, CHUNK)]
    workers = min(jobs or cores(), len(tasks))
    images, labels = np.zeros((count, HEIGHT, WIDTH), np.uint8), np.full((count, LONGEST), -1, np.int64)
    for i, (some, their) in enumerate(in_processes(_chunk, tasks, workers, _prepare, train, split, shares or Shares(), ablation)):
        done = i * CHUNK + len(some)
        images[i * CHUNK : done], labels[i * CHUNK : done] = some, their
        if progress:
            progress(done, count)
    return images, labels


class Supply:
    """Rows for epoch after epoch: as many new ones for each, which are used in several epochs, each time changed a little.

    The rows of the next epoch are composed in a process of their own while this epoch trains.
    """

    def __init__(
        self,
        train: Dataset,
        fresh: int,
        uses: int,
        seed: tuple[int, ...],
        images: Bytes,
        labels: Labels,
        easy: Sequence[float] = (),
        ablation: Ablation = WHOLE,
    ) -> None:
        """train: MNIST. fresh: rows composed for an epoch. uses: in how many epochs each is used. images, labels: those of epoch 0. easy:
        the share of easy rows in the first compositions, that of epoch 0 among them. ablation: what no row is made of."""
        self.ablation = ablation
        self.train, self.fresh, self.uses, self.seed, self.easy = train, fresh, uses, seed, easy
        self.made: dict[int, tuple[Bytes, Labels] | Future[tuple[Bytes, Labels]]] = {0: (images, labels)}
        self.thread = ThreadPoolExecutor(1)

    def __call__(self, epoch: int) -> tuple[Float, Labels]:
        """The rows of an epoch, from 0: float32 (fresh * uses, 32, 320) in [0, 1], int64 (fresh * uses, 48); seed and epoch decide all."""
        wanted = [max(epoch - back, 0) for back in range(self.uses)]  # the first epochs use their rows more often
        for number in (*wanted, epoch + 1):
            if number not in self.made:
                self.made[number] = self.thread.submit(self._compose, number)
        parts = [self._result(number) for number in wanted]
        self.made = {number: rows for number, rows in self.made.items() if number > epoch - self.uses}
        rng = np.random.default_rng((*self.seed, epoch, 7))
        images = np.concatenate([changed(images, rng) for images, _ in parts])
        return images, np.concatenate([labels for _, labels in parts])

    def _compose(self, number: int) -> tuple[Bytes, Labels]:
        shares = Shares(easy=self.easy[number] if number < len(self.easy) else 0.0)
        return rows(self.train, "trainable", self.fresh, (*self.seed, number), shares=shares, jobs=1, ablation=self.ablation)

    def _result(self, number: int) -> tuple[Bytes, Labels]:
        found = self.made[number]
        if isinstance(found, Future):
            found = self.made[number] = found.result()
        return found


def changed(images: Bytes, rng: Rng) -> Float:
    """Rows squeezed or stretched, raised or lowered, paler or stronger, noisier, each a little: uint8 (N, 32, W) -> float32 in [0, 1]."""
    out = np.empty(images.shape, np.float32)
    width = images.shape[2]
    for image, found in zip(images, out, strict=True):
        stretch, grow, slant = 1 - abs(rng.normal(0, 0.08)), np.exp(rng.normal(0, 0.04)), rng.normal(0, 0.05)
        middle = HEIGHT / 2
        shift = rng.uniform(0, 1 - stretch) * width
        matrix = np.array([[stretch, slant, shift - slant * middle], [0, grow, (1 - grow) * middle + rng.normal(0, 0.8)]])
        cv2.warpAffine(image.astype(np.float32), matrix, image.shape[::-1], found, cv2.INTER_LINEAR, cv2.BORDER_REPLICATE)
    gain = rng.uniform(0.8, 1.1, (len(images), 1, 1)).astype(np.float32) / 255
    gamma = np.exp(rng.normal(0, 0.15, (len(images), 1, 1))).astype(np.float32)
    np.power(np.clip(out * gain, 0, 1), gamma, out=out)
    return out


_sources: Sources
_shares: Shares


def _prepare(train: Dataset, split: str, shares: Shares, ablation: Ablation) -> None:
    global _sources, _shares  # a worker gathers them once, not with every task
    _sources, _shares = sources(train, split, ablation), shares


def _chunk(task: tuple[int, tuple[int, ...]]) -> tuple[Bytes, Labels]:
    count, seed = task
    rng = np.random.default_rng(seed)
    images, labels = np.zeros((count, HEIGHT, WIDTH), np.uint8), np.full((count, LONGEST), -1, np.int64)
    for i in range(count):
        image, characters = row(_sources, _shares, rng)
        images[i], labels[i, : len(characters)] = np.round(image * 255), np.array(characters, np.int64) - 1
    return images, labels
