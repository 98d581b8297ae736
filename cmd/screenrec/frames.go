package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"

	"pindesk/internal/recording"
)

type frames struct {
	Every  int    `help:"Write every so many frames, the first included." default:"10"`
	File   string `arg:"" help:"The recording."`
	Folder string `arg:"" help:"Where the pictures go; it is made."`
}

// Run writes pictures.
func (c *frames) Run(ctx context.Context) error {
	if c.Every < 1 {
		return errors.New("--every: at least 1")
	}
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer file.Close() // it was only read
	r, err := recording.NewReader(bufio.NewReader(file))
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	defer r.Close()
	if err := os.MkdirAll(c.Folder, 0o750); err != nil {
		return err
	}
	for n := 0; ctx.Err() == nil; n++ {
		frame, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", c.File, err)
		}
		if n%c.Every > 0 {
			continue
		}
		path := filepath.Join(c.Folder, fmt.Sprintf("%05d-%dms.png", n, frame.At.Milliseconds()))
		if err := writeTo(path, func(w io.Writer) error { return png.Encode(w, imageOf(r)) }); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func imageOf(r *recording.Reader) image.Image {
	w, h := r.Size()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i, pix := 0, r.Picture(); i < len(pix); i += 4 {
		img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = pix[i+2], pix[i+1], pix[i], 255
	}
	return img
}
