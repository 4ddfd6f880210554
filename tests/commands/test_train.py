"""`inkdigits train`: what it lists, and wrong usage. Trainings themselves are in tests/training/test_fit.py."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from inkdigits.commands.train import command


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        pytest.param([], "--recipe", id="no recipe"),
        pytest.param(["--recipe", "cnn2", "--epochs", "0"], "x>=1", id="no epoch"),
        pytest.param(["--recipe", "cnn2", "--learning-rate", "0"], "x>0", id="no step"),
        pytest.param(["--recipe", "cnn2", "--validation-split", "1"], "0<=x<1", id="nothing to train on"),
        pytest.param(["--recipe", "cnn2", "--augment", "much"], "light", id="no such augmentation"),
        pytest.param(["--recipe", "cnn2", "--backend", "theano"], "jax", id="no such backend"),
        pytest.param(["--recipe", "cnn2", "--seed", "-1"], "x", id="negative seed"),
    ],
)
def test_wrong_usage(arguments, reason):
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 2
    assert reason in result.output


def test_the_list_of_recipes_needs_no_keras():
    arguments = "sys.argv = ['inkdigits', 'train', '--list']"
    code = f"import sys\n{arguments}\nfrom inkdigits.cli import main\ntry: main()\nfinally: assert 'keras' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    listed = [line.split()[0] for line in done.stdout.splitlines()]
    assert listed == ["cnn2", "cnn3", "dense", "digit", "fast", "fields", "number", "record", "small", "tiny", "upright"]
    assert all(len(line) < 120 for line in done.stdout.splitlines())
