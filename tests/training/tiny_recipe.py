"""tiny_recipe: the smallest network that learns something, for tests that train often."""

import keras
from keras import layers

from inkdigits.training.settings import Settings

SETTINGS = Settings(epochs=4, batch_size=2, learning_rate=0.01, validation_split=0.0, one_hot=False)


def build_model(image_shape: tuple[int, int], classes: int) -> keras.Model:
    """One hidden layer."""
    hidden = layers.Dense(16, activation="relu")
    return keras.Sequential([keras.Input(image_shape), layers.Flatten(), hidden, layers.Dense(classes, activation="softmax")])


def compile_model(model: keras.Model, settings: Settings, steps_per_epoch: int) -> None:
    """Adam at a constant rate."""
    model.compile(keras.optimizers.Adam(settings.learning_rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
