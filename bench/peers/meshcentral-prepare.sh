#!/usr/bin/env bash
# Installs MeshCentral from npm into $MESH_DIR once, with an account, a device group and an
# agent's folder, and prints the variable that meshcentral.json uses. Loopback only; account
# and password are for measuring, on a server that runs only meanwhile.
set -euo pipefail
readonly mesh=${MESH_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/pindesk-bench/meshcentral}
readonly version=1.1.55 url=127.0.0.1:4495
readonly server=node_modules/meshcentral

# control ARGUMENTS...: asks the running server.
control() {
    NODE_TLS_REJECT_UNAUTHORIZED=0 node "$server/meshctrl.js" "$@" \
        --url "wss://$url" --loginuser admin --loginpass benchbench1 2>/dev/null
}

settings() {
    cat <<'JSON'
{
  "settings": {
    "cert": "127.0.0.1", "WANonly": true, "port": 4495, "portBind": "127.0.0.1", "redirPort": 0,
    "mpsPort": 0, "selfUpdate": false, "ignoreAgentHashCheck": true, "sessionKey": "bench"
  },
  "domains": { "": { "newAccounts": false, "agentTimeStampServer": false } }
}
JSON
}

# set_up makes the account, starts the server, and fetches what its agent needs.
set_up() {
    local pid id
    settings >meshcentral-data/config.json
    node "$server" --createaccount admin --pass benchbench1 --email a@example.test || true # it may be there
    node "$server" --adminaccount admin || true
    node "$server" >setup.log 2>&1 &
    pid=$!
    # shellcheck disable=SC2064 # the number of now
    trap "kill $pid" EXIT
    for _ in {1..120}; do
        curl -sko /dev/null "https://$url/" && break
        sleep 1
    done
    control listdevicegroups --json | grep -q '"bench"' ||
        control adddevicegroup --name bench --features 0 --consent 0
    id=$(control listdevicegroups --json |
        node -e 'console.log(encodeURIComponent(JSON.parse(require("fs").readFileSync(0))[0]._id.split("/")[2]))')
    cp "$server/agents/meshagent_x86-64" agent/meshagent
    chmod +x agent/meshagent
    curl -fsk "https://$url/meshsettings?id=$id" -o agent/meshagent.msh
    grep -q MeshServer agent/meshagent.msh
    kill "$pid"
    wait "$pid" || true
    trap - EXIT
    touch meshcentral-data/ready
}

mkdir -p "$mesh/meshcentral-data" "$mesh/agent"
cd "$mesh"
{
    [[ -f package.json ]] || echo '{"private":true}' >package.json
    [[ -d $server ]] || npm install --no-audit --no-fund "meshcentral@$version"
    [[ -f meshcentral-data/ready ]] || set_up
} >&2
echo "MESH=$mesh"
