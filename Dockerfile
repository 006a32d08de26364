# syntax=docker/dockerfile:1
# One image for both processes, API and UI; docker-compose.yml gives each its command. No torch: scoring runs on LightGBM.

FROM python:3.11-slim-bookworm AS build
ENV PIP_CACHE_DIR=/var/cache/pip PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
RUN python -m venv /opt/guanxi
WORKDIR /src
COPY requirements.lock pyproject.toml README.md LICENSE ./
# The backend first, at the locked version; then what the product needs, in a layer that a change of our code keeps.
RUN --mount=type=cache,target=/var/cache/pip \
    /opt/guanxi/bin/pip install --constraint requirements.lock setuptools && \
    mkdir api && /opt/guanxi/bin/pip install --constraint requirements.lock --no-build-isolation ".[ui,neo4j]" && \
    /opt/guanxi/bin/pip uninstall --yes guanxi
COPY graph_model graph_model
COPY ingest ingest
COPY gnn gnn
COPY api api
COPY investigator_ui investigator_ui
RUN /opt/guanxi/bin/pip install --no-deps --no-build-isolation --no-cache-dir .

FROM python:3.11-slim-bookworm
# LightGBM needs OpenMP.
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/* && \
    useradd --system --uid 10001 --user-group --home-dir /data --shell /usr/sbin/nologin guanxi && \
    install --directory --owner guanxi --group guanxi --mode 0750 /data
COPY --from=build /opt/guanxi /opt/guanxi
# The root file system is read-only: what numba compiles is kept on the data volume.
ENV PATH=/opt/guanxi/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 NUMBA_CACHE_DIR=/data/.numba
USER guanxi
WORKDIR /data
VOLUME /data
ENTRYPOINT ["guanxi"]
CMD ["--help"]
