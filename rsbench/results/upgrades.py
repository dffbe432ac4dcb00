"""What older records need to be read as records of today: one function a schema. The schema says which are there."""

from __future__ import annotations

from typing import Any


def from_1(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record of schema 2; schema 1 knew scene classification by SGD only, and no history but validation."""
    new = {**record, "cell": {**record["cell"], "optimizer": "sgd"}, "history": []}
    if record.get("dataset") is not None:
        new["dataset"] = {**record["dataset"], "task": "scenes"}
    if record.get("accuracy") is not None:
        accuracy = dict(record["accuracy"])
        test = dict(accuracy["test"])
        accuracy |= {"val_score": accuracy.pop("val_oa"), "pictures": [], "baselines": {}}
        new["accuracy"] = {**accuracy, "test": {**test, "samples": test.pop("images")}}
    return new


def from_2(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record of schema 3, since when ``rsdgc`` without a policy means ``lamp``; before it meant another."""
    new = {**record, "cell": {**record["cell"], "compressor": _with_policy(record["cell"]["compressor"])}}
    if record.get("compressor") is not None:
        new["compressor"] = {**record["compressor"], "text": _with_policy(record["compressor"]["text"])}
    return new


def _with_policy(text: Any) -> Any:
    """Return a compressor's text of schema 2 as it reads today: options that are not the default, sorted."""
    name, _, rest = text.partition(":") if isinstance(text, str) else ("", "", "")
    if name != "rsdgc":
        return text
    options = {"policy": "policy=global_rank", **{pair.partition("=")[0]: pair for pair in rest.split(",") if pair}}
    if options["policy"] == "policy=lamp":
        del options["policy"]
    return name + (":" + ",".join(options[key] for key in sorted(options)) if options else "")
