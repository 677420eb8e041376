package main

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// egress decides which addresses callbacks and provider accounts may reach. It is asked about the address that is
// dialled, after DNS, so a name that changes its mind in between gains nothing.
type egress struct{ allow []netip.Prefix }

// parseEgress reads CASCADE_EGRESS_ALLOW: CIDRs or single addresses, separated by commas.
func parseEgress(text string) (egress, error) {
	allow, err := networks("CASCADE_EGRESS_ALLOW", text)
	return egress{allow}, err
}

// networks reads CIDRs or single addresses, separated by commas, from the variable of that name.
func networks(variable, text string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		if ip, err := netip.ParseAddr(part); err == nil {
			out = append(out, netip.PrefixFrom(ip.Unmap(), ip.Unmap().BitLen()))
			continue
		}
		prefix, err := netip.ParsePrefix(part)
		if err != nil {
			return nil, fmt.Errorf("%s: %q is no CIDR; write it like 10.20.0.0/16", variable, part)
		}
		out = append(out, prefix.Masked())
	}
	return out, nil
}

// check answers nil for an address that may be reached.
func (e egress) check(ip netip.Addr) error {
	ip = ip.Unmap().WithZone("")
	holds := func(p netip.Prefix) bool { return p.Contains(ip) }
	if slices.ContainsFunc(e.allow, holds) || ip.IsValid() && !slices.ContainsFunc(notPublic, holds) {
		return nil
	}
	return fmt.Errorf("%s is not a public address; CASCADE_EGRESS_ALLOW can name its network", ip)
}

// notPublic is what no provider and no app on the internet lives at. The IPv6 ranges that carry an IPv4 address
// inside are here whole, since what they lead to is decided elsewhere.
// Source: IANA's special-purpose address registries for IPv4 and IPv6.
var notPublic = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"::/96",        // unspecified, loopback, IPv4-compatible
	"64:ff9b::/96", // NAT64
	"64:ff9b:1::/48",
	"100::/64",      // discard
	"2001::/23",     // protocol assignments, Teredo among them
	"2001:db8::/32", // documentation
	"2002::/16",     // 6to4
	"3fff::/20",     // documentation
	"5f00::/16",     // segment routing
	"fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
)

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		out[i] = netip.MustParsePrefix(text)
	}
	return out
}
