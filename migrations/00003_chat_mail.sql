-- What was said in each session, and the mails that were asked for. Times are Unix milliseconds
-- UTC. The same SQL runs on SQLite and on Postgres.

-- +goose Up

CREATE TABLE chat_lines (
    session_id TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    number     INTEGER NOT NULL,            -- 1, 2, 3 ... in the session, without gaps
    at         BIGINT  NOT NULL,
    party_id   TEXT    NOT NULL,            -- who said it; its row may be gone
    viewer     INTEGER NOT NULL,            -- its number; 0: the presenter
    name       TEXT    NOT NULL,            -- self-declared, as it was then
    waiting    INTEGER NOT NULL,            -- the viewer without the view grant that it is from or for; 0: none
    client     TEXT    NOT NULL,            -- what its sender called it
    text       TEXT    NOT NULL,
    PRIMARY KEY (session_id, number)
);
-- A line that is said again after a dropped socket is stored once.
CREATE UNIQUE INDEX chat_lines_said ON chat_lines (session_id, party_id, client);

-- A mail that was asked for. How it goes is in jobs (kind 'mail', ref id). The address and the
-- name are erased once it was sent or given up; the MAC stays, to count.
CREATE TABLE mails (
    id          TEXT   PRIMARY KEY,
    session_id  TEXT   NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    kind        TEXT   NOT NULL,
    name        TEXT   NOT NULL,
    address     TEXT   NOT NULL,
    address_mac TEXT   NOT NULL,
    created_at  BIGINT NOT NULL
);
CREATE INDEX mails_of_session ON mails (session_id);
CREATE INDEX mails_of_address ON mails (address_mac, created_at);
CREATE INDEX mails_unsent ON mails (created_at) WHERE address <> '';
