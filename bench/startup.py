"""What the command line costs as a whole process, beside what Python and the libraries cost by themselves.

    python bench/startup.py [ROUNDS]

Every round runs each command once, in turn, so that a busy moment meets all of them; a ratio is taken within a round, and the median
of the rounds is reported with the range of their middle half. Run it on a quiet machine.
"""

import compileall
import statistics
import subprocess
import sys
import time
from pathlib import Path

import inkdigits

EXAMPLE = Path(__file__).parent.parent / "examples" / "number_314159.jpg"
COMMANDS = {
    "pass": ["-c", "pass"],
    "imports": ["-c", "import numpy, cv2, onnxruntime"],
    "help": ["-m", "inkdigits", "--help"],
    "read": ["-m", "inkdigits", "read", str(EXAMPLE)],
}


def seconds(arguments: list[str]) -> float:
    """The wall time of one Python process."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def middle(values: list[float]) -> str:
    """median [first quartile, third quartile]."""
    low, median, high = statistics.quantiles(values, n=4)
    return f"{median:.3f} [{low:.3f}, {high:.3f}]"


def main(rounds: int) -> None:
    """Time every command `rounds` times, in turn, and print medians, one ratio and one difference."""
    compileall.compile_dir(Path(inkdigits.__file__).parent, quiet=1)  # as an installation does
    for arguments in COMMANDS.values():
        seconds(arguments)  # what is on disk is in memory from here on
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        for name, arguments in COMMANDS.items():
            times[name].append(seconds(arguments))
    for name, values in times.items():
        print(f"{name:8} {middle(values)} s")
    pairs = list(zip(times["read"], times["imports"], strict=True))
    print(f"read / imports  {middle([a / b for a, b in pairs])}   (limit 1.7)")
    print(f"help - pass     {middle([a - b for a, b in zip(times['help'], times['pass'], strict=True)])} s   (limit 0.25)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
