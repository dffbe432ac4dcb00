"""Another tree's compressors in this process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rsbench.bench import other_tree
from rsbench.errors import RsbenchError


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "rsbench" / "compressors").mkdir(parents=True)
    (tmp_path / "rsbench" / "__init__.py").write_text('"""Old."""\n__version__ = "0.0.7"\n')
    (tmp_path / "rsbench" / "compressors" / "__init__.py").write_text('WHOSE = "theirs"\n')
    return tmp_path


def test_a_tree_is_called_by_its_commit_or_its_version(tree: Path) -> None:
    assert other_tree.check_tree(tree) == tree.resolve()
    assert other_tree.name_of_tree(tree) == "0.0.7"
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "old"]):
        subprocess.run(["git", "-C", str(tree), *command], check=True)
    commit = subprocess.run(
        ["git", "-C", str(tree), "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    ).stdout
    assert other_tree.name_of_tree(tree) == commit[:7]
    (tree / "rsbench" / "__init__.py").write_text("")
    assert other_tree.name_of_tree(tree) == f"{commit[:7]} with changes"


def test_a_folder_without_rsbench_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RsbenchError, match="holds no rsbench"):
        other_tree.check_tree(tmp_path)


def test_its_modules_are_imported_from_there_on_and_ours_go_on(tree: Path) -> None:
    code = (
        "import sys\nfrom rsbench.bench import other_tree, rows\nimport rsbench.compressors\n"
        "for _ in range(2):\n    other_tree.use_tree(sys.argv[1])\n"
        "from rsbench.compressors import WHOSE\nimport rsbench\n"
        "print(WHOSE, rsbench.__version__, rows.Row(method='x', kind='plain').label, sys.path.count(sys.argv[1]))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tree)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["theirs", "0.0.7", "x", "1"]
