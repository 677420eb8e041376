-- +goose Up

-- Attempts of which nobody knows whether they were taken are few, and a report counts them over any span. An attempt's class
-- changes only as it fails.
CREATE INDEX attempts_unknown_at ON attempts (created_at) WHERE class = 'unknown';
