"""What a recipe is, and how one is loaded: by the name of one that comes with inkdigits, or from the user's own file.

A recipe is a Python file with
    SETTINGS = Settings(...)                                          the schedule; the command line can set it otherwise
    build_model(image_shape, classes) -> keras.Model                  images float32 (N, H, W) in [0, 1] -> probabilities (N, classes)
    compile_model(model, settings, steps_per_epoch) -> None           optimizer, loss, and accuracy among the metrics
and, if it makes its own training images, every epoch anew, any of
    training_images(train, settings, seed) -> (epoch -> (images uint8 (N, H, W) or float32 in [0, 1], labels int64 (N,))), data sets it adds
    added_classes(classes) -> classes                                 names that the network is to know beside the data set's own
    held_out_images(held_out, settings, seed) -> Dataset              what the threshold of answers is set on
    datasets(train, test, settings, seed, progress) -> (train, held_out or None, test)
                                                                      where its images are not those of the data set, but made of them;
                                                                      progress(what, done, total) shows how far that is
    PARTS                                                             names of what can be left out of them, by the settings `without`
where epochs count from 0, N is the same in each, and the images depend on nothing but seed and epoch: that is what `--resume` rests on.
A model of lines gives probabilities (N, frames, classes); its labels are int64 (N, L); one of maps (N, h, w, classes), its labels
are int64 (N, h, w): see `inkdigits.training.datasets.Dataset`.
Its docstring says what it is, the command, and the accuracy to expect.
"""

from __future__ import annotations

import importlib.util
import traceback
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from inkdigits.errors import RecipeError

from .augment import STRENGTH

RECIPES = Path(__file__).parent / "recipes"


@dataclass(frozen=True, slots=True)
class Settings:
    """The schedule of a training.

    validation_split: share of the training images, in [0, 1), that is never trained on: it calibrates the model and draws the second curve.
    augment: none | light | strong | elastic, see `inkdigits.training.augment`; a recipe with `training_images` may ignore it.
    one_hot: labels reach the loss as one-hot rows (categorical cross-entropy) rather than as numbers (sparse).
    precision: the card's threshold is where this share of the answers on validation data is right.
    preprocessing: "raw" for images taken as they are, "tiles" for the reader's tiles, "strips" for its lines, "pages" for its
    pages: only such a model can read.
    dtype: what the layers compute in while they train: float32 | mixed_bfloat16, which takes half the time on processors with AVX-512 BF16
    or AMX. Weights are float32 in either; the softmax at the end should be, by its own dtype="float32".
    start: the folder of a run of the same network whose weights it begins with, finished or not; "" begins with random ones.
    without: parts of what a recipe trains on that are left out, with commas between; those that it has are its PARTS. share: how much of
    the hands and crops that are left is trained on, above 0 and at most 1. Both are for recipes with PARTS: they show what data are worth.
    """

    epochs: int = 5
    batch_size: int = 64
    learning_rate: float = 1e-3
    validation_split: float = 0.1
    augment: str = "none"
    one_hot: bool = True
    precision: float = 0.998
    preprocessing: str = "tiles"
    dtype: str = "float32"
    start: str = ""
    without: str = ""
    share: float = 1.0

    def __post_init__(self) -> None:
        """Check the values. Raises RecipeError that names the setting."""
        for wrong, reason in (
            (self.epochs < 1, f"epochs must be 1 or more, not {self.epochs}"),
            (self.batch_size < 1, f"batch size must be 1 or more, not {self.batch_size}"),
            (not self.learning_rate > 0, f"learning rate must be above 0, not {self.learning_rate}"),
            (not 0 <= self.validation_split < 1, f"validation split must be at least 0 and below 1, not {self.validation_split}"),
            (not 0 < self.precision <= 1, f"precision must be above 0 and at most 1, not {self.precision}"),
            (not 0 < self.share <= 1, f"share must be above 0 and at most 1, not {self.share}"),
            (self.augment not in STRENGTH, f"augment must be {', '.join(STRENGTH)}, not {self.augment!r}"),
            (self.dtype not in ("float32", "mixed_bfloat16"), f"dtype must be float32 or mixed_bfloat16, not {self.dtype!r}"),
            (
                self.preprocessing not in ("raw", "tiles", "strips", "pages"),
                f"preprocessing must be raw, tiles, strips or pages, not {self.preprocessing!r}",
            ),
        ):
            if wrong:
                raise RecipeError(reason)

    def to_dict(self) -> dict[str, Any]:
        """All values; `without` and `share` only where something is left out."""
        whole = {"without": "", "share": 1.0}
        return {key: value for key, value in asdict(self).items() if key not in whole or value != whole[key]}

    def check_parts(self, recipe: str, parts: tuple[str, ...]) -> None:
        """Raise RecipeError where this recipe has not what is to be left out. parts: its PARTS."""
        if (self.without or self.share < 1) and not parts:
            raise RecipeError(f"{recipe}: nothing of what it trains on can be left out; --without and --share are for recipe number")
        if unknown := [name for name in self.without.split(",") if self.without and name not in parts]:
            raise RecipeError(f"without {', '.join(map(repr, unknown))}: {recipe} can leave out {', '.join(parts)}")

    def changed(self, **values: Any) -> Settings:
        """These settings with those values that are not None."""
        known = {f.name for f in fields(self)}
        return replace(self, **{k: v for k, v in values.items() if v is not None and k in known})


def recipe_names() -> list[str]:
    """The recipes that come with inkdigits."""
    return sorted(path.stem for path in RECIPES.glob("*.py") if path.stem != "__init__")


def recipe_path(name_or_path: str) -> Path:
    """Where a recipe is. Raises RecipeError if there is none of that name."""
    shipped = RECIPES / f"{name_or_path}.py"
    path = shipped if name_or_path in recipe_names() else Path(name_or_path)
    if path.suffix != ".py" or not path.is_file():
        raise RecipeError(f"{name_or_path}: no such recipe; give one of {', '.join(recipe_names())}, or your own FILE.py")
    return path


def load_recipe(name_or_path: str) -> ModuleType:
    """Import a recipe. Raises RecipeError with the reason: no such file, an error in it, something missing from it."""
    path = recipe_path(name_or_path)
    spec = importlib.util.spec_from_file_location(f"recipe_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise RecipeError(f"{path}: cannot be imported")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # the user's own code may raise anything; what it raised is the message
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        where = f"{path}, line {lines[-1]}" if lines else str(path)
        raise RecipeError(f"{where}: {type(error).__name__} while importing it: {error}") from error
    missing = [name for name in ("SETTINGS", "build_model", "compile_model") if not hasattr(module, name)]
    if missing:
        raise RecipeError(f"{path}: a recipe must define SETTINGS, build_model and compile_model; missing: {', '.join(missing)}")
    if not isinstance(module.SETTINGS, Settings):
        raise RecipeError(f"{path}: SETTINGS must be an inkdigits.training.settings.Settings")
    return module
