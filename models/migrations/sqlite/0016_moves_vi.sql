-- +goose Up

-- Why an account was moved, in Vietnamese; empty for moves before it was said.
ALTER TABLE account_moves ADD COLUMN detail_vi TEXT NOT NULL DEFAULT '';
