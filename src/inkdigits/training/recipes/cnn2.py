"""cnn2: two convolutions with pooling, then a dense layer; the convolutional network of the tutorials.

    inkdigits train --recipe cnn2 --data mnist

MNIST test accuracy after 5 epochs: 99.02 % ± 0.13 (mean and standard deviation, n = 3: seeds 0, 1, 2); 10 to 20 s an epoch on two cores.
"""

import keras
from keras import layers

from inkdigits.training.settings import Settings

SETTINGS = Settings(epochs=5, batch_size=64, learning_rate=1e-3, validation_split=0.1)


def build_model(image_shape: tuple[int, int], classes: int) -> keras.Model:
    """Two rounds of convolution and pooling, then a dense layer: 225,034 parameters on MNIST."""
    return keras.Sequential(
        [
            keras.Input(image_shape),  # (N, 28, 28)
            layers.Reshape((*image_shape, 1)),  # (N, 28, 28, 1): one channel
            layers.Conv2D(32, 3, activation="relu"),  # (N, 26, 26, 32)
            layers.MaxPooling2D(2),  # (N, 13, 13, 32)
            layers.Conv2D(64, 3, activation="relu"),  # (N, 11, 11, 64)
            layers.MaxPooling2D(2),  # (N, 5, 5, 64)
            layers.Flatten(),  # (N, 1600)
            layers.Dense(128, activation="relu"),
            layers.Dense(classes, activation="softmax"),  # (N, 10)
        ]
    )


def compile_model(model: keras.Model, settings: Settings, steps_per_epoch: int) -> None:
    """Adam at a constant rate; categorical cross-entropy on one-hot labels."""
    model.compile(optimizer=keras.optimizers.Adam(settings.learning_rate), loss="categorical_crossentropy", metrics=["accuracy"])
