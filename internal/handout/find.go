package handout

// Known is all that a program may know of its session before it asks its guest.
type Known struct {
	Broker, PIN string // given by whoever started it; "" if not
	File        string // name of the program's file
	Mark        []byte // see ParseZone; nil: none
}

// Found is what was made of it.
type Found struct {
	PIN string // "": ask
	// Place of the broker; without a Host: ask.
	Place Place
	// Claimed: only the file says so, and no list of brokers vouches for it. The guest must confirm it.
	Claimed bool
}

// Find decides which session is meant. What was given goes before the file's name, the name before the
// mark; the mark adds a place only to a name with the same PIN or with none. An error is for the guest and
// final: a broker that b does not have, a name that says two things.
func (b Brokers) Find(k Known) (f Found, err error) {
	var file Bearings
	if k.Broker == "" || k.PIN == "" {
		if file, err = b.fromFile(k); err != nil {
			return Found{}, err
		}
	}
	if f.PIN = k.PIN; f.PIN == "" {
		f.PIN = file.PIN
	}
	switch {
	case k.Broker != "":
		if f.Place, err = Address(k.Broker); err != nil {
			return Found{}, err
		}
	case file.Place.Host != "":
		f.Place, f.Claimed = file.Place, b.None()
	default:
		f.Place, _ = b.Only()
	}
	if f.Place.Host == "" {
		return f, nil
	}
	f.Place, err = b.Check(f.Place)
	return f, err
}

// Check is At for programs with a list; without one every place is what it says.
func (b Brokers) Check(p Place) (Place, error) {
	if b.None() {
		p.Region = false // there is no list to make a host of it
		return p, nil
	}
	return b.At(p)
}

// fromFile is what the file's name and mark say together.
func (b Brokers) fromFile(k Known) (Bearings, error) {
	name, err := ParseName(k.File)
	if err != nil {
		return Bearings{}, err
	}
	mark := ParseZone(k.Mark)
	if mark.PIN == "" && !b.None() && !b.Allow(mark.Place) {
		mark.Place = Place{} // a page that has a link to the program need not be a broker's
	}
	switch {
	case name.PIN == "":
		return mark, nil
	case mark.PIN != "" && mark.PIN != name.PIN, mark.Place.Host == "":
	case name.Place.Host == "", name.Place.Region && b.None():
		name.Place = mark.Place // which says more than a region
	}
	return name, nil
}
