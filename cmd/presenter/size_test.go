package main

import "testing"

func TestFileSize(t *testing.T) {
	for text, want := range map[string]fileSize{"1": 1, "1000": 1000, "500MB": 5e8, "1.5 GB": 15e8, "4GiB": 4 << 30, "2k": 2000, "7 B": 7} {
		var got fileSize
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q is %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "GB", "-1", "0", "4XB", "NaN", "Inf", "1e30", "1 2", "4GBB"} {
		var got fileSize
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken as %d", text, got)
		}
	}
}
