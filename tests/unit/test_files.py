"""Files of an instance are its user's alone, whatever made them, and no link leads a write or a chmod elsewhere."""

import os
import secrets
import stat
from pathlib import Path

import pytest

from eventmail import files


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """An instance as an earlier version left it under umask 022, beside a file that is none of its business."""
    (tmp_path / "elsewhere").write_text("not ours")
    (tmp_path / "elsewhere").chmod(0o644)
    instance = tmp_path / "instance"
    for name in ("app.sqlite", "app.sqlite-wal", "outbox/1.eml", "imports/.new/data", "imports/3-abc/state.json"):
        (instance / name).parent.mkdir(parents=True, exist_ok=True)
        (instance / name).write_text("x")
        (instance / name).chmod(0o644)
    for folder in (instance, *(path for path in instance.rglob("*") if path.is_dir())):
        folder.chmod(0o755)
    (instance / "link").symlink_to(tmp_path / "elsewhere")
    (instance / "loop").symlink_to(instance)
    return instance


def test_everything_in_an_instance_is_mended_and_nothing_outside(tree: Path) -> None:
    found = {each.path for each in files.open_to_others(tree)}
    assert found == {tree, *(path for path in tree.rglob("*") if not path.is_symlink())}
    assert files.mend(tree) == len(found) == 10
    assert list(files.open_to_others(tree)) == []
    assert {mode(path) for path in found if path.is_dir()} == {0o700}
    assert {mode(path) for path in found if path.is_file()} == {0o600}
    assert mode(tree.parent / "elsewhere") == 0o644
    assert files.mend(tree) == 0


def test_a_link_put_in_the_place_of_a_file_meanwhile_is_not_followed(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = files._mode

    def swapped(descriptor: int, name: str) -> int | None:
        found = looked(descriptor, name)
        if name == "1.eml":
            os.unlink(name, dir_fd=descriptor)
            os.symlink(tree.parent / "elsewhere", name, dir_fd=descriptor)
        return found

    monkeypatch.setattr(files, "_mode", swapped)
    assert files.mend(tree) == 9
    assert mode(tree.parent / "elsewhere") == 0o644


def test_an_instance_that_is_not_there_yet_needs_no_mending(tmp_path: Path) -> None:
    assert files.mend(tmp_path / "no" / "instance") == 0


def test_a_draft_has_a_new_name_each_time_and_is_gone_when_nothing_became_of_it(tmp_path: Path) -> None:
    names = []
    for _ in range(2):
        with files.draft_of(tmp_path / "a") as (draft, _out):
            names.append(draft.name)
            assert mode(draft) == 0o600
    assert (len(set(names)), list(tmp_path.iterdir())) == (2, [])


def test_a_draft_is_never_written_through_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "token_hex", lambda _bytes: "guessed")
    (tmp_path / ".a.guessed").symlink_to(tmp_path / "victim")
    with pytest.raises(FileExistsError), files.draft_of(tmp_path / "a"):
        pytest.fail("a link was written through")
    assert not (tmp_path / "victim").exists()


@pytest.mark.parametrize("links", [True, False], ids=["hard links", "a memory stick"])
def test_a_draft_takes_no_name_that_is_in_use(tmp_path: Path, links: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_args: object, **_named: object) -> None:
        raise PermissionError

    if not links:
        monkeypatch.setattr(os, "link", refused)
    for n, taken in enumerate((tmp_path / "file", tmp_path / "dangling")):
        taken.write_text("kept") if n == 0 else taken.symlink_to(tmp_path / "victim")
        with files.draft_of(taken) as (draft, _out), pytest.raises(FileExistsError):
            files.become(draft, taken)
    with files.draft_of(tmp_path / "free") as (draft, out):
        out.write(b"whole")
        out.flush()
        files.become(draft, tmp_path / "free")
    assert (tmp_path / "file").read_text() == "kept"
    assert ((tmp_path / "free").read_bytes(), (tmp_path / "victim").exists()) == (b"whole", False)
