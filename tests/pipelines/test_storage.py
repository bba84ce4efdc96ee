"""Files appear whole or not at all, with the checksum of what was written."""

import hashlib

import pytest

from pipelines import storage


def test_a_file_appears_when_it_is_whole(tmp_path):
    path = tmp_path / "deep" / "file"
    with storage.writing(str(path)) as file:
        file.write(b"one ")
        assert not path.exists()
        file.write(b"two")
        assert file.hexdigest() == hashlib.sha256(b"one two").hexdigest()
        assert file.written == 7
    assert path.read_bytes() == b"one two"
    assert [found.name for found in path.parent.iterdir()] == ["file"]


@pytest.mark.parametrize(("path", "folder"), [("/m.arpa", "/"), ("m.arpa", "."), ("a/m.arpa", "a")])
def test_a_file_is_written_in_its_own_folder(monkeypatch, path, folder):
    asked = []

    def pending(where):
        asked.append(where)
        raise InterruptedError

    monkeypatch.setattr(storage, "PendingFile", pending)
    with pytest.raises(InterruptedError), storage.writing(path):
        pass
    assert asked == [folder]


def test_a_block_that_fails_leaves_what_was_there(tmp_path):
    path = tmp_path / "file"
    storage.write_bytes(str(path), b"before")
    with pytest.raises(ZeroDivisionError), storage.writing(str(path)) as file:
        file.write(b"after")
        raise ZeroDivisionError
    assert path.read_bytes() == b"before"
    assert [found.name for found in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("parts", "path"),
    [(("a/b", "c"), "a/b/c"), (("gs://bucket/out/", "kept", "a"), "gs://bucket/out/kept/a"), (("/x", "y"), "/x/y")],
)
def test_join(parts, path):
    assert storage.join(*parts) == path


def test_files_of_a_folder_whose_name_is_a_pattern(tmp_path):
    folder = tmp_path / "a[1]*"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "x.parquet").touch()
    (folder / "y.json").touch()
    assert storage.files(str(folder), ".parquet") == [str(folder / "deep" / "x.parquet")]


def test_a_file_that_goes_after_it_was_closed_raises_nothing(tmp_path):
    pending = storage.PendingFile(str(tmp_path))
    pending.file.write(b"x")
    pending.close("a")
    pending.file.close()  # as Python does when the object goes; 3.13 prints what is raised then
