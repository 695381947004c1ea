"""A small disk of its own, which can be filled, and whose files can be made unchangeable under running processes."""

import errno
import os
import subprocess
from pathlib import Path
from typing import Self

import pytest

MEGABYTES = 16


class Disk:
    """`with Disk(folder) as disk:` an ext4 file system of a few megabytes, mounted on `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._image = folder.with_name(f"{folder.name}.img")
        self._ballast = folder / "ballast"

    def __enter__(self) -> Self:
        self.folder.mkdir()
        with self._image.open("wb") as image:
            image.truncate(MEGABYTES * 1024 * 1024)
        # blocks as large as a page: SQLite maps a file, and a hole in a map that finds no room is a SIGBUS
        _run("/sbin/mke2fs", "-q", "-t", "ext4", "-b", "4096", "-O", "^has_journal", "-m", "0", self._image)
        try:
            _run("mount", "-o", "loop", self._image, self.folder)
        except AssertionError as refused:  # a box that lets nobody mount can't be asked; any other runs these tests
            self._image.unlink()
            pytest.skip(str(refused))
        return self

    def __exit__(self, *_: object) -> None:
        self.thaw()
        _run("umount", self.folder)
        self._image.unlink()

    def fill(self) -> None:
        """Leave no room for a single block."""
        with self._ballast.open("wb", buffering=0) as file:
            for size in (1024 * 1024, 1024):
                try:
                    while True:
                        file.write(bytes(size))
                        os.fsync(file.fileno())
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def empty(self) -> None:
        """Room again."""
        self._ballast.unlink()

    def freeze(self) -> None:
        """Let no file be changed any more, not even by who has it open, as on a disk that the kernel gave up."""
        self._change("+i")

    def thaw(self) -> None:
        """The files can be changed again."""
        self._change("-i")

    def _change(self, flag: str) -> None:
        # not SQLite's map of its log: to write to a map whose file is unchangeable is a SIGBUS, so a mere crash
        files = [path for path in self.folder.glob("*.sqlite*") if not path.name.endswith("-shm")]
        if files:
            _run("chattr", flag, *files)


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"{command[0]}: {done.stderr.strip()} (this test needs root, who may mount)"
