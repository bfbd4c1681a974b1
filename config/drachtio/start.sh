#!/bin/sh
# Starts drachtio-server as the SIP border of Engawa, in the foreground, with drachtio.conf.xml beside this file.
#
#   ENGAWA_DRACHTIO_SECRET     what nodes sign in with; or ENGAWA_DRACHTIO_SECRET_FILE, a file that holds it
#   SIP_IP                     this machine's address on the carriers' side; SIP_PORT, 5060 unless told
#   SIP_EXTERNAL_IP            the address to write into SIP, when SIP_IP is behind a one-to-one NAT
#   SIP_LOCAL_NET              network in which SIP_EXTERNAL_IP is not written, as 10.0.0.0/8
#   SIP_TLS_CERT_FILE, SIP_TLS_KEY_FILE, SIP_TLS_CHAIN_FILE   PEM, for carriers over TLS on SIP_TLS_PORT, 5061 unless told
#   CONTROL_IP                 where nodes connect, and SIP to FreeSWITCH and from the desks' tunnel: loopback on one machine,
#                              else a private address. 127.0.0.1 unless told
#   CONTROL_PORT               9022 unless told
#   CONTROL_SIP_PORT           SIP towards FreeSWITCH, UDP and TCP: 5070 unless told
#   CONTROL_WS_PORT            where nodes tunnel the desks' WebSockets to: 5066 unless told
#   METRICS_PORT               Prometheus, on CONTROL_IP; none unless told
#   DRACHTIO                   the program; drachtio unless told
set -eu
umask 077

fail() { echo "drachtio-server is not started: $1" >&2; exit 1; }

secret=${ENGAWA_DRACHTIO_SECRET:-}
if [ -z "$secret" ] && [ -n "${ENGAWA_DRACHTIO_SECRET_FILE:-}" ]; then
  [ -r "$ENGAWA_DRACHTIO_SECRET_FILE" ] || fail "ENGAWA_DRACHTIO_SECRET_FILE names a file that cannot be read."
  secret=$(cat "$ENGAWA_DRACHTIO_SECRET_FILE")
fi
[ "${#secret}" -ge 16 ] || fail "set ENGAWA_DRACHTIO_SECRET to at least 16 characters (openssl rand -hex 24)."
[ -n "${SIP_IP:-}" ] || fail "set SIP_IP to this machine's address on the carriers' side."

control=${CONTROL_IP:-127.0.0.1}
case $control in 0.0.0.0|::|\*) fail "CONTROL_IP is every address: the control port must not be reachable from outside." ;; esac
here=$(cd "$(dirname "$0")" && pwd)

# In this order: an external address and a local network belong to the contact before them.
set -- --contact "sip:$SIP_IP:${SIP_PORT:-5060};transport=udp,tcp"
[ -z "${SIP_EXTERNAL_IP:-}" ] || set -- "$@" --external-ip "$SIP_EXTERNAL_IP"
[ -z "${SIP_LOCAL_NET:-}" ] || set -- "$@" --local-net "$SIP_LOCAL_NET"
if [ -n "${SIP_TLS_CERT_FILE:-}" ]; then
  set -- "$@" --contact "sips:$SIP_IP:${SIP_TLS_PORT:-5061};transport=tls"
  [ -z "${SIP_EXTERNAL_IP:-}" ] || set -- "$@" --external-ip "$SIP_EXTERNAL_IP"
  set -- "$@" --cert-file "$SIP_TLS_CERT_FILE" --key-file "${SIP_TLS_KEY_FILE:?set SIP_TLS_KEY_FILE, too}"
  [ -z "${SIP_TLS_CHAIN_FILE:-}" ] || set -- "$@" --chain-file "$SIP_TLS_CHAIN_FILE"
fi
case $control in 127.*) near=127.0.0.0/8 ;; *) near=$control/24 ;; esac
set -- "$@" --contact "sip:$control:${CONTROL_SIP_PORT:-5070};transport=udp,tcp" --local-net "${CONTROL_NET:-$near}"
set -- "$@" --contact "sip:$control:${CONTROL_WS_PORT:-5066};transport=ws" --local-net "${CONTROL_NET:-$near}"
[ -z "${METRICS_PORT:-}" ] || set -- "$@" --prometheus-scrape-port "$control:$METRICS_PORT"

export DRACHTIO_SECRET="$secret" DRACHTIO_ADMIN_ADDRESS="$control" DRACHTIO_ADMIN_TCP_PORT="${CONTROL_PORT:-9022}"
unset ENGAWA_DRACHTIO_SECRET secret
ulimit -c 0
ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -Hn)"
exec "${DRACHTIO:-drachtio}" -f "$here/drachtio.conf.xml" "$@"
