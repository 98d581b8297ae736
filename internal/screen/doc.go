// Package screen turns pictures into updates of the stream and back: damage, copy search,
// tiles, the update builder (Encoder) and its Go decoder (Decoder). It is pure: it knows no
// socket, no desktop and no clock but the times it is given. Presenter, tests and bench may
// import it; it imports only wire, the standard library and zstd.
package screen
