//go:build linux

package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"pindesk/bench/internal/linkemu/netns"
)

// The measurements of the tests: made by sockets of the test itself inside the namespaces, so that nothing but the kernel's own
// network stack stands between them and the link.

const (
	echoRequest = 8
	echoReply   = 0
)

// ping sends n ICMP echo requests to address from the namespace, each when the one before is answered or lost for a second. The
// end of a round trip is the kernel's timestamp, so that a test process that waits for a processor does not lengthen it.
func ping(namespace string, address [4]byte, n int) (rtts []time.Duration, err error) {
	fd := -1
	err = netns.Do(namespace, func() error {
		fd, err = unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_ICMP)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("ping socket: %w", err)
	}
	defer unix.Close(fd)
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1); err != nil {
		return nil, err
	}
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 1}); err != nil {
		return nil, err
	}
	message := make([]byte, 64)
	message[0] = echoRequest
	binary.BigEndian.PutUint16(message[4:], 0x6c6b) // this test's identity
	for i := range n {
		binary.BigEndian.PutUint16(message[6:], uint16(i))
		binary.BigEndian.PutUint16(message[2:], 0)
		binary.BigEndian.PutUint16(message[2:], checksum(message))
		sent := time.Now()
		if err := unix.Sendto(fd, message, 0, &unix.SockaddrInet4{Addr: address}); err != nil {
			return nil, fmt.Errorf("ping: %w", err)
		}
		got, err := awaitReply(fd, uint16(i))
		if errors.Is(err, unix.EAGAIN) {
			continue // lost
		}
		if err != nil {
			return nil, err
		}
		rtts = append(rtts, got.Sub(sent))
	}
	if len(rtts) == 0 {
		return nil, errors.New("no ping was answered")
	}
	slices.Sort(rtts)
	return rtts, nil
}

// awaitReply returns the time at which the kernel had the reply.
func awaitReply(fd int, sequence uint16) (time.Time, error) {
	packet, control := make([]byte, 1500), make([]byte, 256)
	for {
		n, m, _, _, err := unix.Recvmsg(fd, packet, control, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return time.Time{}, err
		}
		reply := packet[20:n] // behind the IP header, which has no options
		if reply[0] != echoReply || binary.BigEndian.Uint16(reply[6:]) != sequence {
			continue
		}
		parts, err := unix.ParseSocketControlMessage(control[:m])
		if err != nil {
			return time.Time{}, err
		}
		for _, part := range parts {
			if part.Header.Level == unix.SOL_SOCKET && part.Header.Type == unix.SO_TIMESTAMPNS {
				at := (*unix.Timespec)(unsafe.Pointer(&part.Data[0]))
				return time.Unix(at.Unix()), nil
			}
		}
		return time.Time{}, errors.New("a reply without a timestamp")
	}
}

// checksum is the internet checksum of RFC 1071 of an even number of bytes.
func checksum(b []byte) uint16 {
	var sum uint32
	for i := 0; i < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	sum = sum>>16 + sum&0xffff
	return ^uint16(sum + sum>>16)
}

// bulk sends by TCP as fast as it goes from one namespace to an address in another, and returns the bits a second that the
// receiver read in the time from warmUp to total.
func bulk(from, to, address string, warmUp, total time.Duration) (float64, error) {
	var listener net.Listener
	err := netns.Do(to, func() (err error) {
		listener, err = net.Listen("tcp", net.JoinHostPort(address, "0"))
		return err
	})
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	ctx, cancel := context.WithTimeout(context.Background(), total+10*time.Second)
	defer cancel()
	sender, err := netns.Dial(ctx, from, "tcp", listener.Addr().String())
	if err != nil {
		return 0, err
	}
	defer sender.Close()
	receiver, err := listener.Accept()
	if err != nil {
		return 0, err
	}
	defer receiver.Close()
	go func() {
		data := make([]byte, 1<<16)
		for {
			if _, err := sender.Write(data); err != nil {
				return // closed above
			}
		}
	}()
	start := time.Now()
	if err := receiver.SetReadDeadline(start.Add(warmUp)); err != nil {
		return 0, err
	}
	if _, err := io.Copy(io.Discard, receiver); !isTimeout(err) {
		return 0, err
	}
	began := time.Now()
	if err := receiver.SetReadDeadline(start.Add(total)); err != nil {
		return 0, err
	}
	n, err := io.Copy(io.Discard, receiver)
	if !isTimeout(err) {
		return 0, err
	}
	return float64(n) * 8 / time.Since(began).Seconds(), nil
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

// datagrams is what became of a stream of UDP datagrams.
type datagrams struct {
	sent, received int
	ordered        bool
	rate           float64 // of the IP packets received, bits a second
}

// flood sends UDP datagrams that make IP packets of the given size at so many bits a second for so long, and waits for the last
// to arrive: until none came for settle.
func flood(from, to, address string, size int, rate float64, long, settle time.Duration) (result datagrams, err error) {
	const headers = 28 // IPv4 and UDP
	var receiver net.PacketConn
	err = netns.Do(to, func() (err error) {
		receiver, err = net.ListenPacket("udp4", net.JoinHostPort(address, "0"))
		return err
	})
	if err != nil {
		return result, err
	}
	defer receiver.Close()
	if err := receiver.(*net.UDPConn).SetReadBuffer(8 << 20); err != nil {
		return result, err
	}
	sender, err := netns.Dial(context.Background(), from, "udp4", receiver.LocalAddr().String())
	if err != nil {
		return result, err
	}
	defer sender.Close()

	sending, sent := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(sent)
		defer close(sending)
		packet := make([]byte, size-headers)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		start := time.Now()
		for {
			<-tick.C
			passed := time.Since(start)
			for float64(result.sent*size*8) < rate*min(passed, long).Seconds() {
				binary.BigEndian.PutUint32(packet, uint32(result.sent))
				if _, err := sender.Write(packet); err != nil {
					sending <- err
					return
				}
				result.sent++
			}
			if passed >= long {
				return
			}
		}
	}()
	result.ordered = true
	packet := make([]byte, 1500)
	var first, last time.Time
	newest := int64(-1)
	for {
		if err := receiver.SetReadDeadline(time.Now().Add(settle)); err != nil {
			return result, err
		}
		_, _, err := receiver.ReadFrom(packet)
		if isTimeout(err) {
			select {
			case <-sent:
				result.rate = float64((result.received-1)*size*8) / last.Sub(first).Seconds()
				return result, <-sending
			default:
				continue // more may come
			}
		}
		if err != nil {
			return result, err
		}
		last = time.Now()
		if result.received == 0 {
			first = last
		}
		result.received++
		i := int64(binary.BigEndian.Uint32(packet))
		result.ordered = result.ordered && i > newest
		newest = i
	}
}
