#!/bin/sh
# Makes the secrets of compose.yaml and of the Helm chart in ./secrets (or the folder given), each in a file; what is there
# already stays as it is. Back up vault-key, apart from the database: aliases cannot be called back without it.
set -eu
umask 077
folder=${1:-secrets}
mkdir -p "$folder"

# Containers read single files under ids of their own; the folder keeps everybody else on this machine out.
write() {
  [ -s "$folder/$1" ] || { printf '%s\n' "$2" > "$folder/$1"; chmod 0444 "$folder/$1"; echo "$folder/$1"; }
}
random() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }
read_or() { if [ -s "$folder/$1" ]; then cat "$folder/$1"; else random 24; fi; }

write vault-key "$(random 32)"
write drachtio-secret "$(random 24)"
write freeswitch-secret "$(random 24)"
write turn-secret "$(random 32)"

postgres=$(read_or postgres-password)
write postgres-password "$postgres"
write database-url "postgres://engawa:$postgres@127.0.0.1:5432/engawa"

redis=$(random 24)
if [ -s "$folder/redis-conf" ]; then redis=$(sed -n 's/^requirepass //p' "$folder/redis-conf"); fi
write redis-conf "requirepass $redis"
write redis-url "redis://:$redis@127.0.0.1:6379/0"
chmod 0700 "$folder"
