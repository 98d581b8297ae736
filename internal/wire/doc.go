// Package wire is PinDesk's protocol between presenter, relay and viewer, version
// "pindesk.v1". This comment is the specification; web/shared/wire.js is the same
// protocol for the browser, and testdata/vectors is read by both sides' tests.
// Anyone may import wire; wire imports only the standard library.
//
// # Transport
//
// One protocol unit, a message, is one binary WebSocket message (later also one
// data-channel message). WebSocket compression is off. A party opens
//
//	GET /api/v1/relay    Sec-WebSocket-Protocol: pindesk.v1, ticket.TICKET
//
// with a one-use ticket from POST /api/v1/join; the server answers pindesk.v1 only.
// The first message that a party receives is the control message "welcome".
// All integers are little-endian and unsigned unless said otherwise. Coordinates are
// pixels of the presenter's picture, origin top left.
//
// # Header
//
// Every message begins with 12 bytes; the relay reads nothing else of a screen message:
//
//	offset 0   u8   kind
//	       1   u8   flags
//	       2   u8   stream    whose picture this is of: see "Monitors"; else 0
//	       3   u8   reserved  written 0, ignored by readers
//	       4   u16  epoch     the presenter's attach; another epoch's acks and input are dropped
//	       6   u16  viewer    stamped by the relay on all that comes from a viewer, else 0
//	       8   u32  seq       per kind, see below
//
//	kind           from       to         seq                              largest body
//	 1 Update      presenter  viewers    number of the update             MaxUpdate
//	 2 Cursor      presenter  viewers    shape counter                    MaxCursor
//	 3 Pointer     presenter  viewers    0                                4
//	16 Ack         viewer     presenter  highest update painted           AckSize
//	17 Input       viewer     presenter  the viewer's own input counter   MaxInput
//	18 Resync      viewer     relay      last update that was applied     0
//	19 NeedKey     relay      presenter  0                                0
//	20 Point       viewer     presenter  0                                MaxPoint
//	32 Control     any        any        0                                MaxControl
//	33 Clip        any        any        a viewer's: as of Input, else 0  MaxClip
//	34 Chunk       any        any        number of the transfer           MaxChunk
//
// A message of a kind that its sender may not send, or longer than its kind allows, is
// dropped and counted by the relay; a header that is cut short ends the connection with
// CloseProtocol.
//
// # Monitors
//
// Stream 0 is the picture of the whole desktop, all monitors together. Each monitor that the
// presenter has named in "monitors" is a rectangle of that picture, and a stream of its own: a
// picture with its own origin, sequence, layouts, compressor and keyframes. A viewer gets the
// updates of one stream, at first of stream 0, and names another one in "watch". The relay begins
// the viewer's picture anew and tells the stream in "state"; from that state on the viewer takes
// updates of this stream only, of which a Key comes first. Until it has come, the old picture
// may stay on the screen.
//
// The stream stands in the header of Update, Ack, Resync, NeedKey and Input, and in "lead": seq, part,
// layout and lead are of that stream. An ack or a resync of another stream than its viewer's is
// dropped. Input says whose layout and coordinates it uses; the presenter adds the monitor's origin.
// Cursor and Pointer are of the whole desktop: a viewer of one monitor maps the place, and shows no
// pointer that is elsewhere.
//
// "monitors" replaces the list as a whole, and comes before the updates of its streams. A
// monitor that is not in it any more is gone: its stream ends, and its viewers are put back
// on stream 0. A monitor that moves or changes its size keeps its stream, whose next update is a
// numbered Key with a new layout. Updates of a stream that is not listed are dropped.
//
// # Update
//
// Flags of an update:
//
//	1 Reset    a new compressor frame begins with this update
//	2 Key      needs no earlier update; replaces the picture, its size and its layout
//	4 CatchUp  takes no number; seq is that of the last numbered update it builds on.
//	           Its compressor frame is its own and touches no one else's.
//	8 Done     catch-up viewers now hold the same exactness as all others
//	16 Exact   after this update the picture is exact on every pixel, for viewers that are
//	           not catching up
//
// Body:
//
//	offset 0   u16  layout    changes with each resize; pointer input must carry it
//	       2   u16  width     of the whole picture, 1..MaxSide
//	       4   u16  height    width*height <= MaxPixels
//	       6   u16  ops       number of ops, 0..MaxOps
//	       8   u32  captured  presenter's clock in ms (wraps): echoed in the ack
//	      12   u32  input     seq of the lead's newest input injected before the capture
//	      16   u32  part      counts CatchUp updates of this stream and epoch, from 1; else 0
//	      20   u32  raw       length of the op block when decompressed, 0..MaxRaw
//	      24   u32  packed    length of the compressed op block that follows
//	      28   packed bytes, then the blobs of the JPEG ops in their order, to the end
//
// The op block of numbered updates runs through one streaming zstd compressor: each
// update is flushed at a block boundary, and Reset starts a new frame. A CatchUp update
// is a whole frame of its own. When raw is 0, packed is 0 and the compressor is untouched.
// A frame header is exactly the six bytes 28 B5 2F FD 00 WD with WD <= 0x50 (a
// window of at most 1 MiB, no checksum, no content size, no dictionary), and the first
// 16 bytes that come out of every frame are Preamble: a decoder is in step or knows at
// once that it is not. (Also, fzstd holds back input shorter than 18 bytes.) Preamble
// counts into raw. The caps are checked before anything is allocated.
//
// # Ops
//
// Ops are executed in order on the viewer's picture. Every op begins with
//
//	u8 op | u16 x | u16 y | u16 w | u16 h      1 <= w, 1 <= h, inside the picture
//
//	1 Fill     u8 b, g, r                one colour
//	2 Copy     u16 sx, u16 sy            the rectangle at sx,sy as the picture is at this
//	                                     point of the update, moved like memmove. The only
//	                                     op that reads the viewer's pixels
//	3 Palette  u8 n-1, n*(u8 b, g, r)    then indices of 1, 2, 4 or 8 bits (the least that
//	                                     holds n), first pixel in the high bits, each row
//	                                     padded to a whole byte. n = 2..256
//	4 Delta    3*w*h bytes               planes G, R-G, B-G; see below
//	5 JPEG     u32 length                baseline JPEG in the blobs, scaled to w x h when its
//	                                     own size is smaller (never larger). Not exact.
//
// Delta predicts only inside its own rectangle. With g, r-g and b-g as bytes mod 256, a
// pixel's prediction is: first pixel 0; rest of the first row the left neighbour; first
// column the upper neighbour; else floor((left+up)/2) of the bytes as unsigned for g, and of
// the bytes as signed for r-g and b-g. The plane holds value minus prediction mod 256.
//
// # Numbering and catching up
//
// A viewer holds seq and a compressor; its rules:
//   - Key|CatchUp: take the picture, seq becomes the header's seq, part the body's.
//   - Key without CatchUp (a resize): numbered; taken whenever its seq > the viewer's.
//   - CatchUp without Key: applied only if its seq equals the viewer's, else dropped.
//   - any other: applied if its seq equals the viewer's + 1; dropped if <=; when larger, or
//     when anything in it is wrong, the viewer sends Resync once and applies nothing more
//     until a Key arrives.
//   - a new epoch (control message "state") empties everything: a Key must come first.
//
// The update after a Key|CatchUp carries Reset, so that old and new viewers go on together.
// Wrong are: Reset with raw = 0, a numbered Key without Reset, CatchUp together with Reset.
// Before its first Key a viewer drops updates silently: it is about to get one.
//
// # Ack
//
//	offset 0   u32  captured  of the newest painted update, copied from it
//	       4   u32  part      newest CatchUp update painted, copied from it
//	       8   u16  took      decode and paint time in 0.1 ms, saturating
//	      10   u8   state     bit 0: the page is hidden (acked after decode, not paint)
//	      11   u8   reserved  0
//
// The relay sets the flag CatchUp on an ack that it passes on while its viewer is catching
// up, and no flag else: the presenter paces CatchUp updates by these.
//
// # Input
//
// Body: u16 layout, then up to MaxInputEvents events to the end. An input without events
// keeps held keys alive: what is held is released after 2 s of silence.
//
//	1 Move    u16 x, u16 y
//	2 Button  u8 button (1 left, 2 middle, 3 right, 8 back, 9 forward), u8 down
//	3 Wheel   i16 dx, i16 dy             in 1/120 of a notch, positive right and down
//	4 Key     u8 flags, u8 len, code, u8 len, text
//	          flags: 1 down, 2 text (see below), 4 repeat
//	          code:  KeyboardEvent.code, 0..MaxCode bytes of [0-9A-Za-z]
//	          text:  the character that the technician's own layout gives, 0..MaxKeyText bytes
//	5 Text    u16 len, UTF-8             committed by an IME, or pasted as typing; MaxText
//
// A Key whose flag "text" is set means exactly that character, whatever is needed on the
// presenter's layout (held Ctrl or Alt are lifted: they were part of AltGr). Without
// the flag, the key is meant as a key with the held modifiers: a shortcut, Enter, F5. Move,
// Button and Wheel of another layout than the present one are dropped.
//
// # Cursor and Pointer
//
// Cursor body: u16 hot x, u16 hot y, u16 w, u16 h, then w*h*4 bytes RGBA with straight
// alpha; 0 <= w,h <= MaxCursorSide; w = 0 hides it. Pointer body: u16 x, u16 y.
// The relay keeps the newest of each for viewers that come later.
//
// # Control
//
// Body: one JSON object with a field "type"; types and fields are in control.go. The relay
// repeats "state" at least every 10 s, so that a party which hears nothing for 25 s knows that
// its connection is dead.
//
// # Control of the computer
//
// Exactly one viewer holds control, and only the presenter grants it. A yes of the guest is a
// permission, "may", which a viewer keeps when control goes to another one: until it yields, is
// away for more than 60 s, another computer is shared, or the guest takes it back. Who may
// gets control by "ask" at once. "hand" asks for control for another viewer, one with the view
// grant that is online: if that one may, it has control at once; else the guest is asked. Only
// the controller hands, under the same conditions as its input: it is not held and no question
// is open. A refused "hand" is told to who wished it, with "to". Grant always names all three
// rights; control includes may, and may includes view. Nobody learns by messages of his own why
// he lost a right: it stands in "state", which also comes after a reconnect.
//
// # What stands in the way
//
// Some systems do not always let a program see the screen or put input in. With "condition" the
// presenter says, after each welcome and on each change, what of that is so now (Condition); the relay tells it
// in the presenter's state until the next attach. While the computer is locked, or shows something
// that only its person may see, no updates come: the viewer's picture is from before, and it must
// not look as if it were of now. A condition that the relay does not know is none.
//
// # Going on as administrator
//
// On some systems a presenter's program can be started anew with more rights, if its guest says yes to that there. It says so
// by "privileges" after each welcome (Privileges), and the relay tells it in the presenter's state until the next
// attach. While it is "user" the viewer in control may wish for it by "elevate", on the same conditions as its input;
// the relay notes that in the viewer's "asking" and passes it on. The guest is asked each time, whatever was
// granted before; then the system asks by itself. If both say yes, the new program joins with the old one's resume
// secret: the same party, so grants stay, and the old program is closed with CloseMoved. No message grants this: the next
// attach says "admin". If not, the presenter says "refuse" with elevate, of which a no of a person counts as a
// denial like any other. The wish ends with its viewer's control, and with the attach.
//
// # View only, and pointing
//
// A browser that shares cannot put input in. It says so by "shares" with view_only, after each
// welcome; the relay tells it in the presenter's state until the next attach. Meanwhile nobody
// controls: the relay takes control and may from who has them, lets no grant give them,
// and answers each wish for control by "refused" with the reason "view_only". It passes such a
// wish on all the same, so that the guest can be told; the presenter may refuse it with
// that reason. That is no denial: it does not count towards those that block a viewer.
//
// The same person's program takes a tab's place with the secret "handover" of the tab's welcome, which
// it shows as a resume secret: then it is the same party, view grants stay, and the tab is closed
// with CloseMoved. The tab comes back with its resume secret in the same way.
//
// Who sees can still point, whatever shares. Body of a Point:
//
//	offset 0   u16  layout of the stream in the header
//	       2   u16  x, y, pixels of that stream
//
// or nothing: its viewer points no more. The relay passes it on from viewers that have the view
// grant and are not held, of the present epoch and the viewer's stream, at most 60 a second of
// each; of those that wait it keeps the newest of each viewer. The presenter shows it only
// while that viewer may see, and drops another layout's. It is kept nowhere, and its place
// counts for 3 s: who goes on pointing at it says so again. A presenter need not show it.
//
// # Clipboard
//
//	offset 0   u8   format    1 = text, 0 = a text that is too long to be sent
//	       1   text: UTF-8 of 1..MaxClipText bytes without control characters but line feed and
//	           tab; too long: nothing
//
// A viewer sends what was copied on its side just before the keys of the paste; it counts in the
// order of its inputs and on the same conditions: seq is the next number of its input counter,
// and who could not put input in cannot set the clipboard. The presenter sends what is copied
// on its computer to the viewer that holds control, which header.viewer names, and the relay
// passes it on only to the viewer that holds control when it arrives. What was copied before
// that viewer had control is never sent, nor is what a viewer has put there sent to any viewer.
// With "clipboard" the presenter says at each attach what is possible; without it nothing is.
//
// # Chat
//
// Any party sends "chat" with text and client, its own name of the line (1..MaxChatClient of
// [0-9A-Za-z_-]). The relay cleans the text (CleanChat), stamps id, time, viewer and name,
// stores the line, and then sends it in "chat" to all who may read it, the sender included: a
// line that did not come back was not stored. "unsaid" says so at once, with a reason. After a
// new socket a party sends each line again that did not come back, with the same client: one
// party's client is stored once, and the stored line is sent again. Who may read a line:
//
//   - Without waiting: the presenter, and the viewers that have the view grant.
//   - With waiting = N: viewer N as well. All that a viewer says while it has no view grant is
//     such a line, and so is what the presenter says with viewer = N.
//
// A party is sent the newest lines that it may read, at most ChatPage, after its first "state",
// and a viewer again when it gets the view grant: then also lines from before. A presenter that
// replaced another one and could not show the resume secret is sent no line from before it
// came. "more" says that there are older lines; "chat_log" with before = the first id asks for
// them. The lines of one answer may come in several messages. Lines come in the order of their
// ids but for what chat_log brings, and may come twice. A blocked viewer says and reads nothing.
//
// # Files
//
// A transfer moves one file between the presenter and one viewer, either way. Its number is
// chosen by who begins it, at random from 1 up, and names it together with the viewer's. What is
// said of it is the control message "file" (see File); its bytes are chunks:
//
//	offset 0   u64  offset of the first byte in the file
//	       8   1..MaxChunkData bytes
//
// The viewer of a chunk or a "file" is stamped by the relay when it comes from a viewer, and
// names who gets it when it comes from the presenter (header.viewer, and viewer in the control).
// The relay passes on nothing of files for a viewer without the view grant or that is held,
// but a presenter's cancel, and of a transfer only what the other side has accepted.
//
//	who has the file                         who gets it
//	                  <---- ask (viewers only) ----
//	offered           ----- offer ---------------->    offered: a person is asked
//	   |              <---- refuse ----------------       |
//	   |              <---- accept offset ---------       |
//	sending           ----- chunk, chunk ... ----->    taking
//	   |              <---- ack offset, again -----       |
//	   | all acked    ----- done sha256 ---------->       | compares, stores
//	done              <---- done sha256 -----------    done
//
//	cancel ends it from either side at any time; either side may then forget it.
//
// Who gets the file takes only the bytes at its own offset, and answers each chunk by an ack;
// the flag again says that something before the chunk is missing. Who has it goes back to the newest ack
// then, or when no ack comes for long; an ack below an earlier one, or beyond what was sent, is ignored.
//
// Resume: an offer may be said again with the same number, and is after each new socket of
// either party (a new epoch, or a new attach of the viewer). Who accepted it before does so
// again without asking anybody, with the offset that it has come to; who has it finished says
// "done". A viewer is the same only with its resume secret, and a viewer that is held (another
// computer shares now) ends all its transfers. A page that begins its life says cancel with number 0:
// what its forerunner had begun is over. An accept with an offset below an earlier one means that
// its sender begins anew.
//
// An ask is answered by refuse, or by an offer with its number, which the viewer accepts unasked.
//
// Chunks never delay anything else: their sender has no more on its way than keeps the
// measured delay below some 60 ms over the least one, each queue sends all else first, and the relay
// drops what does not fit into a queue's share for them.
package wire
