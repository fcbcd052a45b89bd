"""Which keys hold secrets, judged by their names: for what has no type that says it."""

import re

SHOWN = "***"

_SECRET = re.compile(
    r"password|passwd|passphrase|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|account[-_]?key|credential"
    r"|authorization|cookie|key_pem|\Aauth\Z|\Ahtpasswd\Z"
)
_NOT_SECRET = re.compile(r"(file|filename|path|url|uri|endpoint|type|name|length|size|count|id|interval|timeout)\Z")
_USER_INFO = re.compile(r"(?<=://)([^/?#\s:@]*):[^/?#\s]*@")


def looks_secret(key: str) -> bool:
    """`password`, `x-api-key`, `Authorization`; not `token_url` or `password_file`, which only lead to one."""
    key = key.lower()
    return bool(_SECRET.search(key)) and not _NOT_SECRET.search(key)


def without_password(text: str) -> str:
    """`https://user:pass@host` without the password."""
    return _USER_INFO.sub(rf"\1:{SHOWN}@", text)
