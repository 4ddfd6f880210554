"""What the tests of training share."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="module")
def trained_on_few(tmp_path_factory) -> Callable[..., tuple[Path, object, object]]:
    """Trains a recipe that composes its images, one epoch on a few of them; scikit-learn's digits are taken for MNIST by four writers.

    name: of the recipe. composer: the name of the function of `supply` that composes; composed: what is called in its place. fresh: images
    that are composed for an epoch. layers: which layers the recipe's network has, as its file says it, and fewer of them, as most of the
    time goes into tracing them. Returns the folder of the run, the run and what it measured.
    """
    from inkdigits.training import datasets, export, runs
    from inkdigits.training.settings import recipe_path
    from inkdigits.training.synthesis import supply

    load = datasets.load

    def mnist(name, split):
        found = load("digits", split)
        return replace(found, name=name, writers=np.arange(len(found.labels)) // 361)

    def train(name, composer, composed, fresh, layers):
        folder, text = tmp_path_factory.mktemp(name), recipe_path(name).read_text()
        smaller = {
            r"FRESH, (USES|EACH) = \d\S*, \d": rf"FRESH, \1 = {fresh}, 2",
            r"HELD_OUT, TEST = .*": "HELD_OUT, TEST = 4, 4",
            re.escape(layers[0]): layers[1],
        }
        for pattern, few in smaller.items():
            text, changed = re.subn(pattern, few, text)
            assert changed == 1, pattern
        (folder / f"{name}.py").write_text(text)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(runs, "load", mnist)
            patch.setattr(datasets, "load", mnist)
            patch.setattr(supply, composer, composed)
            patch.setattr(export, "RANDOM_STRIPS", 8)  # test_export compares as many as usual
            own = str(folder / f"{name}.py")
            run, result = runs.train(own, "mnist", folder / "run", epochs=1, batch_size=8, validation_split=0.25, quiet=True)
        assert len(run.history) == 1
        assert run.history[0]["val_loss"] > 0
        return folder / "run", run, result

    return train
