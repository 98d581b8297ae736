package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"pindesk/internal/fault"
	"pindesk/internal/handout"
	"pindesk/internal/httpapi/openapi"
	"pindesk/internal/programs"
	"pindesk/internal/session"
)

// exesPerMinute is what one address, or one API key, may begin to download. A download in parts is several.
const exesPerMinute = 60

// Downloads take their time on slow links: a guest's next 32 KiB may take exeStall, all of it exeTime.
const (
	exeStall = 30 * time.Second
	exeTime  = time.Hour
)

// programTypes are the media types of programs.
var programTypes = map[string]string{
	"windows": "application/vnd.microsoft.portable-executable",
	"linux":   "application/x-executable",
	"macos":   "application/x-mach-binary",
}

// exe: GET /api/v1/exe?session_pin=&os=&arch=. The bytes are those of the operator's file, for every
// PIN: only the name that the download gets is the session's own.
func (a *api) exe(w http.ResponseWriter, r *http.Request) error {
	pin, err := queryPIN(r)
	if err != nil {
		return err
	}
	system, err := wantedSystem(r)
	if err != nil {
		return err
	}
	var s session.Session
	if err := a.within(r, callExe, pin, func(ctx context.Context, _ *session.Kept) (err error) {
		s, err = a.Sessions.Lookup(ctx, pin)
		return err
	}); err != nil {
		return err
	}
	p, err := a.program(system)
	if err != nil {
		return err
	}
	defer p.Close()
	h := w.Header()
	h.Set("Content-Type", programTypes[system.OS])
	h.Set("ETag", `"`+p.SHA256+`"`)
	h.Set("Vary", "User-Agent, Sec-CH-UA-Platform, Sec-CH-UA-Arch")
	name := handout.Name(handout.Bearings{PIN: s.PIN, Place: a.place}, system.Ending())
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`) // has no quotes: see handout
	http.ServeContent(newPatient(w), r, "", p.Modified, p)
	return nil
}

// program opens the program for a system.
func (a *api) program(s programs.System) (*programs.Program, error) {
	err := programs.ErrNone
	if a.Programs != nil {
		var p *programs.Program
		if p, err = a.Programs.Open(s); err == nil {
			return p, nil
		}
	}
	if errors.Is(err, programs.ErrNone) {
		return nil, fault.New(fault.NoProgram, "This broker has no program for "+systemNames[s.OS]+" on "+s.Arch+". Share from a browser there, or ask the operator for it.")
	}
	return nil, err
}

var systemNames = map[string]string{
	"windows": "Windows", "linux": "Linux", "macos": "macOS", "android": "Android", "ios": "iPhones and iPads", "chromeos": "ChromeOS",
}

// wantedSystem is what the parameters os and arch say, or else the caller's browser.
func wantedSystem(r *http.Request) (s programs.System, err error) {
	guess := guessSystem(r.Header)
	for _, p := range []struct {
		name    string
		value   *string
		guessed string
		values  []string
	}{
		{"os", &s.OS, guess.OS, []string{"windows", "linux", "macos"}},
		{"arch", &s.Arch, guess.Arch, []string{"amd64", "arm64"}},
	} {
		text, given, err := parameter(r, p.name)
		if err != nil {
			return s, err
		}
		if *p.value = p.guessed; !given {
			continue
		}
		*p.value = ""
		for _, v := range p.values {
			if text == v {
				*p.value = v
			}
		}
		if *p.value == "" {
			return s, fault.New(fault.BadRequest, "The parameter "+p.name+" is one of "+strings.Join(p.values, ", ")+".")
		}
	}
	if s.OS == "" {
		return s, fault.New(fault.BadRequest, "Say for which system: add &os=windows, &os=linux or &os=macos.")
	}
	return s, nil
}

// guessSystem is what a browser says that it runs on; no OS if it says nothing that we know. Browsers on
// Windows and macOS keep quiet about the processor, unless asked: amd64 runs on most of them.
func guessSystem(h http.Header) programs.System {
	s := programs.System{Arch: "amd64"}
	says := strings.ToLower(h.Get("Sec-CH-UA-Platform") + " " + h.Get("User-Agent"))
	for _, o := range []struct{ word, os string }{ // Android says Linux as well, iPhones say Mac OS
		{"android", "android"}, {"iphone", "ios"}, {"ipad", "ios"}, {"chrome os", "chromeos"}, {"; cros ", "chromeos"}, {"windows", "windows"},
		{"mac os", "macos"}, {"macos", "macos"}, {"linux", "linux"}, {"x11", "linux"},
	} {
		if strings.Contains(says, o.word) {
			s.OS = o.os
			break
		}
	}
	if strings.Contains(says, "aarch64") || strings.Contains(says, "arm64") || h.Get("Sec-CH-UA-Arch") == `"arm"` {
		s.Arch = "arm64"
	}
	return s
}

// listPrograms: GET /resources/programs.json. The guest's page offers what there is.
func (a *api) listPrograms(w http.ResponseWriter, r *http.Request) error {
	list := []openapi.Program{} // [] and not null
	if a.Programs != nil {
		all, err := a.Programs.List()
		if err != nil {
			return err
		}
		for _, p := range all {
			list = append(list, openapi.Program{OS: openapi.ProgramOs(p.OS), Arch: openapi.ProgramArch(p.Arch), Bytes: p.Size, SHA256: p.SHA256})
		}
	}
	a.programList.write(w, r, jsonType, encode(list, ""))
	return nil
}

// patient is an answer that may take longer than others while its reader goes on reading.
type patient struct {
	http.ResponseWriter
	control *http.ResponseController
	until   time.Time
	stall   time.Duration
}

func newPatient(w http.ResponseWriter) *patient {
	p := &patient{w, http.NewResponseController(w), time.Now().Add(exeTime), exeStall}
	// The request is read: nothing else comes that has to come in time. A writer without deadlines has none to move.
	_ = p.control.SetReadDeadline(time.Time{})
	return p
}

// Write moves the deadline on. It hides ReadFrom on purpose, which would write all at once.
func (p *patient) Write(b []byte) (int, error) {
	next := time.Now().Add(p.stall)
	if next.After(p.until) {
		next = p.until
	}
	_ = p.control.SetWriteDeadline(next)
	return p.ResponseWriter.Write(b)
}
