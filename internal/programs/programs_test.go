package programs

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	next := filepath.Join(dir, "next")
	if err := os.WriteFile(next, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(next, time.Time{}, time.Unix(1e9, 0)); err != nil { // as a release has it
		t.Fatal(err)
	}
	if err := os.Rename(next, filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(dir); err == nil {
		t.Error("an empty folder was taken")
	}
	if _, err := Open(filepath.Join(dir, "none")); err == nil {
		t.Error("a folder that is not there was taken")
	}
	write(t, dir, "presenter-windows-amd64.exe", "MZ one")
	write(t, dir, "presenter-linux-arm64", "ELF one")
	write(t, dir, "presenter-plan9-amd64", "?")
	f, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !f.Brokers().None() {
		t.Errorf("brokers %q", f.Brokers())
	}
	want := func(s System, text string) {
		t.Helper()
		p, err := f.Open(s)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		got, err := io.ReadAll(p)
		sum := sha256.Sum256([]byte(text))
		if err != nil || string(got) != text || p.Size != int64(len(text)) || p.SHA256 != hex.EncodeToString(sum[:]) || p.System != s {
			t.Errorf("%q, %+v, %v; want %q", got, p.Info, err, text)
		}
	}
	all, err := f.List()
	if err != nil || len(all) != 2 || all[0].System != (System{"windows", "amd64"}) || all[1].System != (System{"linux", "arm64"}) {
		t.Errorf("%+v, %v", all, err)
	}
	want(System{"windows", "amd64"}, "MZ one")
	want(System{"windows", "amd64"}, "MZ one")
	if _, err := f.Open(System{"windows", "arm64"}); !errors.Is(err, ErrNone) {
		t.Errorf("%v", err)
	}

	// The next release has the same size and the same time. Who reads the old one reads on.
	old, err := f.Open(System{"windows", "amd64"})
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	write(t, dir, "presenter-windows-amd64.exe", "MZ two")
	want(System{"windows", "amd64"}, "MZ two")
	if b, err := io.ReadAll(old); err != nil || string(b) != "MZ one" {
		t.Errorf("%q, %v", b, err)
	}

	write(t, dir, "presenter-linux-arm64", "")
	if _, err := f.List(); err == nil {
		t.Error("an empty file is a program")
	}
	if err := os.Remove(filepath.Join(dir, "presenter-linux-arm64")); err != nil {
		t.Fatal(err)
	}
	write(t, dir, BrokersFile, " support.example.com,*.example.com\n")
	if f, err := Open(dir); err != nil || f.Brokers().String() != "support.example.com,*.example.com" {
		t.Errorf("%v", err)
	}
	write(t, dir, BrokersFile, "https://support.example.com\n")
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), BrokersFile) {
		t.Errorf("%v", err)
	}
}
