"""UserAgent: which browser, tool or robot wrote a User-Agent header, and on which system.

Two short ordered lists of our own; the first entry that matches counts. Names are those of the ua-parser project, which
upstream uses. What isn't known is "Other".
"""

from functools import lru_cache
from typing import TypeAlias

from ..._core import Pattern
from ..values import Value
from .registry import converter

_KEPT_LEN = 512
"""Answers about longer texts are not kept, or senders could fill memory with them."""
_V = r"/(\d+)(?:\.(\d+))?(?:\.(\d+))?"
_Rules: TypeAlias = tuple[tuple[Pattern, str], ...]
_AGENTS: _Rules = tuple(
    (Pattern(pattern.replace("VERSION", _V)), name)
    for pattern, name in [
        (r"(Googlebot(?:-Image|-News|-Video)?|bingbot|DuckDuckBot|YandexBot|Applebot|AhrefsBot|SemrushBot"
         r"|GPTBot|ClaudeBot|PetalBot|Twitterbot|LinkedInBot|Slackbot(?:-LinkExpanding)?|Discordbot|Bytespider)"
         r"VERSION", "$1"),
        (r"(facebookexternalhit)VERSION", "FacebookBot"),
        (r"(HeadlessChrome)VERSION", "$1"),
        (r"(Whale|Vivaldi|YaBrowser|UCBrowser|Electron)VERSION", "$1"),
        (r"(SamsungBrowser)VERSION", "Samsung Internet"),
        (r"Mobile.*(OPR)VERSION", "Opera Mobile"),
        (r"(OPR|OPiOS)VERSION", "Opera"),
        (r"(EdgA|EdgiOS)VERSION", "Edge Mobile"),
        (r"(Edg|Edge)VERSION", "Edge"),
        (r"(CriOS)VERSION", "Chrome Mobile iOS"),
        (r"(FxiOS)VERSION", "Firefox iOS"),
        (r"; wv\).*(Chrome)VERSION", "Chrome Mobile WebView"),
        (r"(Chrome)VERSION Mobile", "Chrome Mobile"),
        (r"(Chrome)VERSION.* Mobile", "Chrome Mobile"),
        (r"(Chromium|Chrome)VERSION", "$1"),
        (r"(?:Mobile|Tablet);.*(Firefox)VERSION", "Firefox Mobile"),
        (r"(Firefox)VERSION", "Firefox"),
        (r"(Version)VERSION.*Mobile.*Safari/", "Mobile Safari"),
        (r"(Version)VERSION.*Safari/", "Safari"),
        (r"(MSIE) (\d+)\.(\d+)", "IE"),
        (r"(Trident)/7\.0.*rv:(\d+)\.(\d+)", "IE"),
        (r"(python-requests)/(\d+)\.(\d+)", "Python Requests"),
        (r"(curl|Wget|Go-http-client|Java|okhttp|Apache-HttpClient|PostmanRuntime|axios|HTTPie|Dart|libwww-perl"
         r"|Python-urllib)VERSION", "$1"),
    ]
)  # fmt: skip
_SYSTEMS: _Rules = tuple(
    (Pattern(pattern), name)
    for pattern, name in [
        (r"()Windows NT 10\.0", "Windows=10"),
        (r"()Windows NT 6\.3", "Windows=8.1"),
        (r"()Windows NT 6\.2", "Windows=8"),
        (r"()Windows NT 6\.1", "Windows=7"),
        (r"()Windows NT 6\.0", "Windows=Vista"),
        (r"()Windows NT 5\.1", "Windows=XP"),
        (r"()Windows", "Windows"),
        (r"(Android)[ -](\d+)(?:\.(\d+))?(?:\.(\d+))?", "Android"),
        (r"()Android", "Android"),
        (r"(?:iPhone|iPad|iPod).*?( OS) (\d+)_(\d+)(?:_(\d+))?", "iOS"),
        (r"(Mac OS X) (\d+)[_.](\d+)(?:[_.](\d+))?", "Mac OS X"),
        (r"()Mac OS X|Macintosh", "Mac OS X"),
        (r"(CrOS) [\w]+ (\d+)\.(\d+)(?:\.(\d+))?", "Chrome OS"),
        (r"(Ubuntu|Fedora|Debian)/(\d+)(?:\.(\d+))?(?:\.(\d+))?", "$1"),
        (r"(Ubuntu|Fedora|Debian|FreeBSD|OpenBSD)", "$1"),
        (r"()Linux", "Linux"),
    ]
)


@converter("UserAgent")
def user_agent(value: str) -> dict[str, Value]:
    """Maps `user_agent.name`, `.version` and `.original`, and `os.name` and, if there is one, `os.version`."""
    first = _first if len(value) > _KEPT_LEN else _first_kept
    name, version = first(_AGENTS, value)
    system, os_version = first(_SYSTEMS, value)
    entries: dict[str, Value] = {
        "user_agent.name": name,
        "user_agent.version": version,
        "user_agent.original": value,
        "os.name": system,
    }
    return entries | ({"os.version": os_version} if os_version else {})


def _first(rules: _Rules, text: str) -> tuple[str, str]:
    for pattern, name in rules:
        if found := pattern.captures(text):
            name, _, fixed = name.replace("$1", found[1] or "").partition("=")
            return name, fixed or ".".join(part for part in found[2:] if part)
    return "Other", ""


_first_kept = lru_cache(4096)(_first)
