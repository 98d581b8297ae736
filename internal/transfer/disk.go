package transfer

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"pindesk/internal/wire"
)

// Folder is where files go that are taken.
type Folder interface {
	// Create begins a file. name is clean.
	Create(name string) (Incoming, error)
	String() string // for a person
}

// Incoming is a file that is being taken.
type Incoming interface {
	io.Writer
	// Keep makes it a whole file, and returns the name that it has got.
	Keep() (string, error)
	// Discard removes what there is of it.
	Discard()
}

// Dir is a folder of the disk.
type Dir string

// String implements Folder, as Create does.
func (d Dir) String() string { return string(d) }

// Marked is a folder of the disk whose files bear the system's mark of what came from elsewhere.
type Marked struct {
	Dir
	// Mark sets it on a whole file that is closed, while the file still has the name of an unfinished
	// one: nobody opens it unmarked. A disk that cannot keep a mark is no reason to lose the file,
	// as with browsers; so Mark tells whom it concerns by itself.
	Mark func(path string)
}

// Create implements Folder.
func (m Marked) Create(name string) (Incoming, error) {
	in, err := m.create(name)
	if err != nil {
		return nil, err
	}
	in.mark = m.Mark
	return in, nil
}

// tries bounds the search for a name that is free.
const tries = 1000

// Create makes a file that nothing but this process knows as its own: "name.part", or a name near it.
func (d Dir) Create(name string) (Incoming, error) {
	in, err := d.create(name)
	if err != nil {
		return nil, err
	}
	return in, nil
}

func (d Dir) create(name string) (*incoming, error) {
	if name != wire.CleanFileName(name) {
		return nil, fmt.Errorf("%q is no fit name", name)
	}
	if err := os.MkdirAll(string(d), 0o700); err != nil {
		return nil, err
	}
	for n := range tries {
		// Never executable, whatever it was; and only this person's.
		f, err := os.OpenFile(filepath.Join(string(d), numbered(name, n)+".part"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil {
			return &incoming{File: f, dir: string(d), name: name}, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	return nil, fs.ErrExist
}

// numbered is "name (n).ending", or for 0 the name as it is.
func numbered(name string, n int) string {
	if n == 0 {
		return name
	}
	end := filepath.Ext(name)
	return fmt.Sprintf("%s (%d)%s", strings.TrimSuffix(name, end), n, end)
}

type incoming struct {
	*os.File
	dir, name string
	mark      func(path string) // may be nil
}

// Keep never replaces a file: the name is taken by an empty one first, which only we have made.
func (i *incoming) Keep() (string, error) {
	if err := i.Sync(); err != nil {
		return "", err
	}
	if err := i.Close(); err != nil {
		return "", err
	}
	if i.mark != nil {
		i.mark(i.Name())
	}
	for n := range tries {
		path := filepath.Join(i.dir, numbered(i.name, n))
		place, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		_ = place.Close() // it is empty
		if err := os.Rename(i.Name(), path); err != nil {
			_ = os.Remove(path)
			return "", err
		}
		syncDir(i.dir)
		return path, nil
	}
	return "", fs.ErrExist
}

// syncDir makes a rename outlive a power cut where that is possible; elsewhere the system does.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}

func (i *incoming) Discard() {
	_ = i.Close() // it may be closed
	_ = os.Remove(i.Name())
}

// source is a file that is given.
type source struct {
	f       *os.File
	name    string // clean
	size    int64
	changed time.Time
}

var errChanged = errors.New("it was changed while it was sent")

// openSource opens a file that a person has named. The error is for that person.
func openSource(path string) (*source, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, plainPath(err)
	}
	if !info.Mode().IsRegular() { // to open a pipe would wait
		if info.IsDir() {
			return nil, errors.New("that is a folder: pack it into one file first")
		}
		return nil, errors.New("that is no ordinary file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, plainPath(err)
	}
	if info, err = f.Stat(); err != nil {
		_ = f.Close()
		return nil, plainPath(err)
	}
	return &source{f, wire.CleanFileName(filepath.Base(path)), info.Size(), info.ModTime()}, nil
}

// Sendable says what is wrong with a path for Files.Send, in words for the person that has typed it.
func Sendable(path string) error {
	s, err := openSource(path)
	if err == nil {
		_ = s.f.Close()
	}
	return err
}

func plainPath(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("there is no such file")
	case errors.Is(err, fs.ErrPermission):
		return errors.New("you may not read it")
	}
	return err
}

// unchanged fails if the file is not what it was.
func (s *source) unchanged() error {
	info, err := s.f.Stat()
	if err != nil {
		return err
	}
	if info.Size() != s.size || !info.ModTime().Equal(s.changed) {
		return errChanged
	}
	return nil
}

// read fills b from offset.
func (s *source) read(b []byte, offset int64) error {
	_, err := s.f.ReadAt(b, offset)
	if errors.Is(err, io.EOF) {
		return errChanged
	}
	return err
}

// reasonOf is what the other side is told of an error of the disk.
func reasonOf(err error) string {
	switch {
	case errors.Is(err, errChanged):
		return wire.FileChanged
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return wire.FileFull
	}
	return wire.FileFailed
}

// programs are endings of files that start something when they are opened.
var programs = " app appimage apk bash bat cmd com cpl deb desktop dmg docm exe hta inf iso jar js jse lnk msi msp pif pkg pl ps1 py reg rpm run scr sh vb vbe vbs wsf xlsm zsh "

// isProgram reports whether who opens a file of this name may start a program.
func isProgram(name string) bool {
	end := strings.TrimPrefix(strings.ToLower(filepath.Ext(name)), ".")
	return end != "" && strings.Contains(programs, " "+end+" ")
}

// Size says a number of bytes in the words of a person.
func Size(n int64) string {
	f := float64(n)
	for _, unit := range []string{"bytes", "kB", "MB", "GB"} {
		if f < 1000 || unit == "GB" {
			if unit == "bytes" || f >= 100 {
				return fmt.Sprintf("%.0f %s", f, unit)
			}
			return fmt.Sprintf("%.1f %s", f, unit)
		}
		f /= 1000
	}
	return "" // not reached
}
