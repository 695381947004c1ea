"""The built editor is the one its source makes, is small enough, and comes with its licences (`frontend/`)."""

import gzip
import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.forked import ROOT

FRONTEND = ROOT / "frontend"
VENDOR = ROOT / "eventmail/static/vendor"
CEILING = 92_000  # bytes of the editor, compressed


def test_every_vendored_file_is_the_one_that_the_manifest_names() -> None:
    manifest = json.loads((VENDOR / "manifest.json").read_text())
    scripts = {str(path.relative_to(VENDOR)) for path in VENDOR.rglob("*.js")}
    assert {name: entry["sha256"] for name, entry in manifest.items()} == {
        name: hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() for name in scripts
    }


def test_the_editor_stays_below_its_ceiling() -> None:
    assert len(gzip.compress((VENDOR / "editor/editor.min.js").read_bytes(), 9, mtime=0)) <= CEILING


def test_the_lock_names_no_registry_and_pins_everything_by_its_hash() -> None:
    lock = json.loads((FRONTEND / "package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert {name for name, entry in packages.items() if "resolved" in entry or not entry.get("integrity")} == set()
    assert "http" not in (FRONTEND / "package-lock.json").read_text()


def test_every_package_in_the_editor_has_its_licence_beside_it() -> None:
    lock = json.loads((FRONTEND / "package-lock.json").read_text())
    bundled = {
        name.removeprefix("node_modules/") for name, entry in lock["packages"].items() if name and not entry.get("dev")
    }
    told = set(re.findall(r"^## (\S+)", (FRONTEND / "LICENSES").read_text(), re.MULTILINE))
    assert told == bundled


@pytest.mark.judge
def test_building_the_editor_anew_gives_the_same_bytes(tmp_path: Path) -> None:
    source = shutil.copytree(FRONTEND, tmp_path / "frontend", ignore=shutil.ignore_patterns("node_modules"))
    (tmp_path / "built/editor").mkdir(parents=True)
    shutil.copy(VENDOR / "manifest.json", tmp_path / "built/manifest.json")
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=source, check=True)
    subprocess.run(["node", "build.js", str(tmp_path / "built")], cwd=source, check=True)
    built = (tmp_path / "built/editor/editor.min.js").read_bytes()
    assert (
        hashlib.sha256(built).hexdigest() == hashlib.sha256((VENDOR / "editor/editor.min.js").read_bytes()).hexdigest()
    )
    assert (tmp_path / "built/manifest.json").read_bytes() == (VENDOR / "manifest.json").read_bytes()
