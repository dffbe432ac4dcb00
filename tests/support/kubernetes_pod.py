"""What a Kubernetes cluster makes of a manifest: its objects, their schema, and a pod's arguments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import kubernetes_validate
import yaml

VERSION: Final = "1.31"
"""Of Kubernetes, whose published schemas are asked: the oldest in which all that we write is stable."""


def objects(text: str) -> dict[str, dict[str, Any]]:
    """Return the objects of a manifest by their kind."""
    return {one["kind"]: one for one in yaml.safe_load_all(text)}


def check(one: Mapping[str, Any]) -> None:
    """Refuse an object with a field that Kubernetes does not know or that it takes otherwise."""
    kubernetes_validate.validate(dict(one), VERSION, strict=True)


def arguments(pod: Mapping[str, Any], index: int) -> list[str]:
    """Return the arguments of a pod's container as the kubelet hands them over: ``$(NAME)`` filled in, ``$$`` a $."""
    (container,) = pod["containers"]
    values = {one["name"]: one["value"] for one in container["env"] if "value" in one}
    values |= {"NAMESPACE": "lab", "JOB_COMPLETION_INDEX": str(index)}

    def filled(match: re.Match[str]) -> str:
        return "$" if match[0] == "$$" else values[match[1]]

    return [re.sub(r"\$\$|\$\((\w+)\)", filled, text) for text in container["args"]]
