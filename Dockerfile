# One Reply in two stages: what builds stays behind. Debian's own Python, so that its security updates are ours.
# The base image is pinned here only. To update it, or to pin it by digest, set the new version:
#   docker buildx imagetools inspect debian:12.12-slim --format '{{.Manifest.Digest}}'
#   ARG DEBIAN=debian:12.12-slim@sha256:…
ARG DEBIAN=debian:12.12-slim
FROM ${DEBIAN} AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 python3-venv
WORKDIR /src
COPY requirements.txt ./
RUN python3 -m venv /opt/onereply \
 && /opt/onereply/bin/pip install --no-cache-dir --no-compile --require-hashes -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY service ./service
COPY migrations ./migrations
COPY openapi ./openapi
# Compiled here: the root file system may be read-only when it runs.
RUN /opt/onereply/bin/pip install --no-cache-dir --no-deps . \
 && /opt/onereply/bin/python -m compileall -q -j 0 /opt/onereply/lib \
 && rm -rf /opt/onereply/lib/python3.11/site-packages/pip*

FROM ${DEBIAN}
LABEL org.opencontainers.image.title="One Reply" \
      org.opencontainers.image.description="The comment thread under every article of a news site" \
      org.opencontainers.image.licenses="MIT"
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --user-group --home-dir /var/lib/onereply --create-home onereply
COPY --from=build /opt/onereply /opt/onereply
ENV PATH=/opt/onereply/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    ONEREPLY_DATABASE_URL=sqlite:////var/lib/onereply/onereply.db \
    ONEREPLY_LOG_FORMAT=json
USER 10001:10001
WORKDIR /var/lib/onereply
VOLUME /var/lib/onereply
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/readyz', timeout=2)"]
ENTRYPOINT ["onereply"]
CMD ["serve", "--host", "0.0.0.0"]
