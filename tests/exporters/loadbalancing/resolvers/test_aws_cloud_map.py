"""aws_cloud_map: DiscoverInstances, signed; the instances' addresses and ports are the backends."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from otelier.component import StartError
from otelier.exporters.loadbalancing.resolvers.aws_cloud_map import CloudMapResolver
from otelier.exporters.loadbalancing.settings import CloudMapSettings
from otelier.testing import FakeClock, component_context

pytest.importorskip("botocore")


class CloudMap:
    """The service's endpoint: answers each question with the next list of instances, or a status."""

    def __init__(self, *answers):
        self.questions = []
        self.headers = []
        left = list(answers)
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                service.questions.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                service.headers.append(dict(self.headers))
                answer = left.pop(0)
                status, body = (200, {"Instances": answer}) if isinstance(answer, list) else (answer, {"message": "no"})
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class Heard:
    def __init__(self):
        self.found = []
        self.failures = []

    def resolved(self, endpoints):
        self.found.append(sorted(endpoints))

    def unresolved(self, error):
        self.failures.append(error)


@pytest.fixture
def resolve(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    closing = []

    def start(*answers, **keys):
        service, heard = CloudMap(*answers), Heard()
        ctx = component_context("loadbalancing", clock=FakeClock())
        settings = {"namespace": "ns", "service_name": "collectors", "region": "eu-central-1", "endpoint": service.url}
        resolver = CloudMapResolver(ctx, CloudMapSettings(**settings | keys), heard)
        resolver.start()
        closing.extend((resolver.stop, service.close))
        return service, heard, ctx.clock

    yield start
    for close in closing:
        close()


def instance(name, **attributes):
    return {"InstanceId": name, "Attributes": attributes}


@pytest.mark.proves(
    "loadbalancing.resolver.aws_cloud_map.namespace",
    "loadbalancing.resolver.aws_cloud_map.service_name",
    "loadbalancing.resolver.aws_cloud_map.interval",
    "loadbalancing.resolver.aws_cloud_map.endpoint",
)
def test_addresses_and_ports_are_the_instances_own(resolve):
    service, heard, clock = resolve(
        [
            instance("a", AWS_INSTANCE_IPV4="10.0.0.1", AWS_INSTANCE_PORT="4318"),
            instance("b", AWS_INSTANCE_IPV4="10.0.0.2"),
            instance("c", AWS_INSTANCE_IPV6="fd00::3", AWS_INSTANCE_PORT="4317"),
            instance("d", OTHER="x"),
        ],
        [instance("b", AWS_INSTANCE_IPV4="10.0.0.2")],
    )
    assert heard.found == [["10.0.0.1:4318", "10.0.0.2", "[fd00::3]:4317"]]
    clock.advance(30)
    assert heard.found[1] == ["10.0.0.2"]
    assert service.questions[0] == {"NamespaceName": "ns", "ServiceName": "collectors", "HealthStatus": "HEALTHY"}


@pytest.mark.proves("loadbalancing.resolver.aws_cloud_map.region")
def test_the_question_is_signed(resolve):
    service, _, _ = resolve([])
    (headers,) = service.headers
    assert headers["X-Amz-Target"] == "Route53AutoNaming_v20170314.DiscoverInstances"
    assert headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert "/eu-central-1/servicediscovery/aws4_request" in headers["Authorization"]


@pytest.mark.proves(
    "loadbalancing.resolver.aws_cloud_map.port",
    "loadbalancing.resolver.aws_cloud_map.owner_account",
    "loadbalancing.resolver.aws_cloud_map.health_status",
)
def test_a_configured_port_and_owner_win(resolve):
    service, heard, _ = resolve(
        [instance("a", AWS_INSTANCE_IPV4="10.0.0.1", AWS_INSTANCE_PORT="4318")],
        port=5000,
        owner_account="123456789012",
        health_status="ALL",
    )
    assert heard.found == [["10.0.0.1:5000"]]
    assert (service.questions[0]["OwnerAccount"], service.questions[0]["HealthStatus"]) == ("123456789012", "ALL")


def test_a_failure_is_told_and_changes_nothing(resolve):
    _, heard, clock = resolve([instance("a", AWS_INSTANCE_IPV4="10.0.0.1")], 400)
    clock.advance(30)
    assert len(heard.found) == 1
    assert "ns/collectors" in heard.failures[0]


def test_without_a_region_the_start_says_what_to_set(monkeypatch, tmp_path):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    settings = CloudMapSettings(namespace="ns", service_name="collectors")
    with pytest.raises(StartError, match="AWS_REGION"):
        CloudMapResolver(component_context(), settings, Heard()).start()
