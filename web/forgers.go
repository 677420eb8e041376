package web

import (
	"net/netip"
	"sync"
	"time"
)

// Times and sizes of forgers.
const (
	forgedDefault  = 100 // what a source may send in a minute before it has to wait
	forgedWindow   = time.Minute
	genuineWindow  = 10 * time.Minute
	sourcesKept    = 10_000
	sourceBitsIPv6 = 64 // what one household or machine is given, and could walk through
)

// forgers remembers which addresses sent callbacks that were not genuine, so that a flood of them is turned away before
// it costs a look-up or a signature. An address that sent a genuine one lately is never turned away: several providers
// may share it, and a proxy that was not declared stands for them all.
type forgers struct {
	most int

	mu              sync.Mutex
	since           time.Time // when the minute of failed began
	failed          map[netip.Prefix]int
	turned          time.Time // when genuine began
	genuine, before map[netip.Prefix]struct{}
}

func newForgers(most int) *forgers {
	if most <= 0 {
		most = forgedDefault
	}
	return &forgers{most: most, failed: map[netip.Prefix]int{}, genuine: map[netip.Prefix]struct{}{}}
}

// wait tells how long a source has to stay away; 0 for one that may call.
func (f *forgers) wait(source netip.Prefix, now time.Time) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.turn(now)
	if f.failed[source] < f.most || f.trusts(source) {
		return 0
	}
	return f.since.Add(forgedWindow).Sub(now)
}

// sawRefused counts a callback that was refused.
func (f *forgers) sawRefused(source netip.Prefix, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.turn(now)
	if len(f.failed) >= sourcesKept {
		clear(f.failed)
	}
	f.failed[source]++
}

// sawGenuine remembers a source that providers call from.
func (f *forgers) sawGenuine(source netip.Prefix, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.turn(now)
	f.genuine[source] = struct{}{}
}

func (f *forgers) trusts(source netip.Prefix) bool {
	_, lately := f.genuine[source]
	_, earlier := f.before[source]
	return lately || earlier
}

// turn lets go of what is too old, or too much.
func (f *forgers) turn(now time.Time) {
	if now.Sub(f.since) >= forgedWindow {
		f.since = now
		clear(f.failed)
	}
	if now.Sub(f.turned) >= genuineWindow || len(f.genuine) >= sourcesKept {
		f.turned = now
		f.before, f.genuine = f.genuine, map[netip.Prefix]struct{}{}
	}
}

// sourceOf is whom an address stands for: itself, or its IPv6 network. What is no address shares one source.
func sourceOf(address string) netip.Prefix {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return netip.Prefix{}
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return netip.PrefixFrom(ip, ip.BitLen())
	}
	prefix, err := ip.Prefix(sourceBitsIPv6)
	if err != nil {
		return netip.Prefix{}
	}
	return prefix
}
