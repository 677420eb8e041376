package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// The cost report's measurement.
const (
	reportTries = 5
	reportSpan  = 30 * 24 * time.Hour
)

// timeCostReport asks the service what 30 days cost by channel and day, and answers the median of the times it took, in
// milliseconds. Hours that are over are rolled first, as upkeep would have.
func (s *service) timeCostReport(ctx context.Context) (float64, error) {
	if err := s.db.store.RollUp(ctx, func() bool { return false }); err != nil {
		return 0, err
	}
	now := time.Now()
	query := url.Values{
		"from": {now.Add(-reportSpan).Format(time.RFC3339)}, "to": {now.Format(time.RFC3339)}, "group_by": {"channel,day"},
	}
	var took []float64
	for range reportTries {
		began := time.Now()
		if err := s.get(ctx, "/v1/reports/costs?"+query.Encode()); err != nil {
			return 0, fmt.Errorf("the cost report: %w", err)
		}
		took = append(took, millis(time.Since(began)))
	}
	slices.Sort(took)
	return round(took[reportTries/2]), nil
}

// get reads an answer of the service to the first tenant.
func (s *service) get(ctx context.Context, path string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.replicas[0].url+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+s.tenants[0].key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.200s", resp.Status, body)
	}
	return err
}
