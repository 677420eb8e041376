-- +goose Up

-- What a message by the recipient's id costs, in micros; 0: the template takes numbers only, as far as is known.
ALTER TABLE provider_templates ADD COLUMN user_price bigint NOT NULL DEFAULT 0;
