-- Sessions, their parties, tickets and hooks. Times are Unix milliseconds UTC; ids, hashes
-- and MACs are base64url text. The same SQL runs on SQLite and on Postgres.

-- +goose Up

-- The one key that made all pin_mac and pin_sealed here.
CREATE TABLE secret_key (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    key_id     TEXT    NOT NULL,
    claimed_at BIGINT  NOT NULL
);

-- A row stays after its end, so that its PIN is not issued again too soon, and is then erased.
CREATE TABLE sessions (
    id              TEXT    PRIMARY KEY,
    region          TEXT    NOT NULL,
    key_id          TEXT    NOT NULL,
    pin_mac         TEXT    NOT NULL UNIQUE,
    pin_sealed      TEXT    NOT NULL,
    token_hash      TEXT    NOT NULL,
    created_at      BIGINT  NOT NULL,
    claimed_at      BIGINT,                     -- first admission; NULL: unclaimed
    expires_at      BIGINT  NOT NULL,
    ended_at        BIGINT,                     -- NULL: not ended
    viewers         INTEGER NOT NULL DEFAULT 0, -- the last viewer number given out
    attach_epoch    INTEGER NOT NULL DEFAULT 0, -- of the last presenter admission
    presenter_party TEXT,                       -- the last presenter admitted
    replaced_at     BIGINT                      -- when another presenter took over; NULL: never
);
CREATE INDEX sessions_expiring ON sessions (expires_at) WHERE ended_at IS NULL;
CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE parties (
    id           TEXT    PRIMARY KEY,
    session_id   TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    role         TEXT    NOT NULL CHECK (role IN ('presenter', 'viewer')),
    name         TEXT    NOT NULL,
    number       INTEGER NOT NULL DEFAULT 0, -- of a viewer, from its first admission on
    resume_hash  TEXT,                       -- newest resume secret; NULL: never admitted
    resume_prev  TEXT,                       -- the one before it, until the newest is shown
    created_at   BIGINT  NOT NULL,
    online_until BIGINT  NOT NULL DEFAULT 0
);
CREATE INDEX parties_of_session ON parties (session_id);
CREATE UNIQUE INDEX parties_number ON parties (session_id, number) WHERE number > 0;
CREATE INDEX parties_never_admitted ON parties (created_at) WHERE resume_hash IS NULL;

CREATE TABLE tickets (
    hash       TEXT   PRIMARY KEY,
    session_id TEXT   NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    party_id   TEXT   NOT NULL REFERENCES parties (id) ON DELETE CASCADE,
    role       TEXT   NOT NULL,
    shown_hash TEXT,                            -- of the resume secret shown at the join
    expires_at BIGINT NOT NULL
);
CREATE INDEX tickets_of_session ON tickets (session_id);
CREATE INDEX tickets_of_party ON tickets (party_id);
CREATE INDEX tickets_expiring ON tickets (expires_at);

CREATE TABLE hooks (
    session_id TEXT   NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    type       TEXT   NOT NULL,
    url        TEXT   NOT NULL,
    armed_at   BIGINT NOT NULL,
    PRIMARY KEY (session_id, type)
);
