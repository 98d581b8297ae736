-- What happened in each session, the deliveries of its hooks, and the outbox. Times are Unix
-- milliseconds UTC; ids and hashes are text. The same SQL runs on SQLite and on Postgres.

-- +goose Up

-- The log: rows are only ever added, and erased with all of their session's. Its newest number
-- and hash stand in the session's row, so that a cut at the end shows as well.
CREATE TABLE events (
    session_id TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    number     INTEGER NOT NULL, -- 1, 2, 3 ... in the session
    at         BIGINT  NOT NULL,
    type       TEXT    NOT NULL,
    data       TEXT    NOT NULL, -- JSON, the bytes that were hashed
    hash       TEXT    NOT NULL, -- see package audit
    PRIMARY KEY (session_id, number)
);
ALTER TABLE sessions ADD COLUMN events INTEGER NOT NULL DEFAULT 0;   -- number of the newest event
ALTER TABLE sessions ADD COLUMN event_hash TEXT NOT NULL DEFAULT ''; -- of the newest event
ALTER TABLE sessions ADD COLUMN events_erased_at BIGINT;             -- NULL: they are all there

-- When the event of a party's absence falls due, at the earliest: 60 s after the last presence
-- that was known when this was written. NULL: it has not started yet, or its absence was told.
ALTER TABLE sessions ADD COLUMN presenter_due BIGINT;
ALTER TABLE sessions ADD COLUMN viewer_due BIGINT;
CREATE INDEX sessions_presenter_due ON sessions (presenter_due) WHERE presenter_due IS NOT NULL;
CREATE INDEX sessions_viewer_due ON sessions (viewer_due) WHERE viewer_due IS NOT NULL;

-- Who asked for the ticket, for the event of its admission.
ALTER TABLE tickets ADD COLUMN address TEXT NOT NULL DEFAULT '';

-- A hook that an event has consumed. The URL is that of then.
CREATE TABLE deliveries (
    id         TEXT    PRIMARY KEY,
    session_id TEXT    NOT NULL,
    event      INTEGER NOT NULL,
    url        TEXT    NOT NULL,
    FOREIGN KEY (session_id, event) REFERENCES events (session_id, number) ON DELETE CASCADE
);
CREATE UNIQUE INDEX deliveries_of_session ON deliveries (session_id, event);

-- The outbox: work that was decided in a transaction and is done after it. A row says what by
-- an id, and never holds a PIN, an address or a text.
CREATE TABLE jobs (
    id         TEXT    PRIMARY KEY,
    kind       TEXT    NOT NULL,
    ref        TEXT    NOT NULL,
    session_id TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    state      TEXT    NOT NULL CHECK (state IN ('pending', 'done', 'dead')),
    attempt    INTEGER NOT NULL DEFAULT 0, -- attempts begun so far
    next_at    BIGINT  NOT NULL,           -- of pending: the next attempt; while one runs, the end of its lease
    lease      TEXT    NOT NULL DEFAULT '',-- who runs it, a new value each time; '': nobody
    give_up_at BIGINT  NOT NULL,
    created_at BIGINT  NOT NULL,
    ended_at   BIGINT,                     -- done or dead
    reason     TEXT    NOT NULL DEFAULT '' -- of dead
);
CREATE UNIQUE INDEX jobs_of ON jobs (kind, ref);
CREATE INDEX jobs_of_session ON jobs (session_id);
CREATE INDEX jobs_due ON jobs (kind, next_at) WHERE state = 'pending';

CREATE TABLE attempts (
    job_id  TEXT    NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    number  INTEGER NOT NULL,
    at      BIGINT  NOT NULL,
    took    BIGINT  NOT NULL, -- milliseconds
    status  INTEGER NOT NULL, -- the receiver's: HTTP or SMTP; 0: it gave none
    reason  TEXT    NOT NULL, -- why it failed, in our words; '': it succeeded
    PRIMARY KEY (job_id, number)
);
