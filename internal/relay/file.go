package relay

import (
	"encoding/binary"
	"time"

	"pindesk/internal/wire"
)

const (
	// maxFiles bounds the transfers that are remembered for one viewer; see makeRoomLocked.
	maxFiles = 64
	// Of one viewer's offers and asks, and of the presenter's offers: a person is asked for each.
	offerBurst, offerEvery = 16, 2 * time.Second
	// maxChunks bounds the bytes of chunks in one queue: what a good link takes within the delay that senders allow.
	maxChunks = 1 << 20
)

// transfer is what the relay knows of one file's way. Guarded by feed.mu.
type transfer struct {
	name     string // clean
	size     uint64
	up       bool // from the viewer; also of an ask before its offer
	asked    bool // the viewer has asked for it
	offered  bool
	accepted bool
	over     bool // refused, cancelled or done: kept so that saying so again is no news
}

// fileLocked takes what a party says of a transfer with v. up: it comes from v.
func (f *feed) fileLocked(v *viewer, up bool, c wire.Control) {
	s := c.File
	if s == nil || !wire.ValidFileReason(s.Reason) || s.SHA256 != "" && !wire.ValidSHA256(s.SHA256) ||
		s.Number == 0 && (s.Op != wire.FileCancel || !up) {
		f.h.drop(dropMalformed)
		return
	}
	if !f.filesPassLocked(v) && (up || s.Op != wire.FileCancel) { // that its right has ended the viewer may hear
		f.h.drop(dropNoView)
		return
	}
	t := v.files[s.Number]
	switch s.Op {
	case wire.FileAsk, wire.FileOffer:
		t = f.openFileLocked(v, up, t, s)
		if t == nil {
			return
		}
	case wire.FileCancel:
		if s.Number == 0 {
			for _, t := range v.files {
				f.endFileLocked(v, t, FileCancelled, s.Reason)
			}
			break
		}
		if t == nil { // of before a restart of the broker: it must reach the other side all the same
			break
		}
		f.endFileLocked(v, t, FileCancelled, s.Reason)
	default:
		if t == nil || !f.stepFileLocked(v, up, t, s) {
			f.h.drop(dropForgedFile)
			return
		}
	}
	f.tellFileLocked(v, up, s)
}

// filesPassLocked says whether files may go between v and the presenter now.
func (f *feed) filesPassLocked(v *viewer) bool {
	return v.view && !v.held && v.member != nil && f.presenter != nil
}

// openFileLocked takes an ask or an offer. An offer that is said again, because of a new socket, is no
// new one. nil: it was dropped.
func (f *feed) openFileLocked(v *viewer, up bool, t *transfer, s *wire.File) *transfer {
	if t != nil && t.over { // another one of its number: a person is asked again, and an old yes is none
		t = nil
	}
	if s.Op == wire.FileAsk && !up || t != nil && t.up != up && !(t.asked && !t.offered && !up) {
		f.h.drop(dropForgedFile)
		return nil
	}
	if s.Op == wire.FileOffer {
		s.Name = wire.CleanFileName(s.Name)
		if t != nil && t.offered {
			if t.name != s.Name || t.size != s.Size {
				f.h.drop(dropForgedFile)
				return nil
			}
			return t // once the other side has accepted again, chunks pass again
		}
	} else if t != nil {
		return t
	}
	says := &f.offers
	if up {
		says = &v.offers
	}
	if !says.take(time.Now(), offerBurst, offerEvery) || t == nil && !v.makeRoomLocked() {
		f.h.drop(dropFlood)
		no := wire.File{Op: wire.FileRefuse, Number: s.Number, Reason: wire.FileBusy}
		f.tellFileLocked(v, !up, &no)
		return nil
	}
	if t == nil {
		t = &transfer{up: up}
		if v.files == nil {
			v.files = map[uint32]*transfer{}
		}
		v.files[s.Number] = t
	}
	if s.Op == wire.FileAsk {
		t.asked = true
		f.observeFileLocked(v, t, FileAsked, "")
		return t
	}
	t.up, t.offered, t.name, t.size = up, true, s.Name, s.Size
	f.observeFileLocked(v, t, FileOffered, "")
	return t
}

// makeRoomLocked forgets transfers that are over if there are many. It reports whether one more fits.
func (v *viewer) makeRoomLocked() bool {
	if len(v.files) >= maxFiles {
		for n, t := range v.files {
			if t.over {
				delete(v.files, n)
			}
		}
	}
	return len(v.files) < maxFiles
}

// stepFileLocked takes what is said of a transfer that was begun. false: its sender may not say
// that now.
func (f *feed) stepFileLocked(v *viewer, up bool, t *transfer, s *wire.File) bool {
	mine := t.up == up // said by who has the file
	switch s.Op {
	case wire.FileRefuse:
		if t.offered && mine || !t.offered && up || t.accepted {
			return false
		}
		f.endFileLocked(v, t, FileRefused, s.Reason)
	case wire.FileAccept:
		if mine || !t.offered || s.Offset > t.size {
			return false
		}
		if !t.accepted {
			t.accepted = true
			f.observeFileLocked(v, t, FileAccepted, "")
		}
	case wire.FileAck:
		return !mine && t.accepted && s.Offset <= t.size
	case wire.FileDone:
		if !wire.ValidSHA256(s.SHA256) || !t.offered {
			return false
		}
		if !mine {
			f.endFileLocked(v, t, FileStored, "")
		}
	default:
		return false
	}
	return true
}

// endFileLocked notes that a transfer is over, once.
func (f *feed) endFileLocked(v *viewer, t *transfer, what What, reason string) {
	if t.over {
		return
	}
	t.over = true
	f.observeFileLocked(v, t, what, reason)
}

// tellFileLocked sends a "file" to the presenter (up), or to v.
func (f *feed) tellFileLocked(v *viewer, up bool, s *wire.File) {
	to := f.presenter
	c := wire.Control{Type: wire.TypeFile, Viewer: v.number, File: s}
	stamp := v.number
	if !up {
		to, c.Viewer, stamp = v.member, 0, 0
	}
	if to == nil {
		f.h.drop(dropAbsent)
		return
	}
	m := ownMessage(wire.AppendControl(nil, f.epoch, stamp, c))
	defer m.release()
	sub := uint8(0)
	if s.Op == wire.FileAck && !s.Again {
		sub = subFileAck
		binary.LittleEndian.PutUint32(m.b[8:], s.Number) // tells them apart; nobody else reads it
	}
	f.putLocked(to, m, wire.KindControl, sub)
}

// chunkLocked passes a part of a file on, if the other side has accepted the file.
func (f *feed) chunkLocked(v *viewer, up bool, h wire.Header, body []byte, msg *message) {
	if v == nil || !f.filesPassLocked(v) {
		f.h.drop(dropNoView)
		return
	}
	offset, data, err := wire.ParseChunk(body)
	if err != nil {
		f.h.drop(dropMalformed)
		return
	}
	t := v.files[h.Seq]
	if t == nil || t.up != up || !t.accepted || t.over || offset+uint64(len(data)) > t.size {
		f.h.drop(dropForgedFile)
		return
	}
	to := f.presenter
	if !up {
		to = v.member
	}
	f.putLocked(to, msg, wire.KindChunk, 0)
}
