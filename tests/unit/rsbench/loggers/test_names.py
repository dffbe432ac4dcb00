"""Names of loggers: unknown and broken ones are refused in one sentence, and none is imported."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from rsbench.errors import RsbenchError
from rsbench.loggers import names


@pytest.fixture(autouse=True)
def theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [
        EntryPoint("csv", "csv:DictWriter", names.GROUP),
        EntryPoint("gone", "not_installed_anywhere.deep:Thing", names.GROUP),
        EntryPoint("wandb", "theirs:Wandb", names.GROUP),
    ]
    monkeypatch.setattr(names, "entry_points", lambda group: entries if group == names.GROUP else [])


def test_names_come_with_commas_or_repeated_each_once() -> None:
    assert names.read_names(["wandb, mlflow", "csv", "wandb", ""]) == ("wandb", "mlflow", "csv")


def test_a_name_of_ours_stays_ours() -> None:
    assert names.known()["wandb"].target == "rsbench.loggers.wandb:WeightsAndBiases"
    assert set(names.known()) == {"tensorboard", "wandb", "mlflow", "csv", "gone"}


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("wand", '--logger: there is no logger "wand". Did you mean "wandb"?'),
        ("a\x1b[1m", r'--logger: there is no logger "a\x1b[1m". Known: csv, gone, mlflow, tensorboard, wandb.'),
        (
            "gone",
            'The logger "gone" of another package is broken: there is no module not_installed_anywhere. Mend, update '
            "or uninstall that package.",
        ),
    ],
)
def test_what_cannot_be_there_is_refused(name: str, sentence: str) -> None:
    with pytest.raises(RsbenchError) as error:
        names.check(["csv", name])
    assert str(error.value) == sentence


@pytest.mark.parametrize("name", ["tensorboard", "wandb", "mlflow"])
def test_without_the_package_the_sentence_says_what_to_install(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(RsbenchError, match=rf"--logger {name} needs .* pip install 'rsbench\[{name}\]'"):
        names.check([name])


def test_checking_imports_no_logger() -> None:
    code = (
        "import sys; from rsbench.loggers import names; names.known()\n"
        "try: names.check(list(names.OWN))\n"
        "except Exception: pass\n"
        "print([name for name in ('tensorboard', 'wandb', 'mlflow', 'torch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
