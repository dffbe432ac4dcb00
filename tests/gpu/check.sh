#!/usr/bin/env bash
# Checks rsbench on a machine with one NVIDIA GPU and PyTorch 2.11 or newer, in under 8 minutes and without network;
# on a CPU it goes as far as a CPU can. docs/gpu.md says what is checked and what the tables mean.
#
#   OUT     folder of the results [./gpu-check]
#   WHEELS  folder with wheels of pure-Python packages that the machine lacks [tests/gpu/wheels]
#   PYTHON  interpreter [python, else python3]
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
python="${PYTHON:-$(command -v python || command -v python3 || true)}"
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "check.sh: '$python' is no Python 3.11 or newer; PYTHON names the interpreter that has torch." >&2
    exit 2
fi
unpacked="$(mktemp -d)"
trap 'rm -rf "$unpacked"' EXIT
for wheel in "${WHEELS:-$root/tests/gpu/wheels}"/*.whl; do
    [ ! -e "$wheel" ] || "$python" -m zipfile -e "$wheel" "$unpacked"
done
for wing in compressors datasets reports; do # links that a copy of the tree has lost
    [ -d "$root/rsbench/$wing" ] || ln -sfn "../$wing" "$root/rsbench/$wing"
done
export PYTHONPATH="$root:$unpacked${PYTHONPATH:+:$PYTHONPATH}"
"$python" "$root/tests/gpu/check.py" --out "${OUT:-gpu-check}" "$@"
