"""The rate of learning that most recipes follow."""

from __future__ import annotations

from typing import Any

from .settings import Settings


def warm_cosine(settings: Settings, steps_per_epoch: int, warming: float) -> Any:
    """A schedule of Keras: from a twentieth of `settings.learning_rate` up to it, then down to zero along a cosine (Loshchilov and Hutter
    2017, without restarts). warming: the share of all steps, in (0, 1), for which the rate rises; one step at least."""
    import keras

    steps, peak = settings.epochs * steps_per_epoch, settings.learning_rate
    rising = int(steps * warming)
    return keras.optimizers.schedules.CosineDecay(peak / 20, steps - rising, warmup_target=peak, warmup_steps=max(1, rising))
