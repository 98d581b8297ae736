package store_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"pindesk/internal/apikey"
	"pindesk/internal/fault"
	"pindesk/internal/session"
)

// keyStore is the store on the bench's clock.
type keyStore struct {
	apikey.Store
	clock *clock
}

func (k keyStore) Now() time.Time { return k.clock.Now() }

func (b *bench) apiKeys() apikey.Service {
	return apikey.Service{Store: keyStore{b.store, b.clock}}
}

func TestAPIKeys(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		keys, made := b.apiKeys(), b.clock.Now()
		if all, err := keys.List(t.Context()); err != nil || len(all) != 0 {
			t.Fatalf("at first: %v, %v", all, err)
		}
		first, full, err := keys.Create(t.Context(), "  Müller & Söhne ", 0)
		if err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile(`^pdk_[a-z2-7]{8}_[a-z2-7]{32}$`).MatchString(full) || !strings.HasPrefix(full, apikey.Prefix+first.ID+"_") {
			t.Errorf("key of a wrong form, id %q", first.ID)
		}
		b.clock.pass(time.Second)
		second, other, err := keys.Create(t.Context(), "Help Ltd", 7)
		if err != nil {
			t.Fatal(err)
		}
		if n := b.count(t, `SELECT COUNT(*) FROM api_keys WHERE hash LIKE ? OR id LIKE ?`, "%pdk_%", "%_%_%_%_%_%_%_%_%_%"); n != 0 {
			t.Error("a key is stored as it is")
		}

		for range 3 { // used within the hour: noted once
			k, err := keys.Check(t.Context(), full)
			if err != nil || k.ID != first.ID || k.Organisation != "Müller & Söhne" || k.Quota != 0 || !k.CreatedAt.Equal(made) {
				t.Fatalf("check: %+v, %v", k, err)
			}
			b.clock.pass(15 * time.Minute)
		}
		all, err := keys.List(t.Context())
		if err != nil || len(all) != 2 || all[0].ID != first.ID || all[1] != second {
			t.Fatalf("list: %+v, %v", all, err)
		}
		if want := made.Add(time.Second); !all[0].LastUsedAt.Equal(want) {
			t.Errorf("last used %v, want %v", all[0].LastUsedAt, want)
		}
		b.clock.pass(15 * time.Minute)
		if k, err := keys.Check(t.Context(), full); err != nil || !k.LastUsedAt.Equal(b.clock.Now()) {
			t.Errorf("an hour later: last used %v, %v", k.LastUsedAt, err)
		}

		b.clock.pass(time.Second)
		if err := keys.Revoke(t.Context(), other); err != nil { // pasted whole
			t.Fatal(err)
		}
		revoked := b.clock.Now()
		b.clock.pass(time.Second)
		if err := keys.Revoke(t.Context(), apikey.Prefix+second.ID); err != nil {
			t.Errorf("revoking twice: %v", err)
		}
		if err := keys.Revoke(t.Context(), "zzzzzzzz"); err == nil || !strings.Contains(err.Error(), "broker key list") {
			t.Errorf("revoking nothing: %v", err)
		}
		if all, err = keys.List(t.Context()); err != nil || !all[1].RevokedAt.Equal(revoked) || !all[0].RevokedAt.IsZero() {
			t.Errorf("after revoking: %+v, %v", all, err)
		}
		for name, bad := range map[string]string{
			"revoked": other, "empty": "", "id only": apikey.Prefix + first.ID, "changed": full[:len(full)-1] + "7", "capitals": strings.ToUpper(full),
			"longer": full + "a", "no dash": strings.Replace(full, first.ID+"_", first.ID+"a", 1), "hostile": strings.Repeat("'", len(full)),
		} {
			if full[len(full)-1] == '7' && name == "changed" {
				continue
			}
			_, err := keys.Check(t.Context(), bad)
			if fault.Code(err) != fault.BadKey {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// TestMaker: a session says with which key it was made, wherever it is found, and when it has
// ended, too.
func TestMaker(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		k, _, err := b.apiKeys().Create(t.Context(), "Help Ltd", 0)
		if err != nil {
			t.Fatal(err)
		}
		by := session.Maker{APIKey: k.ID, Organisation: k.Organisation}
		made, err := b.Create(t.Context(), "", by)
		if err != nil {
			t.Fatal(err)
		}
		found, err := b.Lookup(t.Context(), made.Session.PIN)
		if err != nil || found != made.Session || found.Maker != by {
			t.Errorf("found %+v, %v", found.Maker, err)
		}
		if st, err := b.State(t.Context(), found.PIN); err != nil || st.Session.Maker != by {
			t.Errorf("state %+v, %v", st.Session.Maker, err)
		}
		if a := b.admit(t, found.PIN, session.Viewer, ""); a.Session.Maker != by {
			t.Errorf("admission %+v", a.Session.Maker)
		}
		kept, err := b.Kept(t.Context(), found.PIN)
		if err != nil || kept.Maker != by || !kept.EndedAt.IsZero() || !kept.Token(made.Token) || kept.Token(made.Token+"x") || kept.Token("") {
			t.Errorf("kept %+v ended %v, %v", kept.Maker, kept.EndedAt, err)
		}
		if _, err := b.End(t.Context(), found.PIN); err != nil {
			t.Fatal(err)
		}
		if kept, err = b.Kept(t.Context(), found.PIN); err != nil || !kept.EndedAt.Equal(b.clock.Now()) || !kept.Token(made.Token) {
			t.Errorf("kept after the end: ended %v, %v", kept.EndedAt, err)
		}
		plain := b.create(t)
		if plain.Maker != (session.Maker{}) {
			t.Errorf("made without a key: %+v", plain.Maker)
		}
		b.clock.pass(time.Hour) // expired, and no sweep yet
		if kept, err = b.Kept(t.Context(), plain.PIN); err != nil || !kept.EndedAt.Equal(plain.ExpiresAt) {
			t.Errorf("kept after expiry: ended %v, %v", kept.EndedAt, err)
		}
		_, err = b.Kept(t.Context(), "000-00-0000")
		wantCode(t, err, fault.UnknownSession)
	})
}

// TestReturning: a resume secret shows for which PIN it was given, without a look-up, also an
// old one, but for no other PIN.
func TestReturning(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		pin, other := b.create(t).PIN, b.create(t).PIN
		first := b.admit(t, pin, session.Viewer, "").Resume
		second := b.admit(t, pin, session.Viewer, first).Resume
		if err := b.store.Close(); err != nil { // nothing is looked up
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			pin, resume string
			want        bool
		}{
			"newest": {pin, second, true}, "older": {pin, first, true}, "as typed": {strings.ToLower(strings.ReplaceAll(pin, "-", "")), second, true},
			"another PIN": {other, second, false}, "malformed PIN": {"x", second, false}, "none": {pin, "", false}, "dot": {pin, ".", false},
			"cut": {pin, second[:len(second)-1], false}, "changed": {pin, "A" + second, false}, "without proof": {pin, strings.SplitN(second, ".", 2)[0], false},
		} {
			if got := b.Returning(c.pin, c.resume); got != c.want {
				t.Errorf("%s: %t", name, got)
			}
		}
	})
}
