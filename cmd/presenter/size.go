package main

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// fileSize is a number of bytes in the words of a person: 1000, 500MB, 4GiB.
type fileSize int64

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *fileSize) UnmarshalText(text []byte) error {
	number := strings.TrimRight(string(text), "kKMGTiB ")
	unit, known := map[string]float64{
		"": 1, "B": 1, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12,
		"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
	}[strings.TrimSpace(string(text)[len(number):])]
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !known || !(n*unit >= 1 && n*unit < math.MaxInt64/2) { // so that NaN is none
		return errors.New("a size is a number and a unit, such as 500MB or 4GiB")
	}
	*s = fileSize(n * unit)
	return nil
}
