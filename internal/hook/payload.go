package hook

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"pindesk/internal/audit"
)

// Version is that of Payload. Within a version fields are only added.
const Version = 1

// Payload is what a receiver is sent, as JSON. It is valid input for POST /api/v1/email, and has
// enough for a person who reads it: see docs/hooks.md.
type Payload struct {
	Version    int    `json:"version"`
	ID         string `json:"id"` // of the delivery, the same in each attempt: webhook-id
	Type       string `json:"type"`
	SessionPIN string `json:"session_pin"`
	SessionURL string `json:"session_url"` // the technician's page
	GuestURL   string `json:"guest_url"`
	Region     string `json:"region"`
	At         string `json:"at"`               // when it happened: ISO 8601, UTC, milliseconds
	Role       string `json:"role"`             // "presenter" or "viewer"
	Name       string `json:"name"`             // what the party says of itself; may be ""
	Viewer     uint16 `json:"viewer,omitempty"` // number of a viewer in its session
	Subject    string `json:"subject"`
	Text       string `json:"text"`
}

// isoMillis is ISO 8601 in UTC as JavaScript's Date writes it.
const isoMillis = "2006-01-02T15:04:05.000Z"

// payload makes the body of a delivery; base is the origin of the broker's pages.
func payload(d Delivery, pin, base string) Payload {
	var who audit.Data
	// A log that was written by a later version may have what this one does not know; then the
	// payload says less.
	_ = json.Unmarshal(d.Event.Data, &who)
	role, _, _ := strings.Cut(string(d.Event.Type), "_")
	p := Payload{
		Version: Version, ID: d.ID, Type: string(d.Event.Type), SessionPIN: pin,
		SessionURL: base + "/view#" + pin, GuestURL: base + "/#" + pin, Region: d.Region,
		At: d.Event.At.UTC().Format(isoMillis), Role: role, Name: who.Name, Viewer: who.Viewer,
	}
	p.Subject, p.Text = words(d.Event.Type, p, d.Event.At)
	return p
}

// words are the texts for people. What a party says of itself is marked as that.
func words(t audit.Type, p Payload, at time.Time) (subject, text string) {
	who := "The technician"
	if p.Role == "presenter" {
		who = "The guest"
	}
	if p.Name != "" {
		who += fmt.Sprintf(" (says: %s)", p.Name)
	}
	var todo string
	switch t {
	case audit.ViewerStarted:
		subject = "A technician is waiting for you"
		text = who + " has opened the session and is waiting for the guest."
		todo = "Guest, to share your screen: " + p.GuestURL
	case audit.PresenterStarted:
		subject = "A guest is waiting for you"
		text = who + " has started the program and is waiting for a technician."
		todo = "Technician, to see the screen: " + p.SessionURL
	case audit.ViewerOffline:
		subject = "The technician is offline"
		text = who + " has left: nobody has viewed the session for more than a minute."
		todo = "To come back: " + p.SessionURL
	case audit.PresenterOffline:
		subject = "The guest is offline"
		text = who + " has not been connected for more than a minute."
		todo = "To come back: " + p.GuestURL
	}
	return subject + " (session " + p.SessionPIN + ")", fmt.Sprintf("%s\n\nSession %s, region %s, %s\n%s\n",
		text, p.SessionPIN, p.Region, at.UTC().Format("2006-01-02 15:04:05 UTC"), todo)
}
