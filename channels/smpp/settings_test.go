package smpp

import (
	"errors"
	"strings"
	"testing"
	"time"

	"cascade/channels"
	"cascade/policy"
)

func TestBadSettings(t *testing.T) {
	tests := []struct{ field, bad string }{
		{settingAddress, "smpp.operator.example"},
		{settingAddress, ":2775"},
		{settingAddress, "host:0"},
		{settingSystemID, ""},
		{settingSystemID, "sixteen-letters-"},
		{settingPassword, ""},
		{settingPassword, "mậtkhẩu"},
		{settingSystemType, "thirteen-char"},
		{settingSourceAddr, "TWELVELETTER"},
		{settingSourceTON, "7"},
		{settingSourceNPI, "x"},
		{settingWindow, "0"},
		{settingWindow, "many"},
		{settingTLS, "yes"},
		{settingTLSCA, "PEM without tls"},
		{settingBind, "both"},
		{settingMaxBinds, "-1"},
		{settingResponseTimeout, "0"},
		{settingEnquireEvery, "1h"},
		{settingDLRID, "hex"},
		{settingLong, "tlv"},
		{settingEncoding, "ucs2"},
		{settingTimeZone, "Hanoi"},
		{settingAcceptedIs, "read"},
		{settingCodes, "recipient"},
		{settingCodes, `{"4xx": "recipient"}`},
		{settingCodes, `{"0x400": "bad"}`},
	}
	for _, tt := range tests {
		t.Run(tt.field+" "+tt.bad, func(t *testing.T) {
			_, err := try("127.0.0.1:2775", tt.field, tt.bad)
			e, ok := errors.AsType[*channels.SettingError](err)
			if !ok || e.Field != tt.field {
				t.Fatalf("got %v, want a SettingError of %s", err, tt.field)
			}
			if tt.field == settingPassword && tt.bad != "" && strings.Contains(e.Message, tt.bad) {
				t.Errorf("%q shows the password", e.Message)
			}
		})
	}
	if _, err := try("127.0.0.1:2775", settingBind, bindPair, settingMaxBinds, "1"); err == nil {
		t.Error("a pair with one bind was taken")
	}
	if _, err := try("127.0.0.1:2775", settingTLS, "true", settingTLSCA, "no PEM"); err == nil {
		t.Error("an authority without a certificate was taken")
	}
}

func TestSettings(t *testing.T) {
	s := build(t, "sms.example:2775").set
	if s.window != 10 || s.answerWithin != 30*time.Second || s.enquireEvery != 30*time.Second || s.tls != nil || s.pair || s.accepted != policy.ReceiptSent {
		t.Errorf("defaults are %+v", s)
	}
	if _, offset := time.Date(2026, 11, 20, 0, 0, 0, 0, s.zone).Zone(); offset != 7*3600 {
		t.Errorf("the zone is %s", s.zone)
	}
	s = build(t, "sms.example:2775", settingTLS, "true", settingResponseTimeout, "10", settingSourceAddr, "+84901234567").set
	if s.tls.ServerName != "sms.example" || s.answerWithin != 10*time.Second || s.source != "84901234567" || s.sourceTON != 1 || s.sourceNPI != 1 {
		t.Errorf("got %+v", s)
	}
	a := build(t, "sms.example:2775")
	if got := a.Capabilities().Receipts; len(got) != 2 {
		t.Errorf("receipts are %v", got)
	}
}

// Every status has a class and a code, and a status for the account has advice in both languages.
func TestMeanings(t *testing.T) {
	s := build(t, "127.0.0.1:2775").set
	for status := range uint32(0x500) {
		if status == statusOK {
			continue
		}
		f := s.refusal(status)
		if !f.Class.Valid() || f.Code == "" || f.ProviderCode == "" || f.Class == policy.ClassUnknown {
			t.Errorf("0x%X is %+v", status, f)
		}
		if f.Class == policy.ClassAccount && (f.Advice == "" || f.AdviceVI == "") {
			t.Errorf("0x%X has no advice", status)
		}
	}
}

func TestBackoff(t *testing.T) {
	for tries, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 6: 32 * time.Second, 7: time.Minute, 99: time.Minute} {
		if got := defaultBackoff.after(tries, false); got != want {
			t.Errorf("after %d tries %s, want %s", tries, got, want)
		}
	}
	if got := defaultBackoff.after(1, true); got != time.Minute {
		t.Errorf("after refused credentials %s, want a minute", got)
	}
}

// A window of messages that was throttled together lengthens the pause once.
func TestPaceCountsAWindowOnce(t *testing.T) {
	var p pacer
	sent := time.Date(2026, 11, 20, 1, 0, 0, 0, time.UTC)
	now := sent.Add(time.Millisecond)
	for range 10 {
		if got := p.throttled(sent, now); got != time.Second {
			t.Fatalf("pause is %s, want 1 s", got)
		}
	}
	p.passed(sent) // of the same window, and no sign that it is over
	if got := p.left(now); got != time.Second {
		t.Errorf("pause is %s after an old success, want 1 s", got)
	}
}
