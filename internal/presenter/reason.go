package presenter

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"

	"github.com/gorilla/websocket"

	"pindesk/internal/wire"
)

// Reason is what an error of Run, or of a connection, is about, for who says it in the guest's words.
type Reason string

// The reasons. Run comes back from those up to ReasonOther, and tries again after the others.
const (
	ReasonNone      Reason = ""          // no error
	ReasonEnded     Reason = "ended"     // the session is over
	ReasonReplaced  Reason = "replaced"  // by another computer
	ReasonMoved     Reason = "moved"     // the guest's own tab or program goes on
	ReasonNoSession Reason = "nosession" // the broker knows no such PIN
	ReasonSpent     Reason = "spent"     // a handover's secret was used before
	ReasonRefused   Reason = "refused"   // by the broker, which says why
	ReasonDesktop   Reason = "desktop"   // the screen cannot be captured
	ReasonOther     Reason = "failed"

	ReasonLost        Reason = "lost"        // a connection that there was
	ReasonUnreachable Reason = "unreachable" // there is no way to the broker
	ReasonSilent      Reason = "silent"      // it does not answer
	ReasonBusy        Reason = "busy"        // it asks to come back later, such as after too many wrong PINs
	ReasonProxy       Reason = "proxy"       // the network's proxy does not let it through
	ReasonClock       Reason = "clock"       // its certificate is not valid at this computer's time
	ReasonCertificate Reason = "certificate" // its certificate is not trusted, or another's
)

// ReasonOf says what err, of Run, is about.
func ReasonOf(err error) Reason {
	switch {
	case err == nil:
		return ReasonNone
	case errors.Is(err, ErrEnded):
		return ReasonEnded
	case errors.Is(err, ErrReplaced):
		return ReasonReplaced
	case errors.Is(err, ErrMoved):
		return ReasonMoved
	case errors.Is(err, ErrNoSession):
		return ReasonNoSession
	case errors.Is(err, errSpent):
		return ReasonSpent
	case errors.Is(err, errRefused):
		return ReasonRefused
	case errors.Is(err, errDesktop):
		return ReasonDesktop
	}
	return ReasonOther
}

// lostBy says what err, after which another try is made, is about.
func lostBy(err error) Reason {
	var (
		later   *waitError
		closed  *websocket.CloseError
		invalid x509.CertificateInvalidError
		broken  *tls.CertificateVerificationError
		timed   net.Error
		way     *net.OpError
	)
	switch {
	case errors.As(err, &later), errors.As(err, &closed) && closed.Code >= wire.CloseReconnect && closed.Text != "":
		return ReasonBusy
	case errors.Is(err, errProxy):
		return ReasonProxy
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired: // or not valid yet: x509 has one word for both
		return ReasonClock
	case errors.As(err, &broken):
		return ReasonCertificate
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timed) && timed.Timeout():
		return ReasonSilent
	case errors.As(err, &way) && way.Op == "dial":
		return ReasonUnreachable
	}
	return ReasonLost
}
