"""The same rows on Ray Data, on one machine or on a cluster: names go out in partitions, and each becomes a Parquet file.

Ray shares out the partitions, and does those of a lost machine again, under the same name of file. Within an actor it is a `Pool` of one
process that reads, as with `--jobs`: Ray would try an image that kills its actor again and again.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import socket
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain, count, islice
from typing import TYPE_CHECKING, Any

from .batch.pool import Pool
from .batch.run import in_pool, reading_work
from .batch.sources import File, Skipped, expand
from .errors import Error, MissingExtra, OutputError
from .files import Appended
from .images import SUFFIXES
from .options import Options
from .output.results import replaced, to_table
from .output.resume import Record, Terms, check_record, record_of, record_text
from .reader import Reader
from .reading import Reading

if TYPE_CHECKING:
    import fsspec
    import pyarrow

PARTITION = 1000
"""Files of a partition, at most: what a kill costs each actor."""
PART = ".part"
"""What ends the name of a file that is not whole yet."""
OWN = re.compile(r"/[0-9a-f]{8}-\d{6,}\.parquet$")
"""The names that files of rows have."""
RECORD_NAME, LOCK = "_run.json", "_lock"
"""What made the rows, and what is locked while there is a run; what reads folders of Parquet passes over such names."""
FETCHES = 16
"""Remote files that an actor fetches at the same time."""
PATIENCE = 10.0
"""Seconds that a cluster has to answer."""


class EngineError(Error):
    """Ray cannot be reached, or gave the work up."""


Table = Callable[[Iterable[Reading]], Any]
"""Readings -> a pyarrow.Table."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What readings become. record: what makes the rows, kept beside them. table: the readings of some files, page by page -> a
    pyarrow.Table of their rows, which has source, page, needs_review, refused and error among its columns; it is sent to the actors."""

    record: Record
    table: Table

    @classmethod
    def of(cls, reader: Reader, *, single: bool) -> Rows:
        """A row a page, as `predict` (single) and `read` write them. Raises ModelError where the reader's model cannot be used."""
        return cls(record_of(type(reader)(reader.model), reader.options, single=single), _table)


def _table(readings: Iterable[Reading]) -> pyarrow.Table:
    return to_table(reading.to_dict() for reading in readings)


def expand_remote(sources: Iterable[str], skipped: Skipped | None = None) -> Iterator[File]:
    """As `sources.expand`, where a URL such as s3://bucket/scans means the images below it, or itself if it is a file."""
    for source in sources:
        if "://" not in source:
            yield from expand([source], skipped)
            continue
        try:
            folder, path = _place(source)
            found = sorted(folder.find(path)) if folder.isdir(path) else [path]
            names = [name for name in found if name == path or (name.lower().endswith(SUFFIXES) and "/." not in name)]
        except Exception as error:  # every protocol has errors of its own
            yield File(source, error=f"cannot be listed: {_reason(error)}")
            continue
        yield from (File(folder.unstrip_protocol(name)) for name in names) if names else [File(source, error="no images in this folder")]


def read(
    reader: Reader,
    files: Iterable[File],
    out: str,
    *,
    rows: Rows | None = None,
    single: bool = False,
    jobs: int | None = None,
    gpus: float = 0,
    address: str | None = None,
    resume: bool = False,
    retry_errors: bool = False,
    overwrite: bool = False,
    seen: Callable[[pyarrow.Table], None] = lambda table: None,
) -> Iterator[pyarrow.Table]:
    """Read files with Ray and write their rows to Parquet files in the folder `out`, a path or URL; yields the table of each file that is
    written, in no order. `inkdigits.output.results.from_table` makes rows of one.

    reader: each actor makes one like it; every machine must have its model, and local files, under the same name. rows: what its readings
    become; None for a row a page. single: one digit an image. jobs: actors, each of which takes a CPU; None for one a CPU. gpus: share of
    a GPU for each, where the reader's device is "cuda".
    address: of a cluster; None for the one that RAY_ADDRESS names, else one that is started here, on the loopback interface, and ended.
    resume: leave out the files whose rows are there; `seen` gets their tables. retry_errors: but not those with an error in any of their
    rows. overwrite: begin anew. A local folder is locked for this run. Raises EngineError, OutputError, MissingExtra, ModelError.
    """
    address = address or os.environ.get("RAY_ADDRESS")
    ray = _ray(address)
    folder, path = _place(out)
    rows = rows or Rows.of(reader, single=single)  # what is wrong with the model is said now
    with _alone(folder, path):
        done: Counter[str] = Counter()
        for table in _tables(folder, _old(folder, path, out, Terms(rows.record, resume, retry_errors, overwrite))):
            pages = zip(table["source"].to_pylist(), table["page"].to_pylist(), strict=True)
            done.update(source for source, page in pages if page == 1)
            seen(table)
        todo = (file for file in files if not _take(done, file.name))
        with _running(ray, jobs, address):
            ray.data.DataContext.get_current().enable_progress_bars = False
            there = ray.cluster_resources()
            if gpus > there.get("GPU", 0):
                raise EngineError(f"--gpus {gpus:g}: the cluster has {there.get('GPU', 0):g} GPUs; read on its CPUs, or give it one")
            actors = jobs or max(1, int(there.get("CPU", 1)))
            blocks = [ray.put(block) for block in _blocks(todo, actors)]
            if not blocks:
                return
            work = partial(reading_work, type(reader), reader.model, reader.device)
            written = ray.data.from_arrow_refs(blocks).map_batches(
                _Actor,
                fn_constructor_args=(work, out, secrets.token_hex(4), rows.table, single, reader.options, os.getcwd()),
                batch_size=None,
                batch_format="pyarrow",
                compute=ray.data.ActorPoolStrategy(size=actors),
                num_cpus=1,
                num_gpus=gpus or None,
            )
            try:
                for row in written.iter_rows():
                    yield from _tables(folder, [row["file"]])
            except ray.exceptions.RayError as error:
                raise EngineError(f"Ray gave up: {_reason(error)}; --resume goes on with the rows in {out}") from None


@contextmanager
def _alone(folder: fsspec.AbstractFileSystem, path: str) -> Iterator[None]:
    """A folder that exists, and that no other run writes to: where it is local, it is locked."""
    from fsspec.implementations.local import LocalFileSystem

    folder.makedirs(path, exist_ok=True)
    if not isinstance(folder, LocalFileSystem):
        yield
        return
    with Appended(f"{path}/{LOCK}") as lock:
        try:
            yield
        finally:
            lock.remove()


def _old(folder: fsspec.AbstractFileSystem, path: str, out: str, terms: Terms) -> list[str]:
    """The files with rows that the run goes on with. Raises OutputError where there are others."""
    old, record = sorted(folder.glob(f"{path}/*.parquet")), f"{path}/{RECORD_NAME}"
    if terms.overwrite:
        if foreign := [name for name in old if not OWN.search(name)]:
            raise OutputError(f"{foreign[0]} is no file of inkdigits, and would be taken for rows; choose another folder")
        for name in old:
            folder.rm_file(name)
        old = []
    if old and not terms.resume:
        raise OutputError(f"{out} has rows already; --resume goes on with them, --overwrite begins anew")
    if old:
        check_record(folder.cat_file(record).decode("utf-8", "replace") if folder.exists(record) else None, terms.record, out)
    for torn in folder.glob(f"{path}/*{PART}"):
        folder.rm_file(torn)
    if not old:
        folder.pipe_file(record, record_text(terms.record).encode())
    return [name for name in old if not terms.retry_errors or _without_errors(folder, name)]


def _without_errors(folder: fsspec.AbstractFileSystem, name: str) -> bool:
    """Take the rows of those sources out of a file that have an error in any of them; whether rows are left."""
    from pyarrow import compute

    (table,) = _tables(folder, [name])
    failed = table.filter(compute.is_valid(table["error"]))["source"].unique()
    kept = table.filter(compute.invert(compute.is_in(table["source"], value_set=failed)))
    if not len(kept):
        folder.rm_file(name)
    elif len(kept) < len(table):
        _write(folder, name, kept)
    return len(kept) > 0


def _write(folder: fsspec.AbstractFileSystem, name: str, table: pyarrow.Table) -> None:
    """Write a Parquet file, whole or not at all."""
    from pyarrow import parquet

    with folder.open(name + PART, "wb") as file:
        parquet.write_table(table, file)
    folder.mv(name + PART, name)


class _Actor:
    """What Ray calls: a partition's names -> the name of the file with their rows."""

    def __init__(self, work: Any, out: str, run: str, table: Table, single: bool, options: Options, cwd: str) -> None:
        with suppress(OSError):
            os.chdir(cwd)  # relative names mean what they mean to who gave them, where there is such a folder
        self.folder, self.path = _place(out)
        self.run, self.table, self.single, self.options = run, table, single, options
        self.pool: Pool[Any, Any] = Pool(work, 1)

    def __call__(self, block: pyarrow.Table) -> pyarrow.Table:
        import pyarrow

        files = (File(os.fsdecode(row["name"]), row["content"], row["error"]) for row in block.to_pylist())
        with ThreadPoolExecutor(FETCHES) as fetching:
            rows = self.table(in_pool(self.pool, _ahead(fetching, files), single=self.single, options=self.options))
        name = f"{self.path}/{self.run}-{block['partition'][0].as_py():06}.parquet"
        _write(self.folder, name, rows)
        return pyarrow.table({"file": [name]})


def _ahead(fetching: ThreadPoolExecutor, files: Iterator[File]) -> Iterator[File]:
    """The files, the next of them fetched while one is read."""
    begun = [fetching.submit(_fetched, file) for file in islice(files, 2 * FETCHES)]
    while begun:
        yield begun.pop(0).result()
        begun += [fetching.submit(_fetched, file) for file in islice(files, 1)]


def _fetched(file: File) -> File:
    """A file that a URL names, with its content."""
    if "://" not in file.name or file.error:
        return file
    try:
        folder, path = _place(file.name)
        return File(file.name, folder.cat_file(path))
    except Exception as error:  # every protocol has errors of its own
        return File(file.name, error=f"cannot be fetched: {_reason(error)}")


def _blocks(files: Iterator[File], actors: int) -> Iterator[pyarrow.Table]:
    """Partitions of files; smaller ones where all actors would not get one otherwise."""
    import pyarrow

    first = list(islice(files, PARTITION * actors))
    size = max(1, min(PARTITION, -(-len(first) // (4 * actors))))
    schema = pyarrow.schema(
        [("name", pyarrow.binary()), ("content", pyarrow.binary()), ("error", pyarrow.string()), ("partition", pyarrow.int32())]
    )
    every = chain(first, files)
    for number in count():
        some = list(islice(every, size))
        if not some:
            return
        rows = [{"name": os.fsencode(file.name), "content": file.content, "error": file.error, "partition": number} for file in some]
        yield pyarrow.Table.from_pylist(rows, schema=schema)


def _take(done: Counter[str], name: str) -> bool:
    """Whether a file is done; one that was given twice is so twice."""
    name = replaced(name)
    if not done[name]:
        return False
    done[name] -= 1
    return True


def _tables(folder: fsspec.AbstractFileSystem, names: list[str]) -> Iterator[pyarrow.Table]:
    from pyarrow import parquet

    for name in names:
        with folder.open(name) as file:
            yield parquet.read_table(file)


def _place(url: str) -> tuple[fsspec.AbstractFileSystem, str]:
    """The file system that a URL or a path means, and the path there. Raises OutputError, MissingExtra."""
    try:
        import fsspec
    except ImportError:
        raise MissingExtra("ray", "reading with Ray") from None
    try:
        folder, path = fsspec.core.url_to_fs(url)
    except (ValueError, ImportError) as error:
        raise OutputError(f"{url} cannot be reached: {_reason(error)}") from None
    return folder, path


def _reason(error: BaseException) -> str:
    """What an error says, in a line; of one that Ray brings from elsewhere with its tracebacks, what it came from."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return next((line for line in lines if re.match(r"[\w.]+(Error|Exception): ", line)), lines[-1])


def _ray(address: str | None) -> Any:
    """Ray, which reads its settings as it is imported. Its own cluster lets in only who has its token."""
    if "ray" not in sys.modules:
        os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
        if not address and "RAY_AUTH_MODE" not in os.environ:
            os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    try:
        import ray
        import ray.data
    except ImportError:
        raise MissingExtra("ray", "reading with Ray") from None
    return ray


@contextmanager
def _running(ray: Any, jobs: int | None, address: str | None) -> Iterator[None]:
    """A connection to a cluster: the one there is, or one of this machine alone, that others cannot reach or send work to."""
    if ray.is_initialized():
        yield
        return
    logging.getLogger("ray").setLevel(logging.ERROR)
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address:
        options["address"] = address
        _check_answers(address)
    else:
        options |= {"include_dashboard": False, "num_cpus": jobs, "_node_ip_address": "127.0.0.1"}
    try:
        ray.init(**options)
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise EngineError(f"Ray cannot be reached at {address or 'this machine'}: {_reason(error)}; check --address") from None
    try:
        yield
    finally:
        ray.shutdown()


def _check_answers(address: str) -> None:
    """Raise EngineError where nobody listens at host:port: Ray itself would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not port.isdecimal():
        return
    try:
        socket.create_connection((host, int(port)), PATIENCE).close()
    except OSError as error:
        raise EngineError(f"Ray cannot be reached at {address}: {error.strerror or _reason(error)}; check --address") from None
