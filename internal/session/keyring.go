package session

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

const (
	keySize     = 32   // bytes of the secret key
	maxKeyFile  = 4096 // bytes; a real one is about 200
	keyVersion  = "pindesk-key-v1"
	keyFileHead = "# PinDesk's secret key. Keep it private and keep a copy: without it no PIN of the database\n" +
		"# can be found again. All brokers on one database need this same file.\n"
)

// Keyring protects the PINs in the database: MAC finds a PIN, Seal and Open keep it readable
// for payloads and mails. It is safe for use by several goroutines.
type Keyring struct {
	id   string
	key  []byte // the secret itself; all others are derived from it
	mac  []byte // HMAC-SHA256 key
	back []byte // HMAC-SHA256 key of Returning
	aead cipher.AEAD
}

// OpenKeyring reads the secret file at path. The error says what is wrong with it and never
// holds any part of the key; errors.Is(err, fs.ErrNotExist) if there is none.
func OpenKeyring(path string) (*Keyring, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("secret file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("secret file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("secret file %s is not a regular file", path)
	}
	// Windows has no such mode bits; there the data folder's access list guards the file.
	if perm := info.Mode().Perm(); perm&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("secret file %s can be read or written by others (mode %04o): run chmod 600 on it; "+
			"if others may have read it, end all sessions and make a new one", path, perm)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return nil, fmt.Errorf("secret file %s: %w", path, err)
	}
	key, err := parseKeyFile(b)
	if err != nil {
		return nil, fmt.Errorf("secret file %s is damaged (%w): restore it from your copy or from another broker of the same database", path, err)
	}
	return newKeyring(key)
}

// MakeKeyring reads the secret file at path and makes it first, with mode 0600 and a new
// random key, if there is none. Of several processes that do so at once one makes the file
// and all get its key: the file appears whole or not at all. Its folder must exist.
func MakeKeyring(path string) (*Keyring, error) {
	k, err := OpenKeyring(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	key := make([]byte, keySize)
	rand.Read(key) // never fails
	if err := writeKeyFile(path, key); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("make secret file: %w", err)
	}
	return OpenKeyring(path) // whoever made it
}

// writeKeyFile makes path with key in it; fs.ErrExist if it is there already. A link, unlike
// a rename, never replaces a file that another process has made in between.
func writeKeyFile(path string, key []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".secret-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(formatKeyFile(key))
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil {
		return err
	}
	// The name must outlive a power cut as well: a lost key loses all sessions.
	if dir, err := os.Open(filepath.Dir(path)); err == nil {
		_ = dir.Sync() // not every file system can; the file itself is synced
		dir.Close()
	}
	return nil
}

func formatKeyFile(key []byte) []byte {
	return fmt.Appendf(nil, "%s%s %s %s\n", keyFileHead, keyVersion, keyID(key), base64.RawURLEncoding.EncodeToString(key))
}

// parseKeyFile reads comment lines and the one line "pindesk-key-v1 ID KEY". The id is
// made from the key, so it also shows that the key is whole.
func parseKeyFile(b []byte) ([]byte, error) {
	if len(b) > maxKeyFile {
		return nil, errors.New("too long")
	}
	var key []byte
	for line := range bytes.Lines(b) {
		text := strings.TrimSpace(string(line))
		if text == "" || text[0] == '#' {
			continue
		}
		part := strings.Fields(text)
		if len(part) != 3 || part[0] != keyVersion {
			return nil, errors.New("a line is not \"" + keyVersion + " ID KEY\"")
		}
		if key != nil {
			return nil, errors.New("more than one key")
		}
		k, err := base64.RawURLEncoding.Strict().DecodeString(part[2])
		if err != nil || len(k) != keySize {
			return nil, errors.New("the key is cut or not base64url")
		}
		if keyID(k) != part[1] {
			return nil, errors.New("the key does not fit its id")
		}
		key = k
	}
	if key == nil {
		return nil, errors.New("no key in it")
	}
	return key, nil
}

// keyID names a key without telling anything about it.
func keyID(key []byte) string {
	h := sha256.Sum256(append([]byte("pindesk key id\x00"), key...))
	return hex.EncodeToString(h[:8])
}

func newKeyring(key []byte) (*Keyring, error) {
	mac, err := hkdf.Key(sha256.New, key, nil, "pindesk pin mac v1", 32)
	if err != nil {
		return nil, fmt.Errorf("derive key: %w", err)
	}
	back, err := hkdf.Key(sha256.New, key, nil, "pindesk returning v1", 32)
	if err != nil {
		return nil, fmt.Errorf("derive key: %w", err)
	}
	seal, err := hkdf.Key(sha256.New, key, nil, "pindesk pin seal v1", 32)
	if err != nil {
		return nil, fmt.Errorf("derive key: %w", err)
	}
	block, err := aes.NewCipher(seal)
	if err != nil {
		return nil, fmt.Errorf("derive key: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("derive key: %w", err)
	}
	return &Keyring{id: keyID(key), key: key, mac: mac, back: back, aead: aead}, nil
}

// ID names the key; it is not secret.
func (k *Keyring) ID() string { return k.id }

// MAC is what a PIN, in the form that ParsePIN gives, is found by: HMAC-SHA256 in base64url.
func (k *Keyring) MAC(pin string) string {
	h := hmac.New(sha256.New, k.mac)
	h.Write([]byte(pin))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// Derive makes a key of 32 bytes for another purpose, the same at all nodes. The purpose must
// name its package and a version.
func (k *Keyring) Derive(purpose string) ([]byte, error) {
	return hkdf.Key(sha256.New, k.key, nil, "pindesk for "+purpose, 32)
}

// returning is what shows that a resume secret was made for a session's PIN: 96 bits of HMAC.
func (k *Keyring) returning(secret, pinMAC string) string {
	h := hmac.New(sha256.New, k.back)
	h.Write([]byte(secret + "\x00" + pinMAC)) // both are base64url
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:12])
}

// Seal encrypts the PIN of one session with AES-256-GCM. The result, base64url, is bound to
// the key's id and to the session: moved to another row, it does not open.
func (k *Keyring) Seal(pin, sessionID string) string {
	return base64.RawURLEncoding.EncodeToString(k.aead.Seal(nil, nil, []byte(pin), k.associated(sessionID)))
}

// Open gives back what Seal was given, for the same session. The error has no PIN in it.
func (k *Keyring) Open(sealed, sessionID string) (string, error) {
	b, err := base64.RawURLEncoding.DecodeString(sealed)
	if err == nil {
		b, err = k.aead.Open(nil, nil, b, k.associated(sessionID))
	}
	if err != nil {
		return "", fmt.Errorf("the sealed PIN of session %s does not open with key %s", sessionID, k.id)
	}
	return string(b), nil
}

func (k *Keyring) associated(sessionID string) []byte {
	return []byte("pindesk pin\x00" + k.id + "\x00" + sessionID)
}

// String keeps the key out of logs.
func (k *Keyring) String() string { return "keyring " + k.id }

// GoString keeps the key out of logs.
func (k *Keyring) GoString() string { return k.String() }
