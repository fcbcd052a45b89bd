"""A walk over lines reads page by page, and of large records no more than it tells."""

import pytest

from otelier.query.logql.lines import Walk
from otelier.query.logql.parse import parse_lines
from otelier.query.logql.plan import plan
from otelier.testing import log_record, logs
from otelier.testing.telemetry import START_NS

from ..plain_logs import Store, StoredLogs


@pytest.mark.parametrize("oldest_first", [False, True])
def test_records_that_do_not_fit_a_page_are_not_gone_through_for_each(oldest_first: bool) -> None:
    store, count = Store(), 500
    store.put_batch(logs(*(log_record(f"{n:03} {'x' * 5_000}", time_ns=START_NS + n) for n in range(count))))

    def walked(page_bytes: int) -> tuple[list[int], int]:
        source = StoredLogs(store.view, page_bytes)
        walk = Walk(source, plan(parse_lines("{}")), START_NS, START_NS + count, oldest_first=oldest_first)
        return [int(line.text[:3]) for line in walk.lines(count)], walk.looked.bytes

    lines, at_once = walked(2**26)
    in_pages, by_page = walked(50_000)
    assert in_pages == lines == sorted(range(count), reverse=not oldest_first)
    assert by_page < 3 * at_once
