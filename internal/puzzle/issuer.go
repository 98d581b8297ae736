package puzzle

import (
	"container/list"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"sync"
	"time"
)

const (
	// Valid is how long a puzzle may be answered: longer than the slowest telephone needs.
	Valid = 2 * time.Minute

	// maxSpent answers are remembered at most, some 10 MB. They are forgotten when they are too
	// old to be shown again, and, if more than so many are given within Valid, the oldest first.
	maxSpent = 1 << 16

	version   = 1
	nonceSize = 12
	macSize   = 16
	// version, bits, expiry in Unix seconds, nonce, MAC
	challengeSize = 1 + 1 + 4 + nonceSize + macSize
)

// Issuer makes puzzles and takes their answers. A challenge carries a MAC and is not stored;
// the answers given are, until they expire, so that each serves once (at each node of several
// with the same key). It is safe for use by several goroutines and starts none.
type Issuer struct {
	key []byte

	mu    sync.Mutex
	spent map[[nonceSize]byte]*list.Element // guarded by mu
	order list.List                         // guarded by mu: of spentNonce, the oldest first
}

type spentNonce struct {
	nonce   [nonceSize]byte
	expires time.Time
}

// NewIssuer makes an Issuer; all nodes that share their callers need the same key. nil makes a
// random one.
func NewIssuer(key []byte) *Issuer {
	if key == nil {
		key = make([]byte, sha256.Size)
		rand.Read(key) // never fails
	}
	return &Issuer{key: key, spent: make(map[[nonceSize]byte]*list.Element)}
}

// Issue makes a puzzle that only the given caller can answer. bits is held within 0..MaxBits.
func (i *Issuer) Issue(caller string, bits int, now time.Time) Puzzle {
	bits = max(0, min(bits, MaxBits))
	b := make([]byte, 0, challengeSize)
	b = append(b, version, byte(bits))
	b = binary.BigEndian.AppendUint32(b, uint32(now.Add(Valid).Unix()))
	b = b[:len(b)+nonceSize]
	rand.Read(b[len(b)-nonceSize:])
	b = append(b, i.mac(b, caller)...)
	return Puzzle{Challenge: base64.RawURLEncoding.EncodeToString(b), Bits: bits}
}

// Redeem takes an answer: once, from the caller that the puzzle was made for, in time. The
// cheap checks come before the dear ones.
func (i *Issuer) Redeem(answer, caller string, now time.Time) bool {
	text, _, _ := strings.Cut(answer, ".")
	if len(text) != base64.RawURLEncoding.EncodedLen(challengeSize) {
		return false
	}
	// Strict: else the last character could be changed into another spelling of the same bytes.
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || b[0] != version {
		return false
	}
	body, mac := b[:challengeSize-macSize], b[challengeSize-macSize:]
	expires := time.Unix(int64(binary.BigEndian.Uint32(body[2:])), 0)
	if !now.Before(expires) || !hmac.Equal(mac, i.mac(body, caller)) {
		return false
	}
	if _, ok := solves(answer, int(body[1])); !ok {
		return false
	}
	return i.spend([nonceSize]byte(body[6:]), expires, now)
}

// spend notes a nonce; false if it was noted before.
func (i *Issuer) spend(nonce [nonceSize]byte, expires, now time.Time) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.spent[nonce] != nil {
		return false
	}
	i.spent[nonce] = i.order.PushBack(spentNonce{nonce, expires})
	for {
		oldest := i.order.Front().Value.(spentNonce)
		if len(i.spent) <= maxSpent && now.Before(oldest.expires) {
			return true
		}
		i.order.Remove(i.order.Front())
		delete(i.spent, oldest.nonce)
	}
}

func (i *Issuer) mac(body []byte, caller string) []byte {
	h := hmac.New(sha256.New, i.key)
	h.Write([]byte("pindesk puzzle\x00"))
	h.Write(body) // of one length, so the caller's name begins at one place
	h.Write([]byte(caller))
	return h.Sum(nil)[:macSize]
}
