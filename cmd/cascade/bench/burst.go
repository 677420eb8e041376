package bench

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"cascade/channels/simulator"
)

// A burst's times. Its receipts come long before any timer ends.
const (
	burstWait = 5 * time.Minute
	// burstSettle is how long after the last answer an answered receipt may take to be seen.
	burstSettle = 10 * time.Second
)

// inBurst is how many messages a burst is about.
func (o Options) inBurst() int { return max(int(o.Burst*o.BurstFor.Seconds()), 1) }

type (
	// volley has the providers post the receipt of every message that ZNS took.
	volley struct {
		PerSecond float64
	}
	volleyed struct {
		Posted, Acked int // Acked: answered 2xx
		Seconds       float64
		// Answer is from when a receipt was to be posted to its answer, in milliseconds.
		Answer Quantiles
	}
)

// volley waits until every message is sent, lets the receipts come, and waits for the ends of those that were answered.
func (r *run) volley(ctx context.Context, o Options, c *child, s *service) error {
	if err := until(ctx, drainTimeout, s.watched.taken, r.fed.Accepted); err != nil {
		return fmt.Errorf("before the burst: %w", err)
	}
	if err := c.do(order{Volley: &volley{PerSecond: o.Burst}}, &r.volleyed); err != nil {
		return err
	}
	// What does not come is what the report is for.
	_ = until(ctx, burstSettle, s.watched.delivered, r.volleyed.Acked)
	return ctx.Err()
}

// volley posts the receipts evenly, from many connections, whatever the answers take.
func (p *provider) volley(ctx context.Context, v volley) volleyed {
	type due struct {
		simulator.Call
		at time.Time
	}
	var calls []simulator.Call
	for _, c := range p.sim.Calls() {
		if c.Channel == simulator.ZNS && c.Taken() {
			calls = append(calls, c)
		}
	}
	client := &http.Client{Transport: p.spread}
	next := make(chan due)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var took []float64
	began := time.Now()
	for range webhookWorkers {
		wg.Go(func() {
			for d := range next {
				ok := p.postReceipt(ctx, client, d.Call)
				now := time.Now()
				mu.Lock()
				took = append(took, millis(now.Sub(d.at)))
				if ok {
					p.acked[d.To] = now
				}
				mu.Unlock()
			}
		})
	}
	for i, c := range calls {
		at := began.Add(time.Duration(float64(i) / v.PerSecond * float64(time.Second)))
		time.Sleep(time.Until(at))
		next <- due{c, at}
	}
	close(next)
	wg.Wait()
	return volleyed{Posted: len(calls), Acked: len(p.acked), Seconds: time.Since(began).Seconds(), Answer: quantiles(took)}
}

// postReceipt tells that a message was delivered, in Zalo's words and with its signature, and reports whether the answer
// was 2xx.
func (p *provider) postReceipt(ctx context.Context, client *http.Client, c simulator.Call) bool {
	acc := p.accounts[c.Account]
	now := fmt.Sprint(time.Now().UnixMilli())
	body := fmt.Appendf(nil, `{"sender":{"id":"%s"},"recipient":{"id":"%s"},"event_name":"user_received_message","message":{"delivery_time":"%s",`+
		`"msg_id":"%s","tracking_id":"%s"},"app_id":"%s","timestamp":"%s"}`, acc.ID, c.To, now, c.ProviderID, c.Reference, acc.AppID, now)
	sum := sha256.New()
	for _, part := range [][]byte{[]byte(acc.AppID), body, []byte(now), []byte(acc.OASecret)} {
		sum.Write(part)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, acc.WebhookURL, bytes.NewReader(body))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-ZEvent-Server", "ZNS")
	req.Header.Set("X-ZEvent-Signature", "mac="+hex.EncodeToString(sum.Sum(nil)))
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err == nil && resp.StatusCode/100 == 2
}
