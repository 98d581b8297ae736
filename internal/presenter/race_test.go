//go:build race

package presenter

func init() { raced = true }
