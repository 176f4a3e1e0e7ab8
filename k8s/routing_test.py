"""Ingress and Gateway API send requests to the same places."""

from typing import Any, Final

from harness.servers.traefik_server import WEIGHTS
from k8s.rendering import OVERLAYS, manifests, of_kind, render
from voting.domain.headers import CANARY_HEADER, UNARY_HOST

SPLIT: Final = {key: str(weight) for key, weight in WEIGHTS.items()}
ANNOTATIONS: Final = "nginx.ingress.kubernetes.io/"
PUBLIC: Final = {
    *("/", "/api", "/openapi.json", "/p", "/static", "/voters", "/votes"),
    *("/api/receipts", "/notary", "/receipts"),
}


def ingresses() -> dict[str, dict[str, Any]]:
    return {m["metadata"]["name"]: m for m in of_kind(manifests("local"), "Ingress")}


def route() -> list[dict[str, Any]]:
    (found,) = of_kind(manifests("local", "gateway-api"), "HTTPRoute")
    rules: list[dict[str, Any]] = found["spec"]["rules"]
    return rules


def test_the_weights_are_set_in_one_place_and_are_those_of_one_machine() -> None:
    (split,) = (m for m in manifests("local") if m["metadata"]["name"] == "vote-split")
    assert split["data"] == SPLIT
    assert sum(map(int, split["data"].values())) == 100


def test_the_ingress_has_the_weight_of_the_vote_split() -> None:
    annotations = ingresses()["votes-http"]["metadata"]["annotations"]
    assert annotations == {
        f"{ANNOTATIONS}canary": "true",
        f"{ANNOTATIONS}canary-weight": SPLIT["http"],
        f"{ANNOTATIONS}canary-by-header": CANARY_HEADER,
    }


def test_the_main_route_falls_back_to_the_canary() -> None:
    found = ingresses()
    annotations = found["votes-grpc"]["metadata"]["annotations"]
    (path,) = found["votes-http"]["spec"]["rules"][0]["http"]["paths"]
    assert annotations == {f"{ANNOTATIONS}default-backend": path["backend"]["service"]["name"]}


def test_both_routes_have_the_same_host_and_path() -> None:
    for overlay in ("local", "production"):
        found = {m["metadata"]["name"]: m for m in of_kind(manifests(overlay), "Ingress")}
        grpc, http = (found[name]["spec"]["rules"] for name in ("votes-grpc", "votes-http"))
        for rules in (grpc, http):
            del rules[0]["http"]["paths"][0]["backend"]
        assert grpc == http
        assert grpc[0]["http"] == {"paths": [{"path": "/votes", "pathType": "Exact"}]}


def test_only_the_rate_limit_component_limits_the_votes_of_an_address() -> None:
    limited = {
        m["metadata"]["name"]: m["metadata"].get("annotations", {})
        for m in of_kind(manifests("production", "rate-limit"), "Ingress")
    }
    limits = {name: value for name, value in limited["votes-grpc"].items() if "limit" in name}
    assert limits == {f"{ANNOTATIONS}limit-rps": "100", f"{ANNOTATIONS}limit-burst-multiplier": "2"}
    assert not [name for name in limited["votes-http"] if "limit" in name]  # it inherits them
    assert limited["results"] == {}
    for overlay in OVERLAYS:
        assert "limit-rps" not in render(overlay)


def test_the_gateway_splits_with_the_same_weights() -> None:
    votes = [rule for rule in route() if rule["matches"][0]["path"]["value"] == "/votes"]
    backends = {backend["name"]: backend["weight"] for backend in votes[-1]["backendRefs"]}
    assert backends == {"svc-grpc-client": WEIGHTS["grpc"], "svc-http-route": WEIGHTS["http"]}


def test_the_gateway_forces_a_route_by_the_same_header() -> None:
    forced = {
        header["value"]: rule["backendRefs"][0]["name"]
        for rule in route()
        for header in rule["matches"][0].get("headers", [])
        if header["name"] == CANARY_HEADER
    }
    assert forced == {"always": "svc-http-route", "never": "svc-grpc-client"}


def test_the_gateway_example_accepts_only_tls_for_productions_host() -> None:
    assert of_kind(manifests("gateway"), "Ingress") == []
    (gateway,) = of_kind(manifests("gateway"), "Gateway")
    (listener,) = gateway["spec"]["listeners"]
    assert (listener["protocol"], listener["tls"].keys()) == ("HTTPS", {"certificateRefs"})
    secrets = [reference["name"] for reference in listener["tls"]["certificateRefs"]]
    for ingress in of_kind(manifests("production"), "Ingress"):
        (tls,) = ingress["spec"]["tls"]
        assert (tls["hosts"], [tls["secretName"]]) == ([listener["hostname"]], secrets)


def test_only_a_host_of_its_own_leads_to_unary_calls() -> None:
    (ingress,) = (
        m
        for m in of_kind(manifests("production", "grpc-unary"), "Ingress")
        if "svc-grpc-unary" in str(m)
    )
    (rule,) = ingress["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    assert (rule["host"], path["path"], path["pathType"]) == (UNARY_HOST, "/votes", "Exact")
    assert "annotations" not in ingress["metadata"]
    objects = manifests("gateway", "grpc-unary-gateway")
    assert of_kind(objects, "Ingress") == []
    (route,) = (m for m in of_kind(objects, "HTTPRoute") if "svc-grpc-unary" in str(m))
    assert route["spec"]["hostnames"] == [UNARY_HOST]
    assert route["spec"]["rules"][0]["matches"] == [{"path": {"type": "Exact", "value": "/votes"}}]


def test_only_the_page_its_api_votes_voters_tokens_and_receipts_are_public() -> None:
    by_ingress = {
        path["path"]
        for ingress in ingresses().values()
        for rule in ingress["spec"]["rules"]
        for path in rule["http"]["paths"]
    }
    by_gateway = {match["path"]["value"] for rule in route() for match in rule["matches"]}
    assert by_ingress == by_gateway == PUBLIC
