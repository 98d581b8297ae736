package broker

import (
	"strings"

	"pindesk/internal/handout"
	"pindesk/internal/programs"
)

// openPrograms opens the folder of the guest's programs, nil without one. Programs that were made for other
// brokers would refuse this one, each at its guest: that is better said here.
func (b *Broker) openPrograms(dir, public string) (*programs.Folder, error) {
	if dir == "" {
		return nil, nil
	}
	f, err := programs.Open(dir)
	if err != nil {
		return nil, err
	}
	all, err := f.List()
	if err != nil {
		return nil, err
	}
	var systems []string
	for _, p := range all {
		systems = append(systems, p.OS+"/"+p.Arch)
	}
	b.log.Info("programs are handed out", "for", strings.Join(systems, " "), "made_for", f.Brokers().String())
	place, err := handout.Address(public)
	switch {
	case err != nil:
		return nil, err
	case f.Brokers().None():
		b.log.Warn("the programs that are handed out were made for no broker: each asks its guest before it connects (make release BROKERS=...)")
	case !f.Brokers().Allow(place):
		b.log.Warn("the programs that are handed out refuse this broker: they were made for others", "this", place.String(), "made_for", f.Brokers().String())
	}
	return f, nil
}
