"""Kubernetes' manifests of a comparison: an indexed Job, or a TrainJob of Kubeflow Trainer.

The YAML stands in templates beside this file, with its comments; what is put into them is quoted here.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from string import Template
from textwrap import indent
from typing import Final

from rsbench.console import harmless
from rsbench.errors import RsbenchError

WORKING_FOLDER: Final = "/workspace"
"""Where rsbench runs in its image; the volumes stand below it."""
PORT: Final = 29500
"""Of node 0's gate, in its pod."""
_NAME: Final = re.compile(r"[a-z]([-a-z0-9]{0,48}[a-z0-9])?")
"""A DNS label that leaves room for ``-node-0-`` and a node's number in the 63 characters of a host name."""
_IMAGE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]*")
_DEPTHS: Final = {"job": 6, "trainjob": 16}
"""Columns by which the pod is indented in each template."""
KINDS: Final = tuple(_DEPTHS)
_NODE_0: Final = {"job": "{name}-0.{name}", "trainjob": "{name}-node-0-0.{name}"}
"""Host name and subdomain that the pod with index 0 gets from each kind."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A comparison that runs in pods, one a node.

    Attributes:
        name: of all objects.
        image: the container image, rsbench's own or one made from it.
        nodes: pods.
        gpus: of each pod; 0 trains on CPUs.
        arguments: of ``rsbench compare``, without those that say which node a pod is.
        command: what the user typed, for the first line of the file.
    """

    name: str
    image: str
    nodes: int
    gpus: int
    arguments: Sequence[str]
    command: Sequence[str]

    def check(self) -> None:
        """Refuse what Kubernetes would.

        Raises:
            RsbenchError: the name is none of an object, the image none of an image, or an argument cannot be written.
        """
        if not _NAME.fullmatch(self.name):
            raise RsbenchError(
                f'--name is "{self.name}", but names in Kubernetes are at most 50 small letters, digits and hyphens,'
                " with a letter first and no hyphen last."
            )
        if not _IMAGE.fullmatch(self.image):
            raise RsbenchError(
                f'--image is "{self.image}", which is no name of an image, such as ghcr.io/you/rsbench:0.1.0.'
            )
        for argument in self.arguments:
            if not argument.isprintable():
                raise RsbenchError(f"{argument!r} has characters that YAML cannot hold: leave them out.")


def manifest(kind: str, comparison: Comparison) -> str:
    """Return the YAML of a comparison.

    Args:
        kind: one of :data:`KINDS`.
        comparison: what runs, and where; see :meth:`Comparison.check`.
    """
    words = {
        "command": f"# {harmless(shlex.join(comparison.command))}",
        "name": comparison.name,
        "nodes": comparison.nodes,
    }
    pod = _template("pod").substitute(
        words,
        image=comparison.image,
        arguments=_yaml_list([*comparison.arguments, *_place(kind, comparison)]),
        resources=_resources(comparison.gpus),
    )
    return _template(kind).substitute(words, pod=indent(pod, _DEPTHS[kind] * " ").strip())


def _place(kind: str, comparison: Comparison) -> list[str]:
    """Return the options that say which node a pod is; Kubernetes fills in what stands in ``$(...)``.

    Node 0's name is given in full, as in its own ``/etc/hosts``: it need not wait for the name service to know it.
    """
    host = _NODE_0[kind].format(name=comparison.name)
    endpoint = f"{host}.$(NAMESPACE).svc.$(CLUSTER_DOMAIN):{PORT}"
    place = ["--nnodes", str(comparison.nodes), "--node-rank", "$(JOB_COMPLETION_INDEX)", "--rdzv-endpoint", endpoint]
    return place if comparison.nodes > 1 else []


def literal(argument: str) -> str:
    """Return an argument as Kubernetes must be given it, which fills in ``$(NAME)`` and takes ``$$`` for ``$``."""
    return argument.replace("$", "$$")


def _yaml_list(arguments: Iterable[str]) -> str:
    """Return a YAML list of texts, all in quotes, for the place where the pod's template has its arguments."""
    return "\n".join(f"    - {json.dumps(argument, ensure_ascii=False)}" for argument in arguments).strip()


def _resources(gpus: int) -> str:
    return f"limits: {{nvidia.com/gpu: {gpus}}}" if gpus else "requests: {cpu: 2, memory: 4Gi}"


def _template(name: str) -> Template:
    return Template((resources.files("rsbench.cluster") / f"{name}.yaml").read_text(encoding="utf-8"))
