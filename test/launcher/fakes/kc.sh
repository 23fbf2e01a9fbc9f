#!/bin/sh
# Stands in for Keycloak's start script: the parent of the server, which is another process.
home=$(dirname "$0")/..
if [ "$1" = build ]; then
  echo built >> "$HOME/builds"
  echo $$ > "$HOME/build.pid"
  [ ! -e "$HOME/build-hangs" ] || sleep 60
  exit 0
fi
node "$home/lib/server.mjs" "$@" &
PID=$!
trap 'kill -TERM $PID; wait $PID' TERM INT
wait $PID
