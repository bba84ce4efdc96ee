"""Local files under a scheme of their own: importing this registers it with Beam."""

from typing import Any

from apache_beam.io.filesystem import FileMetadata, MatchResult
from apache_beam.io.localfilesystem import LocalFileSystem


class Elsewhere(LocalFileSystem):
    """A file system of Beam under a scheme of its own: what gs:// and s3:// are on other machines."""

    @classmethod
    def scheme(cls) -> str:
        return "elsewhere"

    def open(self, path: str, *args: Any, **kwargs: Any) -> Any:
        return super().open(path.removeprefix("elsewhere://"), *args, **kwargs)

    def exists(self, path: str) -> bool:
        return super().exists(path.removeprefix("elsewhere://"))

    def match(self, patterns: list[str], limits: Any = None) -> list[MatchResult]:
        found = super().match([pattern.removeprefix("elsewhere://") for pattern in patterns], limits)

        def named(result: MatchResult) -> MatchResult:
            entries = [FileMetadata(f"elsewhere://{entry.path}", entry.size_in_bytes) for entry in result.metadata_list]
            return MatchResult(result.pattern, entries)

        return list(map(named, found))
