// Measures PinDesk beside what a user would take instead. A module of its own, so that
// nothing it needs can reach PinDesk's programs.
module pindesk/bench

go 1.26.0

replace pindesk => ../

require (
	github.com/jezek/xgb v1.1.1
	golang.org/x/image v0.47.0
	golang.org/x/sys v0.49.0
)

require golang.org/x/text v0.43.0 // indirect
