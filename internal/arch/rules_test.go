package arch

// layer orders the packages. Code imports packages of lower layers only, and of its own layer
// where its rule says so; tests may import their own layer and every lower one, and what their rule adds.
type layer int

const (
	l0      layer = iota // pure: no I/O
	l1                   // the domain
	l2                   // adapters, and the presenter's side
	l3                   // wiring
	program              // cmd
	outside              // tests of the whole
)

// rule says what the code of one package may import, tests apart.
type rule struct {
	layer layer
	// uses lists packages of this module.
	uses []string
	// inTests lists packages of higher layers that the tests may import as well.
	inTests []string
	// modules lists import path prefixes of other modules.
	modules []string
	// testOnly packages serve tests: no code but that of testOnly packages may import them.
	testOnly bool
}

// rules has every package of the module, by its path below the module's.
var rules = map[string]rule{
	"internal/audit":       {layer: l0},
	"internal/brand":       {layer: l0}, // reads the operator's logo
	"internal/fault":       {layer: l0},
	"internal/handout":     {layer: l0}, // the broker names files, the presenter reads the names
	"internal/jobs":        {layer: l0}, // its I/O is behind its Store
	"internal/origin":      {layer: l0},
	"internal/puzzle":      {layer: l0},
	"internal/screen/jpeg": {layer: l0},
	"internal/wire":        {layer: l0},
	"internal/screen": {
		layer:   l0,
		uses:    []string{"internal/screen/jpeg", "internal/wire"},
		modules: []string{"github.com/klauspost/compress/zstd"},
	},

	// Recorded screens, for cmd/screenrec and for the tests of screen, which it must not import.
	"internal/recording": {
		layer:   l0,
		uses:    []string{"internal/wire"},
		modules: []string{"github.com/klauspost/compress/zstd"},
	},

	"internal/apikey": {layer: l1, uses: []string{"internal/fault"}},
	"internal/hook":   {layer: l1, uses: []string{"internal/audit", "internal/jobs"}},
	"internal/relay":  {layer: l1, uses: []string{"internal/wire"}},
	// The presenter's side of files; its disk is behind Folder, and in disk.go.
	"internal/transfer": {layer: l1, uses: []string{"internal/wire"}},
	"internal/programs": {layer: l1, uses: []string{"internal/handout"}}, // reads the operator's folder
	// The presenter's window, without any system.
	"internal/window": {layer: l1, uses: []string{"web/window"}},
	"internal/chat":   {layer: l1, uses: []string{"internal/wire"}},
	"internal/mail": {
		layer:   l1,
		uses:    []string{"internal/fault", "internal/jobs"},
		modules: []string{"golang.org/x/net/idna", "golang.org/x/time/rate"},
	},
	"internal/session": {
		layer:   l1,
		uses:    []string{"internal/fault"},
		inTests: []string{"internal/store", "internal/store/pgtest"}, // its rules rest on what a real store does
	},

	"internal/httpapi": {
		layer: l2,
		uses:  []string{"internal/apikey", "internal/audit", "internal/brand", "internal/chat", "internal/fault", "internal/handout", "internal/hook", "internal/httpapi/openapi", "internal/jobs", "internal/mail", "internal/origin", "internal/programs", "internal/puzzle", "internal/session", "internal/wire"},
		modules: []string{
			"github.com/andybalholm/brotli",
			"github.com/go-chi/chi/v5",
			"golang.org/x/time/rate",
		},
	},
	// The bodies, generated from the description.
	"internal/httpapi/openapi": {layer: l1, uses: []string{"internal/puzzle"}},
	// Makes the page /docs; what it made is what the broker serves.
	"internal/httpapi/docpage": {layer: l1, modules: []string{"github.com/getkin/kin-openapi"}, testOnly: true},
	"internal/certs": {
		layer:   l2,
		modules: []string{"golang.org/x/crypto/acme"},
	},
	"internal/certs/acmetest": {layer: l2, testOnly: true},
	"internal/certs/certtest": {layer: l2, testOnly: true},
	"internal/store": {
		layer: l2,
		uses:  []string{"internal/apikey", "internal/audit", "internal/chat", "internal/fault", "internal/hook", "internal/jobs", "internal/mail", "internal/session", "internal/wire", "migrations"},
		modules: []string{
			"github.com/jackc/pgx/v5",
			"github.com/pressly/goose/v3",
			"modernc.org/sqlite",
		},
	},
	"internal/store/pgtest": {
		layer:    l2,
		modules:  []string{"github.com/jackc/pgx/v5"},
		testOnly: true,
	},
	"internal/smtp": {
		layer:   l2,
		uses:    []string{"internal/jobs", "internal/mail"},
		modules: []string{"github.com/wneessen/go-mail"},
	},
	"internal/smtp/smtptest": {
		layer:    l2,
		modules:  []string{"github.com/emersion/go-sasl", "github.com/emersion/go-smtp"},
		testOnly: true,
	},
	"internal/outbound": {layer: l2, uses: []string{"internal/jobs"}, modules: []string{"code.dny.dev/ssrf"}},
	"internal/wsconn": {
		layer: l2,
		uses: []string{
			"internal/fault", "internal/origin", "internal/relay", "internal/session", "internal/wire",
		},
		modules: []string{
			"github.com/gorilla/websocket",
			"golang.org/x/sys/unix",
		},
	},
	// Embedded files: the SQL of the store, and the pages.
	"migrations": {layer: l0},
	"web":        {layer: l0},
	"web/window": {layer: l0},

	"internal/broker": {
		layer: l3,
		uses: []string{
			"internal/apikey", "internal/audit", "internal/brand", "internal/certs", "internal/chat", "internal/fault", "internal/handout", "internal/hook", "internal/httpapi", "internal/jobs",
			"internal/mail", "internal/origin", "internal/outbound", "internal/programs", "internal/relay", "internal/session", "internal/smtp", "internal/store", "internal/wire", "internal/wsconn", "web",
		},
	},

	"internal/platform": {
		layer: l2,
		uses:  []string{"internal/screen", "internal/window", "internal/wire"},
		modules: []string{
			"github.com/go-vgo/robotgo",     // the portable backend only
			"github.com/kbinani/screenshot", // likewise
			"github.com/jezek/xgb",
			"golang.org/x/image",
			"golang.org/x/sys",
		},
	},
	// The screen of tests. The other backends below platform have platform's rule.
	"internal/platform/xvfb": {layer: l2, testOnly: true},
	"internal/presenter": {
		layer:   l2,
		uses:    []string{"internal/fault", "internal/puzzle", "internal/screen", "internal/transfer", "internal/wire"},
		modules: []string{"github.com/gorilla/websocket"},
	},

	"cmd/broker": {
		layer:   program,
		uses:    []string{"internal/apikey", "internal/brand", "internal/broker", "internal/session", "internal/smtp"},
		modules: []string{"github.com/alecthomas/kong", "golang.org/x/term"},
	},
	"cmd/presenter": {
		layer:   program,
		uses:    []string{"internal/handout", "internal/platform", "internal/presenter", "internal/screen", "internal/transfer", "internal/window"},
		modules: []string{"github.com/alecthomas/kong", "golang.org/x/term"},
	},
	// A developer's tool, which make build leaves out.
	"cmd/screenrec": {
		layer:   program,
		uses:    []string{"internal/platform", "internal/recording", "internal/screen", "internal/wire"},
		modules: []string{"github.com/alecthomas/kong", "github.com/klauspost/compress/zstd"},
	},

	"internal/arch": {layer: outside},
	"internal/e2e":  {layer: outside, testOnly: true},
	// Drives Firefox for it.
	"internal/e2e/bidi": {layer: l2, modules: []string{"github.com/gorilla/websocket"}, testOnly: true},
}

// constrained lists the files outside internal/platform that may be built for some systems
// only, with the reason.
var constrained = map[string]string{
	"cmd/presenter/files_linux_test.go":    "as terminal_linux_test.go",
	"cmd/presenter/terminal_linux_test.go": "opens a real pseudo-terminal by Linux's own calls",
	"internal/wsconn/raw_unix.go":          "the broker's sockets; a broker is never built with package platform",
	"internal/wsconn/raw_other.go":         "as raw_unix.go",
}

// sleepers lists test files that sleep without importing testing/synctest, with the reason.
var sleepers = map[string]string{
	"internal/httpapi/fake_test.go": "a slow look-up; only tests in a synctest bubble make it slow",
}

// long lists files of more than maxLines lines, with the reason.
var long = map[string]string{}

const maxLines = 500

// vague are package names that say nothing about what is inside.
var vague = []string{"util", "utils", "common", "manager", "helper", "helpers", "misc", "base", "lib"}
