"""What own models do wrong, and the one sentence that says it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import own_models
import pytest

from rsbench.errors import RsbenchError
from rsbench.planning import probe_worker

SIZES = {"task": "scenes", "inputs": {"classes": 10}, "image_size": 32, "weights": None}


@pytest.fixture(scope="module", autouse=True)
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Modules in the working folder."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("trial")
        own_models.write(folder, nets="tried_nets", parts="tried_parts", broken="tried")
        patch.chdir(folder)
        patch.syspath_prepend(str(folder))
        yield


WRONG = {
    "tried:Pair": r"tried:Pair returned a tuple in training, but a tensor \[2, 10\] is wanted: one logit a class",
    "tried:maps": r"tried:maps returned a tensor \[2, 10, 30, 30\] in training, but a tensor \[2, 10\] is wanted",
    "tried:InEvaluation": r"returned a tensor \[2, 3\] in evaluation, but a tensor \[2, 10\] is wanted",
    "tried:Spare": r"2 of 6 parameters get no gradient in a step \(spare\.weight, spare\.bias\), and distributed",
    "tried:Detached": r"outputs without a gradient: its forward pass detaches them",
    "tried:Infinite": r"returned inf or nan in training",
    "tried:Raising": r"ValueError: no such\\x1b\[31m thing in a forward pass on \[2, 3, 32, 32\] \(tried\.py:41\)",
    "tried:half": r"has parameters of type float16 \(body\.weight, body\.bias, head\.weight and 1 more\)",
    "tried:no_gradient": r"has nothing to train: all its parameters have requires_grad=False",
    "tried:leaves": r"called sys\.exit\('bye'\) \(tried\.py:58\); return a model\.$",
    "tried:needs": r"needs depth, width, which rsbench does not know: it gives num_classes, in_channels, image_size",
    "tried:needs:width=3": r"needs depth, .* such as tried:needs:width=3,depth=VALUE\.$",
    "tried:no_module": r"returned an object of type int; it must return a torch\.nn\.Module",
    "tried:lazy": r"has parameters without a shape \(1\.weight, 1\.bias\)",
    "tried:drawn": r"gives other weights when it is called again with the same seed \(head\.bias\)",
    "tried:Pear": r'tried\.py has no Pear\. Did you mean "Pair"\?',
    "tried:Net:num_classes=3": r"num_classes comes from the data; leave it out",
    "tried_nets:make:dept=3": r'takes no parameter "dept"\. Did you mean "depth"\?',
    "tried_nets:instance": r"is an object of type Net; name a function or class",
    "tryed:Net": r'there is no module tryed in .* Did you mean "tried"\?',
    "json:dumps": r"json:dumps needs obj, which rsbench does not know",
}


@pytest.mark.parametrize("model", WRONG)
def test_what_own_code_does_wrong_is_said_in_one_sentence(model: str) -> None:
    with pytest.raises(RsbenchError) as raised:
        probe_worker.model_facts(model=model, **SIZES)
    assert re.search(WRONG[model], str(raised.value))
    assert str(raised.value).startswith(("tri", "--model try", "json"))
    assert "\n" not in str(raised.value) and str(raised.value).isprintable()


def test_a_sound_model_tells_its_shapes() -> None:
    facts = probe_worker.model_facts(model="tried_nets:make:depth=2", **SIZES)
    assert facts["networks"][""] == {
        **{"body.0.weight": [8, 3, 3, 3], "body.0.bias": [8], "body.1.weight": [8], "body.1.bias": [8]},
        **{"head.weight": [10, 32], "head.bias": [10]},
    }
    assert facts["flops"] > 0 and facts["activation_bytes"] > 0 and facts["buffer_bytes"] == [8 * 4 * 2]


def test_frozen_parameters_are_not_exchanged() -> None:
    facts = probe_worker.model_facts(model="tried_nets:frozen", **SIZES)
    assert list(facts["networks"][""]) == ["head.weight", "head.bias"]


def test_the_same_seed_gives_the_same_weights_whether_the_module_was_imported_or_not(tmp_path: Path) -> None:
    import torch

    from rsbench.models import own

    Path("draws_at_import.py").write_text("import torch\ntorch.rand(3)\nfrom tried import untouched\n")
    sizes = {"num_classes": 10, "in_channels": 3, "image_size": 32}
    torch.manual_seed(1)
    first = own.build("draws_at_import:untouched", sizes).state_dict()
    torch.manual_seed(1)
    second = own.build("draws_at_import:untouched", sizes).state_dict()
    assert all(torch.equal(value, second[name]) for name, value in first.items())


def test_pixels_give_both_modalities_apart_or_stacked() -> None:
    sizes = {"task": "pixels", "inputs": {"classes": 5, "hsi_bands": 7, "aux_channels": 2}, "image_size": 7}
    two = probe_worker.model_facts(model="tried_nets:Two", weights=None, **sizes)
    assert two["networks"][""]["hsi.weight"] == [5, 7] and two["networks"][""]["aux.weight"] == [5, 2]
    stacked = probe_worker.model_facts(model="tried_nets:Net", weights=None, **sizes)
    assert stacked["networks"][""]["body.0.weight"] == [8, 9, 3, 3]
