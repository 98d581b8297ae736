package platform

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
)

// Downloads is the folder for what comes from elsewhere: the desktop's own choice, as Windows says or
// freedesktop.org's xdg-user-dirs keeps it, else Downloads in the home folder. It need not exist.
func Downloads() string {
	if dir := systemDownloads(); dir != "" {
		return dir
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return filepath.Join(os.TempDir(), "Downloads")
	}
	config := os.Getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(config) {
		config = filepath.Join(home, ".config")
	}
	if dir := downloadsOf(filepath.Join(config, "user-dirs.dirs"), home); dir != "" {
		return dir
	}
	return filepath.Join(home, "Downloads")
}

// downloadsOf reads xdg-user-dirs' file: lines such as XDG_DOWNLOAD_DIR="$HOME/Downloads". "" if it says nothing.
func downloadsOf(file, home string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	dir := ""
	for lines := bufio.NewScanner(f); lines.Scan(); {
		value, is := strings.CutPrefix(strings.TrimSpace(lines.Text()), "XDG_DOWNLOAD_DIR=")
		if !is {
			continue
		}
		value = strings.Trim(value, `"`)
		if rest, is := strings.CutPrefix(value, "$HOME/"); is && rest != "" {
			dir = filepath.Join(home, rest)
		} else if filepath.IsAbs(value) {
			dir = filepath.Clean(value)
		}
	}
	return dir
}
