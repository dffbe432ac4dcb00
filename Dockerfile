# rsbench on GPU machines. See docs/docker.md.
#
# The base brings Python, torch, torchvision, CUDA and NCCL: they are used as they are, never replaced.
ARG BASE_IMAGE=pytorch/pytorch:2.14.0-cuda13.0-cudnn9-runtime
FROM ${BASE_IMAGE}

# Some PyTorch images use the system's Python, which refuses pip without this; others ignore it.
ENV PIP_BREAK_SYSTEM_PACKAGES=1 \
    PIP_NO_CACHE_DIR=1 \
    PYTHONUNBUFFERED=1

# An init: it hands SIGTERM on to rsbench, which saves a checkpoint, and buries processes whose parent has ended.
# Its version is whichever the system of BASE_IMAGE has.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/rsbench
COPY pyproject.toml README.md LICENSE ./
COPY rsbench ./rsbench
COPY compressors ./compressors
COPY datasets ./datasets
COPY reports ./reports
# The constraint makes pip stop instead of exchanging the base image's torch for another build.
RUN python3 -c "from importlib.metadata import version as v; print('torch==' + v('torch'))" > /tmp/constraints.txt \
    && python3 -m pip install --constraint /tmp/constraints.txt ".[fast,tensorboard]" \
    && rm /tmp/constraints.txt \
    && rsbench --version

# A user of no special rights; --user "$(id -u):$(id -g)" puts yours in its place.
RUN useradd --create-home --uid 10001 rsbench \
    && mkdir -p /workspace/data /workspace/cache /workspace/rsbench-results \
    && chown -R rsbench:rsbench /workspace \
    && chmod -R a+rwX /workspace
# With --user there may be no entry in /etc/passwd: name and home are given here. Decoded images and compiled loops have
# a volume of their own, as data may be mounted read only.
ENV HOME=/workspace \
    USER=rsbench \
    LOGNAME=rsbench \
    XDG_CACHE_HOME=/workspace/cache \
    NUMBA_CACHE_DIR=/workspace/cache/numba
# The commit that the image was built from, for records: there is no git tree in it.
ARG GIT_SHA=""
LABEL org.opencontainers.image.title="rsbench" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.revision="${GIT_SHA}"
ENV RSBENCH_GIT_SHA=${GIT_SHA}
# In numbers, so that Kubernetes sees that it is not root.
USER 10001:10001
WORKDIR /workspace
VOLUME ["/workspace/data", "/workspace/cache", "/workspace/rsbench-results"]

ENTRYPOINT ["tini", "-s", "--", "rsbench"]
CMD ["--help"]
