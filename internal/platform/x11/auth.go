//go:build linux

package x11

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
)

// Address families of an Xauthority entry, from X11/X.h and X11/Xauth.h.
const (
	familyInternet  = 0
	familyInternet6 = 6
	familyLocal     = 256
	familyWild      = 65535
)

// cookieName is the one authorisation protocol that is spoken; all common servers use it.
const cookieName = "MIT-MAGIC-COOKIE-1"

// maxAuthority bounds the Xauthority file, in bytes.
const maxAuthority = 1 << 20

// cookieFor returns the key for a display from the user's Xauthority file, or nil when
// there is none; then the server may still let us in by its host list.
func cookieFor(remote net.Addr, number string) []byte {
	name := os.Getenv("XAUTHORITY")
	if name == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil
		}
		name = filepath.Join(home, ".Xauthority")
	}
	f, err := os.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxAuthority))
	if err != nil {
		return nil
	}
	family, address := authAddress(remote)
	return findCookie(data, family, address, number)
}

// authAddress says under which address entries for a server stand. Servers on this
// machine, by whatever way they are reached, stand under its host name.
func authAddress(remote net.Addr) (family uint16, address []byte) {
	if tcp, ok := remote.(*net.TCPAddr); ok && !tcp.IP.IsLoopback() {
		if ip4 := tcp.IP.To4(); ip4 != nil {
			return familyInternet, ip4
		}
		return familyInternet6, tcp.IP
	}
	host, err := os.Hostname()
	if err != nil {
		return familyWild, nil
	}
	return familyLocal, []byte(host)
}

// findCookie looks through the entries of an Xauthority file: family, address, display
// number, protocol name and key, each but the family with a length; all big-endian.
func findCookie(data []byte, family uint16, address []byte, number string) []byte {
	r := bytes.NewReader(data)
	for {
		var entryFamily uint16
		if binary.Read(r, binary.BigEndian, &entryFamily) != nil {
			return nil
		}
		var field [4][]byte // address, number, name, key
		for i := range field {
			var err error
			if field[i], err = counted(r); err != nil {
				return nil
			}
		}
		here := entryFamily == familyWild || entryFamily == family && bytes.Equal(field[0], address)
		if here && (len(field[1]) == 0 || string(field[1]) == number) && string(field[2]) == cookieName {
			return field[3]
		}
	}
}

func counted(r *bytes.Reader) ([]byte, error) {
	var n uint16
	if err := binary.Read(r, binary.BigEndian, &n); err != nil {
		return nil, err
	}
	if int(n) > r.Len() {
		return nil, errors.New("entry cut short")
	}
	b := make([]byte, n)
	_, err := io.ReadFull(r, b)
	return b, err
}
