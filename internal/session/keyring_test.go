package session

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestKeyringFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret.key")
	if _, err := OpenKeyring(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open of an absent file: %v", err)
	}
	made, err := MakeKeyring(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v (%v), want 0600", info.Mode(), err)
	}
	for _, open := range []func(string) (*Keyring, error){OpenKeyring, MakeKeyring} {
		k, err := open(path)
		if err != nil {
			t.Fatal(err)
		}
		if k.ID() != made.ID() || k.MAC("7W2-97-8570") != made.MAC("7W2-97-8570") {
			t.Error("the key changed")
		}
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("%v (%v) is in the folder, want the secret file only", left, err)
	}
	if _, err := MakeKeyring(filepath.Join(t.TempDir(), "absent", "secret.key")); err == nil {
		t.Error("made a file in an absent folder")
	}
}

// TestKeyringAtOnce has many makers, of which one may win.
func TestKeyringAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret.key")
	var all sync.WaitGroup
	ids := make([]string, 20)
	for i := range ids {
		all.Go(func() {
			k, err := MakeKeyring(path)
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = k.ID()
		})
	}
	all.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("different keys: %v", ids)
		}
	}
}

func TestKeyringRefuses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "secret.key")
	if _, err := MakeKeyring(path); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	line := strings.Fields(string(good[len(keyFileHead):]))
	key := line[2]
	refused := func(t *testing.T, want string) {
		t.Helper()
		for _, open := range []func(string) (*Keyring, error){OpenKeyring, MakeKeyring} {
			_, err := open(path)
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
				t.Errorf("error %v, want one with %q and the path", err, want)
			} else if strings.Contains(err.Error(), key[:8]) {
				t.Errorf("the key stands in the error %v", err)
			}
		}
	}
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o660, 0o777} {
		t.Run(mode.String(), func(t *testing.T) {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			refused(t, "chmod 600")
		})
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"empty":     nil,
		"cut":       good[:len(good)-5],
		"no key":    []byte(keyFileHead),
		"two keys":  append(bytes.Clone(good), good...),
		"other id":  bytes.Replace(good, []byte(line[1]), []byte("0123456789abcdef"), 1),
		"other key": bytes.Replace(good, []byte(key), []byte("AAAA"+key[4:]), 1),
		"version":   bytes.Replace(good, []byte("v1"), []byte("v9"), 1),
		"binary":    bytes.Repeat([]byte{0, 255}, 100),
		"too long":  append(bytes.Clone(good), bytes.Repeat([]byte("#"), maxKeyFile)...),
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			refused(t, "damaged")
			if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, content) {
				t.Error("the damaged file was written over")
			}
		})
	}
	path = dir
	refused(t, "not a regular file")
}

func TestSeal(t *testing.T) {
	var rings []*Keyring
	for i := range 2 {
		k, err := MakeKeyring(filepath.Join(t.TempDir(), fmt.Sprint(i)))
		if err != nil {
			t.Fatal(err)
		}
		rings = append(rings, k)
	}
	const pin = "7W2-97-8570"
	k := rings[0]
	sealed := k.Seal(pin, "session")
	if sealed == k.Seal(pin, "session") {
		t.Error("sealing twice gives the same")
	}
	if got, err := k.Open(sealed, "session"); err != nil || got != pin {
		t.Errorf("opened %q, %v", got, err)
	}
	changed := []byte(sealed)
	changed[len(changed)/2] ^= 1
	for name, open := range map[string]func() (string, error){
		"another session": func() (string, error) { return k.Open(sealed, "other") },
		"another key":     func() (string, error) { return rings[1].Open(sealed, "session") },
		"changed":         func() (string, error) { return k.Open(string(changed), "session") },
		"empty":           func() (string, error) { return k.Open("", "session") },
		"not base64":      func() (string, error) { return k.Open("?", "session") },
	} {
		if got, err := open(); err == nil || got != "" {
			t.Errorf("%s: opened %q", name, got)
		}
	}
	if k.MAC(pin) == rings[1].MAC(pin) || k.MAC(pin) == k.MAC("7W2-97-8571") || strings.Contains(sealed, pin) {
		t.Error("the MAC does not depend on key and PIN")
	}
	if text := fmt.Sprintf("%v %+v %#v %s", k, k, k, k); strings.Contains(text, "mac") {
		t.Errorf("a keyring prints as %s", text)
	}
}

func FuzzKeyFile(f *testing.F) {
	f.Add([]byte(keyFileHead))
	f.Add(formatKeyFile(make([]byte, keySize)))
	f.Fuzz(func(t *testing.T, b []byte) {
		key, err := parseKeyFile(b)
		if (err == nil) != (len(key) == keySize) {
			t.Fatalf("key of %d bytes, %v", len(key), err)
		}
		if err != nil {
			return
		}
		if again, err := parseKeyFile(formatKeyFile(key)); err != nil || !bytes.Equal(again, key) {
			t.Fatalf("the key reads differently: %v", err)
		}
	})
}
