"""k8s: the ready endpoints of a service are the backends, whatever happens to the watch."""

import socket
import threading

import pytest

from otelier.component import Duration, StartError, SystemClock
from otelier.exporters.loadbalancing.resolvers.k8s import K8sResolver
from otelier.exporters.loadbalancing.settings import K8sSettings
from otelier.kubernetes import ApiError, KubernetesApi, api_access
from otelier.testing import FakeClock, FakeKubernetes, component_context

NAMESPACE, SERVICE = "observability", "collector"
SELECTOR = {"labelSelector": f"kubernetes.io/service-name={SERVICE}"}


class Heard:
    """What a resolver tells."""

    def __init__(self):
        self.endpoints = None
        self.failures = []
        self._changed = threading.Condition()

    def resolved(self, endpoints):
        with self._changed:
            self.endpoints = sorted(endpoints)
            self._changed.notify_all()

    def unresolved(self, error):
        with self._changed:
            self.failures.append(error)
            self._changed.notify_all()

    def until(self, *endpoints):
        with self._changed:
            assert self._changed.wait_for(lambda: self.endpoints == sorted(endpoints), 10), self.endpoints

    def until_failure(self):
        with self._changed:
            assert self._changed.wait_for(lambda: self.failures, 10)


@pytest.fixture
def kubernetes():
    with FakeKubernetes(token="secret") as fake:
        yield fake


@pytest.fixture
def resolve(kubernetes):
    """Starts a resolver; answers what it tells."""
    running = []

    def start(*, clock=None, token="secret", **keys):
        heard = Heard()
        settings = K8sSettings(**{"service": f"{SERVICE}.{NAMESPACE}"} | keys)
        ctx = component_context("loadbalancing", clock=clock or SystemClock())
        running.append(K8sResolver(ctx, settings, heard, KubernetesApi(kubernetes.url, token=token)))
        running[-1].start()
        return heard

    yield start
    for resolver in running:
        resolver.stop()


@pytest.mark.proves("loadbalancing.resolver.k8s.service")
def test_the_first_list_is_there_when_start_returns(kubernetes, resolve):
    kubernetes.set_endpoints(NAMESPACE, SERVICE, {"127.0.0.11": True, "127.0.0.12": True})
    kubernetes.set_endpoints(NAMESPACE, "other", {"127.0.0.21": True})
    kubernetes.set_endpoints("elsewhere", SERVICE, {"127.0.0.31": True})
    assert resolve().endpoints == ["127.0.0.11:4317", "127.0.0.12:4317"]


def test_only_what_is_ready_counts_and_not_said_means_ready(kubernetes, resolve):
    kubernetes.set_endpoints(NAMESPACE, SERVICE, {"127.0.0.11": True, "127.0.0.12": False, "127.0.0.13": None})
    heard = resolve()
    assert heard.endpoints == ["127.0.0.11:4317", "127.0.0.13:4317"]
    kubernetes.set_endpoints(NAMESPACE, SERVICE, {"127.0.0.11": False, "127.0.0.12": True})
    heard.until("127.0.0.12:4317")


@pytest.mark.proves("loadbalancing.resolver.k8s.ports")
def test_each_port_is_a_backend_of_its_own(kubernetes, resolve):
    kubernetes.set_endpoints(NAMESPACE, SERVICE, {"127.0.0.11": True})
    assert resolve(ports=(15317, 16317)).endpoints == ["127.0.0.11:15317", "127.0.0.11:16317"]


@pytest.mark.proves("loadbalancing.resolver.k8s.return_hostnames")
def test_hostnames_are_those_of_a_stateful_set(kubernetes, resolve):
    kubernetes.set_endpoints(NAMESPACE, SERVICE, {"127.0.0.11": True})
    assert resolve(return_hostnames=True).endpoints == ["pod-127-0-0-11.collector.observability:4317"]


def test_a_pod_with_two_families_is_one_backend(kubernetes, resolve):
    kubernetes.set_endpoints(NAMESPACE, SERVICE, {"fd00::1": True}, family="IPv6")
    heard = resolve()
    assert heard.endpoints == ["[fd00::1]:4317"]
    kubernetes.set_endpoints(NAMESPACE, SERVICE, {"127.0.0.11": True})
    heard.until("127.0.0.11:4317")
    kubernetes.delete_endpoints(NAMESPACE, SERVICE)
    heard.until("[fd00::1]:4317")


def test_a_watch_that_breaks_is_taken_up_again(kubernetes, resolve):
    heard = resolve(clock=FakeClock(auto_advance=True))
    for round_ in range(1, 4):
        kubernetes.until_watched(round_)
        kubernetes.break_watches()
        kubernetes.set_endpoints(NAMESPACE, SERVICE, {f"127.0.0.{round_}": True})
        heard.until(f"127.0.0.{round_}:4317")


def test_a_version_that_is_gone_is_listed_anew(kubernetes, resolve):
    kubernetes.set_endpoints(NAMESPACE, SERVICE, {"127.0.0.11": True})
    heard = resolve()
    kubernetes.until_watched()
    kubernetes.send_bookmark(NAMESPACE, SERVICE)
    kubernetes.set_endpoints("elsewhere", SERVICE, {"127.0.0.31": True})
    kubernetes.set_endpoints(NAMESPACE, SERVICE, {"127.0.0.12": True})
    heard.until("127.0.0.12:4317")
    kubernetes.set_endpoints("elsewhere", SERVICE, {"127.0.0.32": True})
    kubernetes.forget_history()
    kubernetes.break_watches()
    kubernetes.set_endpoints(NAMESPACE, SERVICE, {"127.0.0.13": True})
    heard.until("127.0.0.13:4317")


def test_while_the_api_is_down_the_backends_stay_as_they_were(kubernetes, resolve):
    kubernetes.set_endpoints(NAMESPACE, SERVICE, {"127.0.0.11": True})
    clock = FakeClock()
    heard = resolve(clock=clock)
    kubernetes.until_watched()
    kubernetes.go_down()
    heard.until_failure()
    assert heard.endpoints == ["127.0.0.11:4317"]
    kubernetes.go_down(down=False)
    kubernetes.set_endpoints(NAMESPACE, SERVICE, {"127.0.0.12": True})
    clock.until_waiting()
    clock.advance(60)
    heard.until("127.0.0.12:4317")


def test_pauses_between_attempts_grow(kubernetes, resolve):
    kubernetes.go_down()
    clock = FakeClock(auto_advance=True)
    heard = resolve(clock=clock)
    while len(heard.failures) < 8:
        heard.until_failure()
    pauses = [seconds for seconds in clock.waited if seconds != 10]
    assert 0.5 <= pauses[0] <= 1.5
    assert max(pauses) <= 45
    assert sum(pauses[5:7]) > sum(pauses[:3])


def test_a_wrong_token_is_told(kubernetes, resolve):
    heard = resolve(clock=FakeClock(), token="wrong")
    heard.until_failure()
    assert "401" in heard.failures[0]


def test_who_may_not_ask_is_told_what_to_allow():
    assert "must be allowed to list and watch endpointslices" in str(ApiError(403, "forbidden", "endpointslices"))
    assert "allowed" not in str(ApiError(500, "etcd is down"))


@pytest.mark.proves("loadbalancing.resolver.k8s.timeout")
def test_a_request_without_an_answer_is_given_up():
    heard = Heard()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        api = KubernetesApi(f"http://127.0.0.1:{silent.getsockname()[1]}")
        settings = K8sSettings(service=f"{SERVICE}.{NAMESPACE}", timeout=Duration(0.1))
        resolver = K8sResolver(component_context("loadbalancing", clock=SystemClock()), settings, heard, api)
        resolver.start()
        heard.until_failure()
        resolver.stop()
    assert "timed out" in heard.failures[0]


@pytest.mark.proves("loadbalancing.resolver.k8s.kubeconfig")
def test_a_kubeconfig_gives_address_and_token(kubernetes, tmp_path):
    file = kubernetes.write_kubeconfig(tmp_path / "config")
    kubernetes.set_endpoints(NAMESPACE, SERVICE, {"127.0.0.11": True})
    for access in (api_access(str(file), {}), api_access("", {"KUBECONFIG": str(file)})):
        answer = access.get(f"/apis/discovery.k8s.io/v1/namespaces/{NAMESPACE}/endpointslices", SELECTOR, 5)
        assert b"127.0.0.11" in b"".join(answer.lines())


def test_without_any_way_to_the_api_the_start_fails_and_says_why(tmp_path):
    broken = tmp_path / "broken"
    broken.write_text("contexts: 7")
    settings = K8sSettings(service="a.b", kubeconfig=str(broken))
    with pytest.raises(StartError):
        K8sResolver(component_context(), settings, Heard()).start()
