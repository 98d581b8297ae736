package wire

import (
	"strings"
	"testing"
	"unicode/utf8"
)

type chunkValue struct {
	Offset uint64
	Data   string // hex
}

// names are what CleanFileName makes of names, for Go and JS.
func names() (all []vector) {
	long := strings.Repeat("ä", MaxFileName)
	for _, c := range []struct{ name, from, to string }{
		{"plain", "report.pdf", "report.pdf"},
		{"spaces and letters", "Übersicht 2026 (final) – 本.ods", "Übersicht 2026 (final) – 本.ods"},
		{"emoji", "😀.png", "😀.png"},
		{"path", "../../etc/passwd", "passwd"},
		{"Windows path", `C:\Users\Eve\..\boot.ini`, "boot.ini"},
		{"mixed path", `a/b\c/d.txt`, "d.txt"},
		{"only a path", "/tmp/", "file"},
		{"empty", "", "file"},
		{"dots", "..", "file"},
		{"hidden", ".bashrc", "bashrc"},
		{"hidden deeply", ". ..profile", "profile"},
		{"dots and spaces at the end", "a.txt. . ", "a.txt"},
		{"forbidden on Windows", `a<b>c:d"e|f?g*h`, "a_b_c_d_e_f_g_h"},
		{"line break", "a\nb.txt", "a b.txt"},
		{"NUL and other controls", "a\x00b\x1b[31m\x7f.txt", "ab[31m.txt"},
		{"turned ending", "invoice\u202efdp.exe", "invoicefdp.exe"},
		{"marks of direction", "\u200fa\u2066b\u2069", "ab"},
		{"invisible", "a\u200b\u2060\u00adb\ufeff", "ab"},
		{"fillers", "\u115f\u3164\u2800x", "x"},
		{"ending out of sight", "a.pdf" + strings.Repeat(" ", 99) + ".exe", "a.pdf .exe"},
		{"spaces of other kinds", "\u3000a\u00a0\u2003b", "a b"},
		{"mark first", "\u0301a", "a"},
		{"tower of marks", "a" + strings.Repeat("\u0301", 9) + "b", "a" + strings.Repeat("\u0301", 4) + "b"},
		{"device", "con", "_con"},
		{"device with an ending", "Nul.txt.gz", "_Nul.txt.gz"},
		{"device with a space", "aux .h", "_aux .h"},
		{"serial port", "COM1.log", "_COM1.log"},
		{"serial port of another digit", "lpt².log", "_lpt².log"},
		{"no device", "COM10.log", "COM10.log"},
		{"no device either", "console.log", "console.log"},
		{"long", long, long[:MaxFileName]},
		{"long with an ending", long + ".tar.gz", long[:MaxFileName-4] + ".gz"},
		{"long ending", "a." + long, ("a." + long)[:MaxFileName]},
		{"long and cut at a dot", strings.Repeat("a", MaxFileName-6) + "....bbb.txt", strings.Repeat("a", MaxFileName-6) + ".txt"},
	} {
		all = append(all, good(c.name, []byte(c.from), c.to))
	}
	return all
}

func TestReasons(t *testing.T) {
	for s, want := range map[string]bool{"": true, FileChecksum: true, "abcdefghijklmnop": true, "abcdefghijklmnopq": false, "A": false, "a b": false} {
		if ValidFileReason(s) != want {
			t.Errorf("ValidFileReason(%q) = %v", s, !want)
		}
	}
	sum := strings.Repeat("0af9", 16)
	for s, want := range map[string]bool{sum: true, sum[1:]: false, sum + "0": false, "": false, strings.ToUpper(sum): false} {
		if ValidSHA256(s) != want {
			t.Errorf("ValidSHA256(%q) = %v", s, !want)
		}
	}
}

func FuzzCleanFileName(f *testing.F) {
	for _, v := range names() {
		f.Add(v.Value.(string))
	}
	f.Add(strings.Repeat(". con.", 99))
	f.Fuzz(func(t *testing.T, s string) {
		got := CleanFileName(s)
		switch {
		case got == "" || len(got) > MaxFileName || !utf8.ValidString(got):
			t.Errorf("%q became %q", s, got)
		case strings.ContainsAny(got, "/\\<>:\"|?*\x00\n\u202e") || strings.HasPrefix(got, ".") || strings.HasSuffix(got, ".") || strings.HasSuffix(got, " "):
			t.Errorf("%q became %q", s, got)
		case CleanFileName(got) != got:
			t.Errorf("%q became %q and then %q", s, got, CleanFileName(got))
		}
	})
}
