"""The few kinds of arrays that everything is made of, by name. Shapes and ranges stand where each is used."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
"""Images in grey or colour, in 0 to 255."""
Float = NDArray[np.float32]
"""What goes into a network and comes out of it, strengths and shares in [0, 1]."""
Double = NDArray[np.float64]
"""What single precision is too coarse for: geometry, sums, answers that others are held against."""
Mask = NDArray[np.bool_]
"""Which pixels are meant."""
Labels = NDArray[np.int64]
"""Indices of classes."""
