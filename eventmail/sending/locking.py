"""Locks that prove a process alive: on local files, `flock` ends with the process that took it and not before."""

import ctypes
import fcntl
import os
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# f_type of statfs(2): file systems whose flock is the kernel's own. NFS, SMB, FUSE and others may keep the lock of a
# dead process, free the lock of a living one, or never tell another box.
_LOCAL = {
    0xEF53,  # ext2, ext3, ext4
    0x58465342,  # xfs
    0x9123683E,  # btrfs
    0xF2F52010,  # f2fs
    0x2FC12FC1,  # zfs
    0xCA451A4E,  # bcachefs
    0x794C7630,  # overlayfs, as of containers
    0x01021994,  # tmpfs
}


def boot_id() -> str:
    """The kernel's name for this run of the box; "" when it tells none: then nothing can be proven."""
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        return ""


def is_local(descriptor: int) -> bool:
    """Whether an open file lies on a file system that keeps its locks in this kernel."""
    return file_system(descriptor) in _LOCAL


def file_system(descriptor: int) -> int:
    """The kind of file system of an open file, as a number of statfs(2); 0 when unknown."""
    try:
        statfs = ctypes.CDLL(None, use_errno=True).fstatfs
    except (AttributeError, OSError):
        return 0
    found = ctypes.create_string_buffer(512)  # struct statfs begins with f_type, a long
    return ctypes.c_ulong.from_buffer(found).value if statfs(descriptor, found) == 0 else 0


def lock(descriptor: int) -> bool:
    """Lock an open file for as long as it is open; returns False when another process has it locked."""
    return _flock(descriptor, fcntl.LOCK_EX)


def is_let_go(descriptor: int) -> bool:
    """Whether no process has this file locked. Then none can while we have it open; several may find that at once."""
    return _flock(descriptor, fcntl.LOCK_SH)


def is_at(path: Path, descriptor: int) -> bool:
    """Whether `path` still names this open file, and not a copy, another file or nothing."""
    try:
        there = path.stat(follow_symlinks=False)
    except OSError:
        return False
    here = os.fstat(descriptor)
    return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)


def _flock(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
