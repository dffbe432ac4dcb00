"""Compressors on a torch without the newer names, beside packages that are missing: a stand-in for torch 2.11."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rsbench.compressors import COMPRESSORS

OLDER = """
import json, sys
from importlib.machinery import PathFinder

MISSING = {"click", "filelock", "h5py", "matplotlib", "numba", "pandas", "PIL", "platformdirs", "psutil", "rich",
           "scipy", "sklearn", "torchvision", "triton"}

class Lacking(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in MISSING else super().find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Lacking
import torch, torch.distributed as dist, torch.nn.parallel as parallel

del dist.all_gather_single
newer = parallel.DistributedDataParallel.__init__

def older(self, module, device_ids=None, output_device=None, dim=0, broadcast_buffers=True, init_sync=True,
          process_group=None, bucket_cap_mb=None, find_unused_parameters=False, gradient_as_bucket_view=False):
    newer(self, module, device_ids, output_device, dim, init_sync=init_sync, process_group=process_group,
          bucket_cap_mb=bucket_cap_mb, find_unused_parameters=find_unused_parameters,
          gradient_as_bucket_view=gradient_as_bucket_view)
    self.broadcast_buffers = broadcast_buffers

parallel.DistributedDataParallel.__init__ = older
"""
EXCHANGE = (
    OLDER
    + """
from rsbench.compressors import COMPRESSORS, parse
from rsbench.measure.older_torch import no_buffer_sync

torch.set_num_threads(1)
dist.init_process_group("gloo", init_method=f"file://{sys.argv[1]}", rank=0, world_size=1)
found = {}
for name in COMPRESSORS:
    torch.manual_seed(1)
    layers = torch.nn.Conv2d(2, 6, 3), torch.nn.BatchNorm2d(6), torch.nn.Flatten(), torch.nn.Linear(54, 7)
    network = torch.nn.Sequential(*layers)
    model = parallel.DistributedDataParallel(network, **no_buffer_sync())
    compressor = parse(name)
    compressor.register(model)
    optimizer = torch.optim.SGD(compressor.param_groups(network, lr=0.005, momentum=0.5))
    losses = []
    for step in range(3):
        optimizer.zero_grad()
        loss = model(torch.ones(4, 2, 5, 5) * torch.arange(4.0).view(4, 1, 1, 1)).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    found[name] = {"losses": losses, "bytes": compressor.step_stats()["payload_bytes"], "sync": model.broadcast_buffers}
print(json.dumps(found))
"""
)


def run(program: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_all_compressors_exchange_on_an_older_torch_without_the_users_packages(tmp_path: Path) -> None:
    found = json.loads(run(EXCHANGE, str(tmp_path / "store")))
    assert list(found) == list(COMPRESSORS)
    assert not any(facts["sync"] for facts in found.values()), "forward passes broadcast buffers"
    assert found["none"]["bytes"] == 4 * (2 * 6 * 9 + 6 + 12 + 54 * 7 + 7)
    assert 0 < found["topk"]["bytes"] < found["none"]["bytes"]
    for name, facts in found.items():
        assert facts["losses"][2] < facts["losses"][0], name


@pytest.mark.usefixtures("alone")
def test_newer_names_are_taken_where_they_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch
    import torch.distributed as dist

    from rsbench.measure.older_torch import all_gather_single, no_buffer_sync

    calls: list[str] = []
    real = dist.all_gather_single
    monkeypatch.setattr(dist, "all_gather_single", lambda *a, **k: (calls.append("newer"), real(*a, **k))[1])
    mine, every = torch.tensor([[1, 2], [3, 4]]), torch.zeros(2, 2, dtype=torch.int64)
    assert all_gather_single(every, mine) is None
    assert every.tolist() == [[1, 2], [3, 4]]
    assert calls == ["newer"]
    assert no_buffer_sync() == {"forward_sync_buffers": False}
