#!/bin/sh
# Starts coturn for Engawa: turnserver.conf beside this file and what differs between installations, from the environment.
#
#   ENGAWA_TURN_SECRET        what Engawa makes credentials with; or ENGAWA_TURN_SECRET_FILE, a file that holds it
#   TURN_MEDIA_PEERS          addresses that media servers offer to browsers, separated by commas: the only peers allowed.
#                             Ranges as 198.51.100.8-198.51.100.15
#   TURN_LISTENING_IP         where desks come in; all addresses unless told
#   TURN_RELAY_IP             which address media servers see; the listening address unless told
#   TURN_EXTERNAL_IP          PUBLIC or PUBLIC/PRIVATE, when this machine is behind a one-to-one NAT
#   TURN_REALM                engawa unless told
#   TURN_PORT, TURN_TLS_PORT  3478 and 5349 unless told. 443 for TLS reaches most homes; give it CAP_NET_BIND_SERVICE
#   TURN_MIN_PORT, _MAX_PORT  UDP ports of relays, one per allocation: 49152 and 57343 unless told
#   TURN_CONTROL_IP, TURN_CONTROL_PORT   where Engawa cancels what ended sessions hold (turn.control): loopback or a private address,
#                             never one in TURN_MEDIA_PEERS. None unless told; the port is 5766 unless told
#   TURN_CERT_FILE, TURN_KEY_FILE   PEM, for turns: URLs; without them there is no TLS
#   TURN_RUN_FOLDER           where the complete configuration is written, readable by this user only; /tmp unless told
set -eu
umask 077

fail() { echo "coturn is not started: $1" >&2; exit 1; }

secret=${ENGAWA_TURN_SECRET:-}
if [ -z "$secret" ] && [ -n "${ENGAWA_TURN_SECRET_FILE:-}" ]; then
  [ -r "$ENGAWA_TURN_SECRET_FILE" ] || fail "ENGAWA_TURN_SECRET_FILE names $ENGAWA_TURN_SECRET_FILE, which cannot be read."
  secret=$(cat "$ENGAWA_TURN_SECRET_FILE")
fi
[ "${#secret}" -ge 32 ] || fail "set ENGAWA_TURN_SECRET to at least 32 characters (openssl rand -hex 32)."
control=${TURN_CONTROL_IP:-}
case $control in 0.0.0.0|::|\*) fail "TURN_CONTROL_IP is every address: the command line must not be reachable from outside." ;; esac
peers=${TURN_MEDIA_PEERS:-}
[ -n "$peers" ] || fail "set TURN_MEDIA_PEERS to the addresses that media servers offer."

here=$(cd "$(dirname "$0")" && pwd)
file=$(mktemp "${TURN_RUN_FOLDER:-/tmp}/turnserver.XXXXXX")
{
  cat "$here/turnserver.conf"
  echo "static-auth-secret=$secret"
  echo "realm=${TURN_REALM:-engawa}"
  echo "listening-port=${TURN_PORT:-3478}"
  echo "min-port=${TURN_MIN_PORT:-49152}"
  echo "max-port=${TURN_MAX_PORT:-57343}"
  echo "$peers" | tr ',' '\n' | while read -r peer; do [ -z "$peer" ] || echo "allowed-peer-ip=$peer"; done
  if [ -n "$control" ]; then
    echo "cli-ip=$control"
    echo "cli-port=${TURN_CONTROL_PORT:-5766}"
    echo "cli-password=$(printf 'engawa turn control:%s' "$secret" | sha256sum | cut -d' ' -f1)"
  else
    echo "no-cli"
  fi
  # A media server on loopback is a trial on one machine; what is allowed is still only what is listed.
  case ",$peers" in *,127.*) echo "allow-loopback-peers" ;; esac
  [ -z "${TURN_LISTENING_IP:-}" ] || echo "listening-ip=$TURN_LISTENING_IP"
  [ -z "${TURN_RELAY_IP:-${TURN_LISTENING_IP:-}}" ] || echo "relay-ip=${TURN_RELAY_IP:-$TURN_LISTENING_IP}"
  [ -z "${TURN_EXTERNAL_IP:-}" ] || echo "external-ip=$TURN_EXTERNAL_IP"
  if [ -n "${TURN_CERT_FILE:-}" ]; then
    echo "tls-listening-port=${TURN_TLS_PORT:-5349}"
    echo "cert=$TURN_CERT_FILE"
    echo "pkey=${TURN_KEY_FILE:?set TURN_KEY_FILE, too}"
  else
    echo "no-tls"
  fi
} > "$file"
unset ENGAWA_TURN_SECRET secret
exec turnserver -c "$file" --pidfile "$file.pid"
