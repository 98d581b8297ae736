// Package screen turns pictures into updates of the stream and back: damage, copy search,
// tiles, the update builder (Encoder) and its Go decoder (Decoder). It is pure: it knows no
// socket, no desktop and no clock but the times it is given. Presenter, tests and bench may
// import it; it imports only wire, its own package jpeg, the standard library and zstd.
//
// To read it in the order in which an update is made: encoder.go (what an update is), damage.go
// (what differs from the shadow), copysearch.go and copies.go (what has only moved), update.go
// with tiles.go, shared.go and jpeg.go (the rest, exactly or not), lossy.go (for whom a tile is
// not exact yet), keyframe.go and catchup.go (viewers that come late), compress.go. A viewer is
// decoder.go and paint.go.
//
// One invariant holds all together: a tile that is not marked lossy has, at every viewer that
// the mark counts for, the pixels of the shadow. The shadow takes on the captured picture
// exactly where an op of the update says so. The property test simulates several viewers and
// checks both after every message.
package screen
