"""Cloud Storage and S3 on this machine: emulators as processes, and what their clients need to be told."""

import contextlib
import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

BUCKET = "bucket"


def missing(kind: str) -> str:
    """Why there is no emulator of gs or s3 here; empty where there is one."""
    wanted = {"gs": ("gcp_storage_emulator", "google.cloud.storage"), "s3": ("moto.server", "boto3")}[kind]
    for name in wanted:
        with contextlib.suppress(ModuleNotFoundError):
            if importlib.util.find_spec(name) is not None:
                continue
        return f"{name} is not installed (make test-engines installs it)"
    return ""


def no_credentials() -> None:
    """Keep Beam from looking for credentials of Google Cloud, which takes 24 s a process where there are none."""
    if "STORAGE_EMULATOR_HOST" in os.environ:
        from apache_beam.internal.gcp import auth

        auth._Credentials._credentials_init = True


@contextlib.contextmanager
def serving(kind: str, log: str) -> Iterator[dict[str, str]]:
    """An emulator of gs or s3 with a bucket; what the environment of everybody must say."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    if kind == "gs":
        run = "from gcp_storage_emulator.__main__ import main; main()"
        command = ["start", "--host=127.0.0.1", f"--port={port}", "--in-memory", f"--default-bucket={BUCKET}"]
        told = {"STORAGE_EMULATOR_HOST": address, "NO_GCE_CHECK": "true"}
    else:
        run = "from moto.server import main; main()"
        command = ["-H", "127.0.0.1", "-p", str(port)]
        keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "eu-west-1"}
        told = {"AWS_ENDPOINT_URL": address, **keys}
    with open(log, "wb") as said:
        process = subprocess.Popen([sys.executable, "-c", run, *command], stdout=said, stderr=said)
        try:
            _wait(port)
            yield told
        finally:
            process.kill()
            process.wait()


def _wait(port: int) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError("the emulator does not start")


def client(kind: str) -> "Bucket":
    """The bucket of the emulator that the environment names."""
    return Bucket(kind)


class Bucket:
    """Objects by name in the emulator's bucket."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        if kind == "gs":
            from google.cloud import storage

            self._bucket = storage.Client.create_anonymous_client().bucket(BUCKET)
        else:
            import boto3

            self._s3 = boto3.client("s3")
            self._s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})

    def put(self, name: str, data: bytes) -> None:
        """Store an object."""
        if self.kind == "gs":
            self._bucket.blob(name).upload_from_string(data)
        else:
            self._s3.put_object(Bucket=BUCKET, Key=name, Body=data)

    def objects(self, prefix: str) -> dict[str, bytes]:
        """The objects whose names begin so."""
        if self.kind == "gs":
            return {blob.name: blob.download_as_bytes() for blob in self._bucket.list_blobs(prefix=prefix)}
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        names = [found["Key"] for page in pages for found in page.get("Contents", [])]
        return {name: self._s3.get_object(Bucket=BUCKET, Key=name)["Body"].read() for name in names}
