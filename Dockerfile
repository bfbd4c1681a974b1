# One image: the server, the pages and the embedded parts. Not as root, on a read-only file system if you like; what it keeps
# is in /data.
#   docker build -t engawa .
#   docker run --init --stop-timeout 60 --network host --read-only --tmpfs /tmp -v engawa-data:/data \
#     -v ./engawa.yaml:/etc/engawa.yaml:ro engawa
# Host networking, because SIP and RTP need their real ports; without it publish 5060/udp, the RTP range and the WebRTC port.
# --init reaps what PostgreSQL leaves; --stop-timeout is above calls.drainSeconds. A relative dataFolder is below /data. With
# http.tls also: -e ENGAWA_HEALTH_URL=https://127.0.0.1:8080/healthz (over loopback the name in the certificate is not
# checked). compose.yaml has all of this, with the servers beside it.

ARG NODE_IMAGE=node:22.14.0-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
COPY web-softphone/package.json web-softphone/
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build && npm prune --omit=dev

FROM ${NODE_IMAGE}
ENV NODE_ENV=production
# A number that compose.yaml and the Helm chart know. The folders are there so that fresh volumes get their owner.
RUN useradd --system --uid 10001 --user-group --create-home --home-dir /data engawa \
  && mkdir -p /data /sounds && chown -R engawa:engawa /data /sounds && chmod 700 /data
WORKDIR /engawa
COPY --from=build /build/package.json /build/package-lock.json ./
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/dist dist
COPY --from=build /build/config config
COPY --from=build /build/migrations migrations
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 5060/udp 5060/tcp 8080/tcp
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD ["node", "-e", "const url = process.env.ENGAWA_HEALTH_URL ?? 'http://127.0.0.1:8080/healthz'; require(url.split(':')[0]).get(url, { rejectUnauthorized: false }, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
ENTRYPOINT ["node", "/engawa/dist/src/cli/engawa.js"]
CMD ["start", "--config", "/etc/engawa.yaml"]
