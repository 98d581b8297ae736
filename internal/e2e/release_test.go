package e2e

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// script runs one of a checkout's own, with more settings than ours, and returns what it said.
func script(t *testing.T, dir string, env []string, name string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func mustScript(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	out, err := script(t, dir, env, name, args...)
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return out
}

// signer makes a certificate for signing programs that nobody but itself vouches for.
func signer(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Support Example"}, NotBefore: time.Now().AddDate(-10, 0, 0), NotAfter: time.Now().AddDate(10, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}, BasicConstraintsValid: true, IsCA: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
}

// TestReleaseRefuses to sign what would connect to anybody, before anything is built.
func TestReleaseRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		env  []string
		want string
	}{
		"no brokers": {[]string{"BROKERS= ", "SIGN_CERT=cert.pem", "SIGN_KEY=key.pem"}, "say which brokers it is for"},
		"not a list": {[]string{"BROKERS=a.example -X main.version=x"}, "write host names"},
		"a shell's":  {[]string{"BROKERS=$(id)"}, "write host names"},
	} {
		out := filepath.Join(t.TempDir(), "release")
		said, err := script(t, "../..", append(c.env, "OUT="+out), "make/release.sh")
		if err == nil || !strings.Contains(said, c.want) {
			t.Errorf("%s: %v, %s", name, err, said)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s: something was made", name)
		}
	}
}

// TestRelease makes a signed release twice, in two folders, the second time without what was compiled
// before, and hands the first out.
func TestRelease(t *testing.T) {
	if os.Getenv("PINDESK_LONG") == "" {
		t.Skip("compiles everything anew; PINDESK_LONG=1 runs it")
	}
	const list = "127.0.0.1:*,support.example.com,*.example.com"
	mustScript(t, "../..", nil, "make", "-s", "tools/bin/go-winres", "tools/bin/cyclonedx-gomod")
	cert, key := signer(t)
	windows, linux := "presenter-windows-amd64.exe", "presenter-linux-"+runtime.GOARCH
	one, two := filepath.Join(t.TempDir(), "one"), filepath.Join(t.TempDir(), "two")
	env := []string{"BROKERS=" + list, "SIGN_CERT=" + cert, "SIGN_KEY=" + key}
	t.Log(mustScript(t, "../..", append(env, "OUT="+one, "TARGETS=presenter/windows/amd64 presenter/linux/"+runtime.GOARCH), "make/release.sh"))

	// Another folder, with a cache of its own. What is not committed yet comes along.
	other := filepath.Join(t.TempDir(), "elsewhere", "checkout")
	mustScript(t, "../..", nil, "git", "clone", "-q", "--shared", ".", other)
	mustScript(t, "../..", []string{"TO=" + other}, "bash", "-euo", "pipefail", "-c",
		`git ls-files -z --cached --others --exclude-standard | tar --null --files-from=- --ignore-failed-read -cf - | tar -xf - -C "$TO"
		mkdir "$TO/tools/bin" && cp tools/bin/go-winres tools/bin/cyclonedx-gomod "$TO/tools/bin"`)
	version := strings.TrimSpace(mustScript(t, "../..", nil, "git", "describe", "--tags", "--always", "--dirty"))
	mustScript(t, other, append(env, "OUT="+two, "TARGETS=presenter/windows/amd64", "VERSION="+version, "GOCACHE="+t.TempDir()), "make/release.sh")
	for _, name := range []string{windows, windows + ".cdx.json", "BROKERS"} {
		a, err := os.ReadFile(filepath.Join(one, name))
		b, err2 := os.ReadFile(filepath.Join(two, name))
		if err != nil || err2 != nil || !bytes.Equal(a, b) {
			t.Errorf("%s: two builds differ (%d and %d bytes, %v, %v)", name, len(a), len(b), err, err2)
		}
	}
	mustScript(t, one, nil, "sha256sum", "--quiet", "-c", "SHA256SUMS")
	var bom struct {
		BomFormat  string
		Components []struct{ Name string }
	}
	text, err := os.ReadFile(filepath.Join(one, windows+".cdx.json"))
	if err == nil {
		err = json.Unmarshal(text, &bom)
	}
	if err != nil || bom.BomFormat != "CycloneDX" || !strings.Contains(string(text), "github.com/gorilla/websocket") || len(bom.Components) < 3 {
		t.Errorf("the list of modules: %v, %.300s", err, text)
	}

	// Handed out, to two sessions.
	b := startBroker(t, "", "--programs", one)
	first, second := b.newPIN(), b.newPIN()
	name, bytes1 := b.download(first, "&os=windows&arch=amd64")
	_, bytes2 := b.download(second, "&os=windows&arch=amd64")
	if !bytes.Equal(bytes1, bytes2) {
		t.Error("two sessions get different bytes")
	}
	if !strings.HasPrefix(name, "PinDesk_"+first+"_127.0.0.1+") || !strings.HasSuffix(name, ".exe") {
		t.Errorf("the name is %q", name)
	}
	saved := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(saved, bytes1, 0o600); err != nil {
		t.Fatal(err)
	}
	if out := mustScript(t, ".", nil, "osslsigncode", "verify", "-CAfile", cert, "-in", saved); !strings.Contains(out, "Signature verification: ok") {
		t.Errorf("osslsigncode says:\n%s", out)
	}
	bytes1[len(bytes1)/2] ^= 1 // the check checks
	if err := os.WriteFile(saved, bytes1, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := script(t, ".", nil, "osslsigncode", "verify", "-CAfile", cert, "-in", saved); err == nil {
		t.Errorf("osslsigncode takes a changed file:\n%s", out)
	}

	// It goes where it was made for without a question, and nowhere else.
	d := startDesktop(t, "640x480")
	name, _ = b.download(second, "&os=linux&arch="+runtime.GOARCH)
	p, _, _ := startNamed(t, d, filepath.Join(one, linux), name)
	p.says("Connected to 127.0.0.1:")
	foreign, _, _ := startNamed(t, d, filepath.Join(one, linux), "PinDesk_"+second+"_support.example.com.evil.example.bin")
	if code := foreign.wait(); code != 1 || !strings.Contains(foreign.out.String(), "was not made for support.example.com.evil.example") {
		t.Errorf("a foreign broker: exit code %d, %s", code, foreign.out)
	}
}
