package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"pindesk/internal/fault"
)

// MaxBody is the largest body of a request in bytes.
const MaxBody = 16 << 10

const jsonType = "application/json; charset=utf-8"

// writeJSON answers v as compact JSON without a final newline.
func writeJSON(w http.ResponseWriter, r *http.Request, status int, v any) {
	writeBody(w, r, status, jsonType, encode(v, ""))
}

// encode writes v as JSON, indented by indent unless that is "". It leaves & < > as they
// are: no answer is ever part of a page.
func encode(v any, indent string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(v); err != nil { // only types of this package, all of which marshal
		panic(err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// writeBody answers body, or for HEAD only says how long it would be.
func writeBody(w http.ResponseWriter, r *http.Request, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		// An error here means that the caller has gone: there is nobody to tell.
		_, _ = w.Write(body)
	}
}

// readJSON decodes the one JSON object that is r's body into v. Fields that v lacks are
// ignored. What the body says is in no error, since bodies carry PINs.
func readJSON(r *http.Request, v any) error {
	if r.ContentLength > MaxBody {
		return errTooLarge
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxBody+1))
	switch {
	case len(body) > MaxBody:
		return errTooLarge
	case err != nil:
		return fault.New(fault.BadRequest, "The body could not be read to its end.")
	}
	if body = bytes.TrimSpace(body); len(body) == 0 || body[0] != '{' {
		return fault.New(fault.BadRequest, "The body must be one JSON object.")
	}
	err = json.Unmarshal(body, v)
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrongType): // Field is the name from our struct, not from the body
		return fault.New(fault.BadRequest, "A field of the JSON body has the wrong type: "+wrongType.Field+".")
	case err != nil:
		return fault.New(fault.BadRequest, "The body must be one JSON object with nothing after it; this is not valid JSON.")
	}
	return nil
}

var errTooLarge = fault.New(fault.TooLarge, "The body is larger than 16 KiB.")

// parameter reads the one value of a query's parameter. It fails when the query is broken
// or names the parameter twice: which one to believe must not depend on who reads it.
func parameter(r *http.Request, name string) (value string, present bool, err error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return "", false, fault.New(fault.BadRequest, "The query after ? is not well-formed.")
	}
	switch values := query[name]; len(values) {
	case 0:
		return "", false, nil
	case 1:
		return values[0], true, nil
	}
	return "", false, fault.New(fault.BadRequest, "Give the parameter "+name+" once.")
}
