package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"pindesk/internal/apikey"
)

var _ apikey.Store = (*Store)(nil)

const keyColumns = `id, organisation, quota, created_at, last_used_at, revoked_at`

func scanKey(scan func(...any) error) (apikey.Key, error) {
	var k apikey.Key
	var created int64
	var used, revoked sql.NullInt64
	if err := scan(&k.ID, &k.Organisation, &k.Quota, &created, &used, &revoked); err != nil {
		return apikey.Key{}, err
	}
	k.CreatedAt = fromMS(created)
	if used.Valid {
		k.LastUsedAt = fromMS(used.Int64)
	}
	if revoked.Valid {
		k.RevokedAt = fromMS(revoked.Int64)
	}
	return k, nil
}

// AddKey implements apikey.Store.
func (s *Store) AddKey(ctx context.Context, k apikey.Key, hash string) error {
	_, err := s.change(ctx, `INSERT INTO api_keys (id, hash, organisation, quota, created_at) VALUES (?, ?, ?, ?, ?)`,
		k.ID, hash, k.Organisation, k.Quota, k.CreatedAt.UnixMilli())
	return err
}

// FindKey implements apikey.Store.
func (s *Store) FindKey(ctx context.Context, hash string) (apikey.Key, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	k, err := scanKey(s.reader().row(ctx, `SELECT `+keyColumns+` FROM api_keys WHERE hash = ?`, hash).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return apikey.Key{}, apikey.ErrNotFound
	}
	return k, err
}

// Keys implements apikey.Store.
func (s *Store) Keys(ctx context.Context) (all []apikey.Key, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	rows, err := s.reader().QueryContext(ctx, `SELECT `+keyColumns+` FROM api_keys ORDER BY created_at, id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		k, err := scanKey(rows.Scan)
		if err != nil {
			return nil, err
		}
		all = append(all, k)
	}
	return all, rows.Err()
}

// RevokeKey implements apikey.Store.
func (s *Store) RevokeKey(ctx context.Context, id string, now time.Time) error {
	n, err := s.change(ctx, `UPDATE api_keys SET revoked_at = COALESCE(revoked_at, ?) WHERE id = ?`, now.UnixMilli(), id)
	if err == nil && n == 0 {
		return apikey.ErrNotFound
	}
	return err
}

// UseKey implements apikey.Store.
func (s *Store) UseKey(ctx context.Context, id string, now time.Time) error {
	ms := now.UnixMilli()
	_, err := s.change(ctx, `UPDATE api_keys SET last_used_at = ? WHERE id = ? AND (last_used_at IS NULL OR last_used_at < ?)`, ms, id, ms)
	return err
}
