"""schemathesis makes requests of the OpenAPI description, sound and unsound, and finds no answer that is not described."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="needs inkdigits[serve]")
SCHEMATHESIS = shutil.which("st", path=str(Path(sys.executable).parent)) or shutil.which("st")

# What an image is cannot be described: bytes that are none are answered 415, and images that are not sound 422.
CONFIG = "".join(
    f"""
[[operations]]
include-name = "POST /v1/{name}"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", 415, 422]
"""
    for name in ("read", "predict", "explain")
)


@pytest.mark.slow
@pytest.mark.skipif(SCHEMATHESIS is None, reason="schemathesis is not installed")
def test_the_service_answers_as_it_is_described(service, tmp_path):
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    tried = ["--max-examples", "25", "--seed", "1", "--no-color", "--suppress-health-check", "all"]
    run = [SCHEMATHESIS, "--config-file", str(tmp_path / "schemathesis.toml"), "run", f"{service}openapi.json", *tried]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    generated, passed = map(int, re.search(r"(\d+) generated, (\d+) passed", done.stdout).groups())
    assert generated == passed > 200
