"""Records files, byte for byte as docs/spec/records.md says."""

import errno
import struct
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from otelier._core import Disk, Records

PATH = "folder/records"
BODIES = st.lists(st.binary(max_size=50) | st.just(b"OTR0" * 300), max_size=8)


def crc32c(data: bytes) -> int:
    """Bit by bit, from its definition."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def frame(body: bytes) -> bytes:
    checked = struct.pack("<I", len(body)) + body
    return b"OTR0" + struct.pack("<I", crc32c(checked)) + checked


def opened(*parts: bytes) -> Records:
    disk = Disk.simulated()
    disk.create_dir("folder")
    disk.replace(PATH, b"".join(parts))
    return Records(disk, PATH)


@given(BODIES)
def test_a_file_is_frames_and_nothing_else(bodies: list[bytes]) -> None:
    disk = Disk.simulated()
    records = Records(disk, PATH)
    for body in bodies:
        records.append(body)
    image = b"".join(map(frame, bodies))
    assert disk.read(PATH) == image
    assert records.size_bytes == len(image)
    again = Records(disk, PATH)
    assert (again.records, again.damage, again.torn_bytes) == (bodies, "", 0)


def test_the_empty_record_is_the_one_in_the_specification() -> None:
    assert frame(b"") == bytes.fromhex("4f 54 52 30 c7 4b 67 48 00 00 00 00")


@given(BODIES, st.binary(max_size=40), st.data())
def test_a_torn_tail_is_cut_off_wherever_it_is_torn(bodies: list[bytes], last: bytes, data: st.DataObject) -> None:
    torn = frame(last)
    cut = data.draw(st.integers(0, len(torn) - 1))
    records = opened(*map(frame, bodies), torn[:cut])
    assert (records.records, records.damage, records.torn_bytes) == (bodies, "", cut)
    records.append(b"next")
    assert records.size_bytes == sum(len(frame(body)) for body in [*bodies, b"next"])


@given(st.lists(st.binary(max_size=40), min_size=2, max_size=5), st.data())
def test_a_damaged_byte_costs_one_record_and_is_reported(bodies: list[bytes], data: st.DataObject) -> None:
    ends = [0]
    for body in bodies:
        ends.append(ends[-1] + len(frame(body)))
    at = data.draw(st.integers(0, ends[-2] - 1))
    image = bytearray(b"".join(map(frame, bodies)))
    image[at] ^= data.draw(st.integers(1, 255))
    hit = next(number for number, (start, end) in enumerate(pairwise(ends)) if start <= at < end)
    # A length that is damaged to end at just another record is believed.
    claimed = ends[hit] + len(frame(b"")) + int.from_bytes(image[ends[hit] + 8 : ends[hit] + 12], "little")
    assume(claimed == ends[hit + 1] or claimed not in ends)
    records = opened(bytes(image))
    assert records.records == [body for number, body in enumerate(bodies) if number != hit]
    assert records.damage == f"{PATH}: {len(frame(bodies[hit]))} bytes damaged in 1 places, the first at {ends[hit]}"


@given(st.lists(st.binary(max_size=30), max_size=6), st.data())
def test_whatever_is_done_to_a_file_no_record_is_invented(bodies: list[bytes], data: st.DataObject) -> None:
    image = bytearray(b"".join(map(frame, bodies)))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(image)))
        end = data.draw(st.integers(start, len(image)))
        image[start:end] = data.draw(st.binary(max_size=20))
    found = iter(bodies)
    assert all(body in found for body in opened(bytes(image)).records)


def test_a_frame_inside_of_a_damaged_body_is_none() -> None:
    body = b"user's " + frame(b"forged") + b" text"
    damaged = bytearray(frame(body))
    damaged[-1] ^= 1
    assert opened(frame(b"1"), bytes(damaged), frame(b"2")).records == [b"1", b"2"]


def test_bytes_full_of_false_headers_are_given_up_in_bounded_time() -> None:
    false = (b"OTR0" + bytes(4) + struct.pack("<I", 2_000_000)) * 200_000
    records = opened(frame(b"1"), b"?" + false, frame(b"2"))
    assert records.records == [b"1"]
    assert records.damage
    assert records.torn_bytes == 0


def test_damage_is_kept_when_the_file_is_opened() -> None:
    disk = Disk.simulated()
    disk.create_dir("folder")
    image = frame(b"1") + b"bad" + frame(b"2")
    disk.replace(PATH, image)
    Records(disk, PATH).append(b"3")
    assert disk.read(PATH) == image + frame(b"3")


def test_a_record_that_was_never_synced_is_durable_once_it_was_read() -> None:
    disk = Disk.simulated()
    records = Records(disk, PATH)
    disk.fail("sync folder", 1, errno.EIO)
    with pytest.raises(OSError, match="Input/output"):
        records.append(b"1")
    with pytest.raises(OSError, match="rewrite"):
        records.append(b"2")
    read = Records(disk, PATH).records
    for seed in range(20):
        disk.crash(seed)
        assert Records(disk, PATH).records == read


def test_a_record_is_durable_once_it_was_read_also_where_no_new_file_can_be_made() -> None:
    for seed in range(40):
        disk = Disk.simulated()
        records = Records(disk, PATH)
        records.append(b"0" * 2000)
        disk.fail("sync folder", 1, errno.EIO)
        with pytest.raises(OSError, match="Input/output"):
            records.append(b"1" * 2000)
        disk.fail("create folder/", 1, errno.ENOSPC)
        read = Records(disk, PATH).records
        disk.crash(seed)
        assert Records(disk, PATH).records == read


@pytest.mark.parametrize("operation", ["write folder/records", "sync folder/records"])
def test_what_can_not_be_made_durable_is_not_told(operation: str) -> None:
    disk = Disk.simulated()
    Records(disk, PATH).append(b"1")
    disk.fail("create folder/", 1, errno.ENOSPC)
    disk.fail(operation, 1, errno.EIO)
    with pytest.raises(OSError, match="Input/output"):
        Records(disk, PATH)


def test_a_real_file_is_written_over_itself(tmp_path: Path) -> None:
    disk = Disk.real(tmp_path)
    records = Records(disk, PATH)
    for body in (b"1", b"2" * 3000):
        records.append(body)
    image = disk.read(PATH)
    disk.fail("create folder/", 1, errno.ENOSPC)
    again = Records(disk, PATH)
    assert again.records == [b"1", b"2" * 3000]
    assert disk.read(PATH) == image
    again.append(b"3")
    assert disk.read(PATH) == image + frame(b"3")


def test_a_rewrite_is_old_or_new_after_any_failure_and_crash() -> None:
    def make() -> tuple[Disk, Records]:
        disk = Disk.simulated()
        records = Records(disk, PATH)
        for body in (b"a", b"b"):
            records.append(body)
        return disk, records

    outcomes: set[bytes] = set()
    for nth in range(1, 7):
        for seed in range(8):
            disk, records = make()
            disk.fail("", nth, errno.ENOSPC)
            try:
                records.rewrite([b"c"])
                expected = [[b"c"]]
            except OSError:
                expected = [[b"a", b"b"], [b"c"]]
            disk.crash(seed)
            found = Records(disk, PATH).records
            assert found in expected
            outcomes.add(b"".join(found))
    assert outcomes == {b"ab", b"c"}


def test_the_real_disk_keeps_records_too(tmp_path: Path) -> None:
    disk = Disk.real(tmp_path)
    Records(disk, PATH).append(b"kept")
    assert Records(disk, PATH).records == [b"kept"]
    assert (tmp_path / PATH).stat().st_mode & 0o777 == 0o600
    assert disk.list("folder") == ["records"]
