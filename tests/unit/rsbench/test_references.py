"""Published works: their keys are safe, and every compressor and data set with a paper declares it."""

from __future__ import annotations

import pytest

from rsbench import datasets
from rsbench.compressors import COMPRESSORS
from rsbench.models.papers import BY_PREFIX
from rsbench.references import Reference


@pytest.mark.parametrize(("key", "kind"), [("a b", "misc"), ("a}", "misc"), ("", "misc"), ("a", "software")])
def test_a_key_or_a_kind_that_breaks_a_file_is_refused(key: str, kind: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        Reference(key=key, kind=kind, authors=(), title="")


def test_a_key_means_one_work() -> None:
    declared = [*COMPRESSORS.values(), *datasets.DATASETS.values()]
    works = [*(work for kind in declared for work in kind.references), *BY_PREFIX.values()]
    assert len({work.key for work in works}) == len(set(works))
    assert all(work.title and work.authors and work.year for work in works)


def test_what_has_no_paper_is_named_here() -> None:
    assert {name for name, kind in COMPRESSORS.items() if not kind.references} == {"noop"}
    without = {name for name, kind in datasets.DATASETS.items() if not kind.references}
    assert without == {
        *("synthetic", "synthetic-htd", "synthetic-htd-1gb", "synthetic-had"),
        *("imagefolder", "multimodal-mat", "htd-mat", "had-mat"),
    }
