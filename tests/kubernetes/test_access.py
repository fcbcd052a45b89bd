"""The ways to the API, and who we are there."""

from pathlib import Path

import pytest

from otelier.kubernetes import AccessError, KubernetesApi, api_access, client_tls
from otelier.testing import FakeKubernetes

from ..receivers.certificates import Authority, serving

NODES = "/api/v1/nodes"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "authority")


def asked(api: KubernetesApi) -> bytes:
    answer = api.get(NODES, {}, 10)
    try:
        return b"".join(answer.lines())
    finally:
        answer.close()


def test_a_pod_is_told_by_its_environment(tmp_path: Path, authority: Authority) -> None:
    (tmp_path / "token").write_text("secret\n")
    (tmp_path / "ca.crt").write_bytes(authority.file.read_bytes())
    with FakeKubernetes(token="secret", tls=serving(authority)) as kubernetes:
        port = kubernetes.url.rpartition(":")[2]
        environment = {"KUBERNETES_SERVICE_HOST": "localhost", "KUBERNETES_SERVICE_PORT": port}
        assert b"items" in asked(api_access("", environment, tmp_path))


def test_the_certificate_may_have_another_name_and_ours_may_be_wanted(authority: Authority) -> None:
    believed = authority.file.read_bytes()
    own = authority.issue("client")
    certificate, key = (Path(own[name]).read_bytes() for name in ("cert_file", "key_file"))
    with FakeKubernetes(tls=serving(authority, clients=True)) as kubernetes:
        tls = client_tls(believed, certificate, key)
        assert b"items" in asked(KubernetesApi(kubernetes.url, tls=tls, server_name="localhost"))
        with pytest.raises(OSError, match="certificate"):
            asked(KubernetesApi(kubernetes.url, tls=tls))
        with pytest.raises(OSError, match=r"no answer|broke"):
            asked(KubernetesApi(kubernetes.url, tls=client_tls(believed, b"", b""), server_name="localhost"))


def test_certificates_that_are_none_are_told() -> None:
    with pytest.raises(ValueError, match="certificates can't be used"):
        client_tls(b"rubbish", b"", b"")


def test_without_any_way_to_the_api_it_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(AccessError, match="kubeconfig"):
        api_access("", {"KUBECONFIG": str(tmp_path / "none")})
    with pytest.raises(AccessError, match="service account"):
        api_access("", {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, tmp_path)
    broken = tmp_path / "broken"
    broken.write_text("contexts: 7")
    with pytest.raises(AccessError, match="broken"):
        api_access(str(broken), {})


def test_headers_go_with_each_request(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("one")
    headers = lambda: [("Authorization", f"Bearer {token.read_text()}")]  # noqa: E731 - as short as it is
    with FakeKubernetes(token="two") as kubernetes:
        api = KubernetesApi(kubernetes.url, headers=headers)
        with pytest.raises(OSError, match="401"):
            asked(api)
        token.write_text("two")
        assert b"items" in asked(api)
