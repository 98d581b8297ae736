// Package peer starts a product that is described by a JSON file, peers/NAME.json, on an X
// screen of its own.
package peer

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"pindesk/bench/internal/group"
	"pindesk/bench/internal/scene"
)

// Peer is one product. Every string may use variables, ${NAME}:
//
//	DISPLAY  the X display         PROXY  host:port that the browser must use
//	WORK     a folder of this run  PEERS  the folder of the description
//	HOST     the address at which to listen
//	TAP      host:port that what captures should talk to: the relay, or a proxy before it
//	BIN      the folder of PinDesk's programs
//	PORT_X   for any X: a port that was free, the same one in the whole description
//
// and those that a step of Procs has printed.
type Peer struct {
	Name string `json:"name"`
	Note string `json:"note"`
	// OwnScreen: the product is an X server itself, so none is started.
	OwnScreen bool   `json:"own_screen"`
	Procs     []Proc `json:"procs"`
	// Relay is the host:port that the counting proxy forwards to.
	Relay string `json:"relay"`
	// URL is what the browser opens.
	URL string `json:"url"`
	// Steps are JavaScript expressions, each polled until it is true.
	Steps []string `json:"steps"`
	// Canvas is a JavaScript expression: the canvas or video element with the picture.
	Canvas string `json:"canvas"`
	// Grant is a JavaScript function of a WebSocket message's data: does it tell the page that
	// it may see the screen? Without it there is no such moment.
	Grant string `json:"grant"`
	// Version is a command that prints the versions.
	Version []string `json:"version"`
}

// Proc is a program of the product, or a step that ends by itself.
type Proc struct {
	// Role says whose CPU it is: capture, relay. A step has none: it is run to its end, and
	// each line NAME=VALUE that it prints makes a variable.
	Role  string            `json:"role"`
	Cmd   []string          `json:"cmd"`
	Env   map[string]string `json:"env"`
	Dir   string            `json:"dir"`
	Wait  string            `json:"wait"`     // host:port that must accept before going on
	Trace []string          `json:"trace"`    // more arguments, for traced runs
	Pause int               `json:"sleep_ms"` // afterwards, for what cannot be waited for
}

// Load reads a description. Fields that it does not know are errors.
func Load(path string) (Peer, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return Peer{}, err
	}
	var p Peer
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil {
		return Peer{}, fmt.Errorf("%s: %w", path, err)
	}
	if want := strings.TrimSuffix(filepath.Base(path), ".json"); p.Name != want {
		return Peer{}, fmt.Errorf("%s: its name is %q", path, p.Name)
	}
	if p.URL == "" || p.Canvas == "" {
		return Peer{}, fmt.Errorf("%s: url or canvas is missing", path)
	}
	return p, nil
}

// Running is a started product.
type Running struct {
	Peer
	vars  map[string]string
	opts  Options
	procs map[string][]*group.Process // by role
	order []*group.Process            // as started
}

// Options of Start.
type Options struct {
	Work  string // folder for logs
	Peers string
	Bin   string
	// Proxy is what the browser talks to; "" is the product itself.
	Proxy string
	// Tap is what stands between the product's capture and its relay in a traced run; "" is
	// nothing, and no trace.
	Tap string
	// Told is told the relay's host:port before the programs start.
	Told func(relay string)
	// Host is where the product listens: a loopback address, or one of a link's far side.
	Host string
	// Prefix is put before each command of the product: what runs it at a link's far side.
	Prefix []string
	// Dial reaches Host; nil: from here.
	Dial group.Dial
}

// stepTimeout bounds a step: npm may have to fetch MeshCentral.
const stepTimeout = 10 * time.Minute

// Start brings up the X server, unless the product has its own, and the product. Stop it in
// any case, also after an error. Expand may be called before Start has returned.
func Start(ctx context.Context, p Peer, o Options) (*Running, error) {
	r := &Running{Peer: p, opts: o, procs: map[string][]*group.Process{}, vars: map[string]string{
		"WORK": o.Work, "PEERS": o.Peers, "BIN": o.Bin, "PROXY": o.Proxy, "TAP": o.Tap, "HOST": o.Host}}
	relay, err := r.Expand(p.Relay)
	if err != nil {
		return r, err
	}
	for _, name := range []string{"PROXY", "TAP"} {
		if r.vars[name] == "" {
			r.vars[name] = relay
		}
	}
	if o.Told != nil {
		o.Told(relay)
	}
	start := r.startScreen
	if p.OwnScreen {
		start = r.chooseDisplay
	}
	if err := start(ctx); err != nil {
		return r, err
	}
	for _, proc := range p.Procs {
		if err := r.start(ctx, proc); err != nil {
			return r, err
		}
	}
	return r, nil
}

// Expand replaces the variables in s.
func (r *Running) Expand(s string) (string, error) {
	var unknown error
	s = os.Expand(s, func(name string) string {
		if v, ok := r.vars[name]; ok {
			return v
		}
		if strings.HasPrefix(name, "PORT_") {
			port, err := group.FreePort()
			if err != nil {
				unknown = err
			}
			r.vars[name] = strconv.Itoa(port)
			return r.vars[name]
		}
		unknown = fmt.Errorf("%s: there is no variable %s", r.Name, name)
		return ""
	})
	return s, unknown
}

func (r *Running) expandAll(list []string) ([]string, error) {
	out := make([]string, len(list))
	for i, s := range list {
		var err error
		if out[i], err = r.Expand(s); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (r *Running) start(ctx context.Context, proc Proc) error {
	cmd := proc.Cmd
	if r.opts.Tap != "" {
		cmd = slices.Concat(cmd, proc.Trace)
	}
	args, err := r.expandAll(cmd)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		return fmt.Errorf("%s: a program without a command", r.Name)
	}
	var env []string
	for k, v := range proc.Env {
		if v, err = r.Expand(v); err != nil {
			return err
		}
		env = append(env, k+"="+v)
	}
	dir, err := r.Expand(proc.Dir)
	if err != nil {
		return err
	}
	log := filepath.Join(r.vars["WORK"], fmt.Sprintf("%02d-%s.log", len(r.order), filepath.Base(args[0])))
	args = slices.Concat(r.opts.Prefix, args)
	if proc.Role == "" {
		return r.step(ctx, args, env, dir)
	}
	p, err := group.Start(group.Command{Args: args, Env: env, Dir: dir, Log: log})
	if err != nil {
		return err
	}
	r.add(proc.Role, p)
	if proc.Wait != "" {
		addr, err := r.Expand(proc.Wait)
		if err != nil {
			return err
		}
		if err := p.Accepts(ctx, addr, r.opts.Dial); err != nil {
			return err
		}
	}
	time.Sleep(time.Duration(proc.Pause) * time.Millisecond)
	return nil
}

func (r *Running) add(role string, p *group.Process) {
	r.order = append(r.order, p)
	r.procs[role] = append(r.procs[role], p)
}

// step runs a command to its end and takes the variables that it prints.
func (r *Running) step(ctx context.Context, args, env []string, dir string) error {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	c := exec.CommandContext(ctx, args[0], args[1:]...)
	c.Env, c.Dir, c.Stderr = append(os.Environ(), env...), dir, os.Stderr
	out, err := c.Output()
	if err != nil {
		return fmt.Errorf("%s: %s: %w", r.Name, strings.Join(args, " "), err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		if k, v, ok := strings.Cut(lines.Text(), "="); ok {
			r.vars[k] = v
		}
	}
	return nil
}

// startScreen starts Xvfb, which chooses its display's number.
func (r *Running) startScreen(ctx context.Context) error {
	in, out, err := os.Pipe()
	if err != nil {
		return err
	}
	defer in.Close()
	size := fmt.Sprintf("%dx%dx24", scene.Width, scene.Height)
	p, err := group.Start(group.Command{
		Args:  []string{"Xvfb", "-displayfd", "3", "-screen", "0", size, "-nolisten", "tcp", "-noreset"},
		Log:   filepath.Join(r.vars["WORK"], "xvfb.log"),
		Files: []*os.File{out},
	})
	_ = out.Close()
	if err != nil {
		return err
	}
	r.add("xserver", p)
	if err := in.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return err
	}
	number, err := bufio.NewReader(in).ReadString('\n')
	if err != nil {
		return errors.New("xvfb did not start: see xvfb.log")
	}
	r.vars["DISPLAY"] = ":" + strings.TrimSpace(number)
	return nil
}

// chooseDisplay finds a number for a product that is an X server itself.
func (r *Running) chooseDisplay(context.Context) error {
	for n := 95; n < 200; n++ {
		_, lock := os.Stat(fmt.Sprintf("/tmp/.X%d-lock", n))
		_, socket := os.Stat(fmt.Sprintf("/tmp/.X11-unix/X%d", n))
		if os.IsNotExist(lock) && os.IsNotExist(socket) {
			r.vars["DISPLAY"] = fmt.Sprintf(":%d", n)
			return nil
		}
	}
	return errors.New("every X display from :95 to :199 is taken")
}

// Alive fails when a program of the product has ended.
func (r *Running) Alive() error {
	for _, p := range r.order {
		select {
		case <-p.Done():
			return p.Ended()
		default:
		}
	}
	return nil
}

// Display is the name of the X display.
func (r *Running) Display() string { return r.vars["DISPLAY"] }

// Roles are the roots of the process trees, by role.
func (r *Running) Roles() map[string][]int {
	roles := map[string][]int{}
	for role, list := range r.procs {
		for _, p := range list {
			roles[role] = append(roles[role], p.Pid())
		}
	}
	return roles
}

// Versions runs the command that prints them.
func (p Peer) Versions(ctx context.Context, expand func(string) (string, error)) string {
	if len(p.Version) == 0 {
		return ""
	}
	args := make([]string, len(p.Version))
	for i, a := range p.Version {
		var err error
		if args[i], err = expand(a); err != nil {
			return err.Error()
		}
	}
	out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput()
	if err != nil {
		return "unknown: " + err.Error()
	}
	return strings.Join(strings.Fields(string(out)), " ")
}

// Stop ends what Start started, last first.
func (r *Running) Stop() {
	for i := len(r.order) - 1; i >= 0; i-- {
		r.order[i].Stop()
	}
}
