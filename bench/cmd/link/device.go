//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"pindesk/bench/internal/linkemu/netns"
)

// deviceName is the TUN device's name in either namespace.
const deviceName = "link0"

// mtu is Ethernet's, which most paths on the internet have.
const mtu = 1500

// addressTime is how long the kernel may take to make an IPv6 address usable. It is a millisecond on a quiet machine.
const addressTime = 5 * time.Second

// end is one end of the link: a namespace with a TUN device in it.
type end struct {
	namespace string
	ip4       netip.Prefix
	ip6       netip.Prefix
}

// ends returns side a and side b of the link. The same addresses do for every link: each is alone in its namespaces.
func ends(name string) [2]end {
	return [2]end{
		{name + "-a", netip.MustParsePrefix("10.99.0.1/30"), netip.MustParsePrefix("fd00:99::1/64")},
		{name + "-b", netip.MustParsePrefix("10.99.0.2/30"), netip.MustParsePrefix("fd00:99::2/64")},
	}
}

// open makes the end's device, gives it its addresses and brings it and the loopback device up. The device ends with the
// descriptor, which does not block. congestion is the namespace's TCP congestion control, "" for the machine's.
func (e end) open(congestion string) (fd int, err error) {
	fd = -1
	err = netns.Do(e.namespace, func() error {
		if congestion != "" {
			if err := os.WriteFile("/proc/sys/net/ipv4/tcp_congestion_control", []byte(congestion), 0); err != nil {
				known, _ := os.ReadFile("/proc/sys/net/ipv4/tcp_available_congestion_control")
				return fmt.Errorf("congestion control %q: %w (available: %s)", congestion, err, strings.TrimSpace(string(known)))
			}
		}
		if fd, err = openTUN(); err != nil {
			return err
		}
		return e.configure()
	})
	if err != nil && fd >= 0 {
		unix.Close(fd)
	}
	if err != nil {
		return -1, fmt.Errorf("device in %s: %w", e.namespace, err)
	}
	return fd, nil
}

// openTUN makes the device in the thread's namespace.
func openTUN() (int, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return -1, fmt.Errorf("open /dev/net/tun (needs the kernel's tun module): %w", err)
	}
	request, err := unix.NewIfreq(deviceName)
	if err == nil {
		request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
	}
	if err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("make %s: %w", deviceName, err)
	}
	return fd, nil
}

// configure runs in the namespace.
func (e end) configure() error {
	control, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("control socket: %w", err)
	}
	defer unix.Close(control)

	// The kernel's own IPv6 chatter (router solicitations, neighbours) would take packets of the measured link.
	quiet := "/proc/sys/net/ipv6/conf/" + deviceName + "/"
	hasIP6 := true
	for file, value := range map[string]string{"addr_gen_mode": "1", "router_solicitations": "0", "accept_dad": "0"} {
		err := os.WriteFile(quiet+file, []byte(value), 0)
		if errors.Is(err, os.ErrNotExist) {
			hasIP6 = false // a kernel without IPv6: the link has IPv4 only
		} else if err != nil {
			return err
		}
	}

	netmask := [4]byte{}
	copy(netmask[:], maskOf(e.ip4))
	steps := []struct {
		what   string
		device string
		call   uint
		set    func(*unix.Ifreq) error
	}{
		{"address", deviceName, unix.SIOCSIFADDR, func(r *unix.Ifreq) error { return r.SetInet4Addr(e.ip4.Addr().AsSlice()) }},
		{"netmask", deviceName, unix.SIOCSIFNETMASK, func(r *unix.Ifreq) error { return r.SetInet4Addr(netmask[:]) }},
		{"MTU", deviceName, unix.SIOCSIFMTU, func(r *unix.Ifreq) error { r.SetUint32(mtu); return nil }},
		{"bring up", deviceName, unix.SIOCSIFFLAGS, func(r *unix.Ifreq) error { r.SetUint16(unix.IFF_UP); return nil }},
		{"bring up", "lo", unix.SIOCSIFFLAGS, func(r *unix.Ifreq) error { r.SetUint16(unix.IFF_UP); return nil }},
	}
	for _, step := range steps {
		request, err := unix.NewIfreq(step.device)
		if err == nil {
			err = step.set(request)
		}
		if err == nil {
			err = unix.IoctlIfreq(control, step.call, request)
		}
		if err != nil {
			return fmt.Errorf("%s of %s: %w", step.what, step.device, err)
		}
	}
	if hasIP6 {
		return addIP6(e.ip6)
	}
	return nil
}

func maskOf(p netip.Prefix) []byte {
	bits := ^uint32(0) << (32 - p.Bits())
	return []byte{byte(bits >> 24), byte(bits >> 16), byte(bits >> 8), byte(bits)}
}

// addIP6 gives the device an IPv6 address.
func addIP6(p netip.Prefix) error {
	control, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("IPv6 control socket: %w", err)
	}
	defer unix.Close(control)
	index, err := unix.NewIfreq(deviceName)
	if err == nil {
		err = unix.IoctlIfreq(control, unix.SIOCGIFINDEX, index)
	}
	if err != nil {
		return fmt.Errorf("index of %s: %w", deviceName, err)
	}
	request := struct { // struct in6_ifreq of linux/ipv6.h
		addr   [16]byte
		prefix uint32
		index  int32
	}{p.Addr().As16(), uint32(p.Bits()), int32(index.Uint32())}
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(control), unix.SIOCSIFADDR, uintptr(unsafe.Pointer(&request))); errno != 0 {
		return fmt.Errorf("IPv6 address of %s: %w", deviceName, errno)
	}
	return awaitIP6(p.Addr())
}

// awaitIP6 returns when the kernel takes packets for an address that was given to a device. It does so behind the caller's back,
// in a work queue that has to wait on a busy machine; the route to the address itself, of 128 bits, is the last that it makes.
func awaitIP6(a netip.Addr) error {
	route := fmt.Appendf(nil, "%x 80 ", a.AsSlice()) // in hexadecimal, the number of bits too
	for deadline := time.Now().Add(addressTime); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		routes, err := os.ReadFile("/proc/thread-self/net/ipv6_route")
		if err != nil {
			return err
		}
		if bytes.Contains(routes, route) {
			return nil
		}
	}
	return fmt.Errorf("address %v is not usable after %v", a, addressTime)
}
