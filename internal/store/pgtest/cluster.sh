# cluster.sh BIN DIR: makes a Postgres cluster in DIR/data, runs it on a socket in DIR, and
# when standard input ends, stops it and removes DIR. DIR/failed appears if it does not run.
# It is started by pgtest.go, which see.
bin=$1
dir=$2
umask 077
trap ': >"$dir/failed"' EXIT
cd "$dir" || exit 1

"$bin/initdb" -D data -U pindesk --pwfile=password --auth=scram-sha-256 \
    --encoding=UTF8 --no-locale --no-sync >initdb.log 2>&1 </dev/null || exit 1

# The data may be lost at any time, so nothing waits for the disk.
(
    "$bin/postgres" -D data -k "$dir" -c listen_addresses= -c port=5432 -c max_connections=200 \
        -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c autovacuum=off \
        -c shared_buffers=32MB -c jit=off -c deadlock_timeout=200ms >postgres.log 2>&1 </dev/null
    : >failed
) &
postgres=$!

cat >/dev/null # until the test process is gone

kill -QUIT "$(head -n 1 data/postmaster.pid)"
wait "$postgres"
trap - EXIT
cd /
rm -rf "$dir"
