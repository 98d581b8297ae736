package presenter

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"pindesk/internal/wire"
)

func TestReasonOf(t *testing.T) {
	for want, err := range map[Reason]error{
		ReasonNone: nil, ReasonEnded: fmt.Errorf("%w: it was not used any more", ErrEnded), ReasonReplaced: ErrReplaced, ReasonMoved: ErrMoved,
		ReasonNoSession: ErrNoSession, ReasonSpent: errSpent, ReasonRefused: fmt.Errorf("%w: %w", errRefused, io.EOF),
		ReasonDesktop: fmt.Errorf("%w: %w", errDesktop, io.EOF), ReasonOther: io.EOF,
	} {
		if got := ReasonOf(err); got != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
}

func TestLostBy(t *testing.T) {
	badly := func(err error) error {
		return &net.OpError{Op: "remote error", Err: &tls.CertificateVerificationError{Err: err}}
	}
	for _, c := range []struct {
		err  error
		want Reason
	}{
		{&waitError{time.Second, errors.New("too many tries")}, ReasonBusy},
		{&websocket.CloseError{Code: wire.CloseReconnect, Text: "it is being restarted"}, ReasonBusy},
		{&websocket.CloseError{Code: websocket.CloseAbnormalClosure}, ReasonLost},
		{io.EOF, ReasonLost},
		{badly(x509.CertificateInvalidError{Reason: x509.Expired}), ReasonClock},
		{badly(x509.CertificateInvalidError{Reason: x509.NameMismatch}), ReasonCertificate},
		{badly(x509.UnknownAuthorityError{}), ReasonCertificate},
		{context.DeadlineExceeded, ReasonSilent},
		{&net.OpError{Op: "dial", Err: errors.New("connection refused")}, ReasonUnreachable},
		{&net.OpError{Op: "dial", Err: &net.DNSError{Name: "help.example.com", IsNotFound: true}}, ReasonUnreachable},
		{&net.OpError{Op: "dial", Err: &net.DNSError{IsTimeout: true}}, ReasonSilent},
		{&net.OpError{Op: "read", Err: errors.New("connection reset by peer")}, ReasonLost},
		{errProxyAuth, ReasonProxy},
		{proxyError(errors.New("Proxy Authentication Required")), ReasonProxy},
		{proxyError(errors.New("Forbidden")), ReasonProxy},
		{proxyError(&net.OpError{Op: "proxyconnect", Err: &net.DNSError{Name: "proxy"}}), ReasonProxy},
		{proxyError(&net.OpError{Op: "dial", Err: errors.New("connection refused")}), ReasonUnreachable},
	} {
		if got := lostBy(c.err); got != c.want {
			t.Errorf("%v: %q, want %q", c.err, got, c.want)
		}
	}
}
