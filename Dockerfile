# Sidelight's image: the release tree of script/package on glibc and certificates, and nothing else: no shell, no
# package manager, no second OpenSSL. Runs as nobody, on a read-only root; what it keeps goes below storage.path.
#
#   docker build -t sidelight .
#   docker run --read-only -v "$PWD/sidelight.yaml:/etc/sidelight/sidelight.yaml:ro" sidelight
ARG BUILD_IMAGE=debian:bookworm-slim
ARG RUN_IMAGE=gcr.io/distroless/base-nossl-debian12:nonroot

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
# The packages by themselves first: a change of the sources does not install them again.
COPY script/bootstrap script/bootstrap
RUN script/bootstrap build package
COPY . .
# The commit's time, for the same bytes again: --build-arg SOURCE_DATE_EPOCH="$(git log -1 --format=%ct)"
ARG SOURCE_DATE_EPOCH
RUN script/package && mv build/package/sidelight-*-linux-*/ /sidelight

FROM ${RUN_IMAGE}
ARG VERSION=0.1.0
ARG REVISION
LABEL org.opencontainers.image.title="Sidelight" \
      org.opencontainers.image.description="Observability sidecar and metrics aggregator" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /sidelight /opt/sidelight
# So that `kubectl exec POD -c sidelight -- sidelight query up` finds it, and OpenSSL the certificates that it trusts.
ENV PATH=/opt/sidelight/bin SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 65532:65532
# A tap as docs/configuration.md's examples have it, /metrics with the API, the probes.
EXPOSE 8080 9464 9465
ENTRYPOINT ["/opt/sidelight/bin/sidelight"]
CMD ["run", "--config", "/etc/sidelight/sidelight.yaml"]
