package main

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"testing"

	"cascade/channels"
)

func TestEgressAddresses(t *testing.T) {
	tests := map[string]struct {
		allow   string
		allowed bool
	}{
		"127.0.0.1":            {"", false},
		"::1":                  {"", false},
		"::ffff:127.0.0.1":     {"", false},
		"::127.0.0.1":          {"", false},
		"0.0.0.0":              {"", false},
		"::":                   {"", false},
		"169.254.169.254":      {"", false},
		"10.1.2.3":             {"", false},
		"172.16.0.1":           {"", false},
		"172.31.255.255":       {"", false},
		"172.32.0.1":           {"", true},
		"192.168.1.1":          {"", false},
		"100.64.0.1":           {"", false},
		"100.128.0.1":          {"", true},
		"198.18.0.1":           {"", false},
		"198.19.255.255":       {"", false},
		"224.0.0.1":            {"", false},
		"255.255.255.255":      {"", false},
		"fc00::1":              {"", false},
		"fd12:3456::1":         {"", false},
		"fe80::1%eth0":         {"", false},
		"64:ff9b::7f00:1":      {"", false},
		"2002:7f00:1::":        {"", false},
		"2001:0:1::1":          {"", false},
		"8.8.8.8":              {"", true},
		"2606:4700::1111":      {"", true},
		"10.20.1.1":            {"10.20.0.0/16", true},
		"10.21.1.1":            {"10.20.0.0/16", false},
		"::ffff:10.20.1.1":     {"192.168.0.0/16, 10.20.0.0/16", true},
		"192.168.7.7":          {"192.168.7.7", true},
		"192.168.7.8":          {"192.168.7.7", false},
		"fd00::5":              {"fd00::/8", true},
		"::ffff:169.254.169.1": {"10.0.0.0/8", false},
	}
	for address, tt := range tests {
		t.Run(address, func(t *testing.T) {
			e, err := parseEgress(tt.allow)
			if err != nil {
				t.Fatal(err)
			}
			if err := e.check(netip.MustParseAddr(address)); (err == nil) != tt.allowed {
				t.Errorf("check answers %v, want allowed %v", err, tt.allowed)
			}
		})
	}
}

func TestEgressRefusesBadCIDR(t *testing.T) {
	if _, err := parseEgress("10.0.0.0/8,office"); err == nil {
		t.Error("a word was taken for a network")
	}
}

// Every spelling of loopback that a resolver or a URL parser may read differently is refused when it is dialled.
func TestEgressAtDial(t *testing.T) {
	reached := false
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer srv.Close()
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	client := channels.NewHTTPClient(egress{}.check)
	for _, host := range []string{"127.0.0.1", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "127.1", "localhost", "localhost."} {
		resp, err := client.Get("http://" + host + ":" + u.Port())
		if err == nil {
			resp.Body.Close()
			t.Errorf("%s was reached", host)
		}
	}
	if reached {
		t.Error("a request arrived")
	}
	open, err := parseEgress("127.0.0.0/8")
	if err != nil {
		t.Fatal(err)
	}
	resp, err := channels.NewHTTPClient(open.check).Get(srv.URL)
	if err != nil {
		t.Fatalf("an allowed network was refused: %v", err)
	}
	resp.Body.Close()
}
