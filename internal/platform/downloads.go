package platform

import (
	"bufio"
	"os"
	"path/filepath"
	"runtime"
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

// zoneStream is where Windows keeps the mark of a file, an alternate stream of it.
const zoneStream = ":Zone.Identifier"

// zoneInternet is the mark that browsers set.
const zoneInternet = "[ZoneTransfer]\r\nZoneId=3\r\n"

// MarkDownload marks a file as come from elsewhere, so that the system warns who opens it: on Windows
// SmartScreen and Office's protected view go by this. It does nothing where there is no such mark.
// The error is of a disk that keeps none, such as one with FAT; the file is as it was then.
func MarkDownload(path string) error {
	if runtime.GOOS != "windows" {
		return nil
	}
	return os.WriteFile(path+zoneStream, []byte(zoneInternet), 0o600)
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
