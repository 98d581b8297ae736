-- API keys, and which of them a session was made with; what erasing old things looks up. Times are Unix milliseconds UTC. A key
-- itself is never here, only its SHA-256 in base64url.

-- +goose Up

CREATE TABLE api_keys (
    id           TEXT    PRIMARY KEY,  -- stands in the key, opens nothing
    hash         TEXT    NOT NULL UNIQUE,
    organisation TEXT    NOT NULL,
    quota        INTEGER NOT NULL,     -- sessions a minute; 0: the broker's setting
    created_at   BIGINT  NOT NULL,
    last_used_at BIGINT,               -- coarse: see package apikey; NULL: never
    revoked_at   BIGINT                -- NULL: good
);

-- A key's row is never erased, so what a session says of its maker stays true.
ALTER TABLE sessions ADD COLUMN api_key TEXT REFERENCES api_keys (id); -- NULL: made without one
ALTER TABLE sessions ADD COLUMN organisation TEXT NOT NULL DEFAULT ''; -- of the key, as it was then

-- Ended sessions of which something is still to be erased before their row is.
CREATE INDEX sessions_sealed ON sessions (ended_at) WHERE ended_at IS NOT NULL AND pin_sealed <> '';
CREATE INDEX sessions_logged ON sessions (ended_at) WHERE ended_at IS NOT NULL AND events > 0 AND events_erased_at IS NULL;
