// Command screenrec is a developer's tool: it records a real screen to a file as the presenter
// would see it, and replays such a file through the encoder and a viewer's decoder, to profile
// them on real work. `make build` does not build it:
//
//	go run ./cmd/screenrec record --display :0 --for 20s out.rec
//	go run ./cmd/screenrec replay --cpuprofile cpu.prof --repeat 5 out.rec
//
// A recording holds all that was on the screen, exactly: look at its frames before you give it
// to anybody. Package recording describes the format.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

type cli struct {
	Record record `cmd:"" help:"Record an X screen until the time is over, Ctrl-C, or a change of the screen's size."`
	Frames frames `cmd:"" help:"Write frames of a recording as pictures, to see what is in it."`
	Replay replay `cmd:"" help:"Run a recording through the encoder and a decoder; say what it took and whether the picture is exact in the end."`
}

func main() {
	var c cli
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	k := kong.Parse(&c, kong.Name("screenrec"), kong.UsageOnError(), kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Description("Records a screen, and replays it through the encoder."))
	k.FatalIfErrorf(k.Run())
}
