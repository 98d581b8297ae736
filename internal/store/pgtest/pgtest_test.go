package pgtest_test

import (
	"bufio"
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"pindesk/internal/store/pgtest"
)

// TestMain is also the program that TestEndsWithProcess kills: it prints its database's URL
// and waits to be ended.
func TestMain(m *testing.M) {
	if os.Getenv("PGTEST_CHILD") == "" {
		os.Exit(m.Run())
	}
	testing.Main(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{{
		Name: "child",
		F: func(t *testing.T) {
			os.Stdout.WriteString("\n" + pgtest.Start(t) + "\n")
			select {}
		},
	}}, nil, nil)
}

// TestStart checks that each test has an empty database of its own.
func TestStart(t *testing.T) {
	for _, name := range []string{"first", "second"} {
		t.Run(name, func(t *testing.T) {
			conn, err := pgx.Connect(t.Context(), pgtest.Start(t))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { conn.Close(context.Background()) })
			if _, err := conn.Exec(t.Context(), `CREATE TABLE only_here (n INTEGER)`); err != nil {
				t.Errorf("the database is not empty: %v", err)
			}
		})
	}
}

// TestEndsWithProcess kills a process that has a cluster, and waits for the cluster's end.
func TestEndsWithProcess(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.v")
	cmd.Env = append(os.Environ(), "PGTEST_CHILD=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "postgres://") {
	}
	u, err := url.Parse(lines.Text())
	if err != nil || u.Query().Get("host") == "" {
		t.Fatalf("the child printed no database URL (%v)", err)
	}
	dir := u.Query().Get("host")
	if _, err := os.Stat(dir); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			break
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s is still there", dir)
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the child ended by itself")
	}
}
