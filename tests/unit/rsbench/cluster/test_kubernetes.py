"""Manifests are what Kubernetes' published schemas take, and say to each pod which node it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
from kubernetes_pod import arguments, check, objects

from rsbench.cluster.kubernetes import KINDS, Comparison, literal, manifest
from rsbench.errors import RsbenchError
from rsbench.planning.devices import Nodes, endpoint_of

ROOT = Path(__file__).parents[4]
TWO = Comparison(
    name="study",
    image="ghcr.io/you/rsbench:0.1.0",
    nodes=2,
    gpus=4,
    arguments=("compare", "--dataset", "nwpu45"),
    command=("rsbench", "k8s", "--dataset", "nwpu45"),
)


def job_of(kind: str, comparison: Comparison) -> dict[str, Any]:
    """The Job that a cluster makes of a manifest; JobSet puts the nodes into that of a TrainJob."""
    found = objects(manifest(kind, comparison))
    if kind == "job":
        return found["Job"]
    (one,) = found["TrainingRuntime"]["spec"]["template"]["spec"]["replicatedJobs"]
    nodes = found["TrainJob"]["spec"]["trainer"]["numNodes"]
    spec = {**one["template"]["spec"], "completions": nodes, "parallelism": nodes}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "study-node-0"}, "spec": spec}


def pod_of(kind: str, comparison: Comparison) -> dict[str, Any]:
    pod: dict[str, Any] = job_of(kind, comparison)["spec"]["template"]["spec"]
    return pod


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("comparison", [TWO, replace(TWO, nodes=1, gpus=0)])
def test_a_manifest_is_what_the_schemas_of_kubernetes_take(kind: str, comparison: Comparison) -> None:
    found = objects(manifest(kind, comparison))
    for one in found.values():
        if one["apiVersion"] in {"v1", "batch/v1"}:
            check(one)
    job = job_of(kind, comparison)
    check(job)
    assert job["spec"]["completionMode"] == "Indexed"
    assert job["spec"]["completions"] == job["spec"]["parallelism"] == comparison.nodes


def test_the_check_sees_a_field_that_kubernetes_does_not_know() -> None:
    job = job_of("job", TWO)
    job["spec"]["template"]["spec"]["terminationGracePeriod"] = 120
    with pytest.raises(kubernetes_validate.ValidationError, match="terminationGracePeriod"):
        check(job)


def test_a_train_job_has_the_fields_of_kubeflows_definition_and_its_runtime() -> None:
    found = objects(manifest("trainjob", TWO))
    assert set(found) == {"TrainingRuntime", "TrainJob"}
    assert {one["apiVersion"] for one in found.values()} == {"trainer.kubeflow.org/v1alpha1"}
    runtime, job = found["TrainingRuntime"], found["TrainJob"]
    assert job["spec"] == {
        "runtimeRef": {"apiGroup": "trainer.kubeflow.org", "kind": "TrainingRuntime", "name": "study"},
        "trainer": {"numNodes": 2},
    }
    assert runtime["metadata"]["name"] == job["metadata"]["name"] == "study"
    assert set(runtime["spec"]) == {"mlPolicy", "template"}
    assert runtime["spec"]["mlPolicy"] == {"numNodes": 2}
    (node,) = runtime["spec"]["template"]["spec"]["replicatedJobs"]
    assert set(node) == {"name", "template"}
    assert node["name"] == "node", "the controller looks for this name"
    assert node["template"]["metadata"]["labels"] == {"trainer.kubeflow.org/trainjob-ancestor-step": "trainer"}
    assert node["template"]["spec"]["template"]["spec"]["containers"][0]["name"] == "node"


@pytest.mark.parametrize(
    ("kind", "host"),
    [("job", "study-0.study.lab.svc.cluster.local"), ("trainjob", "study-node-0-0.study.lab.svc.cluster.local")],
)
def test_each_pod_learns_which_node_it_is(kind: str, host: str) -> None:
    pod = pod_of(kind, TWO)
    for rank in (0, 1):
        *asked, nnodes, count, node_rank, own, rendezvous, endpoint = arguments(pod, rank)
        assert asked == ["compare", "--dataset", "nwpu45"]
        assert (nnodes, node_rank, rendezvous) == ("--nnodes", "--node-rank", "--rdzv-endpoint")
        Nodes(count=int(count), rank=int(own), endpoint=endpoint).check()
        assert (int(count), int(own), endpoint_of(endpoint)) == (2, rank, (host, 29500))


def test_the_service_gives_node_0_of_a_job_its_name() -> None:
    found = objects(manifest("job", TWO))
    service, job = found["Service"], found["Job"]
    assert service["spec"]["clusterIP"] == "None"
    assert service["metadata"]["name"] == job["spec"]["template"]["spec"]["subdomain"] == "study"
    assert service["spec"]["selector"] == {"batch.kubernetes.io/job-name": job["metadata"]["name"]}
    assert service["spec"]["publishNotReadyAddresses"] is True, "nodes look for node 0 while it starts"


def test_a_single_pod_is_no_node_of_several() -> None:
    assert arguments(pod_of("job", replace(TWO, nodes=1)), 0) == ["compare", "--dataset", "nwpu45"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_pod_has_what_a_worker_needs_and_no_right_more(kind: str) -> None:
    pod = pod_of(kind, TWO)
    (container,) = pod["containers"]
    assert container["image"] == "ghcr.io/you/rsbench:0.1.0"
    assert "command" not in container, "the image's own entry point has an init, which hands SIGTERM on"
    assert container["resources"] == {"limits": {"nvidia.com/gpu": 4}}
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    assert pod["restartPolicy"] == "Never", "podFailurePolicy needs it"
    assert pod["terminationGracePeriodSeconds"] == 120
    mounts = {one["mountPath"]: one["name"] for one in container["volumeMounts"]}
    volumes = {one["name"]: one for one in pod["volumes"]}
    assert set(mounts.values()) == set(volumes)
    assert volumes[mounts["/dev/shm"]]["emptyDir"]["medium"] == "Memory"
    claims = {
        path: volumes[name]["persistentVolumeClaim"]["claimName"] for path, name in mounts.items() if name != "shm"
    }
    assert claims == {
        "/workspace/rsbench-results": "rsbench-results",
        "/workspace/data": "rsbench-data",
        "/workspace/cache": "rsbench-cache",
    }
    (token,) = [one for one in container["env"] if one["name"] == "RSBENCH_TOKEN"]
    assert token["valueFrom"]["secretKeyRef"]["name"] == "rsbench-token"
    assert "resources" not in pod_of(kind, replace(TWO, gpus=0))["containers"][0]["resources"]
    assert pod_of(kind, replace(TWO, gpus=0))["containers"][0]["resources"] == {"requests": {"cpu": 2, "memory": "4Gi"}}


@pytest.mark.parametrize("kind", KINDS)
def test_pods_that_were_asked_to_stop_do_not_count_as_failed(kind: str) -> None:
    spec = job_of(kind, TWO)["spec"]
    disrupted, ended = spec["podFailurePolicy"]["rules"]
    assert disrupted == {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    assert ended["onExitCodes"]["values"] == [130, 143]
    assert spec["backoffLimit"] == 10


NASTY = ["a: b", "- x", "#", "yes", "1e3", 'say "x"', "\\n", "$HOME", "$(JOB_COMPLETION_INDEX)", "$$", "{}", "é€", "'"]


@pytest.mark.parametrize("kind", KINDS)
def test_arguments_reach_the_pod_as_they_were_given(kind: str) -> None:
    given = replace(TWO, nodes=1, arguments=[literal(text) for text in NASTY])
    assert arguments(pod_of(kind, given), 0) == NASTY


def test_the_command_in_the_first_line_stays_in_its_comment() -> None:
    given = replace(TWO, command=("rsbench", "k8s", "--lr\nkind: Pod\x85kind: Pod", "$name"))
    first = manifest("job", given).splitlines()[0]
    assert first == r"# rsbench k8s '--lr\nkind: Pod\x85kind: Pod' '$name'"


@pytest.mark.parametrize("name", ["", "Study", "1st", "a_b", "a-", "a" * 51, "a.b", "a\n"])
def test_a_name_that_kubernetes_refuses_is_refused_here(name: str) -> None:
    with pytest.raises(RsbenchError, match="--name is"):
        replace(TWO, name=name).check()


@pytest.mark.parametrize("image", ["", "a b", "-x", "x\ny: z", "{a}"])
def test_an_image_that_is_no_name_is_refused(image: str) -> None:
    with pytest.raises(RsbenchError, match="--image is"):
        replace(TWO, image=image).check()


def test_an_argument_that_yaml_cannot_hold_is_refused() -> None:
    with pytest.raises(RsbenchError, match=r"'a\\x1bb' has characters"):
        replace(TWO, arguments=["a\x1bb"]).check()


def test_claims_of_the_sample_are_those_that_pods_name() -> None:
    import yaml

    claims = list(yaml.safe_load_all((ROOT / "examples/kubernetes/volumes.yaml").read_text()))
    for claim in claims:
        check(claim)
    volumes = pod_of("job", TWO)["volumes"]
    named = [one["persistentVolumeClaim"]["claimName"] for one in volumes if "persistentVolumeClaim" in one]
    assert [claim["metadata"]["name"] for claim in claims] == named
