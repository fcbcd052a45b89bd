"""Every role's targets and labels, and what a cluster's changes do to them."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from otelier.component import ConfigError, SystemClock
from otelier.config import decode, load
from otelier.scrape.config import KubernetesSd
from otelier.scrape.discovery.kubernetes import KubernetesDiscovery
from otelier.scrape.target import TargetGroup
from otelier.testing import FakeKubernetes, component_context

META = "__meta_kubernetes_"

NODE = {
    "metadata": {"name": "n1", "labels": {"kubernetes.io/arch": "amd64"}, "annotations": {"a-b": "1"}},
    "spec": {"providerID": "cloud://n1"},
    "status": {
        "addresses": [
            {"type": "Hostname", "address": "n1.local"},
            {"type": "InternalIP", "address": "10.0.0.1"},
            {"type": "InternalIP", "address": "fd00::1"},
        ],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
    },
}
POD = {
    "metadata": {
        "name": "cart-0",
        "namespace": "shop",
        "uid": "u-1",
        "labels": {"app": "cart"},
        "annotations": {"prometheus.io/scrape": "true"},
        "ownerReferences": [
            {"kind": "Other", "name": "o"},
            {"kind": "StatefulSet", "name": "cart", "controller": True},
        ],
    },
    "spec": {
        "nodeName": "n1",
        "containers": [
            {
                "name": "main",
                "image": "cart:1",
                "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}, {"containerPort": 9000}],
            },
            {"name": "proxy", "image": "proxy:1"},
        ],
        "initContainers": [{"name": "first", "image": "first:1"}],
    },
    "status": {
        "phase": "Running",
        "podIP": "10.1.0.7",
        "hostIP": "10.0.0.1",
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [{"name": "main", "containerID": "run://main"}],
    },
}
POD_LABELS = {
    "pod_name": "cart-0",
    "pod_ip": "10.1.0.7",
    "pod_ready": "true",
    "pod_phase": "Running",
    "pod_node_name": "n1",
    "pod_host_ip": "10.0.0.1",
    "pod_uid": "u-1",
    "pod_controller_kind": "StatefulSet",
    "pod_controller_name": "cart",
    "pod_label_app": "cart",
    "pod_labelpresent_app": "true",
    "pod_annotation_prometheus_io_scrape": "true",
    "pod_annotationpresent_prometheus_io_scrape": "true",
}
HTTP_PORT_LABELS = {
    "pod_container_name": "main",
    "pod_container_image": "cart:1",
    "pod_container_id": "run://main",
    "pod_container_init": "false",
    "pod_container_port_name": "http",
    "pod_container_port_number": "8080",
    "pod_container_port_protocol": "TCP",
}
SERVICE = {
    "metadata": {"name": "cart", "namespace": "shop", "labels": {"team": "a"}},
    "spec": {"type": "ClusterIP", "clusterIP": "10.2.0.1", "ports": [{"name": "web", "port": 80, "protocol": "TCP"}]},
}
SERVICE_LABELS = {"service_name": "cart", "service_label_team": "a", "service_labelpresent_team": "true"}
NODE_LABELS = {
    "node_name": "n1",
    "node_provider_id": "cloud://n1",
    "node_label_kubernetes_io_arch": "amd64",
    "node_labelpresent_kubernetes_io_arch": "true",
    "node_annotation_a_b": "1",
    "node_annotationpresent_a_b": "true",
}
REFERENCE = {"kind": "Pod", "name": "cart-0", "namespace": "shop"}


class Heard:
    """What a discovery tells, as targets with all their labels, by address."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._groups: Sequence[TargetGroup] | None = None

    def __call__(self, groups: Sequence[TargetGroup]) -> None:
        with self._changed:
            self._groups = groups
            self._changed.notify_all()

    def until(self, *addresses: str) -> dict[str, dict[str, str]]:
        with self._changed:
            assert self._changed.wait_for(lambda: sorted(self._targets()) == sorted(addresses), 20), self._groups
            return self._targets()

    def _targets(self) -> dict[str, dict[str, str]]:
        return {
            target["__address__"]: {
                name.removeprefix(META): text
                for name, text in {**group.labels, **target}.items()
                if name.startswith(META)
            }
            for group in self._groups or []
            for target in group.targets
        }


@pytest.fixture
def kubernetes() -> Iterator[FakeKubernetes]:
    with FakeKubernetes(token="secret") as fake:
        for kind, item in (("nodes", NODE), ("pods", POD), ("services", SERVICE)):
            fake.set(kind, item)
        yield fake


def config_of(text: str) -> KubernetesSd:
    document = load([f"yaml:{text}"])
    return decode(KubernetesSd, document.tree, (), document)


@pytest.fixture
def discover(kubernetes: FakeKubernetes, request: pytest.FixtureRequest) -> Any:
    def start(keys: str) -> Heard:
        heard = Heard()
        config = config_of(f"{{api_server: '{kubernetes.url}', authorization: {{credentials: secret}}, {keys}}}")
        discovery = KubernetesDiscovery(config, component_context(clock=SystemClock()), heard)
        request.addfinalizer(discovery.stop)
        discovery.start()
        return heard

    return start


def test_a_node_is_its_kubelet(discover: Any) -> None:
    found = discover("role: node").until("10.0.0.1:10250")["10.0.0.1:10250"]
    assert found == {**NODE_LABELS, "node_address_Hostname": "n1.local", "node_address_InternalIP": "10.0.0.1"}


def test_a_service_is_found_by_its_name_in_dns(kubernetes: FakeKubernetes, discover: Any) -> None:
    heard = discover("role: service")
    found = heard.until("cart.shop.svc:80")["cart.shop.svc:80"]
    assert found == {
        **SERVICE_LABELS,
        "namespace": "shop",
        "service_type": "ClusterIP",
        "service_cluster_ip": "10.2.0.1",
        "service_port_name": "web",
        "service_port_number": "80",
        "service_port_protocol": "TCP",
    }
    ports = [{"port": 443}]
    outside = {"type": "ExternalName", "externalName": "example.org", "ports": ports}
    balanced = {"type": "LoadBalancer", "clusterIP": "10.2.0.3", "loadBalancerIP": "10.9.0.1", "ports": ports}
    kubernetes.set("services", {"metadata": {"name": "out", "namespace": "shop"}, "spec": outside})
    kubernetes.set("services", {"metadata": {"name": "lb", "namespace": "shop"}, "spec": balanced})
    found = heard.until("cart.shop.svc:80", "out.shop.svc:443", "lb.shop.svc:443")
    assert found["out.shop.svc:443"]["service_external_name"] == "example.org"
    assert "service_cluster_ip" not in found["out.shop.svc:443"]
    assert found["lb.shop.svc:443"]["service_loadbalancer_ip"] == "10.9.0.1"


def test_a_pod_is_the_ports_of_its_containers(discover: Any) -> None:
    found = discover("role: pod").until("10.1.0.7:8080", "10.1.0.7:9000", "10.1.0.7")
    assert found["10.1.0.7:8080"] == {"namespace": "shop", **POD_LABELS, **HTTP_PORT_LABELS}
    assert found["10.1.0.7:9000"]["pod_container_port_name"] == ""
    # Both containers without ports have this address; the last one is shown here.
    assert found["10.1.0.7"]["pod_container_init"] == "true"
    assert "pod_container_port_number" not in found["10.1.0.7"]


def test_a_pod_without_an_address_waits_and_one_that_goes_is_gone(kubernetes: FakeKubernetes, discover: Any) -> None:
    heard = discover("role: pod, selectors: [{role: pod, label: 'app=web'}]")
    pod = {"metadata": {"name": "w", "namespace": "shop", "labels": {"app": "web"}}}
    kubernetes.set("pods", {**pod, "spec": {"containers": [{"name": "c", "ports": [{"containerPort": 1}]}]}})
    kubernetes.set("pods", {**pod, "spec": {"containers": [{"name": "c"}]}, "status": {"podIP": "fd00::7"}})
    assert heard.until("fd00::7")["fd00::7"]["pod_ready"] == "unknown"
    kubernetes.delete("pods", "shop", "w")
    heard.until()


def test_nodes_and_namespaces_are_attached_where_asked_for(kubernetes: FakeKubernetes, discover: Any) -> None:
    kubernetes.set("namespaces", {"metadata": {"name": "shop", "labels": {"env": "prod"}, "annotations": {"x": "y"}}})
    heard = discover("role: pod, attach_metadata: {node: true, namespace: true}")
    found = heard.until("10.1.0.7:8080", "10.1.0.7:9000", "10.1.0.7")["10.1.0.7:8080"]
    namespace = {
        "namespace_label_env": "prod",
        "namespace_labelpresent_env": "true",
        "namespace_annotation_x": "y",
        "namespace_annotationpresent_x": "true",
    }
    assert found == {"namespace": "shop", **POD_LABELS, **HTTP_PORT_LABELS, **NODE_LABELS, **namespace}


def test_endpoints_know_their_service_and_pods(kubernetes: FakeKubernetes, discover: Any) -> None:
    address = {"ip": "10.1.0.7", "nodeName": "n1", "hostname": "cart-0", "targetRef": REFERENCE}
    subset = {
        "addresses": [address],
        "notReadyAddresses": [{"ip": "10.1.0.8"}],
        "ports": [{"name": "web", "port": 8080, "protocol": "TCP"}],
    }
    metadata = {"name": "cart", "namespace": "shop", "labels": {"e": "1"}}
    kubernetes.set("endpoints", {"metadata": metadata, "subsets": [subset]})
    heard = discover("role: endpoints, attach_metadata: {node: true}")
    found = heard.until("10.1.0.7:8080", "10.1.0.8:8080", "10.1.0.7:9000")
    shared = {
        "namespace": "shop",
        "endpoints_name": "cart",
        "endpoints_label_e": "1",
        "endpoints_labelpresent_e": "true",
        **SERVICE_LABELS,
    }
    port = {"endpoint_port_name": "web", "endpoint_port_protocol": "TCP"}
    assert found["10.1.0.7:8080"] == {
        **shared,
        **port,
        **POD_LABELS,
        **HTTP_PORT_LABELS,
        **NODE_LABELS,
        "endpoint_ready": "true",
        "endpoint_node_name": "n1",
        "endpoint_hostname": "cart-0",
        "endpoint_address_target_kind": "Pod",
        "endpoint_address_target_name": "cart-0",
    }
    assert found["10.1.0.8:8080"] == {**shared, **port, "endpoint_ready": "false"}
    # A port of the pod that is no endpoint.
    other = found["10.1.0.7:9000"]
    assert (other["pod_container_port_number"], other["service_name"]) == ("9000", "cart")
    assert "endpoint_ready" not in other


def test_slices_say_more_of_each_endpoint(kubernetes: FakeKubernetes, discover: Any) -> None:
    endpoint = {
        "addresses": ["10.1.0.7"],
        "conditions": {"ready": True, "serving": True, "terminating": False},
        "hostname": "cart-0",
        "nodeName": "n1",
        "zone": "z1",
        "targetRef": REFERENCE,
        "deprecatedTopology": {"kubernetes.io/hostname": "n1"},
    }
    metadata = {"name": "cart-x", "namespace": "shop", "labels": {"kubernetes.io/service-name": "cart"}}
    ports = [{"name": "web", "port": 8080, "protocol": "TCP", "appProtocol": "http"}]
    slice_ = {"metadata": metadata, "addressType": "IPv4", "endpoints": [endpoint], "ports": ports}
    kubernetes.set("endpointslices", slice_)
    found = discover("role: endpointslice").until("10.1.0.7:8080", "10.1.0.7:9000")["10.1.0.7:8080"]
    own = {
        "name": "cart-x",
        "address_type": "IPv4",
        "label_kubernetes_io_service_name": "cart",
        "labelpresent_kubernetes_io_service_name": "true",
        "endpoint_conditions_ready": "true",
        "endpoint_conditions_serving": "true",
        "endpoint_conditions_terminating": "false",
        "endpoint_hostname": "cart-0",
        "endpoint_node_name": "n1",
        "endpoint_zone": "z1",
        "endpoint_topology_kubernetes_io_hostname": "n1",
        "endpoint_topology_present_kubernetes_io_hostname": "true",
        "address_target_kind": "Pod",
        "address_target_name": "cart-0",
        "port": "8080",
        "port_name": "web",
        "port_protocol": "TCP",
        "port_app_protocol": "http",
    }
    wanted = {"namespace": "shop", **SERVICE_LABELS, **POD_LABELS, **HTTP_PORT_LABELS}
    assert found == wanted | {f"endpointslice_{name}": text for name, text in own.items()}


def test_an_ingress_is_its_paths(kubernetes: FakeKubernetes, discover: Any) -> None:
    spec = {
        "ingressClassName": "nginx",
        "tls": [{"hosts": ["*.example.org"]}],
        "rules": [
            {"host": "a.example.org", "http": {"paths": [{"path": "/x"}]}},
            {"host": "a.b.example.org"},
        ],
    }
    kubernetes.set("ingresses", {"metadata": {"name": "i", "namespace": "shop"}, "spec": spec})
    found = discover("role: ingress").until("a.example.org", "a.b.example.org")
    shared = {"namespace": "shop", "ingress_name": "i", "ingress_class_name": "nginx"}
    of_a = {"ingress_scheme": "https", "ingress_host": "a.example.org", "ingress_path": "/x"}
    of_b = {"ingress_scheme": "http", "ingress_host": "a.b.example.org", "ingress_path": "/"}
    assert found == {"a.example.org": shared | of_a, "a.b.example.org": shared | of_b}


def test_namespaces_and_selectors_choose(kubernetes: FakeKubernetes, discover: Any) -> None:
    for namespace in ("default", "one", "two"):
        metadata: Mapping[str, Any] = {"name": "s", "namespace": namespace, "labels": {"pick": "yes"}}
        kubernetes.set("services", {"metadata": metadata, "spec": {"ports": [{"port": 1}]}})
    kubernetes.set("services", {"metadata": {"name": "t", "namespace": "one"}, "spec": {"ports": [{"port": 1}]}})
    chosen = "selectors: [{role: service, label: pick=yes, field: metadata.name=s}]"
    discover("role: service, namespaces: {names: [one, two]}, " + chosen).until("s.one.svc:1", "s.two.svc:1")
    # Outside of a pod one's own namespace is `default`.
    discover("role: service, namespaces: {own_namespace: true}").until("s.default.svc:1")
    assert "/api/v1/namespaces/default/services" in kubernetes.paths


def test_a_kubeconfig_and_the_pods_own_account_say_where_the_api_is(
    kubernetes: FakeKubernetes, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = kubernetes.write_kubeconfig(tmp_path / "kubeconfig")
    monkeypatch.setenv("KUBECONFIG", str(file))
    for keys in (f"{{role: node, kubeconfig_file: '{file}'}}", "{role: node}"):
        heard = Heard()
        discovery = KubernetesDiscovery(config_of(keys), component_context(clock=SystemClock()), heard)
        request.addfinalizer(discovery.stop)
        discovery.start()
        heard.until("10.0.0.1:10250")


def test_while_the_api_is_down_what_was_found_counts(kubernetes: FakeKubernetes, discover: Any) -> None:
    heard = discover("role: node")
    heard.until("10.0.0.1:10250")
    kubernetes.until_watched()
    kubernetes.go_down()
    kubernetes.set("nodes", {**NODE, "metadata": {"name": "n2"}, "status": {"addresses": []}})
    heard.until("10.0.0.1:10250")
    kubernetes.go_down(down=False)
    kubernetes.delete("nodes", "", "n1")
    heard.until()


@pytest.mark.parametrize(
    ("keys", "key"),
    [
        ("role: pod, api_server: 'http://a', kubeconfig_file: f", "kubeconfig_file"),
        ("role: pod, api_server: 'http://a', proxy_url: 'http://b'", "proxy_url"),
        ("role: pod, basic_auth: {username: u}", "api_server"),
        ("role: pod, selectors: [{role: service}]", "does not look at service"),
        ("role: nothing", "role"),
    ],
)
def test_what_can_not_be_is_told_at_its_key(keys: str, key: str) -> None:
    with pytest.raises(ConfigError, match=key):
        config_of(f"{{{keys}}}")
