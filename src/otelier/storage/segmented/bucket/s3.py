"""A bucket behind the S3 API. Credentials, regions, signatures and retries are botocore's business (`otelier[aws]`), so
all that works for other AWS tools does."""

import importlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ....component import StartError
from .bucket import BucketError
from .place import Place

_PIECE = 2**20
_GONE = ("NoSuchKey", "404", "NotFound")
_CONNECT_S, _READ_S, _ATTEMPTS = 5, 30, 3


class S3Bucket:
    """Implements `Bucket`."""

    def __init__(self, place: Place) -> None:
        """Nothing is asked yet. Raises StartError without botocore, or if it can't make a client."""
        try:
            session = importlib.import_module("botocore.session")
            config = importlib.import_module("botocore.config")
        except ImportError as error:
            raise StartError("storage: s3://… needs botocore: pip install 'otelier[aws]'", exit_code=2) from error
        try:
            self._client: Any = session.get_session().create_client(
                "s3",
                region_name=place.region or None,
                endpoint_url=place.endpoint or None,
                config=config.Config(
                    connect_timeout=_CONNECT_S,
                    read_timeout=_READ_S,
                    retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
                    s3={"addressing_style": "path" if place.endpoint else "auto"},
                ),
            )
        except Exception as error:  # botocore's errors have no common kind that is not Exception
            raise StartError(f"{place.url}: {error}", exit_code=2) from error
        self._bucket, self._prefix = place.bucket, place.prefix

    def put(self, key: str, data: bytes) -> None:
        """See `Bucket`."""
        with _errors(key):
            self._client.put_object(Bucket=self._bucket, Key=self._prefix + key, Body=data)

    def upload(self, key: str, file: Path) -> None:
        """See `Bucket`."""
        with file.open("rb") as body, _errors(key):
            self._client.put_object(Bucket=self._bucket, Key=self._prefix + key, Body=body)

    def get(self, key: str) -> bytes:
        """See `Bucket`."""
        with _errors(key):
            return self._client.get_object(Bucket=self._bucket, Key=self._prefix + key)["Body"].read()

    def download(self, key: str, file: Path) -> None:
        """See `Bucket`."""
        with _errors(key):
            answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + key)
            with file.open("xb") as out:
                for piece in answer["Body"].iter_chunks(_PIECE):
                    out.write(piece)
            if file.stat().st_size != answer["ContentLength"]:
                raise BucketError(f"{key}: the answer ended too early")

    def list(self, prefix: str) -> Iterator[str]:
        """See `Bucket`."""
        with _errors(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix + prefix
            )
            for page in pages:
                for each in page.get("Contents", ()):
                    yield each["Key"].removeprefix(self._prefix)

    def delete(self, key: str) -> None:
        """See `Bucket`."""
        with _errors(key):
            self._client.delete_object(Bucket=self._bucket, Key=self._prefix + key)


@contextmanager
def _errors(key: str) -> Generator[None]:
    try:
        yield
    except OSError:
        raise
    except Exception as error:  # as above
        response: Any = getattr(error, "response", None) or {}
        code = response.get("Error", {}).get("Code", "")
        if code in _GONE:
            raise FileNotFoundError(f"{key} is not in the bucket") from error
        raise BucketError(f"{key}: {error}") from error
