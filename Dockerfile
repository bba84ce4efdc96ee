# syntax=docker/dockerfile:1
# Workers with curate: docker build -t IMAGE .
# The version of Beam is that of pipelines/image/requirements.lock, and that of Python the launcher's.
ARG BEAM=2.77.0
ARG PYTHON=3.11

FROM python:${PYTHON}-bookworm AS wheels
WORKDIR /src
COPY . .
RUN pipelines/image/setup.sh wheels /wheels

FROM apache/beam_python${PYTHON}_sdk:${BEAM}
WORKDIR /src
COPY . .
# Kernels are compiled for a processor: one that every machine of the job has, rather than the one that builds the image.
ENV NUMBA_CPU_NAME=x86-64-v3 NUMBA_CACHE_DIR=/opt/curate/kernels
ARG RECIPES="quickstart dclm-baseline klue"
RUN --mount=type=bind,from=wheels,source=/wheels,target=/wheels \
    pipelines/image/setup.sh install /wheels && pipelines/image/setup.sh kernels ${RECIPES}
WORKDIR /
# The entrypoint is Beam's.
