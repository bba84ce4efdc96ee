"""Options of engines: what argparse accepts is accepted, and Beam's file systems get them before anything is listed."""

import argparse

import apache_beam as beam
import grpc
import pytest
from apache_beam.io.filesystem import CompressionTypes, FileMetadata, FileSystem, MatchResult
from apache_beam.options.pipeline_options import S3Options

from pipelines import engines
from tests.curate.running_tools import adds_up, go, recipe, write_rows
from tests.engines.page import commands, options


def _example(action: argparse.Action) -> list[str]:
    """A value that an option takes; none for a switch."""
    if action.nargs == 0:
        return []
    if action.choices:
        return [str(next(iter(action.choices)))]
    return ["7"]


def _options() -> list[argparse.Action]:
    parser = engines.option_parser()
    # --help prints and ends; -flags of one dash are no options of a pipeline
    return [action for action in parser._actions if not isinstance(action, argparse._HelpAction)]


def test_every_option_that_beam_defines_is_accepted_under_each_of_its_names():
    refused = {}
    tried = 0
    for action in _options():
        if action.dest == "runner":
            continue  # Beam looks for the runner itself, whose name then matters
        for name in action.option_strings:
            for value in [_example(action)] if action.nargs == 0 else [_example(action), None]:
                given = [f"{name}={_example(action)[0]}"] if value is None else [name, *value]
                tried += 1
                try:
                    engines.parse_options(given)
                except engines.EngineError as error:
                    refused[name] = str(error)
    # JSON, and numbers in a form of their own: what Beam says of 7 is about the value, not about the name
    refused = {name: said for name, said in refused.items() if "does not know" in said or "belongs to" in said}
    assert not refused
    assert tried > 200


@pytest.mark.parametrize(
    "option",
    [
        ["--extra_package", "a.whl"],
        ["--worker_machine_type", "n2-standard-8"],
        ["--experiment", "use_runner_v2"],
        ["--no_auth"],
        ["--machine_type=n2-standard-8", "--disk_size_gb", "100"],
        ["--sdk_container_image", "europe-docker.pkg.dev/p/r/image"],
        ["--dataflow_service_options", "enable_prime"],
        ["--no_use_public_ips"],
        ["--resource_hint", "min_ram=12GB"],
    ],
)
def test_options_of_a_real_submission(option):
    engines.parse_options(option)


def test_the_commands_of_the_page_hold_options_that_beam_knows():
    found = [options(command) for command in commands()]
    assert len(found) >= 5
    for given in found:
        known = [word for word in given if word != "--runner" and not word.endswith("Runner")]
        engines.parse_options(known)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--worker_machine_typ", "n2"], "Beam does not know the option --worker_machine_typ"),
        (["--machine_type=n2", "stray"], "'stray' does not belong to any option"),
        (["--experiments"], "expected one argument"),
        (["--gcs_custom_audit_entries=7"], "cannot read them"),
        (["--runner=DataflowRunner", "--project=my-project", "--temp_location=gs://b/tmp"], "gs://b/tmp"),
    ],
)
def test_what_beam_does_not_know_is_an_error(options, message):
    with pytest.raises(engines.EngineError, match=message):
        engines.parse_options(options)


class ProbeFileSystem(FileSystem):
    """Files of this machine under probe://, and the options that each instance was made with."""

    regions: list[str] = []  # noqa: RUF012 - shared by all instances on purpose

    def __init__(self, pipeline_options):
        super().__init__(pipeline_options)
        self.regions.append(pipeline_options.view_as(S3Options).s3_region_name)

    @classmethod
    def scheme(cls):
        return "probe"

    def _path(self, url):
        return url.removeprefix("probe:/")

    def match(self, patterns, limits=None):
        import os

        return [MatchResult(p, [FileMetadata(p, os.path.getsize(self._path(p)))]) for p in patterns]

    def exists(self, path):
        return True

    def open(self, path, mime_type="", compression_type=CompressionTypes.AUTO):
        return open(self._path(path), "rb")

    def join(self, basepath, *paths):
        return "/".join([basepath, *paths])

    split = mkdirs = create = copy = rename = delete = last_updated = checksum = has_dirs = None  # type: ignore[assignment]
    size = metadata = _list = None  # type: ignore[assignment]


def test_file_systems_get_the_options_in_the_driver_and_in_units(tmp_path):
    rows = write_rows(tmp_path / "rows.jsonl", ["A row of text.", "Another one."], 0)
    ProbeFileSystem.regions.clear()
    options = ["--s3_region_name", "far-away"]
    found = go(recipe("quality/length"), [f"probe:/{rows}"], tmp_path / "out", workers=1, options=options)
    assert adds_up(found) and found["read"]["records"] == 2
    assert set(ProbeFileSystem.regions) == {"far-away"}


def test_a_job_that_takes_long_is_followed_and_an_endpoint_that_is_not_there_is_not_waited_for():
    class Handle:
        timeout: float | None = 300.0

        def run(self, preparation):
            return preparation, self.timeout

    class Portable:
        def create_job_service_handle(self, service, options):
            return Handle()

    handle = engines.followed_to_its_end(Portable()).create_job_service_handle("service", "options")
    assert handle.timeout == 300.0
    assert handle.run("a job") == ("a job", None)


class _Gone(grpc.RpcError, grpc.Call):
    """An error of a call, whose text begins with the name of a class."""

    __str__ = object.__str__
    initial_metadata = trailing_metadata = code = is_active = None  # type: ignore[assignment]
    time_remaining = cancel = add_callback = None  # type: ignore[assignment]

    def details(self):
        return "Connection reset"


def test_of_a_call_that_failed_the_reason_is_told():
    assert engines._gave_up(_Gone()) == "gave up: Connection reset"


class _Quotes(beam.DoFn):
    def process(self, element):
        raise ValueError(f"cannot read {element}")


def test_what_a_runner_says_of_its_start_is_told_and_what_it_says_of_documents_is_not():
    assert "does not start: no such project" in engines._gave_up(ValueError("no such project"), told=True)
    with pytest.raises(Exception, match="secret") as caught:  # a runner that runs it all when it is started
        engines.run_in_process(lambda pipeline: pipeline | beam.Create(["secret"]) | beam.ParDo(_Quotes()))
    assert "secret" not in engines._gave_up(caught.value, told=True)
    remote = RuntimeError(f"Traceback (most recent call last):\n{caught.value}")
    assert "secret" not in engines._gave_up(remote, told=True)
