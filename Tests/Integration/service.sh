# shellcheck shell=bash
# Functions of the scripts that start a service; to be sourced.

# service_url PID LOG: waits until the service is ready and prints its address. If the service ends, prints its log and fails.
service_url() {
  for _ in $(seq 600); do
    grep -q ' ready ' "$2" && break
    kill -0 "$1" 2>/dev/null || { cat "$2" >&2; return 1; }
    sleep 0.1
  done
  echo "http://$(grep -o 'addresses=[^ ]*' "$2" | cut -d= -f2)"
}
