#!/bin/sh
# Starts FreeSWITCH as a media server of Engawa, in the foreground, with the configuration beside this file.
#
#   ENGAWA_FREESWITCH_SECRET   password of the event socket; or ENGAWA_FREESWITCH_SECRET_FILE, a file that holds it
#   FS_CONTROL_IP, FS_CONTROL_HOSTS, FS_RTP_IP, FS_EXT_RTP_IP … and ports: vars.xml lists them with their meaning
#   FS_RUN_FOLDER              for sockets, lists of channels and the preprocessed configuration, which holds the password:
#                              on a memory file system, readable by this user only. /run/freeswitch unless told
#   FS_CERTS_FOLDER            for the DTLS certificate, made at the first start (seconds); kept, or it is made again each
#                              time. /var/lib/freeswitch/certs unless told
#   FREESWITCH                 the program; freeswitch unless told
set -eu
umask 077

fail() { echo "FreeSWITCH is not started: $1" >&2; exit 1; }

password=${ENGAWA_FREESWITCH_SECRET:-}
if [ -z "$password" ] && [ -n "${ENGAWA_FREESWITCH_SECRET_FILE:-}" ]; then
  [ -r "$ENGAWA_FREESWITCH_SECRET_FILE" ] || fail "ENGAWA_FREESWITCH_SECRET_FILE names a file that cannot be read."
  password=$(cat "$ENGAWA_FREESWITCH_SECRET_FILE")
fi
[ "${#password}" -ge 16 ] || fail "set ENGAWA_FREESWITCH_SECRET to at least 16 characters (openssl rand -hex 24)."
case $password in *[!A-Za-z0-9_-]*) fail "ENGAWA_FREESWITCH_SECRET may hold letters, digits, - and _ only: it goes into XML." ;; esac
export FS_EVENT_SOCKET_PASSWORD="$password"
unset ENGAWA_FREESWITCH_SECRET password

here=$(cd "$(dirname "$0")" && pwd)
run=${FS_RUN_FOLDER:-/run/freeswitch}
certs=${FS_CERTS_FOLDER:-/var/lib/freeswitch/certs}
: "${FS_LOG_FILE:=/var/log/freeswitch/freeswitch.log}"
export FS_LOG_FILE
mkdir -p "$(dirname "$FS_LOG_FILE")" "$run/log" "$run/db" "$run/empty" "$certs" || fail "$run and $certs cannot be made by this user."
case ${FS_RTP_IP:-127.0.0.1} in 127.*) echo "FS_RTP_IP is a loopback address: only this machine can be heard." >&2 ;; esac

# Two threads for each party: small stacks, many files, no cores (they would hold audio and keys).
ulimit -s 240
ulimit -c 0
ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -Hn)"
# -nf: a supervisor watches this process; -nc: no command line on standard input, which would spin when there is none. (-nc
# without -nf would fork through a helper that drops its priority.) -nonat: the addresses are in vars.xml.
exec "${FREESWITCH:-freeswitch}" -nf -nc -nonat -conf "$here" -log "$run/log" -db "$run/db" -run "$run" -certs "$certs" \
  -storage "$run/empty" -recordings "$run/empty" -temp "$run/empty" < /dev/null
