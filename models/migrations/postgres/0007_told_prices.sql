-- +goose Up

-- What a provider says it charged, in micros of the message's currency: NULL where it does not say, -1 for nothing.
ALTER TABLE attempts ADD COLUMN told_cost bigint;
ALTER TABLE receipts ADD COLUMN told_cost bigint;
