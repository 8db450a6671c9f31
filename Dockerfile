# The server with its two picture libraries and, if wanted, weights; nothing else is added to the base.
#
#   docker build -t swift-yolox .                        YOLOX-Nano is in the image
#   docker build --build-arg WEIGHTS=yolox-s .           another published network is
#   docker build --build-arg WEIGHTS= .                  none: mount a folder of weights at /weights
#
# `make image` calls docker or buildah, whichever is there. docs/deployment.md says more.

# Both must be of the same Debian release: the picture libraries are taken from the first and run on the second.
# The second may be one without a shell or apt, such as gcr.io/distroless/cc-debian12.
ARG BUILD_IMAGE=docker.io/library/swift:6.3-bookworm
ARG RUNTIME_IMAGE=docker.io/library/debian:bookworm-slim

FROM ${BUILD_IMAGE} AS build
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install -y --no-install-recommends binutils ca-certificates curl libjpeg62-turbo-dev libpng-dev \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Package.swift ./
COPY Tests Tests
COPY Sources Sources
RUN swift build -c release --product yolox --static-swift-stdlib -Xlinker -s

FROM build AS root
COPY LICENSE ./
COPY weights weights
COPY deploy/image/assemble.sh deploy/image/
# The name of published weights. A file of that name in the context's weights/ is taken before the network is asked.
ARG WEIGHTS=yolox-nano
RUN deploy/image/assemble.sh .build/release/yolox /root-of-image "${WEIGHTS}"

# hadolint ignore=DL3006
FROM ${RUNTIME_IMAGE}
ARG WEIGHTS=yolox-nano
ARG VERSION=development
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="swift-yolox" \
  org.opencontainers.image.description="Finds objects in pictures with YOLOX on the CPU: an HTTP service" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.vendor="the swift-yolox authors" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}" \
  org.opencontainers.image.created="${CREATED}"
COPY --from=root /root-of-image/ /

# Numbers, so that Kubernetes can see that it is not root and no /etc/passwd is needed.
USER 65532:65532
WORKDIR /
# Options are also read from YOLOX_* variables; a flag given as argument wins.
ENV YOLOX_HOST=0.0.0.0 \
  YOLOX_PORT=8080 \
  YOLOX_WEIGHTS=${WEIGHTS} \
  YOLOX_WEIGHTS_DIR=/weights
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 CMD ["/usr/local/bin/yolox", "health"]
ENTRYPOINT ["/usr/local/bin/yolox"]
CMD ["serve"]
