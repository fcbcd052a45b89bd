"""Lines as services write them, and queries about them, made by chance."""

import json
import random
from collections.abc import Callable, Sequence
from typing import TypeVar

from otelier.testing.telemetry import START_NS

SECOND_NS = 10**9
_T = TypeVar("_T")
RESOURCES = (
    {"service.name": "shop", "k8s.pod.name": "shop-1"},
    {"service.name": "shop", "k8s.pod.name": "shop-2"},
    {"service.name": "결제", "env": "prod"},
)
_METHODS = ("GET", "POST", "PUT")
_WORDS = ("timeout", "작업", "order paid", "connection refused", "cache miss", "retry 3")
_ADDRESSES = ("10.0.0.7", "10.1.2.3", "192.168.4.20", "::1", "2001:db8::7", "300.1.2.3")


class Lines:
    """Lines by chance."""

    def __init__(self, random_: random.Random) -> None:
        self._random = random_

    def one(self) -> str:
        return self._random.choice([self.json, self.json, self.logfmt, self.logfmt, self.access, self.other])()

    def _took(self) -> str:
        return self._random.choice(["12ms", "1.5s", "2m3s", "900us", "0", "soon", ""])

    def _size(self) -> str:
        return self._random.choice(["12", "5KB", "1.5MiB", "2 GB", "many"])

    def json(self) -> str:
        pick = self._random.choice
        record = {
            "sev": pick(["info", "error", "warn"]),
            "msg": pick(_WORDS),
            "status": pick([200, 404, 500, "502", None, 1.5]),
            "took": self._took(),
            "size": self._size(),
            "http": {"method": pick(_METHODS), "path": f"/items/{pick([1, 2, 77])}", "peer-ip": pick(_ADDRESSES)},
            "tags": ["a", {"b": 1}],
            "service_name": "inside",
            "1st": True,
        }
        for name in list(record):
            if self._random.random() < 0.25:
                del record[name]
        text = json.dumps(record, ensure_ascii=self._random.random() < 0.3)
        return text if self._random.random() < 0.95 else text[:-1]

    def logfmt(self) -> str:
        pick = self._random.choice
        pairs = [
            f"sev={pick(['info', 'error'])}",
            f'msg="{pick(_WORDS)}"',
            f"status={pick([200, 503, 'x'])}",
            f"took={self._took()}",
            f"size={self._size()}",
            f"ip={pick(_ADDRESSES)}",
            pick(["flag", 'q="a \\"b\\""', "=x", 'a"b=1', "k8s.pod=1", 'e=""', "작=업"]),
        ]
        self._random.shuffle(pairs)
        return " ".join(pairs[: self._random.randint(1, len(pairs))])

    def access(self) -> str:
        pick = self._random.choice
        return (
            f'{pick(_ADDRESSES)} - alice [10/Oct/2026:13:55:36] "{pick(_METHODS)} /items/{pick([1, 77])} HTTP/1.1" '
            f"{pick([200, 500])} {pick([12, 3456])}"
        )

    def other(self) -> str:
        pick = self._random.choice
        packed = json.dumps({"_entry": pick(_WORDS), "app": pick(["a", "b"]), "n": 1})
        return pick([packed, f"\x1b[31m{pick(_WORDS)}\x1b[0m", pick(_WORDS), "", f"{pick(_WORDS)}: {pick(_ADDRESSES)}"])


_SELECTORS = (
    '{service_name=~".+"}',
    '{service_name="shop"}',
    '{service_name=~"sh.*|결제"}',
    '{service_name="shop", k8s_pod_name!="shop-1"}',
    '{k8s_pod_name!~"shop-2", service_name!=""}',
)
_LINE_FILTERS = (
    '|= "timeout"', '!= "error"', '|~ "GET|POST"', '!~ "(?i:CACHE)"', '|= "작업" or "paid"', '!= "a" or "e"',
    '|> "<_>sev=<_>"', '!> "<_>msg<_>"', '|> "<_> - alice <_>" or "timeout"', '|= ip("10.0.0.0/8")',
    '!= ip("192.168.4.1-192.168.4.99")', '|= ip("::1")', '|= `"`', '|~ `\\d{3}`', '|= ""',
)  # fmt: skip
_RENAMED = '| logfmt s="status", msg'
_PARSERS = (
    "| json", "| json", "| logfmt", "| logfmt", "| logfmt --strict", "| logfmt --keep-empty", "| unpack",
    '| json m="http.method", s="status", first="tags[0]", b="tags[1].b", whole="http"',
    '| json ip=`http["peer-ip"]`, status', _RENAMED, '| logfmt --strict took',
    '| pattern `<ip> - <user> [<_>] "<method> <path> <_>" <status> <size>`',
    '| pattern `<_>msg="<msg>"<_>`', '| regexp `(?P<method>GET|POST|PUT) (?P<path>/\\S+)`',
    '| regexp `status=(?P<status>\\w+)`', "| decolorize",
)  # fmt: skip
_WITHOUT_EMPTY = ("| json", "| logfmt", "| unpack", "| decolorize", *_PARSERS[11:])
"""Parsers that make no label without a text: a series with one is another one than without it for Loki."""
_LABEL_FILTERS = (
    '| sev="error"', '| status >= 500', '| status = 200 or took > 100ms', '| took < 1m, size > 1KB', '| sev=~"e.*"',
    '| status != 404 and msg != ""',
    '| (status >= 500 or sev="warn") and service_name="shop"', '| size <= 5KB',
    '| took == 1.5s', '| missing=""', '| missing!="x"', '| method="GET" | status < 300',
    '| env="prod"', '| status > -1',
)  # fmt: skip
_TEMPLATES = (
    "{{.sev}}: {{.msg}}", "{{ __line__ }}", "{{.status}}-{{.nothing}}!", "{{ .msg | upper | trunc 5 }}",
    "{{ if .sev }}{{ .sev }}{{ else }}none{{ end }}", '{{ default "none" .method }}', "{{ len .msg }}",
    '{{ .path | replace "/" "_" }}', '{{ regexReplaceAll "(\\\\d+)" .path "<$1>" }}', "{{ add 1 .status }}",
    "{{ div 100 (int .status) }}", '{{ printf "%-8s|%5.1f" .sev (float64 .status) }}', "{{ .took | duration }}",
    "{{ .size | bytes }}", '{{ __timestamp__ | date "2006-01-02T15:04:05.000Z07:00" }}', "{{ alignLeft 7 .msg }}|",
    "{{ alignRight 7 .msg }}|", '{{ trimPrefix "/items" .path }}', '{{ hasPrefix "G" .method }}', "{{ .msg | title }}",
    "{{ ToUpper .msg }}{{ ToLower .sev }}", '{{ Replace .msg "e" "E" 1 }}', '{{ count "e" .msg }}',
    "{{ urlencode .msg }}", "{{ b64enc .msg }}", "{{ .msg | b64enc | b64dec }}", "{{ round (mulf 1.15 .status) 1 }}",
    "{{ mod 17 5 }} {{ sub 3 5 }} {{ mul 2 3 4 }} {{ max 1 .status }} {{ minf 2.5 1 }}",
    "{{ ceil 1.2 }} {{ floor -1.2 }}",
    '{{ substr 0 3 .msg }}', "{{ indent 2 .msg }}", "{{ repeat 2 .sev }}", '{{ trimAll "te" .msg }}',
    '{{ toDate "2006-01-02" "2026-10-11" | unixEpoch }}', '{{ unixToTime "1700000000" | unixEpochMillis }}',
    "{{ range $i, $e := (fromJson __line__) }}{{ $i }}={{ $e }};{{ end }}", '{{ eq .sev "error" }}',
    '{{ contains "out" .msg }}', "{{ unixEpochNanos __timestamp__ }}",
    "{{ divf 10 4 }} {{ addf 1.5 2 }} {{ subf 3 1 1 }}",
    '{{ if and (eq .sev "error") (ne .msg "") }}!{{ end }}', "{{ TrimSpace .msg }}", '{{ Trim .msg "tr" }}',
    '{{ nindent 1 .msg }}', '{{ lower "ÀB" }}', '{{ urldecode "a%20b+c" }}',
    '{{ trunc -3 .msg }}', "{{ maxf 1 .status }}",
)  # fmt: skip
_CHANGES = (
    "| label_format lvl=sev", '| label_format msg="{{.sev}}", extra=`{{.msg | upper}}`', "| label_format s=missing",
    "| label_format service_name=sev", "| drop sev, msg", '| drop sev="error", status', "| drop service_name",
    "| keep sev, service_name", '| keep sev="error", status', "| drop __error__, __error_details__",
    '| drop status=~"5.."',
)  # fmt: skip
_UNWRAPS = (
    "| unwrap status", "| unwrap duration(took)", "| unwrap duration_seconds(took)", "| unwrap bytes(size)",
    "| unwrap size", "| unwrap missing",
)  # fmt: skip
_FILTERED = '| __error__=""'
_OVER_UNWRAPPED = (
    "rate", "rate_counter", "sum_over_time", "avg_over_time", "min_over_time", "max_over_time", "first_over_time",
    "last_over_time", "stddev_over_time", "stdvar_over_time", "quantile_over_time", "absent_over_time",
)  # fmt: skip
_GROUPED = frozenset(_OVER_UNWRAPPED) - {"rate", "rate_counter", "sum_over_time", "absent_over_time"}
_OVER_LINES = ("rate", "count_over_time", "bytes_rate", "bytes_over_time", "absent_over_time")
_GROUPINGS = ("by (service_name)", "by (sev)", "by (service_name, method)", "without (k8s_pod_name)", "by ()", "")


ADDRESSES = (
    '{service_name=~".+"} | logfmt | ip = ip("10.0.0.0/8")',
    '{service_name=~".+"} | logfmt | ip != ip("10.0.0.1-10.9.9.9")',
    '{service_name=~".+"} | json | __error__="" | http_peer_ip = ip("::1")',
    '{service_name=~".+"} | json | __error__="" | http_peer_ip != ip("2001:db8::/32")',
    '{service_name=~".+"} | regexp `(?P<a>[0-9.]+)` | a = ip("10.1.2.3")',
)
"""Alone: in company Loki looks at other conditions first."""


class Grammar:
    """Queries by chance, all of which Loki takes."""

    def __init__(self, random_: random.Random) -> None:
        self._random = random_

    def lines(self) -> str:
        return f"{self._pick(_SELECTORS)} {self._stages(self._random.randint(0, 5))}"

    def metric(self) -> str:
        """Of the greatest and least only the values are told: which of equal ones are taken is not written anywhere."""
        outer = [self._top, self._undefined] if self._random.random() < 0.2 else [self._inner]
        return self._pick(outer)(0)

    def _inner(self, depth: int) -> str:
        forms: list[Callable[[int], str]] = [self._range, self._range, self._vector, self._vector]
        if depth < 2:
            forms += [self._binary, self._scaled, self._replaced]
        return self._pick(forms)(depth + 1)

    def _pick(self, all_: Sequence[_T]) -> _T:
        return self._random.choice(all_)

    def _stages(self, count: int, parsers: Sequence[str] = _PARSERS) -> str:
        kinds: Sequence[Sequence[str]] = (_LINE_FILTERS, parsers, parsers, _LABEL_FILTERS, _LABEL_FILTERS, _CHANGES)
        stages: list[str] = []
        for _ in range(count):
            stage = self._pick(self._pick(kinds))
            if stage == _RENAMED and any(
                each.startswith(("| logfmt", "| json", "| pattern", "| regexp")) for each in stages
            ):
                continue  # Loki finds nothing under a new name what was found under its own
            stages.append(stage)
        if self._random.random() < 0.1:
            stages.append(self._pick(['| __error__=""', '| __error__!=""']))
        if self._random.random() < 0.3:
            stages.append(f"| line_format `{self._pick(_TEMPLATES)}`")
        if self._random.random() < 0.15:
            stages.append(f"| label_format made=`{self._pick(_TEMPLATES)}`")
        return " ".join(stages)

    def _range(self, _depth: int) -> str:
        span = self._pick(["500ms", "1s", "3s", "10s"])
        offset = self._pick(["", "", "", " offset 1s"])
        stages = f"{self._pick(_SELECTORS)} {self._stages(self._random.randint(0, 3), _WITHOUT_EMPTY)}"
        filtered = _FILTERED if self._random.random() < 0.9 else ""
        if self._random.random() < 0.4:
            op = self._pick(_OVER_LINES)
            return f"{op}({stages} {_FILTERED if op == 'absent_over_time' else filtered} [{span}]{offset})"
        op = self._pick(_OVER_UNWRAPPED)
        share = f"{self._pick([0, 0.5, 0.9, 1])}, " if op == "quantile_over_time" else ""
        grouping = self._pick([each for each in _GROUPINGS if each != "by ()"]) if op in _GROUPED else ""
        parser = self._pick(_WITHOUT_EMPTY)
        if op == "absent_over_time":
            filtered = _FILTERED
        return f"{op}({share}{stages} {parser} {self._pick(_UNWRAPS)} {filtered} [{span}]{offset}) {grouping}"

    def _vector(self, depth: int) -> str:
        op = self._pick(["sum", "sum", "avg", "min", "max", "count", "stddev", "stdvar"])
        return f"{op} {self._pick(_GROUPINGS)} ({self._inner(depth)})"

    def _top(self, depth: int) -> str:
        return f"{self._pick(['topk', 'bottomk'])}({self._random.randint(1, 3)}, {self._inner(depth)})"

    def _undefined(self, depth: int) -> str:
        """What isn't a number is left out here, and counted by Loki: it stands outside of everything."""
        return f"({self._inner(depth)}) {self._pick(['/', '%', '^'])} {self._pick(['2', '0', '0.5', '-1'])}"

    def _scaled(self, depth: int) -> str:
        op = self._pick(["+", "-", "*", ">", "<", ">=", "<=", "==", "!=", "> bool", "== bool"])
        number = self._pick(["2", "0", "0.5", "-1"])
        sides = [f"({self._inner(depth)})", number]
        return f" {op} ".join(sides if self._random.random() < 0.7 else sides[::-1])

    def _binary(self, depth: int) -> str:
        by, include = "service_name", ""
        left = f"sum by ({by}) ({self._inner(depth)})"
        right = f"sum by ({by}) ({self._inner(depth)})"
        op = self._pick(["+", "-", "*", "and", "or", "unless", ">", "== bool"])
        match self._random.randint(0, 3):
            case 0:
                return f"{left} {op} {right}"
            case 1:
                return f"{left} {op} on ({by}) {right}"
            case 2:
                return f"{left} {op} ignoring (sev) {right}"
            case _:
                many = f"sum by ({by}, sev, k8s_pod_name) ({self._inner(depth)})"
                op = self._pick(["+", "-", "*"])
                include = self._pick(["", "", " (env)"])
                if self._random.random() < 0.5:
                    return f"{many} {op} on ({by}) group_left{include} {right}"
                return f"{right} {op} on ({by}) group_right{include} {many}"

    def _replaced(self, depth: int) -> str:
        to, by, source, pattern = self._pick(
            [
                ("made", "$1", "service_name", "(.*)"),
                ("made", "x-$1", "service_name", "s(.*)p"),
            ]
        )
        return f'label_replace({self._inner(depth)}, "{to}", "{by}", "{source}", "{pattern}")'


def times(count: int, random_: random.Random) -> list[int]:
    """Moments within ten seconds, no two alike."""
    return sorted(START_NS + each * 10**6 for each in random_.sample(range(10_000), count))
