// Package relay is the live fan-out of sessions: it takes what a presenter sends, hands
// it to the viewers that may have it, and brings their acks and input back. It reads
// twelve bytes of a screen message and never a pixel. It imports wire only: no
// database, no HTTP, no WebSocket; those are behind Conn and Party. The broker uses it for
// sockets; a presenter uses it for its direct viewers.
//
// # One session
//
// A Hub holds a feed for each session that has parties. All state of a feed is guarded
// by its mutex, which is held only for memory operations, never while reading, writing or
// waiting. Each connection has one reader, the goroutine that called Serve. What it queues for
// others it also writes to them once it has unlocked the feed, as far as their connections take
// it without waiting; what they do not take gets a goroutine of its own until that queue is
// empty. A queue is claimed by whoever writes it, so that there is never more than one. Nothing
// that a viewer does or fails to do makes the presenter's reader wait. One goroutine ticks for
// all feeds. Lock order: Hub.mu before feed.mu before queue.mu, and none while a Conn is called.
//
// # A viewer's picture
//
//	noGrant --view granted--> needKey --keyframe--> catchUp --Done--> live
//	   ^                         ^                     |               |
//	   +------ view revoked -----+------- overflow, resync, new epoch -+
//
// In needKey nothing is queued, so that a viewer which lags costs its queue once. The
// keyframe is asked for at once when a viewer joins, and after 1, 2, 4, 8 s when it lags,
// not before all that is on its way to it has been acked.
//
// # Streams
//
// A viewer is sent one stream at a time: all monitors together, or one that the presenter has listed.
// Sequence, part, lead and the request for a keyframe are the stream's (stream.go), the states
// above the viewer's, of the stream that it watches. "watch" begins its picture anew, as a new grant
// does, but leaves it the backoff of a viewer that lags. A list without a monitor puts its viewers
// back on stream 0. The list and the choices outlive a drop of the presenter, but not its
// replacement by another one.
//
// # Lag
//
// A viewer lags when it is to get an update while more than MaxUnacked bytes beside the newest
// one are queued or on their way (a frame of a film may be larger than that), or when more than
// lagBytes are and the oldest is older than lagAge + RTT. (The second rule has its
// floor in bytes because a frozen page that is sent a few glyphs a second harms nobody
// and needs no keyframe afterwards. Its limit is keyAge for a viewer that catches up, which is
// paced by its own acks. The lead, for which the stream waits anyway, lags only beyond
// leadUnacked: else each large update on a slow link would end in a keyframe.) A viewer that
// lags loses its whole queue, for a reason that is counted.
//
// # Grants
//
// Only the attached presenter grants; the relay knows of each viewer what it was granted, and
// passes nothing on that this does not allow. A grant is kept for graceTime while its viewer is
// away. A presenter that could not show that it is the same party voids all grants, and
// every viewer that was there is held: its input counts only after its person continues. One that
// is the same party by a handover secret is no other computer. A browser says that it is view only:
// then nobody controls, whatever is granted (point.go).
//
// # Chat
//
// Who may read a line is in package wire. Lines and logs are jobs of one queue a feed, done in
// their order by one goroutine that lives while there are some: storing takes its time, and no
// reader waits for it. A connection is sent new lines once its log has been read.
package relay
