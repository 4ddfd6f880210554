"""cnn3: three convolutions that keep the size, two dense layers with dropout.

    inkdigits train --recipe cnn3 --data mnist

MNIST test accuracy after 5 epochs: 99.35 % ± 0.03 (n = 3: seeds 0, 1, 2); 40 to 90 s an epoch on two busy cores.
"""

import keras
from keras import layers

from inkdigits.training.settings import Settings

SETTINGS = Settings(epochs=5, batch_size=64, learning_rate=1e-3, validation_split=0.1)


def build_model(image_shape: tuple[int, int], classes: int) -> keras.Model:
    """Three convolutions, two of them followed by pooling, two dense layers: 904,522 parameters on MNIST."""
    return keras.Sequential(
        [
            keras.Input(image_shape),  # (N, 28, 28)
            layers.Reshape((*image_shape, 1)),  # (N, 28, 28, 1): one channel
            layers.Conv2D(32, 3, padding="same", activation="relu"),  # (N, 28, 28, 32)
            layers.MaxPooling2D(2),  # (N, 14, 14, 32)
            layers.Conv2D(64, 3, padding="same", activation="relu"),  # (N, 14, 14, 64)
            layers.MaxPooling2D(2),  # (N, 7, 7, 64)
            layers.Conv2D(128, 3, padding="same", activation="relu"),  # (N, 7, 7, 128)
            layers.Flatten(),  # (N, 6272)
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(classes, activation="softmax"),  # (N, 10)
        ]
    )


def compile_model(model: keras.Model, settings: Settings, steps_per_epoch: int) -> None:
    """RMSprop; the rate falls to zero along a line, because at a constant one the last epochs jump about; categorical cross-entropy."""
    rate = keras.optimizers.schedules.PolynomialDecay(settings.learning_rate, settings.epochs * steps_per_epoch, end_learning_rate=0.0)
    model.compile(optimizer=keras.optimizers.RMSprop(rate), loss="categorical_crossentropy", metrics=["accuracy"])
