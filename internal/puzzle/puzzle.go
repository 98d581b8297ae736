// Package puzzle makes strangers work a little before they may guess: a broker that meets too
// many wrong PINs issues puzzles, and who asks solves one and asks again. It is a proof of work
// in the manner of Hashcash (Adam Back, 2002), with a challenge that the server needs not
// remember. The broker and the presenter import it; web/shared/puzzle.js is its twin for pages,
// and testdata/vectors.json holds the two together.
//
// A solution of a challenge is a number n, at most 2^53-1, for which
//
//	SHA-256( SHA-256(challenge) || n as 8 bytes, big-endian )
//
// begins with at least so many zero bits as the puzzle says. The inner hash makes the tries
// fit one block of SHA-256, whatever the challenge's length. The answer is the challenge, a
// dot, and n in decimal.
package puzzle

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math/bits"
	"strconv"
	"strings"
)

// Puzzle is what one who asks gets.
type Puzzle struct {
	Challenge string `json:"challenge"` // printable ASCII without a dot
	Bits      int    `json:"bits"`      // zero bits wanted
}

// Header carries the answer in the repeated request.
const Header = "Puzzle-Answer"

const (
	// MaxBits is the hardest puzzle that anybody solves or issues: 2^22 tries on average,
	// under a second in Go and about ten in a page.
	MaxBits = 22

	maxChallenge = 256
	maxNumber    = 1<<53 - 1 // what JavaScript counts exactly
	checkEvery   = 1 << 12   // tries between two looks at the context
)

// ErrUnreasonable is returned for a puzzle that nobody should work on.
var ErrUnreasonable = errors.New("the broker's puzzle is malformed or too hard")

// Solve works on one core until it has the answer, or ctx ends.
func Solve(ctx context.Context, p Puzzle) (answer string, err error) {
	if p.Bits < 0 || p.Bits > MaxBits || p.Challenge == "" || len(p.Challenge) > maxChallenge {
		return "", ErrUnreasonable
	}
	seed := sha256.Sum256([]byte(p.Challenge))
	for n := uint64(0); ; n++ {
		if n%checkEvery == 0 && ctx.Err() != nil {
			return "", ctx.Err()
		}
		if zeros(seed, n) >= p.Bits {
			return p.Challenge + "." + strconv.FormatUint(n, 10), nil
		}
	}
}

// solves says whether answer, "challenge.n", solves a challenge of so many bits.
func solves(answer string, want int) (challenge string, ok bool) {
	challenge, number, found := strings.Cut(answer, ".")
	if !found || len(challenge) > maxChallenge || len(number) > 16 {
		return "", false
	}
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil || n > maxNumber {
		return "", false
	}
	return challenge, zeros(sha256.Sum256([]byte(challenge)), n) >= want
}

// zeros counts the leading zero bits of a try, up to 64.
func zeros(seed [sha256.Size]byte, n uint64) int {
	var try [sha256.Size + 8]byte
	copy(try[:], seed[:])
	binary.BigEndian.PutUint64(try[sha256.Size:], n)
	h := sha256.Sum256(try[:])
	return bits.LeadingZeros64(binary.BigEndian.Uint64(h[:]))
}
