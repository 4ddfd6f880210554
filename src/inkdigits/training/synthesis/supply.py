"""Rows and pages by the thousand: composed in several processes, and anew for every epoch of a training."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import cv2
import numpy as np

from inkdigits.arrays import Bytes, Float, Labels
from inkdigits.batch.pool import cores
from inkdigits.layout.maps import STEP
from inkdigits.recognition.strips import HEIGHT
from inkdigits.training.datasets import Dataset
from inkdigits.training.processes import in_processes

from .bank import bank
from .pages import SIZE, page
from .rows import LONGEST, WIDTH, Shares, row
from .sources import WHOLE, Ablation, Sources, sources

Rng = np.random.Generator

CHUNK = 200
"""Rows that a process composes at a time."""


def rows(
    train: Dataset, split: str, count: int, seed: tuple[int, ...], *, shares: Shares | None = None, jobs: int | None = None,
    ablation: Ablation = WHOLE, progress: Callable[[int, int], None] | None = None,
) -> tuple[Bytes, Labels]:  # fmt: skip
    """Compose rows of strips: uint8 (count, 40, 400), 255 = ink, and the indices of their characters less one, int64 (count, 48), -1 after
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
    """Images for epoch after epoch: as many new ones for each, which are used in several epochs, each time changed a little.

    The images of the next epoch are composed in a process of their own while this epoch trains.
    """

    def __init__(
        self, compose: Callable[[int], tuple[Bytes, Labels]], change: Callable[[Bytes, Rng], Float], uses: int, seed: tuple[int, ...],
        images: Bytes, labels: Labels,
    ) -> None:  # fmt: skip
        """compose: number of a composition, from 1 -> images uint8 (N, H, W), labels. change: those images, each a little different,
        float32 in [0, 1]. uses: in how many epochs each is used. images, labels: composition 0."""
        self.compose, self.change, self.uses, self.seed = compose, change, uses, seed
        self.made: dict[int, tuple[Bytes, Labels] | Future[tuple[Bytes, Labels]]] = {0: (images, labels)}
        self.thread = ThreadPoolExecutor(1)

    def __call__(self, epoch: int) -> tuple[Float, Labels]:
        """The images of an epoch, from 0: float32 (N * uses, H, W) in [0, 1], and their labels; seed and epoch decide all."""
        wanted = [max(epoch - back, 0) for back in range(self.uses)]  # the first epochs use their images more often
        for number in (*wanted, epoch + 1):
            if number not in self.made:
                self.made[number] = self.thread.submit(self.compose, number)
        parts = [self._result(number) for number in wanted]
        self.made = {number: made for number, made in self.made.items() if number > epoch - self.uses}
        rng = np.random.default_rng((*self.seed, epoch, 7))
        images = np.concatenate([self.change(images, rng) for images, _ in parts])
        return images, np.concatenate([labels for _, labels in parts])

    def _result(self, number: int) -> tuple[Bytes, Labels]:
        found = self.made[number]
        if isinstance(found, Future):
            found = self.made[number] = found.result()
        return found


def changed(images: Bytes, rng: Rng) -> Float:
    """Rows squeezed or stretched, raised or lowered, paler or stronger, noisier, each a little: uint8 (N, 40, W) -> float32 in [0, 1]."""
    out = np.empty(images.shape, np.float32)
    width = images.shape[2]
    for image, found in zip(images, out, strict=True):
        stretch, grow, slant = 1 - abs(rng.normal(0, 0.08)), np.exp(rng.normal(0, 0.04)), rng.normal(0, 0.05)
        middle = HEIGHT / 2
        shift = rng.uniform(0, 1 - stretch) * width
        matrix = np.array([[stretch, slant, shift - slant * middle], [0, grow, (1 - grow) * middle + rng.normal(0, 1)]])
        cv2.warpAffine(image.astype(np.float32), matrix, image.shape[::-1], found, cv2.INTER_LINEAR, cv2.BORDER_REPLICATE)
    gain = rng.uniform(0.8, 1.1, (len(images), 1, 1)).astype(np.float32) / 255
    gamma = np.exp(rng.normal(0, 0.15, (len(images), 1, 1))).astype(np.float32)
    np.power(np.clip(out * gain, 0, 1), gamma, out=out)
    return out


def pages(
    train: Dataset, split: str, count: int, seed: tuple[int, ...], *, jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Bytes, Labels]:  # fmt: skip
    """Compose pages: uint8 (count, 320, 320), and the class of every fourth pixel, int64 (count, 80, 80); arguments as for `rows`."""
    tasks = [(min(CHUNK, count - i), (*seed, i)) for i in range(0, count, CHUNK)]
    workers = min(jobs or cores(), len(tasks))
    images, labels = np.zeros((count, SIZE, SIZE), np.uint8), np.zeros((count, SIZE // STEP, SIZE // STEP), np.int64)
    for i, (some, their) in enumerate(in_processes(_some_pages, tasks, workers, _prepare, train, split, Shares(), WHOLE)):
        done = i * CHUNK + len(some)
        images[i * CHUNK : done], labels[i * CHUNK : done] = some, their
        if progress:
            progress(done, count)
    return images, labels


def shaded(images: Bytes, rng: Rng) -> Float:
    """Pages lighter or darker, harder or softer, noisier, each a little: uint8 (N, H, W) -> float32 (N, H, W) in [0, 1]."""
    gain = rng.uniform(0.7, 1.15, (len(images), 1, 1)).astype(np.float32) / 255
    gamma = np.exp(rng.normal(0, 0.2, (len(images), 1, 1))).astype(np.float32)
    out = np.clip(images * gain, 0, 1)
    np.power(out, gamma, out=out)
    return np.asarray(out, np.float32)


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


def _some_pages(task: tuple[int, tuple[int, ...]]) -> tuple[Bytes, Bytes]:
    count, seed = task
    rng = np.random.default_rng(seed)
    pieces = bank(_sources, rng)
    made = [page(pieces, rng) for _ in range(count)]
    return np.stack([image for image, _ in made]), np.stack([classes for _, classes in made])
