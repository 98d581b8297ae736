// Package pgtest gives tests a Postgres of their own: a private cluster of the Postgres that
// is installed on this machine, with a new database for each test. Only tests may import it.
//
// The cluster belongs to the test binary: the first Start makes it, and it ends with the
// process, however that ends. A shell script guards it for this: it waits for the end of a
// pipe that only this process holds open, then stops Postgres and removes its files. Postgres
// refuses to run as root, so root starts all this as another user. The cluster listens on a
// Unix socket only, so tests take no ports, and asks for a password, so tests can give a wrong one.
package pgtest

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	startTimeout = 90 * time.Second // initdb takes a second or two, on a busy machine many more
	dropTimeout  = 30 * time.Second
	role         = "pindesk"

	// versions is where Debian keeps its versions of Postgres, outside of PATH.
	versions = "/usr/lib/postgresql/*/bin"

	missing = "this test needs Postgres, which was not found in PATH or " + versions + ": " +
		"install it (Debian and Ubuntu: apt-get install postgresql; Fedora: dnf install postgresql-server; Alpine: apk add postgresql)"
)

//go:embed cluster.sh
var script []byte

// cluster is the one of this process; its fields are static once it has started.
type cluster struct {
	dir      string
	password string
	pipe     *os.File // its end tells the script that this process is gone
}

var (
	start = sync.OnceValues(startCluster)
	count atomic.Int64 // of databases made, for their names
)

// Start makes a new, empty database for one test and returns its URL, which holds a random
// password. It is dropped when the test ends, together with connections that the test left
// open. The test fails, saying which package to install, if there is no Postgres.
func Start(tb testing.TB) (databaseURL string) {
	tb.Helper()
	c, err := start()
	if err != nil {
		tb.Fatal(err)
	}
	name := "test_" + strconv.FormatInt(count.Add(1), 10)
	if err := c.exec(tb.Context(), `CREATE DATABASE `+name); err != nil {
		tb.Fatalf("make a test database: %v%s", err, c.log())
	}
	tb.Cleanup(func() {
		// Not tb.Context(): that has ended by now.
		ctx, cancel := context.WithTimeout(context.Background(), dropTimeout)
		defer cancel()
		if err := c.exec(ctx, `DROP DATABASE `+name+` WITH (FORCE)`); err != nil {
			tb.Errorf("drop the test database: %v", err)
		}
	})
	return c.url(name)
}

func (c *cluster) url(database string) string {
	return (&url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(role, c.password),
		Path:     "/" + database,
		RawQuery: url.Values{"host": {c.dir}, "port": {"5432"}, "sslmode": {"disable"}}.Encode(),
	}).String()
}

// exec runs one statement in the cluster's own database.
func (c *cluster) exec(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, c.url("postgres"))
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(context.WithoutCancel(ctx)))
}

// startCluster starts the script and waits until Postgres answers.
func startCluster() (*cluster, error) {
	bin, err := findPostgres(versions)
	if err != nil {
		return nil, err
	}
	// Not os.TempDir: a socket's path has at most 107 bytes, and another user must reach it.
	dir, err := os.MkdirTemp("/tmp", "pindesk-pg-")
	if err != nil {
		return nil, err
	}
	c := &cluster{dir: dir, password: rand.Text()}
	if err := c.run(bin); err != nil {
		if c.pipe != nil {
			c.pipe.Close()
		}
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return c, nil
}

func (c *cluster) run(bin string) error {
	files := map[string][]byte{"cluster.sh": script, "password": []byte(c.password + "\n")}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(c.dir, name), content, 0o600); err != nil {
			return err
		}
	}
	// The outer shell ends at once and leaves the script in the background; its standard
	// input, which a shell would take from a background job, is handed on as descriptor 3.
	command := fmt.Sprintf(`trap '' INT HUP TERM; exec 3<&0; sh %s/cluster.sh '%s' %s <&3 3<&- &`, c.dir, bin, c.dir)
	cmd := exec.Command("sh", "-c", command)
	if os.Geteuid() == 0 {
		u, err := otherUser()
		if err != nil {
			return err
		}
		for _, path := range []string{c.dir, filepath.Join(c.dir, "cluster.sh"), filepath.Join(c.dir, "password")} {
			if err := chown(path, u); err != nil {
				return err
			}
		}
		cmd = exec.Command("su", "-s", "/bin/sh", "-c", command, u.Username)
	}
	in, out, err := os.Pipe()
	if err != nil {
		return err
	}
	defer in.Close()
	c.pipe = out
	log, err := os.Create(filepath.Join(c.dir, "start.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	// Files, not buffers: else Wait, and go test, would wait for the script as well.
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = "/", in, log, log
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("start Postgres: %w%s", err, c.log())
	}
	return c.wait()
}

// wait polls until Postgres lets us in, or the script says that it failed.
func (c *cluster) wait() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := c.exec(ctx, `SELECT 1`)
		if err == nil {
			return nil
		}
		if _, failed := os.Stat(filepath.Join(c.dir, "failed")); failed == nil {
			return fmt.Errorf("the test cluster did not start%s", c.log())
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("the test cluster did not answer within %s: %w%s", startTimeout, err, c.log())
		}
	}
}

// log is what the script and Postgres have written, to be appended to an error.
func (c *cluster) log() string {
	var all strings.Builder
	for _, name := range []string{"start.log", "initdb.log", "postgres.log"} {
		if b, err := os.ReadFile(filepath.Join(c.dir, name)); err == nil && len(b) > 0 {
			fmt.Fprintf(&all, "\n--- %s\n%s", name, b)
		}
	}
	return all.String()
}

// findPostgres returns the folder with initdb and postgres: that in PATH, else the newest of
// those that match the pattern.
func findPostgres(pattern string) (string, error) {
	if p, err := exec.LookPath("initdb"); err == nil {
		if p, err = filepath.EvalSymlinks(p); err == nil && hasPostgres(filepath.Dir(p)) {
			return filepath.Dir(p), nil
		}
	}
	found, err := filepath.Glob(pattern)
	if err != nil {
		return "", err
	}
	found = slices.DeleteFunc(found, func(dir string) bool { return !hasPostgres(dir) })
	if len(found) == 0 {
		return "", errors.New(missing)
	}
	return slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) }), nil
}

// version reads the 15 of /usr/lib/postgresql/15/bin.
func version(dir string) int {
	n, err := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
	if err != nil {
		return 0
	}
	return n
}

func hasPostgres(dir string) bool {
	for _, name := range []string{"initdb", "postgres"} {
		if _, err := exec.LookPath(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}

// otherUser is who runs Postgres for root.
func otherUser() (*user.User, error) {
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			return u, nil
		}
	}
	return nil, errors.New("cannot run Postgres as root, and there is no user postgres or nobody to run it as: make one, or run the tests as another user")
}

func chown(path string, u *user.User) error {
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	if err := errors.Join(err1, err2); err != nil {
		return &fs.PathError{Op: "chown", Path: path, Err: err}
	}
	return os.Chown(path, uid, gid)
}
