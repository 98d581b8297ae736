package wire

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Caps of files.
const (
	MaxChunkData = 32 << 10         // bytes of a file in one chunk
	MaxChunk     = 8 + MaxChunkData // body of a chunk
	MaxFileSize  = 1 << 50          // exact in a double, with room
	MaxFileName  = 180              // bytes, after CleanFileName: room is left for " (12).part"
)

// File is what a control message of TypeFile says. The chapter "Files" of the package
// documentation has who sends which Op when.
type File struct {
	Op     FileOp `json:"op"`
	Number uint32 `json:"number"`           // of the transfer; 0 only in cancel: all of this viewer's
	Name   string `json:"name,omitempty"`   // offer: as CleanFileName leaves it
	Size   uint64 `json:"size,omitempty"`   // offer: bytes, 0..MaxFileSize
	Offset uint64 `json:"offset,omitempty"` // accept, ack: all bytes before it have arrived
	Again  bool   `json:"again,omitempty"`  // ack: something before has not arrived, go on from offset
	SHA256 string `json:"sha256,omitempty"` // done: of the whole file, 64 hexadecimal digits
	Reason string `json:"reason,omitempty"` // refuse, cancel
}

// FileOp says what a File is.
type FileOp string

// The ops.
const (
	FileAsk    FileOp = "ask"    // viewer to presenter: asks for a file of the guest's choice
	FileOffer  FileOp = "offer"  // from who has the file: name, size
	FileAccept FileOp = "accept" // from who gets it: offset
	FileRefuse FileOp = "refuse" // of an ask or an offer: reason
	FileAck    FileOp = "ack"    // from who gets it: offset, again
	FileDone   FileOp = "done"   // from the sender when all is acked, and back when it is stored: sha256
	FileCancel FileOp = "cancel" // from either: reason
)

// Reasons of refuse and cancel. Others may come: who reads them must have words for that.
const (
	FileNo       = "no"       // the person said no
	FileOff      = "off"      // files are not sent, or not taken, in this direction
	FileTooLarge = "size"     // larger than is taken
	FileBusy     = "busy"     // too many at once: later
	FileBlocked  = "blocked"  // refused too often: nobody is asked any more
	FileStopped  = "stopped"  // a person ended it
	FileRevoked  = "revoked"  // the viewer may not see the screen any more
	FileReload   = "reload"   // the page that had it was closed or loaded anew
	FileLost     = "lost"     // the other side was away for too long, or knows nothing of it
	FileChanged  = "changed"  // the file was changed while it was sent
	FileChecksum = "checksum" // what arrived is not what was sent
	FileFull     = "full"     // no room where it is stored
	FileFailed   = "failed"   // it cannot be read, or not be stored
)

// ValidFileReason reports whether s may be a reason: 0 to 16 bytes of [a-z].
func ValidFileReason(s string) bool {
	for i := range len(s) {
		if s[i] < 'a' || s[i] > 'z' {
			return false
		}
	}
	return len(s) <= 16
}

// ValidSHA256 reports whether s is 64 lower-case hexadecimal digits.
func ValidSHA256(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return len(s) == 64
}

func (f *File) valid() bool {
	return f == nil || f.Op != "" && f.Size <= MaxFileSize && f.Offset <= MaxFileSize
}

// AppendChunk appends the body of a chunk: data is what the file has at offset.
func AppendChunk(b []byte, offset uint64, data []byte) []byte {
	return append(binary.LittleEndian.AppendUint64(b, offset), data...)
}

// ParseChunk parses the body of a chunk. data aliases it, and has at least one byte.
func ParseChunk(body []byte) (offset uint64, data []byte, err error) {
	if len(body) <= 8 || len(body) > MaxChunk {
		return 0, nil, fmt.Errorf("%w: chunk of %d bytes", ErrMalformed, len(body))
	}
	offset, data = binary.LittleEndian.Uint64(body), body[8:]
	if offset > MaxFileSize || offset+uint64(len(data)) > MaxFileSize {
		return 0, nil, fmt.Errorf("%w: chunk beyond the largest file", ErrMalformed)
	}
	return offset, data, nil
}

// CleanFileName makes a name that comes from elsewhere fit to be shown and to be a file's name
// on any system: what is behind the last slash or backslash; no control, bidirectional or
// invisible characters, none that Windows forbids, no leading dot (on Unix that hides a
// file), no dot or space at the end (Windows drops them), no name of a Windows device; single
// spaces only (many would push the true ending out of sight); at most MaxFileName bytes of
// UTF-8, the ending kept. It is never "". CleanFileName(CleanFileName(s)) == CleanFileName(s).
func CleanFileName(s string) string {
	s = s[strings.LastIndexAny(s, `/\`)+1:]
	if len(s) > MaxControl { // bounds the work
		s = s[:MaxControl]
	}
	var b strings.Builder
	space, marks := false, 0
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			space, marks = b.Len() > 0, 0
			continue
		case joiner(r), !shownInChat(r):
			continue
		case unicode.IsMark(r):
			if b.Len() == 0 || space || marks == maxChatMarks {
				continue
			}
			marks++
		default:
			marks = 0
		}
		if r == '.' && b.Len() == 0 {
			continue
		}
		if strings.ContainsRune(`<>:"|?*`, r) {
			r = '_'
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	}
	s = strings.TrimRight(b.String(), ". ")
	if stem, _, _ := strings.Cut(s, "."); device(strings.TrimRight(stem, " ")) {
		s = "_" + s
	}
	if s = cutName(s); s == "" {
		return "file"
	}
	return s
}

// device reports whether Windows takes a file of this name, whatever its ending, for a device.
func device(stem string) bool {
	stem = strings.ToUpper(stem)
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	digit, is := strings.CutPrefix(stem, "COM")
	if !is {
		digit, is = strings.CutPrefix(stem, "LPT")
	}
	return is && utf8.RuneCountInString(digit) == 1 && strings.Contains("0123456789¹²³", digit)
}

// cutName shortens a name to MaxFileName bytes, before its ending if that is short.
func cutName(s string) string {
	const longest = 20 // of an ending
	if len(s) <= MaxFileName {
		return s
	}
	end := ""
	if dot := strings.LastIndexByte(s, '.'); dot > 0 && len(s)-dot <= longest {
		s, end = s[:dot], s[dot:]
	}
	n := MaxFileName - len(end)
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return strings.TrimRight(s[:n], ". ") + end
}
