"""Tab: what is completed, by the shells' own protocol; the scripts, by a shell where there is one."""

import os
import shutil
import subprocess
import sys

import pytest

from inkdigits.cli import COMMANDS
from inkdigits.training.published import PUBLISHED

CODE = "import sys\nfrom inkdigits.cli import main\nsys.argv = ['inkdigits']\ntry: main()\nfinally: print(*sys.modules, file=sys.stderr)"


def completed(line, modules=None):
    """What bash is told after `line`, whose last word is the one to complete: (kind, word) pairs. modules: gets what was imported."""
    words = {"_INKDIGITS_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, env={**os.environ, **words}, check=True)
    if modules is not None:
        modules.update(done.stderr.split())
    return [tuple(row.split(",", 1)) for row in done.stdout.splitlines()]


def test_commands_and_quickly():
    modules = set()
    assert [name for _, name in completed("inkdigits ", modules)] == list(COMMANDS)
    assert "inkdigits.commands.read" in modules
    assert not {"numpy", "cv2", "onnxruntime", "keras"} & modules


@pytest.mark.parametrize(
    ("line", "words"),
    [
        pytest.param("inkdigits ev", ["evaluate"], id="a command"),
        pytest.param("inkdigits data ve", ["verify"], id="a command of a command"),
        pytest.param("inkdigits train --rec", ["--recipe"], id="an option"),
        pytest.param("inkdigits train --recipe c", ["cnn2", "cnn3"], id="recipes"),
        pytest.param("inkdigits train --recipe cnn2 --data ", sorted([*PUBLISHED, "digits"]), id="data sets"),
        pytest.param("inkdigits evaluate runs/a --data m", ["mnist"], id="data sets to measure on"),
        pytest.param("inkdigits data fetch kmnist fa", ["fashion-mnist"], id="data sets to fetch"),
        pytest.param("inkdigits export run --to s", ["savedmodel"], id="choices"),
    ],
)
def test_names(line, words):
    modules = set()
    assert completed(line, modules) == [("plain", word) for word in words]
    assert not {"numpy", "cv2"} & modules


@pytest.mark.parametrize(
    "line",
    [
        "inkdigits read sca",
        "inkdigits read a.png b",
        "inkdigits predict --image ",
        "inkdigits explain ",
        "inkdigits read --model ru",
        "inkdigits evaluate ru",
        "inkdigits export ru",
        "inkdigits train --recipe my_own",
        "inkdigits train --data ../pictures",
    ],
)
def test_files(line):
    assert completed(line) == [("file", line.rpartition(" ")[2])]


def script(shell):
    done = subprocess.run([sys.executable, "-m", "inkdigits", "completion", shell], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts(shell, tmp_path):
    text = script(shell)
    assert "inkdigits" in text
    assert f"_INKDIGITS_COMPLETE={shell}_complete" in text
    if shutil.which(shell):
        (tmp_path / "script").write_text(text)
        subprocess.run([shell, "-n", tmp_path / "script"], check=True)


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
def test_the_script_completes_in_bash(tmp_path):
    """As a shell does after `inkdigits train --recipe de`: the function is called, COMPREPLY holds the words."""
    (tmp_path / "inkdigits").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m inkdigits "$@"\n')
    (tmp_path / "inkdigits").chmod(0o755)
    asked = 'COMP_WORDS=(inkdigits train --recipe de) COMP_CWORD=3\n_inkdigits_completion inkdigits\necho "${COMPREPLY[@]}"\n'
    env = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(["bash", "--norc", "-c", script("bash") + asked], capture_output=True, text=True, env=env)
    assert (done.stdout, done.stderr) == ("dense\n", "")


def test_no_such_shell():
    done = subprocess.run([sys.executable, "-m", "inkdigits", "completion", "tcsh"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "'bash', 'zsh', 'fish'" in done.stderr
