# rsbench on GPU machines. See docs/docker.md.
#
# The base brings Python, torch, torchvision, CUDA and NCCL: they are used as they are, never replaced.
ARG BASE_IMAGE=pytorch/pytorch:2.14.0-cuda13.0-cudnn9-runtime
FROM ${BASE_IMAGE}

# Some PyTorch images use the system's Python, which refuses pip without this; others ignore it.
ENV PIP_BREAK_SYSTEM_PACKAGES=1 \
    PIP_NO_CACHE_DIR=1 \
    PYTHONUNBUFFERED=1

WORKDIR /opt/rsbench
COPY pyproject.toml README.md LICENSE ./
COPY rsbench ./rsbench
COPY compressors ./compressors
COPY datasets ./datasets
COPY reports ./reports
# The constraint makes pip stop instead of exchanging the base image's torch for another build.
RUN python3 -c "from importlib.metadata import version as v; print('torch==' + v('torch'))" > /tmp/constraints.txt \
    && python3 -m pip install --constraint /tmp/constraints.txt . \
    && rm /tmp/constraints.txt \
    && rsbench --version

# A user of no special rights; --user "$(id -u):$(id -g)" puts yours in its place.
RUN useradd --create-home --uid 10001 rsbench \
    && mkdir -p /workspace/data /workspace/rsbench-results \
    && chown -R rsbench:rsbench /workspace \
    && chmod -R a+rwX /workspace
# With --user there may be no entry in /etc/passwd: name and home are given here.
ENV HOME=/workspace \
    USER=rsbench \
    LOGNAME=rsbench \
    XDG_CACHE_HOME=/workspace/data/.cache
USER rsbench
WORKDIR /workspace
VOLUME ["/workspace/data", "/workspace/rsbench-results"]

ENTRYPOINT ["rsbench"]
CMD ["--help"]
