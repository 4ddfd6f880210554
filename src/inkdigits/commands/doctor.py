"""`inkdigits doctor`: what is wrong with an installation, and what to do about it. Offline, and without importing what may be broken.

Whatever can fail to load is tried in a process of its own: one that crashes takes nothing else with it.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

import click

PACKAGE = Path(__file__).parents[1]
CORE = {"click": "click", "numpy": "numpy", "onnxruntime": "onnxruntime", "opencv-python-headless": "cv2", "simplejpeg": "simplejpeg"}
"""What reading needs: the distribution, and the module that it installs."""
ALIKE = (
    ("opencv-python-headless", "opencv-python", "opencv-contrib-python-headless", "opencv-contrib-python"),
    ("onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino", "onnxruntime-directml"),
    ("tensorflow-cpu", "tensorflow", "tensorflow-intel"),
)
"""Distributions that stand for each other, since they install the same modules; best first."""
MODELS = ("digit", "number", "fields", "upright")
WRITTEN = "0123456789"
PATIENCE = 120.0
"""Seconds after which a process of the doctor's is given up."""
CPU_FLAGS = {"avx": "AVX", "avx2": "AVX2", "avx512f": "AVX-512", "avx512_bf16": "BF16", "amx_bf16": "AMX", "asimd": "NEON"}
COLOURS = {"ok": "green", "note": "yellow", "problem": "red"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One row. state: ok, note (nothing is broken, but worth knowing) or problem. remedy: what to do, "" where there is nothing to do."""

    what: str
    state: str
    found: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One distribution that inkdigits declares. least: the lowest version, "" where any will do. extra: "" for the core."""

    name: str
    least: str
    extra: str

    def __str__(self) -> str:
        """As pip takes it, quoted for a shell."""
        return f"'{self.name}>={self.least}'" if self.least else self.name


@click.command(short_help="Find what is wrong with this installation.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(form: str) -> int:
    """Find what is wrong with this installation, and say what to do about it; nothing is downloaded or changed.

    Exit 0: all is well, though there may be notes; 1: there is a problem.
    """
    found = []
    for finding in examine():
        found.append(finding)
        if form == "text":
            _show(finding)
    problems, notes = (sum(finding.state == state for finding in found) for state in ("problem", "note"))
    if form == "json":
        click.echo(json.dumps([asdict(finding) for finding in found], indent=2, ensure_ascii=False))
    else:
        click.echo(f"{problems or 'no'} problem{'' if problems == 1 else 's'}, {notes or 'no'} note{'' if notes == 1 else 's'}")
    return int(problems > 0)


def examine() -> Iterator[Finding]:
    """Every finding, as soon as it is known."""
    declared = list(requirements())
    yield _inkdigits()
    yield _command()
    yield _python()
    yield _machine()
    for name, module in CORE.items():
        yield _core(next((one for one in declared if (one.name, one.extra) == (name, "")), Requirement(name, "", "")), module)
    for family in ALIKE:
        if len(here := [name for name in family if _version(name)]) > 1:
            yield _clash(here)
    for model in MODELS:
        yield _model(PACKAGE / "weights" / model)
    yield _reading()
    for extra in sorted({one.extra for one in declared} - {"", "dev"}):
        yield _extra(extra, [one for one in declared if one.extra == extra])
    yield _cache()
    yield _data()


def requirements() -> Iterator[Requirement]:
    """What the installed inkdigits declares; nothing where it is not installed. Raises ValueError for a form that is not used there."""
    try:
        lines = metadata.requires("inkdigits") or []
    except metadata.PackageNotFoundError:
        return
    for line in lines:
        wanted, _, condition = line.partition(";")
        form = re.fullmatch(r"([\w.-]+)(?:\[[\w,-]+\])?(?:>=([\d.]+))?", wanted.replace(" ", ""))
        if form is None:
            raise ValueError(f"{line}: a requirement is to be NAME>=VERSION")
        extra = re.search(r"extra == ['\"]([\w-]+)['\"]", condition)
        yield Requirement(form[1], form[2] or "", extra[1] if extra else "")


def write_and_read() -> str:
    """What the reader reads where inkdigits has written `WRITTEN`, so close together that both models are asked."""
    import numpy as np

    from ..reader import Reader
    from ..training import pen

    ink = pen.write(WRITTEN, np.random.default_rng(1), gap=0.05, loose=0.3)
    page = np.round(255 - 255 * np.pad(ink, 40)).astype(np.uint8)
    return Reader().read(page).text


def _show(finding: Finding) -> None:
    state = click.style(f"{finding.state:8}", fg=COLOURS[finding.state], bold=finding.state == "problem")
    click.echo(f"{state} {finding.what:22} {finding.found}")
    if finding.remedy:
        click.echo(f"{'':31} -> {finding.remedy}")


def _inkdigits() -> Finding:
    from .. import __version__

    if not (recorded := _version("inkdigits")):
        return Finding(
            "inkdigits", "note", f"{__version__} in {PACKAGE}, not installed by pip: what it needs is not on record", "pip install ."
        )
    if recorded != __version__:
        found = f"{__version__} in {PACKAGE}, but installed is {recorded}: one hides the other"
        return Finding("inkdigits", "problem", found, "pip uninstall inkdigits, until none is left, then install it again")
    return Finding("inkdigits", "ok", f"{__version__} in {PACKAGE}")


def _command() -> Finding:
    if path := shutil.which("inkdigits"):
        return Finding("command", "ok", path)
    folder = sysconfig.get_path("scripts")
    return Finding("command", "note", "`inkdigits` is not on the PATH", f"`python -m inkdigits` is the same; or add {folder} to the PATH")


def _python() -> Finding:
    wanted = ""
    if _version("inkdigits"):
        wanted = (metadata.metadata("inkdigits")["Requires-Python"] or "").removeprefix(">=")
    found = f"{platform.python_version()} in {sys.prefix}"
    if not _reaches(platform.python_version(), wanted):
        return Finding("Python", "problem", f"{found}; needed is {wanted} or later", f"make an environment with Python {wanted} or later")
    if sys.maxsize < 2**32:
        return Finding("Python", "problem", f"{found}, of 32 bits: ONNX Runtime needs 64", "install a Python of 64 bits")
    return Finding("Python", "ok", found)


def _machine() -> Finding:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    known = Path("/proc/cpuinfo")
    flags = set(re.findall(r"\w+", known.read_text(encoding="utf-8", errors="replace"))) if known.is_file() else set()
    able = [name for flag, name in CPU_FLAGS.items() if flag in flags]
    found = ", ".join([f"{platform.system()} {platform.machine()}", f"{cores} core{'s' if cores > 1 else ''}", *able])
    return Finding("machine", "ok", found)


def _core(wanted: Requirement, module: str) -> Finding:
    name = next((name for name in _alike(wanted.name) if _version(name)), "")
    version = _version(name) if name else ""
    reason = _ask(f"import {module}")[1]
    if reason and not version:
        return Finding(wanted.name, "problem", "not installed", f"pip install {wanted}")
    if reason:
        found = f"{version} is installed, but `import {module}` fails: {reason}"
        remedy = f"pip uninstall --yes {' '.join(_alike(wanted.name))}; pip install --force-reinstall {wanted}"
        return Finding(wanted.name, "problem", found, remedy)
    if version and not _reaches(version, wanted.least):
        return Finding(wanted.name, "problem", f"{version}, needed is {wanted.least} or later", f"pip install --upgrade {wanted}")
    return Finding(wanted.name, "ok", (version or "not from pip") + (f" ({name})" if name not in ("", wanted.name) else ""))


def _clash(here: list[str]) -> Finding:
    """Packages that write to the same folder: the one installed last wins, and uninstalling one breaks the others."""
    found = "share one folder: " + ", ".join(f"{name} {_version(name)}" for name in here)
    state = "note" if len({_version(name) for name in here}) == 1 else "problem"
    return Finding("packages", state, found, f"keep one: pip uninstall --yes {' '.join(here)}; pip install {here[0]}")


def _model(folder: Path) -> Finding:
    what, remedy = f"model {folder.name}", "pip install --force-reinstall --no-deps inkdigits"
    try:
        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        content = (folder / "model.onnx").read_bytes()
    except FileNotFoundError as error:
        return Finding(what, "problem", f"{error.filename} is missing", remedy)
    except OSError as error:
        return Finding(what, "problem", f"{error.filename} cannot be read: {error.strerror}", "check the permissions")
    except ValueError as error:
        return Finding(what, "problem", f"{folder / 'card.json'} is damaged: {error}", remedy)
    if not isinstance(card, dict) or card.get("sha256") != hashlib.sha256(content).hexdigest():
        return Finding(what, "problem", f"{folder}: the model's hash is not the one in its card: one of them is damaged", remedy)
    return Finding(what, "ok", f"{card.get('version')}, {len(content) / 1e6:.1f} MB, whole")


def _reading() -> Finding:
    said, reason = _ask("from inkdigits.commands.doctor import write_and_read; print(write_and_read())")
    if reason:
        return Finding("reading", "problem", f"a number that it wrote cannot be read: {reason}", "mend the other problems first")
    if said != WRITTEN:
        found = f"{WRITTEN}, that it wrote, was read as {said or 'nothing'}"
        return Finding("reading", "problem", found, "please report it, with this table")
    return Finding("reading", "ok", f"{WRITTEN}, that it wrote, was read")


def _extra(extra: str, wanted: list[Requirement]) -> Finding:
    """Whether an optional part is there, and of versions that will do."""
    lacking, old, there = [], [], []
    for one in wanted:
        name = next((name for name in _alike(one.name) if _version(name)), "")
        if not name:
            lacking.append(one.name)
        elif not _reaches(_version(name), one.least):
            old.append(f"{name} {_version(name)}, needed is {one.least} or later")
        else:
            there.append(f"{name} {_version(name)}")
    lacking = list(dict.fromkeys(_alike(name)[0] for name in lacking))
    what, remedy = f"extra [{extra}]", f"pip install --upgrade 'inkdigits[{extra}]'"
    if lacking:
        return Finding(what, "note", f"not installed; lacks {', '.join(lacking)}", f"if you want it: {remedy}")
    if old:
        return Finding(what, "problem", f"too old: {'; '.join(old)}", remedy)
    return Finding(what, "ok", ", ".join(dict.fromkeys(there)))


def _cache() -> Finding:
    """Where data sets would be kept: made when needed, so the first folder above it that there is must let us."""
    from ..training.fetch import cache_folder

    folder = cache_folder()
    nearest = next(path for path in (folder, *folder.absolute().parents) if os.path.lexists(path))
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        return Finding("cache", "ok", f"{folder}{'' if nearest == folder else ', not needed so far'}")
    why = "cannot be written to" if nearest.is_dir() else "is not a folder"
    return Finding("cache", "problem", f"{folder}: {nearest} {why}; data sets cannot be kept", "name another folder by INKDIGITS_HOME")


def _data() -> Finding:
    given = os.environ.get("INKDIGITS_DATA")
    if not given:
        return Finding("INKDIGITS_DATA", "ok", "not set; data sets are looked for in the cache")
    if Path(given).expanduser().is_dir():
        return Finding("INKDIGITS_DATA", "ok", given)
    return Finding("INKDIGITS_DATA", "problem", f"{given} is not a folder", "name the folder that holds your data sets, or unset it")


def _ask(code: str) -> tuple[str, str]:
    """Run Python code in a process of its own, with this very inkdigits: (what it prints, "") or ("", why it failed)."""
    paths = filter(None, [os.environ.get("PYTHONPATH"), str(PACKAGE.parent)])  # it need not be installed
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    try:
        done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=PATIENCE, env=environment)
    except subprocess.TimeoutExpired:
        return "", f"no end after {PATIENCE:.0f} s"
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        return "", f"the process was ended by {name}" + (": the processor lacks instructions that it needs" if name == "SIGILL" else "")
    if done.returncode:
        return "", next((line.strip() for line in reversed(done.stderr.splitlines()) if line.strip()), f"exit status {done.returncode}")
    return done.stdout.strip(), ""


def _alike(name: str) -> tuple[str, ...]:
    """A distribution and those that stand for it, best first."""
    return next((group for group in ALIKE if name in group), (name,))


def _version(name: str) -> str:
    """The version of an installed distribution; "" where it is not installed."""
    try:
        return metadata.version(name) or ""  # a record may be there and empty
    except metadata.PackageNotFoundError:
        return ""


def _reaches(version: str, least: str) -> bool:
    """Whether a version is at least another, by the numbers of its release."""
    found, wanted = ([int(part) for part in re.findall(r"\d+", text)] for text in (re.split(r"[^\d.]", version)[0], least))
    length = max(len(found), len(wanted))
    return found + [0] * (length - len(found)) >= wanted + [0] * (length - len(wanted))
