package session

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"pindesk/internal/fault"
)

var pinForm = regexp.MustCompile(`^[0-9A-Z]{3}-[0-9]{2}-[0-9]{4}$`)

// TestNewPINEven counts every symbol at every place: a modulo bias would make the first ones
// an eighth more frequent, which is fourteen of the deviations allowed here.
func TestNewPINEven(t *testing.T) {
	const pins = 36 * 10 * 400
	counts := [11]map[byte]int{}
	for i := range counts {
		counts[i] = map[byte]int{}
	}
	for range pins {
		pin, err := NewPIN(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if !pinForm.MatchString(pin) {
			t.Fatalf("PIN %q", pin)
		}
		for i := range pin {
			counts[i][pin[i]]++
		}
	}
	for i, count := range counts {
		symbols := map[bool]int{true: 36, false: 10}[i < 3]
		if i == 3 || i == 6 {
			symbols = 1
		}
		if len(count) != symbols {
			t.Errorf("place %d has %d symbols, want %d", i, len(count), symbols)
		}
		want := pins / symbols
		for c, n := range count {
			// Variance of a count is at most want: eight deviations never happen by chance.
			if d := n - want; d*d > 64*want {
				t.Errorf("place %d: %q came %d times, want about %d", i, c, n, want)
			}
		}
	}
}

// TestNewPINRejects checks which bytes are taken: 252..255 do not count for a letter, nor
// 250..255 for a digit.
func TestNewPINRejects(t *testing.T) {
	in := []byte{255, 252, 251, 35, 36, 254, 250, 249, 9, 10, 0, 1, 2}
	pin, err := NewPIN(bytes.NewReader(in))
	if want := "ZZ0-99-0012"; err != nil || pin != want {
		t.Errorf("PIN %q (%v), want %q", pin, err, want)
	}
	if _, err := NewPIN(strings.NewReader("short")); !errors.Is(err, io.EOF) {
		t.Errorf("error %v when randomness ends, want EOF", err)
	}
}

func TestParsePIN(t *testing.T) {
	const want = "7W2-97-8570"
	for _, in := range []string{
		want, "7w2-97-8570", "7W2978570", "7w2978570", "  7w2 97 8570\r\n", "7W2 - 97 - 8570", "7W2\u00a097\u20138570",
		"7-W-2-9-7-8-5-7-0", "7W2\u201197\u20118570",
	} {
		if got, err := ParsePIN(in); err != nil || got != want {
			t.Errorf("ParsePIN(%q) = %q, %v, want %q", in, got, err, want)
		}
	}
	_, unknown := ParsePIN("")
	for _, in := range []string{
		"", "-", "7W2-97-857", "7W2-97-85700", "7W2-9A-8570", "7W2-97-857O", "7W!-97-8570", "7W2.97.8570", "7W2_97_8570",
		"７W2-97-8570", "7ſ2-97-8570", "7ı2-97-8570", "7W2-97-8570\x00", "\xff7W2-97-8570",
		"7W2-97-8570" + strings.Repeat(" ", 64),
	} {
		got, err := ParsePIN(in)
		if got != "" || fault.Code(err) != fault.UnknownSession || err.Error() != unknown.Error() {
			t.Errorf("ParsePIN(%q) = %q, %v", in, got, err)
		}
	}
}

func FuzzParsePIN(f *testing.F) {
	for _, s := range []string{"7W2-97-8570", "7w2978570", "7W2 97 8570", "", "\xff", "7W2\u201197\u20118570"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		pin, err := ParsePIN(in)
		if err != nil {
			if pin != "" || fault.Code(err) != fault.UnknownSession {
				t.Fatalf("ParsePIN(%q) = %q, %v", in, pin, err)
			}
			return
		}
		if !pinForm.MatchString(pin) {
			t.Fatalf("ParsePIN(%q) = %q", in, pin)
		}
		if again, err := ParsePIN(strings.ToLower(strings.ReplaceAll(pin, "-", ""))); err != nil || again != pin {
			t.Fatalf("%q parses to %q, %v", pin, again, err)
		}
	})
}
