"""The page as a folder of files that any web host serves: no program behind it, no address but its own.

The page is the one of the service; what asks the service there (`page/answers.js`) is another module here (`site/answers.js`), which reads
in the browser. Its modules are files of this package; so are the networks. ONNX Runtime Web, which runs these, is not: npm fetches it, and
it is taken if it is the very release that is named here.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from importlib import resources
from pathlib import Path

from inkdigits import files
from inkdigits.errors import DataError, OutputError
from inkdigits.models import SHIPPED
from inkdigits.training import fetch

RUNTIME = "onnxruntime-web@1.20.1"
"""ONNX Runtime for browsers, as npm names it: its files have 11 MB, those of later releases 14."""
PACKED = fetch.File(
    "onnxruntime-web-1.20.1.tgz",
    outer="sha512:4de3c5e975692cbd6b59530897963d00205073208d15385938dfe380494d77d4"
    "f16fbdc22041a5925858477504af5729e6bd2b6c623a9c3c30aecefd83b5a3a0",
)
"""The archive of that release, with the hash that npm publishes for it."""
GROUP = "onnxruntime-web"
"""The folder of INKDIGITS_DATA, and of the cache, in which it is looked for."""
RUNTIME_FILES = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
"""What of it a site needs: WebAssembly alone, no WebGPU."""
NETWORKS = ("digit", "number", "fields", "upright")
OF_THE_SERVICE = ("answers.js", "api.js", "form*", "key.js", "review*", "sw.js")
"""What of the service's page a site has not, or has by itself."""
HEAD = '<html lang="en">\n<head>\n  <meta charset="utf-8">\n'
"""How index.html begins."""
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; style-src 'self'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'none'"
)
"""What the browser is to allow the page: nothing of any other address."""
TIMEOUT = 300.0
"""Seconds for npm to answer."""
LINE = 'const SITE = { version: "", files: [] };'
"""The line of sw.js that tells which files there are."""
SERVER = Path(str(resources.files("inkdigits.server")))


def write_site(out: Path, runtime: Path | None = None) -> int:
    """Write a site, and return its bytes in all.

    out: the folder, which takes the place of an older site there. runtime: the archive of ONNX Runtime Web; None looks for it, and has npm
    fetch it. Raises OutputError where the folder holds anything else, DataError where the runtime cannot be had or is not the one wanted.
    """
    if out.exists() and not _is_site(out):
        raise OutputError(f"{out} holds what is no site of inkdigits and would be lost; choose an empty folder or a new one")
    packed = runtime or obtained()
    if reason := fetch.fault(packed, fetch.File(packed.name, outer=PACKED.outer)):
        raise DataError(f"{packed}: it is not {RUNTIME}: {reason}; `npm pack {RUNTIME}` fetches it")
    with files.whole_folder(out) as folder:
        shared = [path for path in (SERVER / "page").iterdir() if not any(path.match(name) for name in OF_THE_SERVICE)]
        for path in sorted([*shared, *(SERVER / "site").iterdir()]):
            _copy(path, folder / path.name)
        for name in NETWORKS:
            _copy(SHIPPED / name, folder / "models" / name)
        _unpack(packed, folder / "ort")
        _tell_policy(folder / "index.html")
        _tell_files(folder)
        return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def obtained() -> Path:
    """The archive of ONNX Runtime Web: from INKDIGITS_DATA or the cache, else fetched by npm into the cache. Raises DataError."""
    found = fetch.find(GROUP, PACKED)
    if found is not None:
        return found
    folder = fetch.cache_folder() / GROUP
    remedy = f"`npm pack {RUNTIME}` where there is a network, and `inkdigits site --runtime {PACKED.name}`"
    npm = shutil.which("npm")
    if npm is None:
        raise DataError(f"{RUNTIME} runs the networks in a browser, and npm, which fetches it, is not installed; install npm, or {remedy}")
    with tempfile.TemporaryDirectory() as elsewhere:
        command = [npm, "pack", RUNTIME, "--pack-destination", elsewhere]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=TIMEOUT, cwd=elsewhere)
        except subprocess.TimeoutExpired:
            raise DataError(
                f"{RUNTIME} cannot be fetched: npm has not answered for {TIMEOUT:.0f} seconds; try again, or {remedy}"
            ) from None
        except subprocess.CalledProcessError as error:
            said = (error.stderr.strip().splitlines() or ["it says nothing"])[-1]
            raise DataError(f"{RUNTIME} cannot be fetched: npm ends with an error ({said}); try again, or {remedy}") from None
        with files.whole(folder / PACKED.name) as part:
            shutil.copyfile(Path(elsewhere) / PACKED.name, part)
    return folder / PACKED.name


def _is_site(out: Path) -> bool:
    """Whether a folder is empty, or holds a site of ours."""
    if not out.is_dir():
        return False
    return not any(out.iterdir()) or ((out / "sw.js").is_file() and (out / "reader" / "reading.js").is_file())


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copyfile(source, target)


def _unpack(packed: Path, folder: Path) -> None:
    """Take RUNTIME_FILES out of the archive."""
    folder.mkdir()
    with tarfile.open(packed) as archive:
        for name in RUNTIME_FILES:
            member = archive.extractfile(f"package/dist/{name}")
            if member is None:
                raise DataError(f"{packed}: dist/{name} is not in it; `npm pack {RUNTIME}` fetches the right one")
            (folder / name).write_bytes(member.read())


def _tell_policy(index: Path) -> None:
    """Tell the page that it is on the device, and the browser what to allow it."""
    told = HEAD.replace(">", ' class="on-device">', 1) + f'  <meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
    page = index.read_text(encoding="utf-8")
    index.write_text(page.replace(HEAD, told, 1), encoding="utf-8")


def _tell_files(folder: Path) -> None:
    """Tell the service worker which files there are, and which version of them: a hash over all."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    version = hashlib.sha256()
    for name in names:
        version.update(name.encode() + b"\0" + (folder / name).read_bytes())
    listed = ["./", *(name for name in names if name not in ("index.html", "sw.js"))]
    worker = folder / "sw.js"
    worker.write_text(
        worker.read_text().replace(LINE, f"const SITE = {json.dumps({'version': version.hexdigest()[:12], 'files': listed})};")
    )
