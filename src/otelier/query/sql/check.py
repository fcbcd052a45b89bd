"""What a statement may say: a SELECT over the views, without a way to files, settings or other tables.

DuckDB's own parser reads it, and its tree is walked: what is not known to be harmless is refused. DuckDB's lock against
files (`enable_external_access`) holds besides, but alone it would be one lock only, and it has had holes.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, cast

from .columns import NAMES, VIEWS, summary
from .conditions import Condition, some, sources, wanted
from .places import quoted, told

_ALLOWED: Final = f"allowed is one SELECT (also WITH … SELECT) over the views {NAMES}"
_NAMES: Final = {"LOAD": "INSTALL or LOAD"}
"""Of kinds of statements that DuckDB calls by one name."""
_TOLD: Final = f"GET /api/otelier/v1/sql/views tells of these views, too, with types:\n\n{summary()}"
"""In the place of what a statement about tables would say."""
_TABLE_FUNCTIONS: Final = frozenset({"unnest", "range", "generate_series"})
_QUERIES: Final = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
_SOURCES: Final = frozenset({"BASE_TABLE", "SUBQUERY", "JOIN", "EXPRESSION_LIST", "EMPTY", "TABLE_FUNCTION"})
_PARTS: Final = frozenset({
    "LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER", "ORDER_MODIFIER", "DISTINCT_MODIFIER",
    "ORDER_DEFAULT", "ASCENDING", "DESCENDING", "INVALID",
})  # fmt: skip
_HARMLESS: Final = _QUERIES | _SOURCES | _PARTS
_EXPRESSIONS: Final = frozenset({
    "BETWEEN", "CASE", "CAST", "COLLATE", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "DEFAULT", "FUNCTION",
    "LAMBDA", "LAMBDA_REF", "OPERATOR", "POSITIONAL_REFERENCE", "STAR", "SUBQUERY", "TYPE", "WINDOW",
})  # fmt: skip
_FUNCTIONS: Final = re.compile(
    r"""read_.*|write_.*|.*_scan|parquet_.*|sniff_.*|glob|getenv|query|query_table|copy_.*|export_.*|import_.*|load_.*
    |install_.*|attach.*|duckdb_.*|pragma_.*|pg_.*|current_setting|set_config|set_setting|getvariable|current_query.*
    |nextval|setval|currval|sleep.*|which_secret|json_execute.*|json_(?:de)?serialize_(?:sql|plan)|http.*|.*secret.*|in_search_path
    |__internal.*|format_type|get_block_size|pandas_.*|arrow_.*|python_.*|checkpoint|.*_external_.*|.*_logging|.*_profiling
    """,
    re.VERBOSE,
)
"""Refused by name: what reads or writes something besides its arguments."""


class Checked(NamedTuple):
    """A statement that may be run."""

    text: str
    views: dict[str, list[str]]
    """The views that it reads, and of each the columns that it names."""
    where: dict[str, Condition]
    """Of those of which not all rows are wanted: which ones."""
    names: dict[str, int]
    """Columns and functions in lower case, and at which byte each stands first."""


class Refused(Exception):  # noqa: N818 - says what is wrong
    """The statement is not run; the text says why and what is possible."""


def check(connection: Any, text: str) -> Checked:
    """Raises Refused.

    A name that occurs where it is no column costs reading a column, nothing more.
    """
    statements = _statements(connection, text)
    if len(statements) != 1:
        raise Refused(f"this is {len(statements)} statements; {_ALLOWED}")
    kind = statements[0].type.name
    if kind != "SELECT":
        views = f"; {_TOLD}" if kind == "PRAGMA" else ""
        raise Refused(f"{_NAMES.get(kind, kind)} is refused; {_ALLOWED}{views}")
    tree = json.loads(connection.execute("SELECT json_serialize_sql(?)", [text]).fetchall()[0][0])
    if tree["error"] or len(tree["statements"]) != 1:
        raise Refused(f"this kind of statement is refused; {_ALLOWED}")
    walk = _Walk(_Folding(connection, tree), text)
    walk.node(tree["statements"], frozenset())
    views = {view: walk.columns(view) for view in VIEWS if view in walk.views}
    conditions = {view: walk.condition(view) for view in views}
    where = {view: each for view, each in conditions.items() if each is not None}
    return Checked(_without_end(text), views, where, walk.places)


def _without_end(text: str) -> str:
    """Without semicolons and comments behind it: it will stand within another statement."""
    import duckdb

    encoded = text.encode()
    for at, kind in reversed(duckdb.tokenize(text)):
        if kind != duckdb.token_type.comment and encoded[at : at + 1] != b";":
            break
        encoded = encoded[:at]
    return encoded.decode()


def _statements(connection: Any, text: str) -> list[Any]:
    import duckdb

    try:
        return connection.extract_statements(text)
    except duckdb.Error as error:
        raise Refused(told(str(error), text, {})) from error


class _Folding:
    """Moments that are the same for all rows, found out by DuckDB itself."""

    def __init__(self, connection: Any, tree: Any) -> None:
        """`tree`: of any statement, as the form in which DuckDB takes one back."""
        self._connection = connection
        self._version = {name: each for name, each in tree.items() if name != "statements"}

    def __call__(self, node: Any) -> int | None:
        import duckdb

        try:
            template = self._ask("SELECT json_serialize_sql('SELECT 1')")
            tree = {**self._version, **json.loads(template)}
            tree["statements"][0]["node"]["select_list"] = [node]
            text = self._ask("SELECT json_deserialize_sql(?::JSON)", json.dumps(tree))
            moment = text.removeprefix("SELECT ").rstrip(";")
            at = self._ask(f"SELECT epoch_ns(CAST(({moment}) AS TIMESTAMP_NS))")
        except duckdb.Error:
            return None
        return at if isinstance(at, int) else None

    def _ask(self, text: str, *values: object) -> Any:
        return self._connection.execute(text, list(values)).fetchall()[0][0]


class _Walk:
    def __init__(self, fold: _Folding, text: str) -> None:
        self._fold = fold
        self._text = text
        self.places: dict[str, int] = {}
        self._conditions: dict[str, list[Condition | None]] = {}
        """Of each view those of the SELECTs that read it."""
        self._references = Counter[str]()
        self.views: set[str] = set()
        self._names: set[str] = set()
        self._last: set[str] = set()
        """The last parts of names: of `s.name` it is `name`."""
        self._rows: set[str] = set()
        """Names by which a whole row can be meant."""
        self._star = False

    def condition(self, view: str) -> Condition | None:
        """Which of its rows are wanted; None: all."""
        known = self._conditions.get(view, [])
        return some(known) if len(known) == self._references[view] else None

    def columns(self, view: str) -> list[str]:
        """Fixed ones first. Without any: the one that is read fastest, for its rows."""
        lower = {name.lower() for name in self._names}
        everything = self._star or bool(self._last & self._rows)
        fixed = [name for name in VIEWS[view].columns if everything or name in lower]
        attributes = sorted(name for name in self._names if VIEWS[view].is_attribute(name))
        by_lower: dict[str, str] = {}
        for name in attributes:
            if by_lower.setdefault(name.lower(), name) != name:
                other = by_lower[name.lower()]
                raise Refused(f'"{name}" and "{other}" are one column to SQL; ask for one of them at a time')
        return fixed + attributes or [next(iter(VIEWS[view].columns))]

    def node(self, value: Any, tables: frozenset[str]) -> None:
        """`tables`: names that WITH has defined around it."""
        if isinstance(value, list):
            for each in cast("list[Any]", value):
                self.node(each, tables)
        elif isinstance(value, dict):
            self._object(cast("dict[str, Any]", value), tables)

    def _object(self, node: dict[str, Any], tables: frozenset[str]) -> None:
        kind, group = node.get("type"), node.get("class")
        if group is not None:
            self._expression(node, str(group))
        elif isinstance(kind, str):
            self._source(node, kind, tables)
        tables |= frozenset(_defined(node))
        if kind == "SELECT_NODE":
            self._select(node, tables)
        if kind == "RECURSIVE_CTE_NODE":
            tables |= {str(node.get("cte_name", node.get("ctename", ""))).lower()}
        for name, each in node.items():
            if name in ("using_columns", "column_names"):
                self._names.update(map(str, each))
                self._last.update(str(part).lower() for part in each[-1:])
            self.node(each, tables)

    def _refused(self, node: dict[str, Any], problem: str) -> Refused:
        at = node.get("query_location")
        return Refused(f"{problem}\n\n{quoted(self._text, at)}" if isinstance(at, int) else problem)

    def _select(self, node: dict[str, Any], tables: frozenset[str]) -> None:
        among = list(sources(node, tables))
        for each in among:
            if each.name:
                self._conditions.setdefault(each.name, []).append(wanted(node, each, among, self._fold))

    def _expression(self, node: dict[str, Any], group: str) -> None:
        if group not in _EXPRESSIONS:
            raise self._refused(node, f"{group.lower()} is refused; {_ALLOWED}")
        called = node.get("function_name") or next(reversed(node.get("column_names") or [""]))
        if isinstance(at := node.get("query_location"), int):
            self.places.setdefault(str(called).lower(), at)
        if group == "STAR":
            self._star = True
        elif group == "FUNCTION":
            name = str(node["function_name"]).lower()
            if _FUNCTIONS.fullmatch(name):
                problem = f"the function {name} is refused: a query reads nothing but the views {NAMES}"
                raise self._refused(node, problem)

    def _source(self, node: dict[str, Any], kind: str, tables: frozenset[str]) -> None:
        if kind == "SHOW_REF":
            raise self._refused(node, f"DESCRIBE, SHOW and SUMMARIZE are refused; {_ALLOWED}; {_TOLD}")
        if kind not in _HARMLESS:
            raise self._refused(node, f"{kind.removesuffix('_NODE').replace('_', ' ').lower()} is refused; {_ALLOWED}")
        if kind == "BASE_TABLE":
            self._table(node, tables)
        elif kind == "TABLE_FUNCTION":
            name = str(node["function"].get("function_name", "")).lower()
            if name not in _TABLE_FUNCTIONS:
                known = ", ".join(sorted(_TABLE_FUNCTIONS))
                raise self._refused(node, f"the table function {name} is refused; {_ALLOWED}, and {known}")
        elif kind == "JOIN" and node.get("ref_type") == "NATURAL":
            self._star = True

    def _table(self, node: dict[str, Any], tables: frozenset[str]) -> None:
        name, path = str(node["table_name"]).lower(), node.get("qualified_name", {}).get("path", [])
        if node.get("schema_name") or node.get("catalog_name") or len(path) > 1 or name not in tables | set(VIEWS):
            written = ".".join(map(str, path)) or name
            about_tables = written.lower().startswith(("information_schema.", "sqlite_", "duckdb_", "pg_catalog."))
            problem = f"there is no table {written!r} here; {_ALLOWED}"
            raise self._refused(node, f"{problem}; {_TOLD}" if about_tables else problem)
        self._rows |= {name, str(node.get("alias") or name).lower()}
        if name in VIEWS:
            self.views.add(name)
            self._references[name] += 1


def _defined(node: dict[str, Any]) -> Iterator[str]:
    for each in node.get("cte_map", {}).get("map", []):
        yield str(each["key"]).lower()
