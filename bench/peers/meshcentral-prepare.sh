#!/usr/bin/env bash
# Installs MeshCentral from npm into $MESH_DIR once, with an account, a device group
# and an agent's folder, and prints the variable that meshcentral.json uses. Loopback only.
set -euo pipefail
MESH_DIR=${MESH_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/pindesk-bench/meshcentral}
exec 3>&1 1>&2
M=node_modules/meshcentral
mkdir -p "$MESH_DIR/meshcentral-data" "$MESH_DIR/agent"
cd "$MESH_DIR"
[ -f package.json ] || echo '{"private":true}' >package.json
[ -d $M ] || npm install --no-audit --no-fund meshcentral@1.1.55
if [ ! -f meshcentral-data/ready ]; then
  cat >meshcentral-data/config.json <<'C'
{
  "settings": {
    "cert": "127.0.0.1", "WANonly": true, "port": 4495, "portBind": "127.0.0.1", "redirPort": 0,
    "mpsPort": 0, "selfUpdate": false, "ignoreAgentHashCheck": true, "sessionKey": "bench"
  },
  "domains": { "": { "newAccounts": false, "agentTimeStampServer": false } }
}
C
  node $M --createaccount admin --pass benchbench1 --email a@example.test || true
  node $M --adminaccount admin || true
  node $M >setup.log 2>&1 &
  P=$!
  for _ in $(seq 120); do sleep 1; curl -sko /dev/null https://127.0.0.1:4495/ && break; done
  export NODE_TLS_REJECT_UNAUTHORIZED=0
  A="--url wss://127.0.0.1:4495 --loginuser admin --loginpass benchbench1"
  node $M/meshctrl.js listdevicegroups --json $A 2>/dev/null | grep -q '"bench"' ||
    node $M/meshctrl.js adddevicegroup --name bench --features 0 --consent 0 $A
  ID=$(node $M/meshctrl.js listdevicegroups --json $A 2>/dev/null | node -e 'console.log(encodeURIComponent(JSON.parse(require("fs").readFileSync(0))[0]._id.split("/")[2]))')
  cp $M/agents/meshagent_x86-64 agent/meshagent
  chmod +x agent/meshagent
  curl -sk "https://127.0.0.1:4495/meshsettings?id=$ID" -o agent/meshagent.msh
  grep -q MeshServer agent/meshagent.msh
  kill $P
  sleep 2
  touch meshcentral-data/ready
fi
echo "MESH=$MESH_DIR" >&3
