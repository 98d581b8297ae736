package e2e

import (
	"image"
	"os"
	"os/exec"
	"path/filepath"
)

// texts prints what stands in all visible windows, a line each, in UTF-8; as a screen reader finds it.
const texts = `#include <windows.h>
#include <stdio.h>
static BOOL CALLBACK print(HWND w, LPARAM children) {
	WCHAR text[4096]; char line[16384];
	if (!IsWindowVisible(w)) return TRUE;
	int n = SendMessageTimeoutW(w, WM_GETTEXT, 4096, (LPARAM)text, SMTO_ABORTIFHUNG, 2000, NULL) ? lstrlenW(text) : 0;
	n = WideCharToMultiByte(CP_UTF8, 0, text, n, line, sizeof line - 1, NULL, NULL);
	line[n] = 0;
	if (n > 0) puts(line);
	if (children) EnumChildWindows(w, print, 0);
	return TRUE;
}
int main(void) { EnumWindows(print, 1); return 0; }
`

// guest is the person at this Windows, who has downloaded the program.
func (w *wine) guest() *guestSystem {
	w.t.Helper()
	drive := filepath.Join(w.prefix, "drive_c")
	folder := filepath.Join(drive, "downloads")
	if err := os.Mkdir(folder, 0o700); err != nil {
		w.t.Fatal(err)
	}
	reader := filepath.Join(w.t.TempDir(), "texts.exe")
	compileForWindows(w.t, texts, reader)
	p := person{w.xdesktop}
	return &guestSystem{person: p, query: "&os=windows&arch=amd64", home: drive, folder: folder,
		run:   func(file string) *program { return w.start(w.t, `C:\downloads\`+filepath.Base(file)) },
		allow: func(id string) image.Point { p.listens(id); return p.corner(id, allowButton) },
		deny:  func(id string) image.Point { return p.corner(id, denyButton) },
		stop:  func(banner string) image.Point { return p.corner(banner, image.Pt(-30, -10)) },
		texts: func() string {
			cmd := exec.Command("wine", reader)
			cmd.Env = append(os.Environ(), w.env()...)
			out, err := cmd.Output()
			if err != nil {
				w.t.Fatal(err)
			}
			return string(out)
		}}
}
