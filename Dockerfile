# The server, its C libraries (JPEG, PNG, WebP, SHA-256, zlib) and optional weights.
#
#   docker build -t swift-yolox .                        with YOLOX-Nano
#   docker build --build-arg WEIGHTS=yolox-s .           with another published network
#   docker build --build-arg WEIGHTS= .                  without weights: mount a folder at /weights
#
# `make image` runs docker or buildah. See docs/deployment.md.

# Both must have the same Debian release: the C libraries are copied from the first to the second.
# The second needs neither a shell nor apt, such as gcr.io/distroless/cc-debian12.
ARG BUILD_IMAGE=docker.io/library/swift:6.3-bookworm
ARG RUNTIME_IMAGE=docker.io/library/debian:bookworm-slim

FROM ${BUILD_IMAGE} AS build
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install -y --no-install-recommends binutils ca-certificates curl \
    libjpeg62-turbo-dev libpng-dev libwebp-dev nettle-dev zlib1g-dev \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Package.swift ./
COPY Tests Tests
COPY Sources Sources
# Compiled into the binary.
COPY docs/images/street.png docs/images/
COPY weights/manifest.json weights/yolox-nano-street.safetensor[s] weights/
RUN swift build -c release --product yolox --static-swift-stdlib -Xlinker -s

FROM build AS root
COPY LICENSE ./
COPY weights weights
COPY deploy/image/assemble.sh deploy/image/
# Name of published weights. A file in the context's weights/ is used instead of a download.
ARG WEIGHTS=yolox-nano
RUN deploy/image/assemble.sh .build/release/yolox /root-of-image "${WEIGHTS}"

# hadolint ignore=DL3006
FROM ${RUNTIME_IMAGE}
ARG WEIGHTS=yolox-nano
ARG VERSION=development
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="swift-yolox" \
  org.opencontainers.image.description="Object detection with YOLOX on the CPU: an HTTP service" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.vendor="the swift-yolox authors" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}" \
  org.opencontainers.image.created="${CREATED}"
COPY --from=root /root-of-image/ /

# Numeric, so that Kubernetes can verify runAsNonRoot and no /etc/passwd is needed.
USER 65532:65532
WORKDIR /
# Options are also read from YOLOX_* variables; arguments override them.
ENV YOLOX_HOST=0.0.0.0 \
  YOLOX_PORT=8080 \
  YOLOX_WEIGHTS=${WEIGHTS} \
  YOLOX_WEIGHTS_DIR=/weights
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 CMD ["/usr/local/bin/yolox", "health"]
ENTRYPOINT ["/usr/local/bin/yolox"]
CMD ["serve"]
