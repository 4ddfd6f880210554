"""Work shared out among processes: in order, and never waiting for one that died."""

import os
import subprocess
import sys

import pytest

from inkdigits.batch.pool import cores
from inkdigits.errors import RecipeError
from inkdigits.training.processes import in_processes

offset = 0


def prepare(value):
    global offset
    offset = value


def plus(number):
    return number + offset


def end_at_three(number):
    if number == 3:
        os._exit(1)
    return number


def one_over(number):
    return 1 / number


def test_results_come_in_the_order_of_the_tasks():
    assert list(in_processes(plus, range(6), 2, prepare, 10)) == [10, 11, 12, 13, 14, 15]
    assert offset == 0, "prepared are the processes, not this one"


def test_a_process_that_dies_is_an_error():
    with pytest.raises(RecipeError, match="died"):
        list(in_processes(end_at_three, range(6), 2))


WRITTEN = "written_tiles(np.zeros((1001, 28, 28), np.uint8), np.zeros(1001, np.int64), ('0',), (0,))"
PREPARED = "list(in_processes(len, ['', ''], 2, len, np.zeros((1001, 28, 28), np.uint8)))"


@pytest.mark.skipif(cores() < 2, reason="one core: nothing is shared out")
@pytest.mark.parametrize("call", [pytest.param(WRITTEN, id="large tasks"), pytest.param(PREPARED, id="much to prepare with")])
def test_a_script_without_its_main_is_told(tmp_path, call):
    script = tmp_path / "script.py"
    imports = "import numpy as np\nfrom inkdigits.training.processes import in_processes\n"
    script.write_text(f"{imports}from inkdigits.training.synthesis.digits import written_tiles\n{call}\n")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert (
        'RecipeError: a process that makes training images died: a script that trains must do so below `if __name__ == "__main__":`'
        in done.stderr
    )


def test_an_error_of_the_work_is_raised_here():
    with pytest.raises(ZeroDivisionError):
        list(in_processes(one_over, [1, 0], 2))
