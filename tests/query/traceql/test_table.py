"""What a table of spans tells of its rows is made once: it is asked for row by row."""

import pytest

from otelier.query.traceql.evaluate.table import PARENT_ID, SPAN_ID, START, Table

from . import stand_in


@pytest.mark.parametrize("name", ["parents", "descendants", "starts", "parent_ids", "span_ids"])
def test_parts_of_a_table_are_made_once(name: str) -> None:
    fields = [START, SPAN_ID, PARENT_ID]
    table = Table(stand_in.Table([], fields, tree=True), fields)
    assert getattr(table, name) is getattr(table, name)
