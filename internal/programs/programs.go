// Package programs is the operator's folder of the guest's program, one file for each system, as
// make release writes it. It only reads. The API hands the files out; the broker's wiring opens the folder.
package programs

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"pindesk/internal/handout"
)

// System is what a program runs on.
type System struct {
	OS   string // one of windows, linux, macos
	Arch string // one of amd64, arm64
}

// Systems are all that there can be a program for, the usual one first.
var Systems = []System{{"windows", "amd64"}, {"windows", "arm64"}, {"linux", "amd64"}, {"linux", "arm64"}, {"macos", "amd64"}, {"macos", "arm64"}}

// Ending is what a program's name ends with where people have it. It is not in the folder's names but on
// Windows. On other systems it keeps browsers from taking a part of a host's name for the file's type.
func (s System) Ending() string {
	if s.OS == "windows" {
		return ".exe"
	}
	return ".bin"
}

// File is the name of the system's program in the folder.
func (s System) File() string {
	name := "presenter-" + s.OS + "-" + s.Arch
	if s.OS == "windows" {
		name += s.Ending()
	}
	return name
}

// BrokersFile has the list of brokers that the programs beside it were made for. Without it they ask.
const BrokersFile = "BROKERS"

// ErrNone means that there is no program for that system.
var ErrNone = errors.New("programs: none for this system")

// Info describes a program.
type Info struct {
	System
	Size     int64
	SHA256   string // in hex
	Modified time.Time
}

// Program is an open file. Its reader closes it.
type Program struct {
	Info
	*os.File
}

// Folder is safe for concurrent use. Its files may be replaced at any time, by renaming: what is being
// read goes on as it was.
type Folder struct {
	dir     string
	brokers handout.Brokers

	mu   sync.Mutex // held while a file is summed: that it has changed is found once
	seen map[System]seen
}

// seen is a file of which the sum is known.
type seen struct {
	file fs.FileInfo
	sum  string
}

// Open reads what is there. That there is no program at all is a mistake, and so is a list of brokers
// that is not understood.
func Open(dir string) (*Folder, error) {
	f := &Folder{dir: dir, seen: map[System]seen{}}
	list, err := os.ReadFile(filepath.Join(dir, BrokersFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("programs: %w", err)
	}
	if f.brokers, err = handout.ParseBrokers(string(bytes.TrimSpace(list))); err != nil {
		return nil, fmt.Errorf("programs: %s: %w", filepath.Join(dir, BrokersFile), err)
	}
	all, err := f.List()
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("programs: %s has no file such as %s", dir, Systems[0].File())
	}
	return f, nil
}

// Brokers are those that the programs were made for.
func (f *Folder) Brokers() handout.Brokers { return f.brokers }

// List describes the programs that are there now, in the order of Systems.
func (f *Folder) List() (all []Info, err error) {
	for _, s := range Systems {
		p, err := f.Open(s)
		if errors.Is(err, ErrNone) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, p.Info)
		if err := p.Close(); err != nil {
			return nil, fmt.Errorf("programs: %w", err)
		}
	}
	return all, nil
}

// Open opens the program for s. The caller closes it.
func (f *Folder) Open(s System) (*Program, error) {
	file, err := os.Open(filepath.Join(f.dir, s.File()))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNone
	}
	if err != nil {
		return nil, fmt.Errorf("programs: %w", err)
	}
	p := &Program{Info{System: s}, file}
	if err := f.describe(p); err != nil {
		return nil, errors.Join(fmt.Errorf("programs: %w", err), file.Close())
	}
	return p, nil
}

// describe fills in p's Info. A file is summed once, and again when it has changed.
func (f *Folder) describe(p *Program) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	now, err := p.Stat()
	if err != nil {
		return err
	}
	if !now.Mode().IsRegular() || now.Size() == 0 {
		return fmt.Errorf("%s is no program", p.Name())
	}
	known, is := f.seen[p.System]
	if !is || !os.SameFile(known.file, now) || known.file.Size() != now.Size() || !known.file.ModTime().Equal(now.ModTime()) {
		sum := sha256.New()
		n, err := io.Copy(sum, p.File)
		if err == nil && n != now.Size() {
			err = fmt.Errorf("%s is being written", p.Name())
		}
		if err == nil {
			_, err = p.Seek(0, io.SeekStart)
		}
		if err != nil {
			return err
		}
		known = seen{now, hex.EncodeToString(sum.Sum(nil))}
		f.seen[p.System] = known
	}
	p.Size, p.SHA256, p.Modified = now.Size(), known.sum, now.ModTime()
	return nil
}
