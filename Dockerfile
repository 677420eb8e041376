# The image holds the static binary, the certificate authorities and nothing else: no shell, no package manager.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# timetzdata: quiet hours need the time zones, and an empty image has none.
RUN CGO_ENABLED=0 go build -trimpath -tags timetzdata -ldflags '-s -w' -o /out/cascade ./cmd/cascade
RUN mkdir -p /out/data /out/tmp

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build --chown=65532:65532 /out/tmp /tmp
COPY --from=build /out/cascade /cascade
USER 65532:65532
WORKDIR /data
ENV CASCADE_LISTEN=0.0.0.0:8080 \
    CASCADE_DATABASE_URL=sqlite:///data/cascade.db
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["/cascade", "health"]
ENTRYPOINT ["/cascade"]
CMD ["serve"]
