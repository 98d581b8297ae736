package main

import (
	"os"
	"testing"
)

// TestHandoverComesByTheEnvironment: and reaches no program that this one starts.
func TestHandoverComesByTheEnvironment(t *testing.T) {
	t.Setenv(handoverVariable, " once.proof\n")
	if got := takeHandover(); got != "once.proof" {
		t.Errorf("it is %q", got)
	}
	if left, there := os.LookupEnv(handoverVariable); there {
		t.Errorf("%q is left for others", left)
	}
	if got := takeHandover(); got != "" {
		t.Errorf("without one: %q", got)
	}
}
