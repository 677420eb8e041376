package main

import (
	"net/http"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"cascade/orchestrator"
)

// metricsHandler serves the engine's totals and the process's own figures to Prometheus.
func metricsHandler(c *orchestrator.Counters, unjournaled *atomic.Int64) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, m := range []struct {
		name, help string
		total      *atomic.Int64
	}{
		{"messages_accepted_total", "Messages that were accepted.", &c.Accepted},
		{"provider_calls_total", "Calls to providers that were begun.", &c.Calls},
		{"receipts_total", "Receipts that were taken.", &c.Receipts},
		{"receipts_parked_total", "Receipts that came before their attempt was known.", &c.Parked},
		{"receipts_quarantined_total", "Genuine callbacks that were not understood.", &c.Quarantined},
		{"hooks_forged_total", "Callbacks of providers whose signature was wrong.", &c.Forged},
		{"timers_total", "Timers that were looked at when due.", &c.Timers},
		{"commits_stale_total", "Changes decided again because the row had changed.", &c.Stale},
		{"status_queries_total", "Providers asked what became of a message.", &c.Asked},
		{"attempts_overlapping_total", "Earlier attempts delivered after a later one had begun.", &c.Overlap},
		{"journal_dropped_total", "Calls and requests that the journal had no room for.", unjournaled},
		{"callbacks_delivered_total", "Events that apps took.", &c.Callbacks},
	} {
		registry.MustRegister(prometheus.NewCounterFunc(
			prometheus.CounterOpts{Namespace: "cascade", Name: m.name, Help: m.help},
			func() float64 { return float64(m.total.Load()) },
		))
	}
	registry.MustRegister(prometheus.NewCounterFunc(
		prometheus.CounterOpts{Namespace: "cascade", Name: "timer_lateness_seconds_total", Help: "The sum of how late timers were looked at."},
		func() float64 { return float64(c.LateNanos.Load()) / 1e9 },
	))
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}
