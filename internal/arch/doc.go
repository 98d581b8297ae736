// Package arch holds the rules that keep the code readable, as tests: which package may
// import which, that every package says what it is for, that files stay short, and what a
// test may not do. It has no code of its own, and nothing imports it.
//
// Imports run one way, from the higher layer to the lower:
//
//	cmd        the programs
//	L3         broker: one process wired together
//	L2         adapters, named after what they adapt: store, httpapi, wsconn; never sideways
//	L1         the domain: session, relay
//	L0         wire, screen, fault, origin: no I/O
//	presenter  the guest's side: presenter, platform; it shares only L0 with the broker
//
// A new package is added to the table in rules_test.go, with what it may import.
package arch
