package bench

import (
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
)

// spread sends webhooks to each replica in turn, wherever they were meant to go: what a load balancer does.
type spread struct {
	base http.RoundTripper
	next atomic.Uint64

	mu    sync.RWMutex
	hosts []string
}

func newSpread() *spread {
	return &spread{base: &http.Transport{MaxIdleConns: 2 * webhookWorkers, MaxIdleConnsPerHost: webhookWorkers}}
}

// to sets the replicas.
func (s *spread) to(urls []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hosts = s.hosts[:0]
	for _, address := range urls {
		if u, err := url.Parse(address); err == nil {
			s.hosts = append(s.hosts, u.Host)
		}
	}
}

func (s *spread) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.RLock()
	hosts := s.hosts
	s.mu.RUnlock()
	if len(hosts) < 2 {
		return s.base.RoundTrip(r)
	}
	turned, target := *r, *r.URL
	target.Host = hosts[s.next.Add(1)%uint64(len(hosts))]
	turned.URL = &target
	return s.base.RoundTrip(&turned)
}
